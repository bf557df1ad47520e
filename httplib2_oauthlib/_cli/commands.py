"""The commands that send or explain requests, and the one that serves the embedded wiki."""

import argparse
import os
import socket
import sys
import time
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from .._signing.oauth1 import OAuth1, SignedRequest
from .._signing.protocol_parameters import add_to_query, generate_nonce
from .._signing.request import FORM
from ..errors import OAuthError
from .discovery import http_origin
from .login import load_credentials, make_headers, make_http
from .responses import print_response
from .terminal import OK, MisusedError, NotLoggedInError, fail_without_extra, print_message, reason_of


def serve_wiki(arguments: argparse.Namespace) -> int:
    """Serve the embedded wiki until the user interrupts it."""
    try:
        from ..testwiki import PASSWORD, TestWiki  # noqa: PLC0415 (an extra)
    except ImportError as error:
        return fail_without_extra("wiki", "testwiki", error)
    _require_free_port(arguments.port)
    with TestWiki(port=arguments.port, version=arguments.version) as wiki:
        consumers = {host: wiki.register("A tool", callback=f"http://{host}:1/") for host in ("127.0.0.1", "localhost")}
        tokens = ":".join(wiki.owner_only(arguments.user))
        names = sorted({wiki.account(name).name for name in ("Alice", "Bob", arguments.user)})
        print(f"The embedded wiki is running at {wiki.index_uri}, on this machine only. Press Control-C to stop it.")
        print(f"It responds as MediaWiki {arguments.version} does.\n")
        print(f"Accounts: {', '.join(names)}. The password of each account is: {PASSWORD}\n")
        for host, consumer in consumers.items():
            print(f"A consumer for tools, with callbacks to any port of http://{host}:")
            print(f"  consumer token  {consumer.key}")
            print(f"  secret token    {consumer.secret}\n")
        print(f"An owner-only consumer of the account {arguments.user}:")
        print(f"  export OAUTH_WIKI={wiki.index_uri}")
        print(f"  export OAUTH_TOKENS={tokens}", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print("\nThe wiki is stopped, and its data is deleted.")
    return OK


def _require_free_port(port: int) -> None:
    """Raise an OAuthError if the embedded wiki can't listen at a port. The error of its server has no clear message."""
    with socket.socket() as trial:
        if os.name == "posix":
            # As the embedded wiki does: connections of a former server at the port may still be closing.
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError as error:
            raise OAuthError(
                f"can't listen at port {port}: {reason_of(error)}. Choose another port with --port"
            ) from None


def send_request(arguments: argparse.Namespace) -> int:
    """Send a request, signed unless ``--anonymous`` is given, and print the response."""
    uri, method, body, headers = _request_parts(arguments)
    http = make_http(arguments)
    if not arguments.anonymous:
        oauth = load_credentials(_host(uri))
        if arguments.verbose:
            oauth = _ExplainingSigner(**{field.name: getattr(oauth, field.name) for field in fields(oauth)})
        http.oauth = oauth
    response, content = http.request(uri, method, body, headers)
    return print_response(response, content, arguments.include)


def explain_request(arguments: argparse.Namespace) -> int:
    """Print which parts of a request are signed, and why a wiki may reject the signature. Nothing is sent."""
    uri, method, body, headers = _request_parts(arguments)
    try:
        oauth = load_credentials(_host(uri))
    except NotLoggedInError:
        oauth = OAuth1("client-key", "client-secret", "token", "token-secret")
        print_message("explained with made-up credentials, because this host has none")
    print(oauth.explain(uri, method, body, headers))
    return OK


class _ExplainingSigner(OAuth1):
    """A signer that explains each signature on standard error."""

    def sign(
        self,
        uri: str,
        method: str = "GET",
        body: Any = None,
        headers: Any = None,
        *,
        nonce: str | None = None,
        timestamp: int | str | None = None,
    ) -> SignedRequest:
        """Explain and sign a request with the same nonce and timestamp."""
        nonce, timestamp = nonce or generate_nonce(), timestamp or int(time.time())
        print(self.explain(uri, method, body, headers, nonce=nonce, timestamp=timestamp), file=sys.stderr)
        return super().sign(uri, method, body, headers, nonce=nonce, timestamp=timestamp)


def _host(uri: str) -> str:
    origin = http_origin(uri)
    if origin is None:
        raise MisusedError(f"invalid URI: {uri!r}. It must begin with https:// or http://")
    return origin.authority


def _request_parts(arguments: argparse.Namespace) -> tuple[str, str, bytes | str | None, dict[str, str]]:
    """Return URI, method, body and headers of the request that the arguments describe.

    Parameters become a form if the method sends a body and none is passed. Otherwise, they become part of the query.
    """
    uri, method = arguments.uri, arguments.method.upper()
    headers = make_headers(arguments)
    for line in arguments.header:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise MisusedError(f"invalid --header: {name!r}, expected NAME:VALUE")
        headers[name.strip()] = value.strip()
    body: bytes | str | None = None
    if arguments.body is not None:
        body = sys.stdin.buffer.read() if arguments.body == "-" else Path(arguments.body).read_bytes()
    if arguments.parameters:
        pairs = [tuple(parameter.partition("=")[::2]) for parameter in arguments.parameters]
        encoded = urlencode(pairs, quote_via=quote, safe="|")
        if method in ("POST", "PUT", "PATCH") and body is None:
            body = encoded
            headers.setdefault("Content-Type", FORM)
        else:
            uri = add_to_query(uri, encoded)
    return uri, method, body, headers
