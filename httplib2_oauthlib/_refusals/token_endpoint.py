"""Reads what a token endpoint answered: the credentials in it, or what else it is. No I/O.

What a server says is quoted in errors, so that whoever reads them knows what it said; what may be a secret in it is
not.
"""

import html
import json
import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, quote

import httplib2

from ..errors import HandshakeError
from .advice import describe
from .quoting import plain_line, plain_sentence
from .refusals import Refusal, read_refusal

_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{0,400})", re.IGNORECASE)
# What a token and its secret are made of, where a server has not appended a page to them.
_CREDENTIAL = re.compile(r'[^"\x00-\x1f\x7f\ufffd]+')
# What authlib's servers, and others in the manner of OAuth 2, call their refusals.
_ERROR_CODES = {
    "invalid_client": "consumer",
    "invalid_token": "token",
    "invalid_signature": "signature",
    "invalid_nonce": "nonce",
    "unsupported_signature_method": "method",
}
_MIN_SECRET_LENGTH = 4
# Scheme, and then host and path of a location: without whoever's password, and without its query and fragment.
_LOCATION = re.compile(r"(https?://)(?:[^/?#@]*@)?([^?#]*)", re.IGNORECASE)
_REDIRECTS = (301, 302, 303, 307, 308)
# Of a page only so much is looked at.
_MAX_INSPECTED = 16384
# What a secret looks like where nobody named it: a value that is assigned to a name, or a long unbroken string.
_POSSIBLE_SECRET = re.compile(r"(?<=[=:])\s*[^\s&,;]+|[A-Za-z0-9+/_.~%-]{24,}")
# What looks like one in a sentence that a server has written for people.
_SECRET_IN_SENTENCE = re.compile(r"(?=[A-Za-z+_~%-]*[0-9])[A-Za-z0-9+_~%-]{24,}")


class EndpointResponse:
    """What a token endpoint answered to a signed request.

    Args:
        response: An ``httplib2.Response``.
        content: Its body.
        asked_for: What was asked for, to name it in errors: "temporary credentials".
        secrets: What must stand in no error, whatever the server repeats.
    """

    def __init__(
        self, response: httplib2.Response, content: bytes, asked_for: str, secrets: Iterable[str | None]
    ) -> None:
        self.response = response
        self.content = content
        self.asked_for = asked_for
        # What is shorter is no secret, and would mask parts of words.
        self._secrets = [secret for secret in secrets if secret and len(secret) >= _MIN_SECRET_LENGTH]

    @cached_property
    def refusal(self) -> Refusal | None:
        """What the server's no says, if it is one that servers are known to say."""
        return read_refusal(self.response, self.content)

    @property
    def status(self) -> int:
        """The HTTP status, or 0 if there is none."""
        status = str(self.response.get("status", ""))
        return int(status) if re.fullmatch(r"\d{3}", status) else 0

    def raise_for_refusal(self) -> None:
        """Raise if the server says in words that it refuses.

        Raises:
            HandshakeError: It does; the message quotes it and says what to do.
        """
        if self.refusal is not None:
            masked = self.refusal._replace(message=self._mask(self.refusal.message))
            raise self.error(masked.reason, f"refused: {describe(masked)}")
        if self.content.startswith(b"Error: "):
            raise self.error("other", f"refused: {plain_sentence(self._mask(html.unescape(self._text)))}")

    def credentials(self) -> dict[str, str]:
        """Return the parameters of the answer, ``oauth_token`` and ``oauth_token_secret`` among them.

        Raises:
            HandshakeError: It is an error, or holds no credentials.

        Source: RFC 5849, sections 2.1 and 2.3.
        """
        self.raise_for_refusal()
        # All of it: half a secret would be worse than none.
        text = self.content.decode("utf-8", "replace").strip()
        pairs = parse_qsl(text, keep_blank_values=True) if self._is_form else []
        parameters = dict(pairs)
        key, secret = parameters.get("oauth_token", ""), parameters.get("oauth_token_secret")
        is_success = 200 <= self.status < 300 and len(parameters) == len(pairs)  # noqa: PLR2004
        if is_success and _CREDENTIAL.fullmatch(key) and secret is not None and _CREDENTIAL.fullmatch(f"-{secret}"):
            return parameters
        raise self.unexpected_content_error()

    def unexpected_content_error(self) -> HandshakeError:
        """Return the error for an answer that is neither what was asked for nor a refusal: it says what it is."""
        phrase = plain_line(str(getattr(self.response, "reason", "") or ""))
        reason = _ERROR_CODES.get("".join(self._error_parts[:1]), "answer")
        return self.error(reason, f"answered {self.status} {phrase} with {self._describe_content()}. {self._advice()}")

    def error(self, reason: str, what: str) -> HandshakeError:
        """Return an error about this answer; ``what`` goes on from "the server"."""
        message = f"asked for {self.asked_for}, the server {' '.join(what.split())}"
        return HandshakeError(reason, message, self.response, self.content)

    def _mask(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "MASKED").replace(quote(secret, safe=""), "MASKED")
        return _SECRET_IN_SENTENCE.sub("MASKED", text)

    @cached_property
    def _text(self) -> str:
        return self.content[:_MAX_INSPECTED].decode("utf-8", "replace")

    @cached_property
    def _is_form(self) -> bool:
        return re.match(r"\s*[A-Za-z0-9_.%+-]+=", self._text) is not None

    def _describe_content(self) -> str:
        text = self._text.strip()
        if not text:
            return "nothing"
        if text.startswith("<") or "html" in self.response.get("content-type", ""):
            title = _TITLE.search(text)
            return f'the web page "{plain_line(self._mask(html.unescape(title[1])))}"' if title else "a web page"
        if self._error_parts:
            parts = (_POSSIBLE_SECRET.sub("MASKED", plain_line(self._mask(part))) for part in self._error_parts)
            return f'the error "{": ".join(parts)}"'
        if self._is_form:
            return f"only {_list_names(name for name, _ in parse_qsl(text, keep_blank_values=True))}"
        if text.startswith("{") or "json" in self.response.get("content-type", ""):
            return f"JSON of {_list_names(self._json_object)}"
        return f'"{_POSSIBLE_SECRET.sub("MASKED", plain_line(self._mask(text.splitlines()[0])))}"'

    @cached_property
    def _error_parts(self) -> tuple[str, ...]:
        """Return the code and the words of an error in a form or in JSON, as far as there are any."""
        found = dict(parse_qsl(self._text.strip())) if self._is_form else self._json_object
        values = (found.get(name) for name in ("error", "error_description", "message", "detail"))
        return tuple(value for value in values if isinstance(value, str) and value)

    @cached_property
    def _json_object(self) -> dict[str, Any]:
        try:
            answer = json.loads(self.content)
        except (ValueError, RecursionError):
            return {}
        return answer if isinstance(answer, dict) else {}

    def _advice(self) -> str:
        if self.status in _REDIRECTS:
            place = _LOCATION.match(self.response.get("location", ""))
            where = f"{place[1]}{plain_line(self._mask(place[2]))}" if place else "another URI"
            return f"It redirects to {where}: give the URI of the endpoint itself."
        if self.status in (403, 429) and re.search("user.agent|robot|policy", self._text, re.IGNORECASE):
            return "Send a User-Agent that says who you are: https://meta.wikimedia.org/wiki/User-Agent_policy"
        if self.status in (404, 405):
            return "Check the URI."
        if self.status in (408, 429, 502, 503, 504):
            return "Try again later."
        if self.status in (400, 401):
            return "Check the client key, the secrets and the clock of this machine."
        return "Check that the URI is that of its endpoint for OAuth 1.0a."


def _list_names(names: Iterable[str]) -> str:
    """List what is named like a parameter; anything else may be a value."""
    listed = sorted(name for name in set(names) if re.fullmatch(r"[a-z][a-z_]{0,30}", name))
    return ", ".join(listed[:20]) or "nothing that has a name"
