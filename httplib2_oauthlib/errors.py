"""What can go wrong, as a tree; nothing else may live here.

::

    httplib2.HttpLib2Error
    └── OAuthError
        ├── SigningError                 local: this request can't be signed (also a ValueError)
        │   └── InsecureTransportError   local: PLAINTEXT would send the secrets over http
        ├── RefusedError                 the server said no to the OAuth part of a request
        │   └── ResponseLostError        ... or its answer was lost, and it may have been acted upon
        ├── HandshakeError               a token endpoint answered with an error or nonsense
        ├── IdentityError                an identity that is not believed
        └── CredentialsError             credentials are missing, partial or unreadable

All of them are ``httplib2.HttpLib2Error``, so that a framework's existing handlers still catch them.
No message holds a secret. httplib2's own errors pass through this package unchanged, but for those about a signed
request that may have been acted upon: these are a ResponseLostError's ``__cause__``.
"""

import re

import httplib2


class OAuthError(httplib2.HttpLib2Error):
    """Anything that goes wrong with OAuth, on this side or on the server's."""


class SigningError(OAuthError, ValueError):
    """This request can't be signed truthfully; nothing of it was sent."""


class InsecureTransportError(SigningError):
    """The PLAINTEXT method would send the secrets over a connection without TLS.

    Source: RFC 5849, section 3.4.4.
    """


class _AnswerError(OAuthError):
    """What a server answered is the error.

    Args:
        reason: One word, from the list of the class.
        message: What the server said and what to do about it, for a person.
        response: The server's ``httplib2.Response``, or None if there was none.
        content: The bytes of its body.
    """

    def __init__(
        self,
        reason: str,
        message: str,
        response: httplib2.Response | None = None,
        content: bytes = b"",
    ) -> None:
        # All four go to Exception.__init__, so that the error survives pickling between processes.
        super().__init__(reason, message, response, content)
        self.reason = reason
        self.message = message
        self.response = response
        self.content = content

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        # Exception's own repr would print the response and its body, cookies and tokens included.
        return f"{type(self).__name__}({self.reason!r}, {self.message!r})"


class RefusedError(_AnswerError):
    """The server refused the OAuth part of a request; or, as a :class:`ResponseLostError`, what it said is lost.

    Args:
        reason: One of ``signature``, ``consumer``, ``token``, ``nonce``, ``timestamp``, ``method``, ``other``.
        message: What the server said and what to do about it, for a person.
        response: The server's ``httplib2.Response``, or None if there was none.
        content: The bytes of its body.
    """


class ResponseLostError(RefusedError):
    """The answer to a request that is not safe to repeat was lost, or what was to follow it.

    It is no OSError and none of ``http.client``'s errors, so that nothing sends the request again that does so when a
    connection breaks. With reason ``nonce`` a second copy was refused because the server has seen the first, and most
    likely acted on it. With reason ``other`` it is not known whether it acted, unless ``response`` says so: it holds
    what came of an answer that broke off, the redirect that could not be followed, or the refusal of a second copy.
    Look before you repeat the request.
    """


class HandshakeError(_AnswerError):
    """A token endpoint answered with an error or with something that is no token, or a callback is not to be used.

    Args:
        reason: One of :class:`RefusedError`'s, or ``callback`` (the callback is not this request's, or lacks a part),
            ``denied`` (the user said no), ``answer`` (the server's answer makes no sense).
        message: What the server said and what to do about it, for a person.
        response: The server's ``httplib2.Response``, or None if there was none.
        content: The bytes of its body; it may hold secrets.

    Attributes:
        code: The code by which MediaWiki's documentation names the error, such as ``E009``, or None.
    """

    @property
    def code(self) -> str | None:
        """MediaWiki's code of the error, explained at ``https://www.mediawiki.org/wiki/Help:OAuth/Errors``, or None."""
        match = re.search(r"\bE\d{3}\b", self.message)
        return match[0] if match else None


class IdentityError(_AnswerError):
    """The server's statement of who the user is can't be believed.

    Args:
        reason: ``signature`` (forged: not signed with the consumer's secret), ``audience`` (made for another consumer),
            ``issuer`` (made by another wiki), ``nonce`` (made for another request), ``clock`` (genuine, but this
            machine's clock and the wiki's disagree) or ``claims`` (a part is missing or of the wrong kind).
        message: What is wrong and what to do about it, for a person. No part of the statement.
        response: The server's ``httplib2.Response``.
        content: The bytes of its body: the statement.
    """


class CredentialsError(OAuthError):
    """Credentials are missing, partial or unreadable."""
