"""Who signs and how: request parts in, signed parts out.

:class:`OAuth1` holds one set of credentials and signs with it. Nothing here does I/O, keeps state between two
requests or knows httplib2's Http; the one look at a clock is :func:`time.time`, when no timestamp is given, and the
one at the process's environment is :meth:`OAuth1.from_env`.
"""

import hashlib
import importlib
import re
import time
from collections.abc import Mapping, MutableMapping
from dataclasses import KW_ONLY, dataclass, fields
from functools import cached_property
from typing import NamedTuple, Self

from oauthlib.oauth1 import Client

from ..errors import CredentialsError, InsecureTransportError, SigningError
from .base_string import KeyedClient, Template, authorization, escape, escape_base64, generate_nonce, start_of_base
from .environment import read_environment, variable_stem
from .explain import explain
from .request import FORM, Body, RequestParts, add_to_query, form_encode

PLACEMENTS = ("AUTH_HEADER", "QUERY", "BODY")
# What an OAuth1 computes from its fields, once.
_COMPUTED = ("fingerprint", "_client", "_template")


class SignedRequest(NamedTuple):
    """What goes on the wire.

    Attributes:
        uri: Absolute and percent-encoded; it carries the protocol parameters if they are placed in the query.
        headers: A new dict; it carries ``Authorization`` if the protocol parameters are placed there.
        body: The caller's own object, except that a form is text or bytes here, whatever it was before.
    """

    uri: str
    headers: dict[str, str]
    body: Body

    def __repr__(self) -> str:
        # Query, headers and body may hold a signature, which with PLAINTEXT is the secrets; before the host may stand a
        # password.
        uri = re.sub("//[^/]*@", "//***@", self.uri.partition("#")[0].partition("?")[0])
        return f"SignedRequest(uri={uri!r}, headers={list(self.headers)}, ...)"


@dataclass(frozen=True, repr=False)
class OAuth1:
    """The credentials of one client, or of one client acting for one resource owner, and how it signs.

    Immutable, hashable, and safe to share between threads. A pickle of it holds the secrets.

    Args:
        client_key: Identifies the client (MediaWiki: the consumer key).
        client_secret: The client's shared secret. Not used by the RSA methods.
        resource_owner_key: The token; None before there is one.
        resource_owner_secret: The token's shared secret.
        callback_uri: Sent as ``oauth_callback`` when temporary credentials are asked for.
        signature_method: ``HMAC-`` or ``RSA-`` with ``SHA1``, ``SHA256`` or ``SHA512``, or ``PLAINTEXT``.
        signature_type: Where the protocol parameters go: ``AUTH_HEADER``, ``QUERY`` or ``BODY``.
        rsa_key: A private RSA key as unencrypted PEM text, for the RSA methods.
        verifier: Sent as ``oauth_verifier`` when token credentials are asked for.
        realm: Sent in the header, never signed.

    Raises:
        SigningError: A value can't be used as given; the message says which and why.

    Source: RFC 5849, section 3; the names and their order are those of ``requests_oauthlib.OAuth1``.
    """

    client_key: str
    client_secret: str | None = None
    resource_owner_key: str | None = None
    resource_owner_secret: str | None = None
    _: KW_ONLY
    callback_uri: str | None = None
    signature_method: str = "HMAC-SHA1"
    signature_type: str = "AUTH_HEADER"
    rsa_key: str | None = None
    verifier: str | None = None
    realm: str | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, _credential_text(field.name, getattr(self, field.name)))
        if not self.client_key:
            raise SigningError("client_key is empty: every signed request names its client")
        for name in ("client_key", "resource_owner_key"):
            if re.search(r'["\x00-\x1f\x7f]', getattr(self, name) or ""):
                raise SigningError(f"{name} holds a quote or a control character; was a line end copied with it?")
        # The realm stands in the header unescaped (RFC 5849, section 3.5.1), and headers are ASCII.
        if self.realm and not re.fullmatch(r"[ !#-\[\]-~]*", self.realm):
            raise SigningError("realm must be printable ASCII without quotes and backslashes")
        object.__setattr__(self, "signature_type", self.signature_type.upper())
        if self.signature_type not in PLACEMENTS:
            raise SigningError(f"signature_type must be one of {', '.join(PLACEMENTS)}")
        if self.signature_method not in Client.SIGNATURE_METHODS:
            raise SigningError(f"signature_method must be one of {', '.join(Client.SIGNATURE_METHODS)}")
        if self.signature_method.startswith("RSA-") and not self.rsa_key:
            raise SigningError(
                f"{self.signature_method} needs rsa_key, a private RSA key in PEM form"
                " (and the extra: pip install 'httplib2-oauthlib[rsa]')"
            )

    @classmethod
    def from_env(cls, prefix: str = "OAUTH") -> Self | None:
        """Make one from environment variables.

        ``OAUTH_TOKENS`` holds client key, client secret, token and token secret, joined by colons; or
        ``OAUTH_CLIENT_KEY``, ``OAUTH_CLIENT_SECRET``, ``OAUTH_RESOURCE_OWNER_KEY`` and
        ``OAUTH_RESOURCE_OWNER_SECRET`` hold one each. With ``OAUTH_RSA_KEY`` (PEM text) or ``OAUTH_RSA_KEY_FILE`` (a
        path) the method is RSA-SHA1, and the two secrets may be left out.

        Args:
            prefix: What stands in place of ``OAUTH``.

        Returns:
            The credentials, or None if none of the variables is set, or all are empty. An ``OAuth1Http`` whose
            ``oauth`` is None signs nothing.

        Raises:
            CredentialsError: Some are missing, contradict each other or can't be used; no message shows a value.

        Source: ``OAUTH_TOKENS`` is what the tests of Pywikibot read.
        """
        found = read_environment(prefix)
        if found is None:
            return None
        rsa = {} if found.rsa_key is None else {"rsa_key": found.rsa_key, "signature_method": "RSA-SHA1"}
        try:
            return cls(
                found.client_key, found.client_secret, found.resource_owner_key, found.resource_owner_secret, **rsa
            )
        except SigningError as error:
            problem = str(error)
        # Raised out here, so that it has no context: an error about an encoding holds the whole value.
        stem = variable_stem(prefix)
        raise CredentialsError(f"{stem}TOKENS, or {stem}CLIENT_KEY and its like, can't be used: {problem}")

    def __repr__(self) -> str:
        shown = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None or (value == field.default and field.name != "client_key"):
                continue
            public = field.name in ("client_key", "signature_method", "signature_type", "realm")
            shown.append(f"{field.name}={value!r}" if public else f"{field.name}='***'")
        return f"{type(self).__name__}({', '.join(shown)})"

    # Immutable, so a copy is the thing itself; a pickle leaves out what is computed from the fields.
    def __copy__(self) -> "OAuth1":
        return self

    def __deepcopy__(self, memo: object) -> "OAuth1":
        return self

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in vars(self).items() if name not in _COMPUTED}

    @cached_property
    def fingerprint(self) -> str:
        """A hex digest that tells these credentials from all others and reveals none of them.

        It keeps caches apart. The secrets go into it: whoever knows only the public half of somebody's
        credentials must not read what was cached for them.
        """
        state = (type(self).__qualname__, sorted(self.__getstate__().items()))
        return hashlib.sha256(repr(state).encode()).hexdigest()

    @cached_property
    def _client(self) -> KeyedClient:
        return KeyedClient(
            self.client_key,
            client_secret=self.client_secret,
            resource_owner_key=self.resource_owner_key,
            resource_owner_secret=self.resource_owner_secret,
            signature_method=self.signature_method,
            rsa_key=self.rsa_key if self.signature_method.startswith("RSA-") else None,
        )

    @cached_property
    def _template(self) -> Template | None:
        """The protocol parameters, where they are sent in the header; for what no subclass has changed of them."""
        return (
            Template(_PROTOCOL_PARAMETERS(self, "", ""), self.realm) if self.signature_type == "AUTH_HEADER" else None
        )

    def protocol_parameters(self, nonce: str, timestamp: str) -> list[tuple[str, str]]:
        """Return the protocol parameters of one request, in the order in which they are sent.

        The one thing to override for a server that wants another set of them: a subclass may add to this list
        or drop from it (``oauth_version`` is optional). What it returns is signed and sent. A subclass with
        attributes of its own is best a frozen dataclass too, so that they count when two are compared.

        Args:
            nonce: The nonce of this request.
            timestamp: Unix seconds, UTC, as decimal text.

        Returns:
            Names and values, not yet encoded; ``oauth_signature`` is added later.

        Source: RFC 5849, section 3.1.
        """
        parameters = [
            ("oauth_nonce", nonce),
            ("oauth_timestamp", timestamp),
            ("oauth_version", "1.0"),
            ("oauth_signature_method", self.signature_method),
            ("oauth_consumer_key", self.client_key),
        ]
        optional = {
            "oauth_token": self.resource_owner_key,
            "oauth_callback": self.callback_uri,
            "oauth_verifier": self.verifier,
        }
        return parameters + [(name, value) for name, value in optional.items() if value]

    def sign(
        self,
        uri: str,
        method: str = "GET",
        body: Body = None,
        headers: Mapping[str, str] | None = None,
        *,
        nonce: str | None = None,
        timestamp: int | str | None = None,
    ) -> SignedRequest:
        """Sign one request and return what goes on the wire.

        Pure: the arguments are not changed, and a form in a seekable file is read in place. Only a form that can be
        read no more than once (a pipe, a generator) is used up.

        Args:
            uri: Absolute; whatever is not yet percent-encoded in it is encoded here, once.
            method: The HTTP method, in any case.
            body: The body to send, or None. Signed if its Content-Type says it is a form, otherwise not touched.
            headers: The headers to send. An ``Authorization`` among them gives way if ours goes there.
            nonce: Text never used before with this timestamp. None means a new random one.
            timestamp: Unix seconds, UTC. None means now.

        Returns:
            SignedRequest ``(uri, headers, body)``.

        Raises:
            SigningError: The request can't be signed so that what is signed is what is sent.
            InsecureTransportError: The method is PLAINTEXT and the URI is not https.

        Source: RFC 5849, sections 3.4 to 3.6.
        """
        request = RequestParts(uri, method, body, headers)
        if self.signature_method == "PLAINTEXT" or self.signature_type == "BODY":
            self._require_possible(request)
        nonce = generate_nonce() if nonce is None else str(nonce)
        if not isinstance(timestamp, str):
            timestamp = str(int(time.time() if timestamp is None else timestamp))
        template, surroundings = self._template, request.surroundings
        is_overridden = type(self).protocol_parameters is not _PROTOCOL_PARAMETERS
        if template is None or surroundings is None or is_overridden:
            protocol = list(self.protocol_parameters(nonce, timestamp))
            signature = self._signature(request.base_string(protocol))
            return self._place(request, [*protocol, ("oauth_signature", signature)])
        # The same, with what is constant at hand.
        if not (nonce.isalnum() and timestamp.isalnum() and nonce.isascii() and timestamp.isascii()):
            nonce, timestamp = escape(nonce), escape(timestamp)
        rest, after = template.rest(nonce, timestamp), surroundings.after
        # Nothing is kept of what is long, and another each time: a form.
        begin = start_of_base if request.is_short else start_of_base.__wrapped__
        start = (begin(method, request.base_uri), surroundings.before, template.start)
        if request.is_short:
            signature = self._signature(rest, after, start=start)
        else:
            signature = self._signature(*start, rest, after)
        signature = escape_base64(signature) if self._client.is_hmac else escape(signature)
        headers = request.authorized(template.header(nonce, timestamp, signature))
        return SignedRequest(request.uri, headers, request.body)

    def explain(
        self,
        uri: str,
        method: str = "GET",
        body: Body = None,
        headers: Mapping[str, str] | None = None,
        *,
        nonce: str | None = None,
        timestamp: int | str | None = None,
    ) -> str:
        """Say what is signed of a request, and why a server may disagree; for a person with "Invalid signature".

        Secrets, tokens and everything whose name looks like one are masked; the rest is shown.

        Args:
            uri: As for :meth:`sign`.
            method: As for :meth:`sign`.
            body: As for :meth:`sign`.
            headers: As for :meth:`sign`.
            nonce: As for :meth:`sign`.
            timestamp: As for :meth:`sign`.

        Returns:
            Several lines of text: the request, its signature base string, what is signed and what is not, and
            every shape of it that MediaWiki signs otherwise than RFC 5849.

        Raises:
            SigningError: As :meth:`sign`, whose answer this explains.

        Source: RFC 5849, section 3.4.1; for MediaWiki, Extension:OAuth as it answered when it was tried.
        """
        request = RequestParts(uri, method, body, headers)
        self._require_possible(request)
        nonce = generate_nonce() if nonce is None else str(nonce)
        if not isinstance(timestamp, str):
            timestamp = str(int(time.time() if timestamp is None else timestamp))
        return explain(self, request, list(self.protocol_parameters(nonce, timestamp)))

    # An OAuth1 serves lazr.restfulclient and launchpadlib as authorizer; the names of the three are theirs.

    @property
    def user_agent_params(self) -> dict[str, str]:
        """The client's key, for lazr.restfulclient to tell in its User-Agent."""
        return {"oauth_consumer": self.client_key}

    def authorizeSession(self, client: object) -> None:  # noqa: N802
        """Begin to sign for an Http of lazr.restfulclient's: nothing has to be done."""

    def authorizeRequest(  # noqa: N802
        self, absolute_uri: str, method: str, body: Body, headers: MutableMapping[str, str]
    ) -> None:
        """Sign one request of lazr.restfulclient's, by a header that is put among those given.

        It is asked to sign whatever lazr.restfulclient sends, redirects to anywhere included; an :class:`OAuth1Mixin`
        before its ``RestfulHttp`` is more careful.

        Args:
            absolute_uri: As it will be sent.
            method: Likewise.
            body: Likewise.
            headers: Likewise; changed in place.

        Raises:
            SigningError: As :meth:`sign`; or it would take another URI or body than these, which the protocol can't
                give back.

        Source: ``lazr.restfulclient.authorize.HttpAuthorizer``.
        """
        mixin = "mix OAuth1Mixin into its RestfulHttp, which can"
        if self.signature_type != "AUTH_HEADER":
            raise SigningError(f"lazr.restfulclient's authorizers can only add headers; {mixin}")
        signed = self.sign(absolute_uri, method, body, headers)
        # Text beyond ASCII, too: httplib2 would send it as Latin-1, or not at all.
        is_same = isinstance(body, bytes | bytearray | memoryview) or (isinstance(body, str) and body.isascii())
        was_read = signed.body is not body and not is_same
        if was_read or (signed.uri != absolute_uri and self.signature_method != "PLAINTEXT"):
            what = "form has to be read or encoded" if was_read else "URI has to be percent-encoded"
            raise SigningError(f"this {what} before it is signed, and lazr.restfulclient's authorizers can't; {mixin}")
        for name in [name for name in headers if name.lower() in ("authorization", b"authorization")]:
            del headers[name]
        headers.update(signed.headers)

    def _require_possible(self, request: RequestParts) -> None:
        if self.signature_method == "PLAINTEXT" and request.scheme != "https":
            raise InsecureTransportError(
                "PLAINTEXT sends the secrets themselves, and this request is not https; use https, or HMAC-SHA1"
            )
        if self.signature_type == "BODY" and not request.takes_form:
            raise SigningError(
                f"a {request.method} with this body has no form for the protocol parameters"
                "; use signature_type AUTH_HEADER"
            )

    def _signature(self, *base_string: bytes, start: tuple[bytes, ...] = ()) -> str:
        try:
            return self._client.signature(*base_string, start=start)
        except Exception as error:
            if not self.signature_method.startswith("RSA-"):
                raise
            # Whatever the key's parser says is kept out of the traceback: it may quote the key.
            raise SigningError(_rsa_advice(error)) from None

    def _place(self, request: RequestParts, protocol: list[tuple[str, str]]) -> SignedRequest:
        uri, headers, body = request.uri, request.headers, request.body
        name: str | None
        if self.signature_type == "AUTH_HEADER":
            escaped = [(escape(name), escape(value)) for name, value in protocol]
            headers = request.authorized(authorization(escaped, self.realm))
        elif self.signature_type == "QUERY":
            # Appended, not merged: what the caller has encoded stays as it is.
            uri = add_to_query(uri, form_encode(protocol))
        else:
            added = form_encode(protocol)
            if not request.form:
                body = added
            elif isinstance(body, str):
                body = f"{body}&{added}"
            else:
                body = request.form + b"&" + added.encode("ascii")
            content_type = request.header("content-type") or "Content-Type"
            if not headers.get(content_type, "").strip():
                headers[content_type] = FORM
            if (name := request.header("content-length")) is not None:
                headers[name] = str(len(body))
        return SignedRequest(uri, headers, body)


_PROTOCOL_PARAMETERS = OAuth1.protocol_parameters


def _credential_text(name: str, value: object) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    if value is not None and not isinstance(value, str):
        raise SigningError(f"{name} must be text, not {type(value).__name__}")
    try:
        (value or "").encode("utf-8")
    except UnicodeEncodeError:
        raise SigningError(f"{name} can't be encoded as UTF-8") from None
    return value


def _rsa_advice(error: Exception) -> str:
    try:
        for module in ("cryptography", "jwt"):
            importlib.import_module(module)
    except ImportError:
        return "RSA signatures need an extra: pip install 'httplib2-oauthlib[rsa]'"
    return (
        f"rsa_key is no usable private RSA key in unencrypted PEM form ({type(error).__name__})"
        " (RSA needs the extra too: pip install 'httplib2-oauthlib[rsa]')"
    )
