"""The exceptions, drawn as a tree. This module contains nothing else.

::

    httplib2.HttpLib2Error
    └── OAuthError
        ├── SigningError                 local: the request can't be signed (also a ValueError)
        │   └── InsecureTransportError   local: PLAINTEXT would send the secrets over http
        ├── RefusedError                 the server refused the OAuth part of a request
        │   └── ResponseLostError        ... or its response was lost, and it may have acted on the request
        ├── HandshakeError               a token endpoint returned an error or an invalid response
        ├── IdentityError                the statement of who the user is can't be verified
        └── CredentialsError             credentials are missing, incomplete or unreadable

All of them are ``httplib2.HttpLib2Error``, so that a framework's existing handlers catch them. No message contains a
secret. httplib2's own errors pass through this package unchanged, with one exception: if a signed request may have been
acted on, the error is the ``__cause__`` of a ResponseLostError.
"""

import re

import httplib2


class OAuthError(httplib2.HttpLib2Error):
    """Base class of all errors of OAuth, in this package or on the server."""


class SigningError(OAuthError, ValueError):
    """The request can't be sent exactly as it would be signed. Nothing was sent."""


class InsecureTransportError(SigningError):
    """The PLAINTEXT method would send the secrets over a connection without TLS.

    Source: RFC 5849, section 3.4.4.
    """


class _AnswerError(OAuthError):
    """A server's response is the error.

    Args:
        reason: One word, from the list of the class.
        message: The server's message and what to do about it, for a person.
        response: The server's ``httplib2.Response``, or None without a response.
        content: The bytes of the response's body.
    """

    def __init__(
        self,
        reason: str,
        message: str,
        response: httplib2.Response | None = None,
        content: bytes = b"",
    ) -> None:
        # All four are passed to Exception.__init__, so that the error can be pickled between processes.
        super().__init__(reason, message, response, content)
        self.reason = reason
        self.message = message
        self.response = response
        self.content = content

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        # The repr of Exception would show the response and its body, cookies and tokens included.
        return f"{type(self).__name__}({self.reason!r}, {self.message!r})"


class RefusedError(_AnswerError):
    """The server refused the OAuth part of a request. The subclass :class:`ResponseLostError` means a lost response.

    Args:
        reason: One of ``signature``, ``consumer``, ``token``, ``nonce``, ``timestamp``, ``method``, ``other``.
        message: The server's message and what to do about it, for a person.
        response: The server's ``httplib2.Response``, or None without a response.
        content: The bytes of the response's body.
    """


class ResponseLostError(RefusedError):
    """The response to a request that is not safe to repeat was lost, or its redirect could not be followed.

    The server may have acted on the request. Check whether the change was made before you retry.

    With reason ``nonce``, the server refused a repetition because it had seen the request before. It is unknown whether
    it acted: MediaWiki marks a nonce as used before it looks at the token and at the user's rights.

    With reason ``other``, it is unknown whether the server acted, unless ``response`` shows it. ``response`` is the
    part of an incomplete response that arrived, the redirect that could not be followed, or the refusal of a
    repetition.

    The error is neither an OSError nor an error of ``http.client``. Programs that repeat requests after connection
    errors therefore do not repeat this request.
    """


class HandshakeError(_AnswerError):
    """A token endpoint returned an error or no token, or a callback can't be used.

    Args:
        reason: One of the reasons of :class:`RefusedError`, or one of three others. ``callback``: the callback belongs
            to another request or is incomplete, or the server does not accept the callback URI. ``denied``: the user
            denied access. ``answer``: the server's response is invalid.
        message: The server's message and what to do about it, for a person.
        response: The server's ``httplib2.Response``, or None without a response.
        content: The bytes of the response's body. They may contain secrets.

    Attributes:
        code: The code of the error in MediaWiki's documentation, such as ``E009``, or None.
    """

    @property
    def code(self) -> str | None:
        """MediaWiki's code of the error, or None. See ``https://www.mediawiki.org/wiki/Help:OAuth/Errors``."""
        match = re.search(r"\bE\d{3}\b", self.message)
        return match[0] if match else None


class IdentityError(_AnswerError):
    """The server's statement of who the user is can't be verified.

    Args:
        reason: The check that failed. ``signature``: the statement is not signed with the consumer's secret, so it may
            be forged. ``audience``: it was made for another consumer. ``issuer``: another wiki made it. ``nonce``: it
            was made for another request. ``clock``: its signature is valid, and the clocks of this machine and of the
            wiki disagree. ``claims``: a part is missing or has the wrong type.
        message: The problem and what to do about it, for a person. It contains no part of the statement.
        response: The server's ``httplib2.Response``.
        content: The bytes of the response's body, which is the statement.
    """


class CredentialsError(OAuthError):
    """Credentials are missing, incomplete or unreadable."""
