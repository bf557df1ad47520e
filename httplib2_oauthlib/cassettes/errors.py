"""The exceptions of cassettes.

::

    CassetteError
    ├── UnscrubbableError       also a ValueError
    ├── PooledConnectionError
    └── NotRecordedError        also vcr's CannotOverwriteExistingCassetteException; in recording, which imports vcr

They aren't subclasses of :class:`httplib2_oauthlib.OAuthError`, because a program must not handle a mistake in its
tests like a server's refusal.
"""


class CassetteError(Exception):
    """Any error with a cassette."""


class UnscrubbableError(CassetteError, ValueError):
    """A body can't be read, so it can't be checked for secrets. It is not written."""


class PooledConnectionError(CassetteError):
    """A request uses a connection from before the cassette was opened, or from a cassette that is closed."""
