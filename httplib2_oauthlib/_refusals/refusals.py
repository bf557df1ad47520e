"""Reads a server's refusal: which reason it gives, and what time it has.

MediaWiki answers in four ways (api.php in JSON or XML, rest.php, Special:OAuth in text or JSON), other servers
with OAuth Problem Reporting. Whatever is none of these is no refusal of OAuth and none of our business.
"""

import calendar
import email.utils
import html
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qs

# How far a client's clock may be off before MediaWiki refuses, in seconds (Extension:OAuth, OAuthServer).
TIMESTAMP_THRESHOLD = 300

# Patterns that are seldom needed are compiled when they are.
# MediaWiki's words, which it does not translate; seen in recorded traffic of MediaWiki 1.39 with Extension:OAuth.
_MEDIAWIKI_PATTERNS = (
    ("timestamp", r"Expired timestamp, yours (?P<claimed>-?\d{1,12}), ours (?P<server>\d{1,12})"),
    ("timestamp", "Missing timestamp"),
    ("nonce", "Nonce already used|Missing nonce"),
    ("signature", "Invalid signature"),
    ("consumer", "Invalid consumer"),
    ("token", "No approved grant|Invalid (?:access|request) token|OAuth token (?:not found|already used)"),
    ("method", "[Ss]ignature method"),
    # The codes and keys of the messages that it does translate.
    ("consumer", r"\bE0(?:05|06|10|11)\b|bad-consumer|consumer-(?:owner-only|no-secret)|not-approved"),
    ("consumer", "callback-not-oob|oauth_callback must be set"),
    ("token", r"\bE00[49]\b|access-token-not-found|request-token|datastore-bad-token"),
)
# Special:OAuth's text answers. Nothing but these sentences at their very beginning, since a page's text may hold
# them too, and is not the server's word; in another language than English only from what may not be stored, as
# pages may.
_SPECIAL_OAUTH_TEXT = rb"Error: (?:An error occurred in the OAuth protocol: |[^<]{0,400}mw-mwoautherror-details)"
# OAuth Problem Reporting, http://wiki.oauth.net/w/page/12238543/ProblemReporting
_PROBLEMS = {
    "timestamp_refused": "timestamp",
    "nonce_used": "nonce",
    "signature_invalid": "signature",
    "signature_method_rejected": "method",
    "consumer_key_unknown": "consumer",
    "consumer_key_rejected": "consumer",
    "consumer_key_refused": "consumer",
    "token_used": "token",
    "token_expired": "token",
    "token_revoked": "token",
    "token_rejected": "token",
}
# Of anything longer only so many bytes are looked at: an error is short, and a server may be malicious.
_MAX_ERROR_BYTES = 8192
_PROBLEM_STATUSES = ("400", "401", "403")
# How the refusals begin that tell of themselves in their body only.
_BODY_PREFIXES = (b"Error: ", b'{"error":"')


class Refusal(NamedTuple):
    """A server's no to the OAuth part of a request.

    Attributes:
        reason: ``signature``, ``consumer``, ``token``, ``nonce``, ``timestamp``, ``method`` or ``other``.
        message: What the server said, as text.
        server_time: The server's clock in Unix seconds, UTC, or None if it did not tell.
        claimed_time: The timestamp that it refused, or None if it did not repeat it.
        message_key: The key of the server's message, the same in every language, or nothing.
    """

    reason: str
    message: str
    server_time: int | None = None
    claimed_time: int | None = None
    message_key: str = ""

    def corrected_time(self, timestamp: int) -> int | None:
        """Return the server's time if a request was refused because its timestamp is off, else None.

        Args:
            timestamp: What the refused request was signed with, in Unix seconds.
        """
        # RFC 5849, section 3.3: "The timestamp value MUST be a positive integer". A Date before 1970 is none.
        if self.server_time is None or self.server_time <= 0:
            return None
        if self.reason == "timestamp":
            # A server that repeats our timestamp repeats the one that we sent; any other is quoted from somewhere.
            return self.server_time if self.claimed_time in (None, timestamp) else None
        # rest.php and a HEAD give no reason; there a Date that is out of MediaWiki's window is the reason.
        if self.reason == "other":
            return self.server_time if abs(self.server_time - timestamp) > TIMESTAMP_THRESHOLD else None
        return None


def read_refusal(response: Mapping[str, str], content: bytes) -> Refusal | None:
    """Read a response as a refusal of OAuth.

    Args:
        response: An ``httplib2.Response``: header names in lower case, the status under ``status``.
        content: The body, decompressed.

    Returns:
        The refusal, or None if the response is none.

    Source: recorded answers of MediaWiki 1.39 with Extension:OAuth; OAuth Problem Reporting.
    """
    content = content if isinstance(content, bytes) else b""  # A framework's own: text, or a stream.
    # Nearly every response ends here.
    is_problem = response.get("status") in _PROBLEM_STATUSES
    if not is_problem and "mediawiki-api-error" not in response and not content.startswith(_BODY_PREFIXES):
        return None
    message = _mediawiki_message(response, content)
    if message is not None:
        return _read_mediawiki_refusal(message, _mediawiki_message_key(response, content), response)
    if is_problem:
        return _read_problem_report(response, content)
    return None


def _mediawiki_message(response: Mapping[str, str], content: bytes) -> str | None:
    if "mwoauth" in response.get("mediawiki-api-error", ""):
        return _api_error_message(content)
    content_type = response.get("content-type", "")
    if content_type.startswith("text/plain"):
        is_error = content.startswith(b"Error: ") and _may_not_be_stored(response)
        return _decode(content) if is_error or re.match(_SPECIAL_OAUTH_TEXT, content) else None
    if content_type.startswith("application/json"):
        # A page's text can be asked for as JSON too (action=raw&ctype=application/json).
        if content.startswith(b'{"error":"mwoauth') and _may_not_be_stored(response):
            return _api_error_message(content)
        if response.get("status") == "403" and content.startswith(b'{"error":"rest-'):
            return _api_error_message(content)
    return None


def _may_not_be_stored(response: Mapping[str, str]) -> bool:
    return "no-store" in response.get("cache-control", "")


def _mediawiki_message_key(response: Mapping[str, str], content: bytes) -> str:
    in_json = re.match(rb'\{"error":"([a-z0-9-]{1,80})"', content)
    return in_json[1].decode("ascii") if in_json else response.get("mediawiki-api-error", "")


def _read_mediawiki_refusal(message: str, key: str, response: Mapping[str, str]) -> Refusal:
    for reason, words in _MEDIAWIKI_PATTERNS:
        match = re.search(words, message) or re.search(words, key)
        if match is not None:
            found = match.groupdict()
            server = int(found["server"]) if "server" in found else _time_of_date_header(response)
            return Refusal(reason, message, server, int(found["claimed"]) if "claimed" in found else None, key)
    return Refusal("other", message, _time_of_date_header(response), None, key)


def _read_problem_report(response: Mapping[str, str], content: bytes) -> Refusal | None:
    challenge = response.get("www-authenticate", "")[:_MAX_ERROR_BYTES]
    report: dict[str, str] = dict(re.findall(r'\b(oauth_[a-z_]{1,40})="?([^",]*)', challenge))
    if "oauth_problem" not in report and b"oauth_problem=" in content[:_MAX_ERROR_BYTES]:
        text = content[:_MAX_ERROR_BYTES].decode("latin-1").strip()
        report = {name: values[-1] for name, values in parse_qs(text).items()}
    problem = report.get("oauth_problem")
    if problem is None:
        return None
    # "oauth_acceptable_timestamps consists of two integers in decimal notation, separated by '-'": we aim between.
    window = re.fullmatch(r"(\d{1,12})-(\d{1,12})", report.get("oauth_acceptable_timestamps", ""))
    server = (int(window[1]) + int(window[2])) // 2 if window else _time_of_date_header(response)
    return Refusal(_PROBLEMS.get(problem, "other"), problem, server)


def _api_error_message(content: bytes) -> str:
    """Return the sentence in an api.php, rest.php or identify error, or all of it if it has another form."""
    import json  # noqa: PLC0415 (most programs never get here, and to import it takes as long as all of this module)

    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        in_xml = re.search(rb'<error code="[^"]{0,80}" info="([^"]*)"', content[:_MAX_ERROR_BYTES])
        if in_xml is None and content.lstrip().startswith(b"<!"):
            return "a page for people; ask with format=json for the wiki's words."
        return _decode(in_xml[1] if in_xml else content)
    if not isinstance(answer, dict):
        return _decode(content)
    errors = answer.get("errors")  # With errorformat=plaintext and the like.
    error = errors[0] if isinstance(errors, list) and errors else answer.get("error")
    if isinstance(error, dict):
        parts = [error.get(key) for key in ("info", "text", "html", "*", "code")]
    else:
        parts = [answer.get("message"), error]
    return next((part for part in parts if isinstance(part, str) and part), _decode(content))


def _decode(content: bytes) -> str:
    return html.unescape(content[:_MAX_ERROR_BYTES].decode("utf-8", "replace"))


def _time_of_date_header(response: Mapping[str, str]) -> int | None:
    try:
        parsed = email.utils.parsedate(response.get("date", ""))
        return calendar.timegm(parsed) if parsed else None
    except (ValueError, TypeError, IndexError, OverflowError):  # What the parser raises on nonsense.
        return None
