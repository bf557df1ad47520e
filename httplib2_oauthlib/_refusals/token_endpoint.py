"""Read the response of a token endpoint: the credentials in it, or the error that it is. No I/O.

Error messages quote the server, so that the reader sees its own reason. Possible secrets in a quote are masked.
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
from . import REFUSAL_STATUSES
from .advice import describe
from .provider_errors import ProviderError, error_in_names, error_in_xml
from .quoting import plain_line, plain_sentence
from .refusals import Refusal, read_refusal, time_of_date_header

# A page that a server has appended to a token or its secret contains at least one of the characters excluded here.
_CREDENTIAL = re.compile(r'[^"\x00-\x1f\x7f\ufffd]+')
# Error codes of authlib's servers and of others that follow OAuth 2.
_REASON_OF_ERROR_CODE = {
    "invalid_client": "consumer",
    "invalid_token": "token",
    "invalid_signature": "signature",
    "invalid_nonce": "nonce",
    "unsupported_signature_method": "method",
}
# A shorter value isn't a secret, and masking it would garble words that contain it.
_MIN_SECRET_LENGTH = 4
_REDIRECT_STATUSES = (301, 302, 303, 307, 308)
_CREDENTIALS_ADVICE = "Check the client key, the secrets and the clock of this machine."
_ADVICE_BY_STATUS = {
    400: _CREDENTIALS_ADVICE,
    401: _CREDENTIALS_ADVICE,
    **dict.fromkeys((404, 405), "Check the URI."),
    **dict.fromkeys((408, 429, 502, 503, 504), "Try again later."),
}
# Scheme, host and path of a URI, without user, password, query and fragment.
_LOCATION = re.compile(r"(https?://)(?:[^/?#@]*@)?([^?#]*)", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{0,400})", re.IGNORECASE)
# The rest of a long page is not searched.
_MAX_INSPECTED_BYTES = 16384
# In data: a value that is assigned to a name, or a long string without a space.
_POSSIBLE_SECRET = re.compile(r"(?<=[=:])\s*[^\s&,;]+|[A-Za-z0-9+/_.~%-]{24,}")
# In a sentence: a long string with a digit. The search begins only where a string does, so that it is linear.
_SECRET_IN_SENTENCE = re.compile(r"(?<![A-Za-z0-9+_~%-])(?=[A-Za-z+_~%-]*[0-9])[A-Za-z0-9+_~%-]{24,}")
_MAX_LISTED_NAMES = 20


class EndpointResponse:
    """The response of a token endpoint to a signed request.

    Args:
        response: An ``httplib2.Response``.
        content: The response's body.
        requested: What was requested, for error messages: "temporary credentials".
        secrets: Values that no error message may contain, even if the server repeats them.
    """

    def __init__(
        self, response: httplib2.Response, content: bytes, requested: str, secrets: Iterable[str | None]
    ) -> None:
        self.response = response
        self.content = content
        self.requested = requested
        self._secrets = [secret for secret in secrets if secret and len(secret) >= _MIN_SECRET_LENGTH]

    @cached_property
    def refusal(self) -> Refusal | None:
        """The server's refusal, or None if the response isn't a refusal in a known format."""
        refusal = read_refusal(self.response, self.content)
        if refusal is None and self._is_refused and self._error.reason:
            server_time = time_of_date_header(self.response) if self._error.reason == "timestamp" else None
            refusal = Refusal(self._error.reason, self._quote_error(), server_time)
        return refusal

    @property
    def status(self) -> int:
        """The HTTP status, or 0 if there is none."""
        status = str(self.response.get("status", ""))
        return int(status) if re.fullmatch(r"\d{3}", status) else 0

    def raise_for_refusal(self) -> None:
        """Raise if the response is a refusal, or any other error that begins as MediaWiki's errors do.

        Raises:
            HandshakeError: The message quotes the server and says what to do.
        """
        if self.refusal is not None:
            masked = self.refusal._replace(message=self._mask(self.refusal.message))
            raise self.error(masked.reason, f"the server refused: {describe(masked)}")
        if self.content.startswith(b"Error: "):
            message = plain_sentence(self._mask(html.unescape(self._text)))
            raise self.error("other", f"the server refused: {message}")

    def credentials(self) -> dict[str, str]:
        """Return the parameters in the response, with ``oauth_token`` and ``oauth_token_secret`` among them.

        Raises:
            HandshakeError: The response is an error, or holds no credentials.

        Source: RFC 5849, sections 2.1 and 2.3.
        """
        self.raise_for_refusal()
        # The whole body is read, because half a secret would be worse than none.
        text = self.content.decode("utf-8", "replace").strip()
        pairs = parse_qsl(text, keep_blank_values=True) if self._is_form else []
        parameters = dict(pairs)
        key, secret = parameters.get("oauth_token", ""), parameters.get("oauth_token_secret")
        is_success = 200 <= self.status < 300 and len(parameters) == len(pairs)  # noqa: PLR2004
        # The secret may be empty, the key may not.
        if is_success and _CREDENTIAL.fullmatch(key) and secret is not None and _CREDENTIAL.fullmatch(f"-{secret}"):
            return parameters
        raise self.unexpected_content_error()

    def unexpected_content_error(self) -> HandshakeError:
        """Return the error for a response that is neither a refusal nor what was requested. It describes the body."""
        phrase = plain_line(str(getattr(self.response, "reason", "") or ""))
        status = f"{self.status} {phrase}".strip()
        unknown = "other" if self._is_refused and self._error.texts else "answer"
        reason = _REASON_OF_ERROR_CODE.get("".join(self._error.texts[:1]), unknown)
        return self.error(
            reason, f"the server responded with status {status} and {self._describe_content()}. {self._advise()}"
        )

    def error(self, reason: str, message: str) -> HandshakeError:
        """Return an error about this response."""
        message = f"could not get {self.requested}: {' '.join(message.split())}"
        return HandshakeError(reason, message, self.response, self.content)

    def _mask(self, text: str) -> str:
        """Return a sentence from the server without the known secrets and without anything that looks like one."""
        for secret in self._secrets:
            text = text.replace(secret, "MASKED").replace(quote(secret, safe=""), "MASKED")
        return _SECRET_IN_SENTENCE.sub("MASKED", text)

    def _mask_data(self, text: str) -> str:
        """Return one line of data from the server, masked more strictly than a sentence."""
        return _POSSIBLE_SECRET.sub("MASKED", plain_line(self._mask(text)))

    @cached_property
    def _text(self) -> str:
        return self.content[:_MAX_INSPECTED_BYTES].decode("utf-8", "replace")

    @cached_property
    def _is_form(self) -> bool:
        return re.match(r"\s*[A-Za-z0-9_.%+-]+=", self._text) is not None

    @cached_property
    def _json_object(self) -> dict[str, Any]:
        """The body as a JSON object, or an empty dict if it isn't one."""
        try:
            value = json.loads(self.content)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def _is_refused(self) -> bool:
        return self.response.get("status") in REFUSAL_STATUSES

    @cached_property
    def _error(self) -> ProviderError:
        """The error that the provider reports in the body. It has no texts if there is none."""
        text = self._text.strip()
        if text.startswith("<"):
            return error_in_xml(text)
        return error_in_names(dict(parse_qsl(text)) if self._is_form else self._json_object)

    def _quote_error(self) -> str:
        """Return the texts of the provider's error as one line that holds no secret."""
        masked = ": ".join(self._mask_data(text) for text in self._error.texts)
        text = plain_line(re.sub(r"([.!?]):(?= )", r"\1", masked))
        return f"{text} (code {self._mask(self._error.code)})" if self._error.code else text

    def _describe_content(self) -> str:
        """Return what the body is, with a quote from it that holds no secret."""
        text = self._text.strip()
        if not text:
            return "an empty body"
        content_type = self.response.get("content-type", "")
        # A form that claims to be a page has an unknown meaning, so none of its values is quoted.
        if self._error.texts and not (self._is_form and "html" in content_type):
            return f'the error "{self._quote_error()}"'
        if text.startswith("<") or "html" in content_type:
            title = _TITLE.search(text)
            return f'the web page "{plain_line(self._mask(html.unescape(title[1])))}"' if title else "a web page"
        if self._is_form:
            names = _list_names(name for name, _ in parse_qsl(text, keep_blank_values=True))
            return f"only {names or 'values without names'}"
        if text.startswith("{") or "json" in content_type:
            return f"JSON with {_list_names(self._json_object) or 'no known names'}"
        return f'"{self._mask_data(text.splitlines()[0])}"'

    def _advise(self) -> str:
        """Return what to do about a response that isn't what was requested, based on its status."""
        if self.status in _REDIRECT_STATUSES:
            location = _LOCATION.match(self.response.get("location", ""))
            target = f"{location[1]}{plain_line(self._mask(location[2]))}" if location else "another URI"
            return f"It redirects to {target}: use the URI of the endpoint itself."
        if self.status in (403, 429) and re.search("user.agent|robot|policy", self._text, re.IGNORECASE):
            return "Send a User-Agent that identifies you: https://meta.wikimedia.org/wiki/User-Agent_policy"
        if self.status == 403 and self._error.texts:  # noqa: PLR2004
            # The provider's own words are more specific than any advice.
            return ""
        return _ADVICE_BY_STATUS.get(self.status, "Check that the URI is the server's OAuth 1.0a endpoint.")


def _list_names(names: Iterable[str]) -> str:
    """Return the names that look like parameter names, sorted. Anything else may be a secret value."""
    listed = sorted(name for name in set(names) if re.fullmatch(r"[a-z][a-z_]{0,30}", name))
    return ", ".join(listed[:_MAX_LISTED_NAMES])
