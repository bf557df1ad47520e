"""Asks another detector, detect-secrets, what looks like a secret in a file. Requires the extra ``audit``."""

import configparser
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from .patterns import PLACEHOLDER


class Opinion(NamedTuple):
    """What detect-secrets takes for a secret.

    Attributes:
        line: The line number, counted from 1.
        kind: The name that detect-secrets gives to this kind of secret.
        value: The secret.
    """

    line: int
    kind: str
    value: str


def require_detector() -> None:
    """Check that detect-secrets is installed.

    Raises:
        ImportError: It isn't.
    """
    if find_spec("detect_secrets") is None:
        raise ImportError(
            "a second opinion needs detect-secrets: pip install 'httplib2-oauthlib[audit]'", name="detect_secrets"
        )


def opinions(path: Path) -> Iterator[Opinion]:
    """Yield what detect-secrets finds in a file with its default settings. It reads the file once, line by line."""
    # detect-secrets replaces this class, for the whole process, by one without line numbers.
    parsing_error = configparser.ParsingError
    try:
        from detect_secrets.core.scan import scan_file  # noqa: PLC0415 (an extra)
        from detect_secrets.settings import default_settings  # noqa: PLC0415

        with default_settings():
            found = list(scan_file(str(path)))
    finally:
        configparser.ParsingError = parsing_error  # type: ignore[misc]
    for secret in found:
        # A form is read to its end, so that other fields may follow a placeholder.
        if secret.secret_value and not PLACEHOLDER.match(secret.secret_value):
            yield Opinion(secret.line_number, secret.type, secret.secret_value)
