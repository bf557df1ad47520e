"""Recognize a response in which a server refuses the OAuth part of a request, and read its reason and its clock.

MediaWiki refuses in four formats (api.php in JSON or XML, rest.php, Special:OAuth in text or JSON). Other servers use
OAuth Problem Reporting. A response in any other format isn't treated as a refusal.
"""

import calendar
import email.utils
import html
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qs

# MediaWiki refuses a timestamp that differs from its clock by more seconds (Extension:OAuth, OAuthServer).
TIMESTAMP_THRESHOLD = 300

# The patterns here are str, because compiling them at import would slow down programs that never need them.
# Messages that MediaWiki does not translate, from recorded traffic of MediaWiki 1.39 with Extension:OAuth.
_MEDIAWIKI_PATTERNS = (
    ("timestamp", r"Expired timestamp, yours (?P<claimed>-?\d{1,12}), ours (?P<server>\d{1,12})"),
    ("timestamp", "Missing timestamp"),
    ("nonce", "Nonce already used|Missing nonce"),
    ("signature", "Invalid signature"),
    ("consumer", "Invalid consumer"),
    ("token", "No approved grant|Invalid (?:access|request) token|OAuth token (?:not found|already used)"),
    ("method", "[Ss]ignature method"),
    # The codes and keys of messages that MediaWiki translates.
    ("consumer", r"\bE0(?:05|06|10|11)\b|bad-consumer|consumer-(?:owner-only|no-secret)|not-approved"),
    ("consumer", "callback-not-oob|oauth_callback must be set"),
    ("token", r"\bE00[49]\b|access-token-not-found|request-token|datastore-bad-token"),
)
# Text responses of Special:OAuth. The match must be at the very beginning, because a wiki page can contain the same
# sentences and anyone can write one. In other languages than English, such a response is recognized only by its
# Cache-Control header: pages can be cached, refusals can't.
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
# Errors are short. The limit keeps a malicious server from making the patterns slow.
_MAX_ERROR_BYTES = 8192
_PROBLEM_STATUSES = ("400", "401", "403")
# The first bytes of refusals that neither the status nor a header identifies.
_BODY_PREFIXES = (b"Error: ", b'{"error":"')


class Refusal(NamedTuple):
    """A server's refusal of the OAuth part of a request.

    Attributes:
        reason: ``signature``, ``consumer``, ``token``, ``nonce``, ``timestamp``, ``method`` or ``other``.
        message: The server's message.
        server_time: The server's clock in Unix seconds, UTC, or None if the response does not show it.
        claimed_time: The refused timestamp as the server repeats it, or None.
        message_key: The key of MediaWiki's message, which is the same in every language, or an empty str.
    """

    reason: str
    message: str
    server_time: int | None = None
    claimed_time: int | None = None
    message_key: str = ""

    def corrected_time(self, timestamp: int) -> int | None:
        """Return the server's time if the request was refused because of its timestamp, else None.

        Args:
            timestamp: The timestamp of the refused request, in Unix seconds.
        """
        # RFC 5849, section 3.3: "The timestamp value MUST be a positive integer". A Date before 1970 can't be used.
        if self.server_time is None or self.server_time <= 0:
            return None
        if self.reason == "timestamp":
            # If the response repeats another timestamp than the one that was sent, it is about another request.
            return self.server_time if self.claimed_time in (None, timestamp) else None
        # rest.php and responses to HEAD give no reason. A Date that differs too much is the likely reason.
        if self.reason == "other":
            return self.server_time if abs(self.server_time - timestamp) > TIMESTAMP_THRESHOLD else None
        return None


def read_refusal(response: Mapping[str, str], content: bytes) -> Refusal | None:
    """Return the refusal in a response, or None if the response isn't one.

    Args:
        response: An ``httplib2.Response``: header names in lower case, the status under ``status``.
        content: The body, decompressed.

    Source: recorded responses of MediaWiki 1.39 with Extension:OAuth; OAuth Problem Reporting.
    """
    # A framework's own Http may return a str or a stream. Then only the headers are read.
    content = content if isinstance(content, bytes) else b""
    # This check comes first because it excludes nearly every response at once.
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
    """Return the message of MediaWiki's refusal, or None if the response isn't one."""
    if "mwoauth" in response.get("mediawiki-api-error", ""):
        return _api_error_message(content)
    content_type = response.get("content-type", "")
    if content_type.startswith("text/plain"):
        is_error = content.startswith(b"Error: ") and _is_uncacheable(response)
        return _decode(content) if is_error or re.match(_SPECIAL_OAUTH_TEXT, content) else None
    if content_type.startswith("application/json"):
        # A page can be requested as JSON too (action=raw&ctype=application/json), so the body alone proves nothing.
        if content.startswith(b'{"error":"mwoauth') and _is_uncacheable(response):
            return _api_error_message(content)
        if response.get("status") == "403" and content.startswith(b'{"error":"rest-'):
            return _api_error_message(content)
    return None


def _is_uncacheable(response: Mapping[str, str]) -> bool:
    return "no-store" in response.get("cache-control", "")


def _mediawiki_message_key(response: Mapping[str, str], content: bytes) -> str:
    match = re.match(rb'\{"error":"([a-z0-9-]{1,80})"', content)
    return match[1].decode("ascii") if match else response.get("mediawiki-api-error", "")


def _read_mediawiki_refusal(message: str, key: str, response: Mapping[str, str]) -> Refusal:
    for reason, pattern in _MEDIAWIKI_PATTERNS:
        match = re.search(pattern, message) or re.search(pattern, key)
        if match is not None:
            times = match.groupdict()
            server_time = int(times["server"]) if "server" in times else _time_of_date_header(response)
            claimed_time = int(times["claimed"]) if "claimed" in times else None
            return Refusal(reason, message, server_time, claimed_time, key)
    return Refusal("other", message, _time_of_date_header(response), None, key)


def _read_problem_report(response: Mapping[str, str], content: bytes) -> Refusal | None:
    """Return the refusal in a response with OAuth Problem Reporting, or None if there is none."""
    challenge = response.get("www-authenticate", "")[:_MAX_ERROR_BYTES]
    report: dict[str, str] = dict(re.findall(r'\b(oauth_[a-z_]{1,40})="?([^",]*)', challenge))
    if "oauth_problem" not in report and b"oauth_problem=" in content[:_MAX_ERROR_BYTES]:
        text = content[:_MAX_ERROR_BYTES].decode("latin-1").strip()
        report = {name: values[-1] for name, values in parse_qs(text).items()}
    problem = report.get("oauth_problem")
    if problem is None:
        return None
    # "oauth_acceptable_timestamps consists of two integers in decimal notation, separated by '-'". The middle is taken.
    window = re.fullmatch(r"(\d{1,12})-(\d{1,12})", report.get("oauth_acceptable_timestamps", ""))
    server_time = (int(window[1]) + int(window[2])) // 2 if window else _time_of_date_header(response)
    return Refusal(_PROBLEMS.get(problem, "other"), problem, server_time)


def _api_error_message(content: bytes) -> str:
    """Return the message in an error of api.php, rest.php or identify, or the whole body if it has another format."""
    import json  # noqa: PLC0415 (most programs never need it, and its import takes as long as that of this module)

    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        in_xml = re.search(rb'<error code="[^"]{0,80}" info="([^"]*)"', content[:_MAX_ERROR_BYTES])
        if in_xml is None and content.lstrip().startswith(b"<!"):
            return "the reason is on an HTML page; send the request with format=json to get it as text."
        return _decode(in_xml[1] if in_xml else content)
    if not isinstance(body, dict):
        return _decode(content)
    errors = body.get("errors")  # The format of errorformat=plaintext and similar.
    error = errors[0] if isinstance(errors, list) and errors else body.get("error")
    if isinstance(error, dict):
        parts = [error.get(key) for key in ("info", "text", "html", "*", "code")]
    else:
        parts = [body.get("message"), error]
    return next((part for part in parts if isinstance(part, str) and part), _decode(content))


def _decode(content: bytes) -> str:
    return html.unescape(content[:_MAX_ERROR_BYTES].decode("utf-8", "replace"))


def _time_of_date_header(response: Mapping[str, str]) -> int | None:
    try:
        parsed = email.utils.parsedate(response.get("date", ""))
        return calendar.timegm(parsed) if parsed else None
    except (ValueError, TypeError, IndexError, OverflowError):  # Raised by the parser, depending on what is wrong.
        return None
