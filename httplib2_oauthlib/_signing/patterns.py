"""Regular expressions that are compiled when they are first used.

Python's compiler of regular expressions is written in Python. It would take a sixth of the time that the import of this
package takes.
"""

import re
from functools import cached_property
from typing import AnyStr, Generic


class Pattern(Generic[AnyStr]):
    """A regular expression.

    The cache of ``re`` isn't used for this, because it drops patterns when a program has many.

    Args:
        text: The pattern.
        flags: As for :func:`re.compile`.
    """

    def __init__(self, text: AnyStr, flags: int = 0) -> None:
        self._text: AnyStr = text
        self._flags = flags

    @cached_property
    def compiled(self) -> re.Pattern[AnyStr]:
        """The compiled pattern."""
        return re.compile(self._text, self._flags)
