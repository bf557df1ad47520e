"""Cassettes of signed traffic: record a wiki once, replay it for ever, leak nothing.

Needs the extra ``httplib2-oauthlib[cassettes]``. :func:`recorder` is a ``vcr.VCR`` that is ready for it, :func:`use`
opens a cassette for an Http, :func:`scrub_file` takes over a cassette that was recorded otherwise, :func:`audit` looks
for what should not be committed. Of the rest of this package nothing is imported here.
"""

from .auditing import Finding, audit, files_of
from .errors import CassetteError, PooledConnectionError, UnscrubbableError
from .recording import NotRecordedError, Recorder, SignedCassette, recorder, scrub_file, use

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
