"""The clocks of servers: how far each is from this machine's, and how far a server may move it."""

import math
from collections.abc import Mapping
from typing import Any

_DAY = 86_400
# The server's time is a little older than its response.
_TOLERANCE = 60


class ClockOffsets(dict[str, int]):
    """Seconds that a server's clock is ahead of this machine's, by scheme and authority.

    A copy keeps them. A pickle doesn't, because another machine may restore it, or this one much later.
    """

    def __copy__(self) -> "ClockOffsets":
        return ClockOffsets(self)

    def __deepcopy__(self, memo: Any) -> "ClockOffsets":
        return ClockOffsets(self)

    def __reduce__(self) -> tuple[type["ClockOffsets"], tuple[()]]:
        return ClockOffsets, ()


def keep_offset(http: Any, base: str, offset: int) -> None:
    """Store the offset of a server's clock.

    Args:
        http: The Http.
        base: Scheme and authority of the server.
        offset: Seconds that the server's clock is ahead of this machine's.
    """
    # A new mapping, since copies of an Http share the old one.
    offsets: Mapping[str, int] = {**http._clock_offsets, base: offset}
    http._clock_offsets = ClockOffsets(offsets)


def may_move(max_offset: float | None, uri: str, offset: int) -> bool:
    """Whether a server may move the clock that requests to it are signed by.

    A response over http may come from anyone on the way. An attacker who names a time in the future gets a request that
    is signed for that time, and can send it then. An attacker who names many times gets many. So without TLS the
    distance is limited.

    Args:
        max_offset: The limit in seconds. None means a day over http and any distance over https.
        uri: The URI of the request, or its scheme and authority.
        offset: Seconds that the server's clock is ahead of this machine's.
    """
    if max_offset is None:
        max_offset = math.inf if uri[:6].lower() == "https:" else _DAY
    return abs(offset) <= max_offset + _TOLERANCE
