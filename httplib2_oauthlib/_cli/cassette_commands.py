"""The commands for cassettes: audit them for secrets, and scrub them."""

import argparse
import sys
from pathlib import Path

from .terminal import MISUSED, OK, PROGRAM, fail, fail_without_extra, printable


def audit(arguments: argparse.Namespace) -> int:
    """Print each value in cassettes that looks like a secret."""
    try:
        from .. import cassettes  # noqa: PLC0415 (an extra)
    except ImportError as error:
        return fail_without_extra("audit", "cassettes", error)
    files = {path: cassettes.files_of(path) if Path(path).exists() else [] for path in arguments.paths}
    missing = [path for path in files if not files[path]]
    if missing:
        return fail(
            f"nothing to audit at {' and '.join(missing)}: the path doesn't exist, or the folder is empty", MISUSED
        )
    secrets = _read_secrets(arguments)
    try:
        findings = [
            finding
            for path in files
            for file in files[path]
            for finding in cassettes.audit(file, secrets, second_opinion=arguments.second_opinion)
        ]
    except ImportError as error:
        return fail_without_extra("audit --second-opinion", "audit", error)
    for finding in findings:
        print(printable(str(finding)))
    if findings:
        summary = "1 value looks like a secret" if len(findings) == 1 else f"{len(findings)} values look like secrets"
        return fail(
            f"{summary}. Scrub the cassette ({PROGRAM} scrub), or record it again with httplib2_oauthlib.cassettes."
            " Revoke every secret that is already published"
        )
    print("Nothing there looks like a secret.")
    return OK


def scrub(arguments: argparse.Namespace) -> int:
    """Write copies of cassettes without their secrets."""
    try:
        from .. import cassettes  # noqa: PLC0415 (an extra)
    except ImportError as error:
        return fail_without_extra("scrub", "cassettes", error)
    destination = Path(arguments.destination)
    if not destination.is_dir() and (len(arguments.sources) > 1 or arguments.destination.endswith("/")):
        return fail(f"folder not found: {destination}. Create it first", MISUSED)
    binary, secrets = "keep" if arguments.keep_binary else "refuse", _read_secrets(arguments)
    for source in map(Path, arguments.sources):
        target = (destination / source.name).with_suffix(".yaml") if destination.is_dir() else destination
        try:
            count = cassettes.scrub_file(source, target, secrets=secrets, binary=binary)
        except cassettes.CassetteError as error:
            return fail(str(error) if str(source) in str(error) else f"{source}: {error}")
        except OSError as error:
            error.filename = error.filename or str(target)  # Python doesn't name it if the disk is full.
            raise
        print(f"{target}: {count} {'interaction' if count == 1 else 'interactions'}")
    return OK


def _read_secrets(arguments: argparse.Namespace) -> list[str]:
    """Return the secrets that ``--also`` lists, one per line."""
    if arguments.also is None:
        return []
    text = sys.stdin.read() if arguments.also == "-" else Path(arguments.also).read_text("utf-8")
    return [line.strip() for line in text.splitlines() if line.strip()]
