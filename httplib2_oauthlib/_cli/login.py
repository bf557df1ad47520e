"""The commands that need an account on a wiki: log in, show the user, log out."""

import argparse
import json
import os
import sys
import webbrowser
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from typing import Any, NamedTuple

import httplib2

from .. import __version__, mediawiki
from .._http.limits import MAX_RESPONSE_BYTES, request_limited
from .._http.mixin import OAuth1Http
from .._signing.oauth1 import OAuth1
from ..credentials import KeyringStore, load
from ..credentials._loading import NoCredentialsError
from ..errors import CredentialsError, HandshakeError, IdentityError, OAuthError
from .api_errors import READ_DENIED, read_api_error
from .callback_receiver import CallbackReceiver, split_loopback_uri
from .discovery import Wiki, find_wiki, host_of
from .terminal import OK, PROGRAM, NotLoggedInError, ask, print_message, printable

_REGISTRATION_PAGE = "Special:OAuthConsumerRegistration/propose"
# A consumer that has no other grant can only ask who the user is. MediaWiki describes these grants as "user identity
# verification only, no ability to read pages or act on a user's behalf".
_IDENTITY_ONLY_GRANTS = {"mwoauth-authonly", "mwoauth-authonlyprivate"}


class _User(NamedTuple):
    """The user of some credentials, and whether the credentials can do more than identify this user."""

    name: str
    can_act: bool = True


class _ReadDeniedError(OAuthError):
    """The API requires the right to read, which the user or the consumer doesn't have."""


def log_in(arguments: argparse.Namespace) -> int:
    """Get credentials for a wiki, verify whose they are, and store them."""
    split_loopback_uri(arguments.callback)  # A wrong argument is reported before a request is sent.
    http, headers = make_http(arguments), make_headers(arguments)
    wiki = find_wiki(arguments.wiki, http, headers)
    # These two checks come before the user grants access. If they failed later, the credentials that were just granted
    # would be lost.
    if find_spec("jwt") is None:
        raise OAuthError("login needs an extra to verify who you are: pip install 'httplib2-oauthlib[mediawiki]'")
    KeyringStore().get(wiki.host)
    if arguments.owner_only:
        oauth = OAuth1.from_env() or _ask_for_owner_only_consumer(wiki)
    else:
        oauth = _request_access(arguments, wiki, http, headers["User-Agent"])
    user = _verified_user(wiki, oauth, http, headers)
    where = KeyringStore().save(wiki.host, oauth)
    print(f"Logged in to {wiki.host} as {printable(user.name)}. The credentials are stored in {where}")
    _print_if_identity_only(user)
    if os.environ.get("OAUTH_TOKENS") and not arguments.owner_only:
        print_message("OAUTH_TOKENS is set, and takes precedence over them")
    return OK


def print_user(arguments: argparse.Namespace) -> int:
    """Print the name of the user who is logged in to a wiki."""
    # Without credentials, no request is sent. A wiki that is found has the same host as its name.
    oauth = load_credentials(host_of(arguments.wiki))
    http, headers = make_http(arguments), make_headers(arguments)
    wiki = find_wiki(arguments.wiki, http, headers)
    try:
        user = _User(_request_name(wiki, oauth, http, headers))
    except _ReadDeniedError:
        # The credentials may still identify the user. Without a consumer secret, the identity can't be verified.
        if not oauth.client_secret:
            raise
        user = _identify(wiki, oauth, http, headers)
    print(printable(user.name))
    _print_if_identity_only(user)
    return OK


def log_out(arguments: argparse.Namespace) -> int:
    """Delete the stored credentials of a wiki."""
    host = host_of(arguments.wiki)
    if KeyringStore().delete(host):
        print(f"Logged out of {host}: the stored credentials are deleted.")
        print("They stay valid until you revoke them on the wiki, at Special:OAuthManageMyGrants")
    else:
        # The name may be wrong. If the wiki can't be reached, that remains open.
        with suppress(OSError, httplib2.ServerNotFoundError):
            find_wiki(arguments.wiki, make_http(arguments), make_headers(arguments))
        print(f"No credentials are stored for {host}.")
    if os.environ.get("OAUTH_TOKENS"):
        print_message("OAUTH_TOKENS is set, so its credentials are still used")
    return OK


def make_http(arguments: argparse.Namespace) -> OAuth1Http:
    """Return an Http with the timeout that the arguments set."""
    return OAuth1Http(timeout=arguments.timeout)


def make_headers(arguments: argparse.Namespace) -> dict[str, str]:
    """Return the headers to send with each request: the User-Agent."""
    return {"User-Agent": arguments.user_agent or os.environ.get("OAUTH_USER_AGENT") or f"{PROGRAM}/{__version__}"}


def load_credentials(host: str) -> OAuth1:
    """Return the credentials for a host, from the environment or from the store.

    Raises:
        NotLoggedInError: There are none.
    """
    try:
        return load(host)
    except NoCredentialsError as error:
        raise NotLoggedInError(str(error)) from None


def _ask_for_owner_only_consumer(wiki: Wiki) -> OAuth1:
    alternative = "set OAUTH_TOKENS to the four values, joined by colons"
    print_message(
        "enter the four values of an owner-only consumer for OAuth 1.0a. (If you have three values, they are those of"
        " an OAuth 2.0 client, which can't be used here.) The wiki shows the four values when you register the"
        f" consumer, at {wiki.index_uri}?title={_REGISTRATION_PAGE}"
    )
    # The prompts use the wiki's words on this page.
    key = ask("Consumer token", alternative)
    prompts = ("Consumer secret", "Access token", "Access secret")
    return OAuth1(key, *(ask(prompt, alternative, is_secret=True) for prompt in prompts))


def _request_access(arguments: argparse.Namespace, wiki: Wiki, http: OAuth1Http, user_agent: str) -> OAuth1:
    """Run the handshake with the user's browser."""
    consumer = _read_consumer(wiki)
    with ExitStack() as stack:
        receiver = None if arguments.paste else stack.enter_context(CallbackReceiver(arguments.callback))
        callback = "oob" if receiver is None else receiver.uri
        try:
            uri, request_token = mediawiki.initiate(wiki.index_uri, consumer, callback, user_agent, http=http)
        except HandshakeError as error:
            if receiver is None or "oauth_callback" not in error.message:
                raise
            raise HandshakeError(
                error.reason,
                f"{error.message} This command used {callback}: set another one with --callback, or use --paste.",
            ) from None
        if receiver is not None:
            receiver.expect(request_token.key)
        print_message("allow access in a browser, at")
        print(f"\n  {uri}\n", file=sys.stderr)
        if receiver is None:
            prompt = "Then paste the address to which the wiki sends the browser, or the verification value"
            response = ask(prompt, "log in at a terminal, or without --paste")
        else:
            if not arguments.no_browser:
                webbrowser.open(uri)
            response = receiver.wait(arguments.wait)
    access_token = mediawiki.complete(wiki.index_uri, consumer, request_token, response, user_agent, http=http)
    return OAuth1(*consumer, *access_token)


def _read_consumer(wiki: Wiki) -> tuple[str, str]:
    """Return a consumer's key and secret, from the environment or from the user."""
    value = os.environ.get("OAUTH_CONSUMER", "").strip()
    if value:
        key, _, secret = value.partition(":")
        if not (key and secret) or ":" in secret:
            raise CredentialsError(
                "invalid OAUTH_CONSUMER: expected consumer token and secret token, joined by a colon. For an"
                " owner-only consumer, set OAUTH_TOKENS to its four values and use --owner-only"
            )
        return key, secret
    alternative = "set OAUTH_CONSUMER to the consumer token and the secret token, joined by a colon"
    print_message(f"enter your consumer. Register one at {wiki.index_uri}?title={_REGISTRATION_PAGE}")
    # The wiki calls the values so when it registers a consumer for other users.
    return ask("Consumer token", alternative), ask("Secret token", alternative, is_secret=True)


def _verified_user(wiki: Wiki, oauth: OAuth1, http: OAuth1Http, headers: dict[str, str]) -> _User:
    """Return the user, from the signed identity if possible."""
    # An RSA consumer has no secret that an identity could be signed with, so the API has to do.
    if not oauth.client_secret:
        return _User(_request_name(wiki, oauth, http, headers))
    try:
        return _identify(wiki, oauth, http, headers)
    except IdentityError as error:
        # The identity is genuine, except for the clock or for another name of the same wiki. Failing here would
        # discard credentials that the user has just granted.
        if error.reason not in ("clock", "issuer"):
            raise
        print_message(f"{error}. Using the wiki's API instead")
        return _User(_request_name(wiki, oauth, http, headers))


def _identify(wiki: Wiki, oauth: OAuth1, http: OAuth1Http, headers: dict[str, str]) -> _User:
    """Return the user from the signed identity."""
    consumer = (oauth.client_key, oauth.client_secret or "")
    access_token = (oauth.resource_owner_key or "", oauth.resource_owner_secret or "")
    user_agent = headers["User-Agent"]
    identity = mediawiki.identify(wiki.index_uri, consumer, access_token, user_agent=user_agent, http=http)
    # MediaWiki 1.39 sends an object with numbers as keys if the consumer was registered with a grant twice.
    grants = identity.get("grants")
    names = {str(grant) for grant in (grants.values() if isinstance(grants, dict) else grants or ())}
    return _User(str(identity["username"]), can_act=not names or not names <= _IDENTITY_ONLY_GRANTS)


def _request_name(wiki: Wiki, oauth: OAuth1, http: OAuth1Http, headers: dict[str, str]) -> str:
    """Return the user's name from the API's ``userinfo``.

    Raises:
        _ReadDeniedError: The user or the consumer has no right to read, which the API requires.
    """
    http.oauth = oauth
    uri = f"{wiki.api_uri}?action=query&meta=userinfo&uiprop=groups&format=json&formatversion=2"
    response, content = request_limited(http, MAX_RESPONSE_BYTES, uri, headers)
    mediawiki.check(response, content)
    api_error = read_api_error(response, content)
    if api_error is not None:
        raise (_ReadDeniedError if api_error.code == READ_DENIED else OAuthError)(str(api_error))
    try:
        userinfo: dict[str, Any] = dict(json.loads(content)["query"]["userinfo"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise OAuthError(
            f"{wiki.api_uri} responded with status {response.status} and without a user name: check the wiki's URI"
        ) from None
    if "anon" in userinfo or not userinfo.get("name"):
        raise NotLoggedInError("the wiki treated the request as anonymous: check that it has Extension:OAuth")
    return str(userinfo["name"])


def _print_if_identity_only(user: _User) -> None:
    """Print what the credentials are good for, if they only identify the user."""
    if not user.can_act:
        print_message(
            "the consumer can identify you, but it can't act on the wiki: it was registered for user identity"
            " verification only. To read or edit pages, register a consumer with more grants"
        )
