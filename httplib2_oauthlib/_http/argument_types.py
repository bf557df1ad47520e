"""Types for the arguments of httplib2's constructor and ``request()``. Only type checkers load this module.

The classes of this package pass these arguments unchanged to the class behind them, because frameworks add arguments
and rename the later ones. So their methods take ``*args`` and ``**kwargs``. Type checkers get the arguments from
``if TYPE_CHECKING`` blocks instead, and ``inspect.signature()`` and ``help()`` get them from :mod:`.hooks`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

import httplib2

from .._signing.request import Body


class ReadableBody(Protocol):
    """A body that is read in pieces, such as a file."""

    def read(self, size: int = ..., /) -> str | bytes:
        """Return the next bytes, at most ``size`` of them."""


class Cache(Protocol):
    """A cache of httplib2."""

    def get(self, key: str, /) -> Any:
        """Return the entry of a URI as bytes, or None."""

    def set(self, key: str, value: Any, /) -> Any:
        """Store the entry of a URI."""

    def delete(self, key: str, /) -> Any:
        """Remove the entry of a URI."""


#: What httplib2 can send as a body.
RequestBody: TypeAlias = Body | ReadableBody
RequestHeaders: TypeAlias = Mapping[str, str | bytes] | Mapping[bytes, str | bytes] | None
ProxyInfo: TypeAlias = httplib2.ProxyInfo | Callable[..., httplib2.ProxyInfo | None] | None
