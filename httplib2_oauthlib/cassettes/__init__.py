"""Cassettes of signed traffic: record a wiki once, replay it in tests, and commit no secret.

Requires the extra ``httplib2-oauthlib[cassettes]``. :func:`recorder` returns a ``vcr.VCR`` that is configured for
signed traffic. :func:`use` opens a cassette for an Http. :func:`scrub_file` converts a cassette that was recorded
without this package. :func:`audit` finds secrets in files before they are committed. This package imports no other part
of httplib2-oauthlib.
"""

try:
    from .auditing import Finding, audit, files_of
    from .errors import CassetteError, PooledConnectionError, UnscrubbableError
    from .recording import NotRecordedError, Recorder, SignedCassette, recorder, scrub_file, use
except ImportError as error:
    raise type(error)(
        f"httplib2_oauthlib.cassettes needs an extra ({error.name} is missing):"
        " pip install 'httplib2-oauthlib[cassettes]'",
        name=error.name,
        path=error.path,
    ) from error

__all__ = [
    "CassetteError",
    "Finding",
    "NotRecordedError",
    "PooledConnectionError",
    "Recorder",
    "SignedCassette",
    "UnscrubbableError",
    "audit",
    "files_of",
    "recorder",
    "scrub_file",
    "use",
]
