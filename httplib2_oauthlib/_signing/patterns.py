"""Regular expressions that are compiled when they are first used.

Python's compiler of regular expressions is written in Python. It would take a sixth of the time that the import of this
package takes.
"""

import functools
import re
from typing import Any


# The cache of re isn't enough, because it drops patterns when a program has many.
@functools.cache
def compiled(pattern: str | bytes) -> re.Pattern[Any]:
    """Return a pattern, compiled. Its flags are a part of its text, as in ``(?s)``."""
    return re.compile(pattern)
