"""How often a client may ask: a token bucket for each, and a bound on how many are remembered."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from math import ceil
from time import monotonic

from offbeat.core import Unavailable


@dataclass(frozen=True, slots=True)
class Allowance:
    """Whether a request may pass, and what is left; ``wait_seconds`` until the next one may."""

    ok: bool
    remaining: int
    wait_seconds: int


class RateLimiter:
    """``rate`` requests per second and client, of which a pause saves up to ``burst``.

    The ``max_clients`` most recent clients are remembered; a forgotten one starts afresh.
    """

    def __init__(
        self, rate: int, burst: int, max_clients: int, clock: Callable[[], float] = monotonic
    ) -> None:
        self.rate, self.burst = rate, burst
        self._max_clients, self._clock = max_clients, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, host: str) -> Allowance:
        """Ask for one request from an address."""
        client, now_seconds = client_name(host), self._clock()
        tokens, then = self._buckets.pop(client, (float(self.burst), now_seconds))
        tokens = min(self.burst, tokens + (now_seconds - then) * self.rate)
        ok = tokens >= 1
        tokens -= ok
        self._buckets[client] = tokens, now_seconds
        if len(self._buckets) > self._max_clients:
            self._buckets.popitem(last=False)
        wait_seconds = 0 if tokens >= 1 else ceil((1 - tokens) / self.rate)
        return Allowance(ok, int(tokens), wait_seconds)


def rate_limited() -> Unavailable:
    """What a client that asks too often is told."""
    return Unavailable("rate_limited", "too many requests from this client")


@lru_cache(16_384)
def client_name(host: str) -> str:
    """Whom an address stands for: of IPv6, the /64 that one customer has to himself."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address) or address.ipv4_mapped:
        return host
    return f"{int(address) >> 64:x}::/64"
