"""Stored credentials: in Pywikibot's configuration, in a private file and in the system's keyring.

:func:`load` finds those for a host.
Nothing here signs or contacts a server. Error messages contain no secret and no line of a file that may contain one.
"""

from ._file import FileStore
from ._keyring import KeyringStore
from ._loading import load
from ._pywikibot import from_pywikibot, read_user_config

__all__ = ["FileStore", "KeyringStore", "from_pywikibot", "load", "read_user_config"]
