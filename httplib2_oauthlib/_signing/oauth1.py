"""Credentials that sign requests: :class:`OAuth1` holds one set of credentials and signs with it.

Nothing here does I/O, keeps state between two requests or uses httplib2's Http. There are two exceptions:
:func:`time.time` is called if no timestamp is given, and :meth:`OAuth1.from_env` reads the process's environment.
"""

import hashlib
import re
import time
import warnings
from collections.abc import Mapping, MutableMapping
from dataclasses import KW_ONLY, dataclass, fields
from functools import cached_property
from typing import Literal, NamedTuple, Self, overload

from oauthlib.oauth1 import Client

from ..errors import CredentialsError, InsecureTransportError, SigningError
from .base_string import base_string_start, percent_encode
from .body_hash import PARAMETER, hash_name, hash_of_body
from .environment import read_environment, variable_stem, variables_advice
from .protocol_parameters import (
    EncodedProtocolParameters,
    add_to_query,
    authorization_header,
    form_encode,
    generate_nonce,
)
from .request import FORM, Body, SignableRequest
from .signature_methods import Signer

# The four values that a provider issues, and that people copy.
_CREDENTIALS = ("client_key", "client_secret", "resource_owner_key", "resource_owner_secret")
PLACEMENTS = ("AUTH_HEADER", "QUERY", "BODY")
# The values that an OAuth1 computes from its fields and keeps.
_COMPUTED = ("fingerprint", "_signer", "_encoded_parameters")


class SignedRequest(NamedTuple):
    """A request as it is to be sent.

    Attributes:
        uri: Absolute and percent-encoded. It contains the protocol parameters if they are placed in the query.
        headers: A new dict. It contains ``Authorization`` if the protocol parameters are placed there.
        body: The caller's own object, except that a form is always percent-encoded text or bytes here.
    """

    uri: str
    headers: dict[str, str]
    body: Body

    def __repr__(self) -> str:
        # The query, the headers and the body may contain a signature, which consists of the secrets with PLAINTEXT. A
        # path may contain a token (a webhook's), and a password may precede the host.
        scheme, _, rest = self.uri.partition("://")
        host = re.split("[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
        return f"SignedRequest(uri='{scheme}://{host}/...', headers={list(self.headers)}, ...)"


@dataclass(frozen=True, repr=False)
class OAuth1:
    """The credentials of one client, or of one client that acts for one resource owner, and the way to sign with them.

    An OAuth1 is immutable, hashable, and safe to share between threads. A pickle of it contains the secrets.

    Args:
        client_key: Identifies the client (MediaWiki: the consumer key).
        client_secret: The client's shared secret. Not used by the RSA methods.
        resource_owner_key: The token. None before the client has one.
        resource_owner_secret: The token's shared secret.
        callback_uri: Sent as ``oauth_callback`` in a request for temporary credentials.
        signature_method: ``HMAC-`` or ``RSA-`` with ``SHA1``, ``SHA256`` or ``SHA512``, or ``PLAINTEXT``.
        signature_type: Where the protocol parameters are placed: ``AUTH_HEADER``, ``QUERY`` or ``BODY``.
        rsa_key: A private RSA key as unencrypted PEM text, for the RSA methods.
        verifier: Sent as ``oauth_verifier`` in a request for token credentials.
        realm: Sent in the header, never signed. It may be empty.
        body_hash: Whether ``oauth_body_hash`` is sent and signed with each request whose body isn't a form (OAuth
            Request Body Hash 1.0, draft 4). The body must be bytes, ASCII text, a list of bytes, or a file that can be
            read twice.

    Raises:
        SigningError: An argument can't be used. The message names it and the reason.

    Source: RFC 5849, section 3. The arguments have the names and the order of those of ``requests_oauthlib.OAuth1``.
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
    body_hash: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name != "body_hash":
                object.__setattr__(self, field.name, _credential_text(field.name, getattr(self, field.name)))
        if not self.client_key:
            raise SigningError("client_key is empty, and every signed request contains it; pass the key of the client")
        self._require_clean_credentials()
        # The realm is sent in the header without escaping (RFC 5849, section 3.5.1), and headers are ASCII.
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
        if not isinstance(self.body_hash, bool):
            raise SigningError("body_hash must be True or False")
        if self.body_hash and hash_name(self.signature_method) is None:
            raise SigningError(f"body_hash can't be signed with {self.signature_method}; use an HMAC or RSA method")

    def _require_clean_credentials(self) -> None:
        """Refuse what was copied with a credential by mistake: a server would only answer "Invalid signature"."""
        for name in ("client_key", "resource_owner_key"):
            if re.search(r'["\x00-\x1f\x7f]', getattr(self, name) or ""):
                raise SigningError(
                    f"{name} holds a quote or a control character; check whether a line end was copied with it"
                )
        for name in _CREDENTIALS:
            value = getattr(self, name) or ""
            if re.search(r"[\r\n]", value):
                raise SigningError(f"{name} holds a line end; check whether it was copied with it, and remove it")
            if value != value.strip():
                # A provider may have issued it so. The stack's levels are __post_init__, __init__ and the caller.
                warnings.warn(
                    f"{name} begins or ends with a blank; remove it unless it is part of the credentials", stacklevel=4
                )

    @classmethod
    @overload
    def from_env(cls, prefix: str = "OAUTH", *, required: Literal[True]) -> Self: ...

    @classmethod
    @overload
    def from_env(cls, prefix: str = "OAUTH", *, required: bool = False) -> Self | None: ...

    @classmethod
    def from_env(cls, prefix: str = "OAUTH", *, required: bool = False) -> Self | None:
        """Return the credentials in environment variables.

        ``OAUTH_TOKENS`` contains client key, client secret, token and token secret, joined by colons. Alternatively,
        ``OAUTH_CLIENT_KEY``, ``OAUTH_CLIENT_SECRET``, ``OAUTH_RESOURCE_OWNER_KEY`` and
        ``OAUTH_RESOURCE_OWNER_SECRET`` contain one of them each. All may be set if they agree.

        For RSA, ``OAUTH_RSA_KEY`` contains PEM text, or ``OAUTH_RSA_KEY_FILE`` contains a path. A line end of the text
        may be written as a backslash and an n. The signature method is then RSA-SHA1, and the two secrets are optional.

        Args:
            prefix: It replaces ``OAUTH``.
            required: Raise CredentialsError instead of returning None.

        Returns:
            The credentials, or None if none of the variables is set, or all are empty. An ``OAuth1Http`` whose
            ``oauth`` is None signs nothing, so a program that must sign passes ``required=True``.

        Raises:
            CredentialsError: Some variables are missing, contradict each other or can't be used. The message contains
                no value.

        Source: ``OAUTH_TOKENS`` is the variable that the tests of Pywikibot read.
        """
        arguments = read_environment(prefix)
        if arguments is None:
            if required:
                raise CredentialsError(f"no credentials in the environment: {variables_advice(prefix)}")
            return None
        try:
            return cls(**arguments)
        except SigningError as error:
            problem = str(error)
        # The error is raised outside the handler. Otherwise its context would contain an error that quotes the value.
        stem = variable_stem(prefix)
        raise CredentialsError(f"{stem}TOKENS, {stem}CLIENT_KEY or a similar variable can't be used: {problem}")

    def __repr__(self) -> str:
        shown = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None or (value == field.default and field.name != "client_key"):
                continue
            public = field.name in ("client_key", "signature_method", "signature_type", "realm", "body_hash")
            shown.append(f"{field.name}={value!r}" if public else f"{field.name}='***'")
        return f"{type(self).__name__}({', '.join(shown)})"

    # An OAuth1 is immutable, so it is its own copy. A pickle leaves out the values that are computed from the fields.
    def __copy__(self) -> "OAuth1":
        return self

    def __deepcopy__(self, memo: object) -> "OAuth1":
        return self

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in vars(self).items() if name not in _COMPUTED}

    def _replace(self, **changes: str | None) -> Self:
        """Return an OAuth1 of the same class with other values in some fields, validated as usual.

        ``dataclasses.replace()`` calls ``__init__``, which may take other arguments in a subclass. This method doesn't
        call it, and keeps the attributes that the subclass has added.

        Args:
            **changes: The new values, by the name of the field.
        """
        state = {field.name: getattr(self, field.name) for field in fields(self)} | vars(self) | changes
        changed = object.__new__(type(self))
        for name, value in state.items():
            # A cached property may depend on a field that has changed.
            if not isinstance(getattr(type(self), name, None), cached_property):
                object.__setattr__(changed, name, value)
        changed.__post_init__()
        return changed

    @cached_property
    def fingerprint(self) -> str:
        """A hex digest that differs between credentials and reveals none of them. It keeps caches apart.

        The secrets are part of what is digested: a program that knows only the public half of a user's credentials
        must not be able to read the responses that were cached for that user.
        """
        state = (type(self).__qualname__, sorted(self.__getstate__().items()))
        return hashlib.sha256(repr(state).encode()).hexdigest()

    @cached_property
    def _signer(self) -> Signer:
        return Signer(
            Client(
                self.client_key,
                client_secret=self.client_secret,
                resource_owner_key=self.resource_owner_key,
                resource_owner_secret=self.resource_owner_secret,
                signature_method=self.signature_method,
                rsa_key=self.rsa_key if self.signature_method.startswith("RSA-") else None,
            )
        )

    @cached_property
    def _encoded_parameters(self) -> EncodedProtocolParameters | None:
        """The protocol parameters of this class, without those that a subclass adds.

        None if they aren't sent in the header, or depend on the request: whether it is https, or its body.
        """
        if self.signature_type != "AUTH_HEADER" or self.signature_method == "PLAINTEXT" or self.body_hash:
            return None
        return EncodedProtocolParameters(_PROTOCOL_PARAMETERS(self, "", ""), self.realm)

    def protocol_parameters(self, nonce: str, timestamp: str) -> list[tuple[str, str]]:
        """Return the protocol parameters of one request, in the order in which they are sent.

        Override this method for a server that requires other parameters. A subclass may add to the list or remove from
        it (``oauth_version`` is optional). All parameters that the method returns are signed and sent. If a subclass
        has additional attributes, make it a frozen dataclass too, so that comparisons include them.

        Args:
            nonce: The nonce of this request.
            timestamp: Unix seconds, UTC, as decimal text.

        Returns:
            Names and values, not encoded, without ``oauth_signature``, which is added later.

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

    def request_parameters(self, nonce: str, timestamp: str, request: SignableRequest) -> list[tuple[str, str]]:
        """Return the protocol parameters of one request, which may depend on the request itself.

        Override this method for a server that requires a parameter made from the URI, the headers or the body. The
        default returns those of :meth:`protocol_parameters`, with ``oauth_body_hash`` if ``body_hash`` is set.

        Args:
            nonce: The nonce of this request.
            timestamp: Unix seconds, UTC, as decimal text.
            request: The request as it is sent, without the protocol parameters. Its attributes are ``method``, ``uri``,
                ``headers`` and ``body``. A form is text or bytes here. Any other body is the caller's own object: an
                override that reads a file must return to its position.

        Returns:
            As for :meth:`protocol_parameters`.
        """
        parameters = list(self.protocol_parameters(nonce, timestamp))
        # Draft 4, section 4.1.1: "OAuth Consumers MUST NOT include an oauth_body_hash parameter on requests with
        # form-encoded request bodies. OAuth Consumers SHOULD include the oauth_body_hash parameter on all other
        # requests." Protocol parameters in the body make it a form.
        if self.body_hash and self.signature_type != "BODY" and not request.declares_form:
            name = hash_name(self.signature_method)
            assert name is not None
            parameters.append((PARAMETER, hash_of_body(request, name)))
        return parameters

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
        """Sign one request and return it as it is to be sent.

        The arguments are not changed, and the position of a seekable file stays the same. If the body is a form that
        can be read only once (a pipe, a generator), it is consumed.

        Args:
            uri: Absolute. Characters that are not yet percent-encoded are encoded here, once.
            method: The HTTP method, in upper or lower case.
            body: The body to send, or None. A body whose Content-Type declares a form is signed, and characters that
                are not yet percent-encoded are encoded, once. Any other is read only if ``body_hash`` is set.
            headers: The headers to send. If the protocol parameters are placed in the header, they replace an
                ``Authorization`` among these.
            nonce: Text that was never used with this timestamp. None means a new random nonce.
            timestamp: Unix seconds, UTC. None means now.

        Returns:
            SignedRequest ``(uri, headers, body)``.

        Raises:
            SigningError: The request can't be sent exactly as it would be signed, or it is a ``GET`` or ``HEAD`` with
                a form.
            InsecureTransportError: The method is PLAINTEXT and the URI is not https.

        Source: RFC 5849, sections 3.4 to 3.6.
        """
        request = SignableRequest(uri, method, body, headers)
        nonce, timestamp = _nonce_and_timestamp(nonce, timestamp)
        encoded, own, kind = self._encoded_parameters, request.normalized_parameters, type(self)
        is_overridden = (
            kind.request_parameters is not _REQUEST_PARAMETERS or kind.protocol_parameters is not _PROTOCOL_PARAMETERS
        )
        if encoded is None or own is None or is_overridden:
            self._require_possible(request)
            protocol = list(self.request_parameters(nonce, timestamp, request))
            signature = self._signer.signature(request.base_string(protocol))
            return self._place(request, [*protocol, ("oauth_signature", signature)])
        # The rest computes the same result from parts that were encoded earlier. It is several times as fast.
        both = nonce + timestamp
        if not (both.isascii() and both.isalnum()):  # Those that are generated here are letters and digits.
            nonce, timestamp = percent_encode(nonce), percent_encode(timestamp)
        start = base_string_start(method, request.base_uri)
        pieces = [start, own.before, encoded.normalized(nonce, timestamp), own.after]
        if request.form is None:  # One piece is hashed faster than four. A form may be too large to be copied.
            pieces = [b"".join(pieces)]
        signature = self._signer.signature(*pieces)
        request.authorize(encoded.header(nonce, timestamp, signature))
        return SignedRequest(request.uri, request.headers, request.body)

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
        """Describe what the signature of a request covers, and why a server may compute another one.

        The description is meant for a person whose request was refused with "Invalid signature". Secrets, tokens and
        all values whose names suggest a secret are masked.

        Args:
            uri: As for :meth:`sign`.
            method: As for :meth:`sign`.
            body: As for :meth:`sign`.
            headers: As for :meth:`sign`.
            nonce: As for :meth:`sign`.
            timestamp: As for :meth:`sign`.

        Returns:
            Several lines of text. They show the request, its signature base string, and which parts are signed. Then
            they list each property of the request for which some servers' signature differs from RFC 5849, with the
            servers and what to do. If the URI looks like MediaWiki's, they list MediaWiki's differences first, and warn
            of a URI for which MediaWiki refuses signed requests.

        Raises:
            SigningError: :meth:`sign` would raise it too.

        Source: RFC 5849, section 3.4.1. For MediaWiki: the responses of Extension:OAuth. For other servers: the
        verdicts of 36 implementations on the same requests.
        """
        request = SignableRequest(uri, method, body, headers)
        self._require_possible(request)
        nonce, timestamp = _nonce_and_timestamp(nonce, timestamp)
        # Most programs never ask for it.
        from .explain import explain  # noqa: PLC0415

        return explain(self, request, list(self.request_parameters(nonce, timestamp, request)))

    # lazr.restfulclient and launchpadlib accept an OAuth1 as authorizer. They define the names of these three members.

    @property
    def user_agent_params(self) -> dict[str, str]:
        """The client key, which lazr.restfulclient adds to its User-Agent."""
        return {"oauth_consumer": self.client_key}

    def authorizeSession(self, client: object) -> None:  # noqa: N802
        """Do nothing. lazr.restfulclient calls this before it sends requests."""

    def authorizeRequest(  # noqa: N802
        self, absolute_uri: str, method: str, body: Body, headers: MutableMapping[str, str]
    ) -> None:
        """Sign one request of lazr.restfulclient by adding a header to those given.

        lazr.restfulclient calls this for all requests that it sends, redirects to other hosts included. An
        :class:`OAuth1Mixin` before its ``RestfulHttp`` is safer: it signs only for the hosts that are meant.

        Args:
            absolute_uri: As it will be sent.
            method: As it will be sent.
            body: As it will be sent.
            headers: As they will be sent. They are changed in place.

        Raises:
            SigningError: :meth:`sign` raises it, or it would change the URI or the body, which an authorizer can't
                return.

        Source: ``lazr.restfulclient.authorize.HttpAuthorizer``.
        """
        mixin = "mix OAuth1Mixin into its RestfulHttp, which can"
        if self.signature_type != "AUTH_HEADER":
            raise SigningError(f"lazr.restfulclient's authorizers can only add headers; {mixin}")
        signed = self.sign(absolute_uri, method, body, headers)
        is_same = isinstance(body, bytearray | memoryview) and signed.body == body
        was_read = signed.body is not body and not is_same
        if was_read or (signed.uri != absolute_uri and self.signature_method != "PLAINTEXT"):
            what = "form has to be read or encoded" if was_read else "URI has to be percent-encoded"
            raise SigningError(f"this {what} before it is signed, and lazr.restfulclient's authorizers can't; {mixin}")
        for name in [name for name in headers if name.lower() in ("authorization", b"authorization")]:
            del headers[name]
        headers.update(signed.headers)

    def _require_possible(self, request: SignableRequest) -> None:
        # RFC 5849, section 3.4.4: "It MUST be used with a transport-layer mechanism such as TLS or SSL".
        if self.signature_method == "PLAINTEXT" and request.scheme != "https":
            raise InsecureTransportError(
                "PLAINTEXT sends the secrets themselves, and this request is not https; use https, or HMAC-SHA1"
            )
        if self.signature_type == "BODY" and not request.accepts_protocol_parameters:
            raise SigningError(
                f"a {request.method} with this body has no form for the protocol parameters"
                "; use signature_type AUTH_HEADER"
            )

    def _place(self, request: SignableRequest, protocol: list[tuple[str, str]]) -> SignedRequest:
        """Add the protocol parameters to a request.

        Args:
            request: The request.
            protocol: The protocol parameters, not encoded, the signature included.

        Source: RFC 5849, section 3.5.
        """
        uri, headers, body = request.uri, request.headers, request.body
        if self.signature_type == "AUTH_HEADER":
            encoded = [(percent_encode(name), percent_encode(value)) for name, value in protocol]
            request.authorize(authorization_header(encoded, self.realm))
        elif self.signature_type == "QUERY":
            # The parameters are appended, so that the caller's own stay encoded as they are.
            uri = add_to_query(uri, form_encode(protocol))
        else:
            added = form_encode(protocol)
            if not request.form:
                body = added
            elif isinstance(body, str):
                body = f"{body}&{added}"
            else:
                body = request.form + b"&" + added.encode("ascii")
            content_type = request.header_name("content-type") or "Content-Type"
            if not headers.get(content_type, "").strip():
                headers[content_type] = FORM
            if (content_length := request.header_name("content-length")) is not None:
                headers[content_length] = str(len(body))
        return SignedRequest(uri, headers, body)


# These identify a subclass, or a program, that overrides the methods.
_PROTOCOL_PARAMETERS = OAuth1.protocol_parameters
_REQUEST_PARAMETERS = OAuth1.request_parameters


def _nonce_and_timestamp(nonce: str | None, timestamp: int | str | None) -> tuple[str, str]:
    nonce = generate_nonce() if nonce is None else str(nonce)
    if not isinstance(timestamp, str):
        timestamp = str(int(time.time() if timestamp is None else timestamp))
    return nonce, timestamp


def _credential_text(name: str, value: object) -> str | None:
    """Return the value of an argument as text that UTF-8 can encode."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    if value is not None and not isinstance(value, str):
        raise SigningError(f"{name} must be text, not {type(value).__name__}")
    try:
        (value or "").encode("utf-8")
    except UnicodeEncodeError:
        raise SigningError(f"{name} can't be encoded as UTF-8; check it for lone surrogates") from None
    return value
