"""Recognize a response in which a server refuses the OAuth part of a request, and read its reason and its clock.

MediaWiki refuses in the formats that :mod:`.wiki_messages` lists. Other servers use OAuth Problem Reporting. A response
in any other format isn't treated as a refusal.
"""

import calendar
import email.utils
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qs

from .._signing.wiki_uris import is_special_oauth
from . import REFUSAL_STATUSES, may_refuse
from .wiki_messages import MAX_ERROR_BYTES, NOT_API, WikiMessage, find_message

# MediaWiki refuses a timestamp that differs from its clock by more seconds (Extension:OAuth, OAuthServer).
TIMESTAMP_THRESHOLD = 300

# The patterns here are str, because compiling them at import would slow down programs that never need them.
# Messages that MediaWiki does not translate, from recorded traffic of MediaWiki 1.39, 1.43 and 1.45.
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
    # Every translation of a rejected callback contains the parameter's name.
    ("consumer", "callback-not-oob|oauth_callback"),
    ("token", r"\bE00[49]\b|access-token-not-found|request-token|datastore-bad-token"),
    # Special:OAuth sends this message as text without its key, in English and in German.
    ("token", "No token was found|kein Token gefunden"),
)
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


class Refusal(NamedTuple):
    """A server's refusal of the OAuth part of a request.

    Attributes:
        reason: ``signature``, ``consumer``, ``token``, ``nonce``, ``timestamp``, ``method`` or ``other``.
        message: The server's message.
        server_time: The server's clock in Unix seconds, UTC, or None if the response does not show it.
        claimed_time: The refused timestamp as the server repeats it, or None.
        message_key: The key of MediaWiki's message, which is the same in every language, or an empty str.
        window: Seconds by which a timestamp may differ from the server's clock.
    """

    reason: str
    message: str
    server_time: int | None = None
    claimed_time: int | None = None
    message_key: str = ""
    window: int = TIMESTAMP_THRESHOLD

    def corrected_time(self, timestamp: int) -> int | None:
        """Return the server's time if the request was refused because of its timestamp, else None.

        Args:
            timestamp: The timestamp of the refused request, in Unix seconds.
        """
        # RFC 5849, section 3.3: "The timestamp value MUST be a positive integer". A Date before 1970 can't be used.
        if self.server_time is None or self.server_time <= 0:
            return None
        # If the response repeats another timestamp than the one that was sent, it is about another request.
        if self.reason == "timestamp" and self.claimed_time not in (None, timestamp):
            return None
        # rest.php before MediaWiki 1.44 and responses to HEAD give no reason. A Date that differs too much is likely to
        # be the reason. A clock that differs less isn't the reason, even if the response says so.
        is_possible = self.reason in ("timestamp", "other") and abs(self.server_time - timestamp) > self.window
        return self.server_time if is_possible else None


def read_refusal(response: Mapping[str, str], content: bytes) -> Refusal | None:
    """Return the refusal in a response, or None if the response isn't one.

    Args:
        response: An ``httplib2.Response``: header names in lower case, the status under ``status``.
        content: The body, decompressed.

    Source: recorded responses of MediaWiki 1.39, 1.43 and 1.45 with Extension:OAuth; OAuth Problem Reporting.
    """
    if not may_refuse(response, content):
        return None
    content = content if isinstance(content, bytes) else b""
    message = find_message(response, content)
    if message is not None:
        return _read_mediawiki_refusal(message, response)
    if response.get("status") in REFUSAL_STATUSES:
        return _read_problem_report(response, content)
    return None


def confirmed_refusal(response: Mapping[str, str], content: bytes, uri: str) -> Refusal | None:
    """Return the refusal in a response, or None. The text of a body alone isn't a refusal.

    A page, or an honest response that repeats what was posted, may contain the text of a refusal. It has neither the
    status of a refusal nor MediaWiki's error header. Special:OAuth, with the token endpoints, repeats nothing that was
    posted.

    Args:
        response: As for :func:`read_refusal`.
        content: As for :func:`read_refusal`.
        uri: The URI of the request.
    """
    is_declared = "mwoauth" in response.get("mediawiki-api-error", "")
    if is_declared or response.get("status") in REFUSAL_STATUSES or is_special_oauth(uri):
        return read_refusal(response, content)
    return None


def _read_mediawiki_refusal(message: WikiMessage, response: Mapping[str, str]) -> Refusal:
    text, key = message
    if key == NOT_API:
        # A page has been refused before the signature was looked at. Its Date shows nothing about the timestamp.
        return Refusal("other", text, message_key=key)
    for reason, pattern in _MEDIAWIKI_PATTERNS:
        match = re.search(pattern, text) or re.search(pattern, key)
        if match is not None:
            times = match.groupdict()
            if "server" in times:
                return Refusal(reason, text, int(times["server"]), int(times["claimed"]), key)
            # Only a response that gives no reason can have been caused by a clock that it doesn't show.
            return Refusal(reason, text, None, None, key)
    return Refusal("other", text, time_of_date_header(response), None, key)


def _read_problem_report(response: Mapping[str, str], content: bytes) -> Refusal | None:
    """Return the refusal in a response with OAuth Problem Reporting, or None if there is none."""
    challenge = response.get("www-authenticate", "")[:MAX_ERROR_BYTES]
    report: dict[str, str] = dict(re.findall(r'\b(oauth_[a-z_]{1,40})="?([^",]*)', challenge))
    if "oauth_problem" not in report and b"oauth_problem=" in content[:MAX_ERROR_BYTES]:
        text = content[:MAX_ERROR_BYTES].decode("latin-1").strip()
        report = {name: values[-1] for name, values in parse_qs(text).items()}
    problem = report.get("oauth_problem")
    if problem is None:
        return None
    # "oauth_acceptable_timestamps consists of two integers in decimal notation, separated by '-'". The middle is taken.
    window = re.fullmatch(r"(\d{1,12})-(\d{1,12})", report.get("oauth_acceptable_timestamps", ""))
    reason = _PROBLEMS.get(problem, "other")
    if window is None:
        return Refusal(reason, problem, time_of_date_header(response))
    first, last = int(window[1]), int(window[2])
    return Refusal(reason, problem, (first + last) // 2, window=(last - first) // 2)


def time_of_date_header(response: Mapping[str, str]) -> int | None:
    """Return the time in a response's Date header in Unix seconds, UTC, or None."""
    try:
        parsed = email.utils.parsedate(response.get("date", ""))
        return calendar.timegm(parsed) if parsed else None
    except (ValueError, TypeError, IndexError, OverflowError):  # Raised by the parser, depending on what is wrong.
        return None
