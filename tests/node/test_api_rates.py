"""Token buckets: a rate, a burst, and a bound on the clients that are remembered."""

from hypothesis import given
from hypothesis import strategies as st

from offbeat.node.api.rates import RateLimiter, client_name


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def limiter(rate: int, burst: int, clients: int = 100) -> tuple[RateLimiter, Clock]:
    clock = Clock()
    return RateLimiter(rate, burst, clients, clock), clock


@given(
    st.integers(1, 50),
    st.integers(1, 50),
    st.lists(st.floats(0, 2, allow_nan=False), max_size=60),
)
def test_never_more_than_burst_and_rate_allow(rate: int, burst: int, pauses: list[float]) -> None:
    rates, clock = limiter(rate, burst)
    passed = 0
    for pause in pauses:
        clock.now += pause
        allowance = rates.take("a")
        passed += allowance.ok
        assert passed <= burst + rate * clock.now + 1e-6
        assert 0 <= allowance.remaining <= burst


@given(st.integers(1, 50), st.integers(1, 50))
def test_whoever_waits_as_told_may_pass(rate: int, burst: int) -> None:
    rates, clock = limiter(rate, burst)
    assert all(rates.take("a").ok for _ in range(burst))
    refused = rates.take("a")
    assert not refused.ok
    assert refused.wait_seconds >= 1
    clock.now += refused.wait_seconds
    assert rates.take("a").ok


def test_clients_do_not_share_and_the_oldest_is_forgotten() -> None:
    rates, _ = limiter(1, 1, clients=2)
    assert rates.take("a").ok
    assert rates.take("b").ok
    assert not rates.take("a").ok
    assert rates.take("c").ok
    assert not rates.take("a").ok
    assert rates.take("b").ok


def test_an_address_of_version_6_stands_for_its_network() -> None:
    assert client_name("2001:db8:1:2::1") == client_name("2001:db8:1:2:ffff::9")
    assert client_name("2001:db8:1:2::1") != client_name("2001:db8:1:3::1")
    assert client_name("192.0.2.1") != client_name("192.0.2.2")
    assert client_name("::ffff:192.0.2.1") != client_name("::ffff:192.0.2.2")
    assert client_name("a unix socket") == "a unix socket"
