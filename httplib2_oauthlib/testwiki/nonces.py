"""The nonces that were used, so that a request can't be sent twice with the same one."""

import threading

# Extension:OAuth remembers a nonce until this many seconds after its timestamp.
_LIFETIME_SECONDS = 300
_FIRST_SWEEP = 1000


class UsedNonces:
    """The nonces that were used. All methods are thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._expiry: dict[tuple[str, str, str], float] = {}
        self._sweep_above = _FIRST_SWEEP

    def use(self, consumer: str, token: str, nonce: str, *, timestamp: float, now: float) -> bool:
        """Use a nonce, and return whether it was still unused.

        ``consumer`` and ``token`` are keys. ``timestamp`` and ``now``, the wiki's time, are Unix seconds.
        """
        key = (consumer, token, nonce)
        with self._lock:
            # Expired nonces are removed only now and then. A request takes the same time however many there are.
            if len(self._expiry) > self._sweep_above:
                self._expiry = {key: expiry for key, expiry in self._expiry.items() if expiry >= now}
                self._sweep_above = 2 * len(self._expiry) + _FIRST_SWEEP
            if self._expiry.get(key, now - 1) >= now:
                return False
            self._expiry[key] = timestamp + _LIFETIME_SECONDS
            return True
