"""The types of the arguments of httplib2's constructor and ``request()``, and the signatures that ``help()`` shows.

The classes of this package pass these arguments unchanged to the class behind them, because frameworks add arguments
and rename the later ones. So their methods take ``*args`` and ``**kwargs``. Type checkers get the arguments from
``if TYPE_CHECKING`` blocks instead, and ``inspect.signature()`` and ``help()`` get them from here.
"""

import contextlib
import inspect
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


def show_arguments(method: Any, next_method: Any) -> None:
    """Let ``inspect.signature()`` and ``help()`` show the arguments of the method that gets them."""
    with contextlib.suppress(TypeError, ValueError):  # It wraps a callable without a signature.
        method.__signature__ = inspect.signature(next_method)


def show_constructor(method: Any, next_method: Any, own_method: Any) -> None:
    """Let ``inspect.signature()`` and ``help()`` show the arguments of a constructor that passes most of them on.

    Frameworks look there for an argument, such as ``timeout``, before they pass it.

    Args:
        method: The constructor.
        next_method: The constructor that gets the arguments.
        own_method: A constructor. Its keyword arguments are added.
    """
    own = [each for each in inspect.signature(own_method).parameters.values() if each.kind is each.KEYWORD_ONLY]
    names = {each.name for each in own}
    try:
        passed = [each for each in inspect.signature(next_method).parameters.values() if each.name not in names]
    except (TypeError, ValueError):  # It wraps a callable without a signature.
        return
    # Without the annotations: httplib2 has none, and the one of oauth= takes several lines.
    added = [each.replace(annotation=inspect.Parameter.empty) for each in own]
    rest = [each for each in passed if each.kind is each.VAR_KEYWORD]
    method.__signature__ = inspect.Signature([*(each for each in passed if each not in rest), *added, *rest])
