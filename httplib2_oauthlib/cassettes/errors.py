"""What goes wrong with cassettes.

::

    CassetteError
    ├── UnscrubbableError       also a ValueError
    ├── PooledConnectionError
    └── NotRecordedError        also vcr's CannotOverwriteExistingCassetteException; in recording, which imports vcr

They are no :class:`httplib2_oauthlib.OAuthError`: a program must not take a mistake of its tests for a server's word.
"""


class CassetteError(Exception):
    """Anything that goes wrong with a cassette."""


class UnscrubbableError(CassetteError, ValueError):
    """A body can't be read, so that nobody can say whether it holds a secret; it is not written."""


class PooledConnectionError(CassetteError):
    """A connection from before the cassette was opened, or of one that is closed, would have been used."""
