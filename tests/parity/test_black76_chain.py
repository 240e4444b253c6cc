"""Python and the EVM compute every option and judge every row alike.

``OFFBEAT_CHALLENGES`` says how many honest rows are challenged in transactions of their own.
"""

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest
from bonds import BOND, Bonds
from compiled import artifact_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inputs import any_smiles, expiry_inputs, honest_rows, report_of
from people import ALICE, OPERATOR

from offbeat.chain import Contract, EmbeddedChain, Sender
from offbeat.core.ports import DevChain
from offbeat.instruments import Instrument, Kind
from offbeat.oracle import (
    ONE,
    ExpiryInputs,
    Row,
    Smile,
    UnderlyingReport,
    is_row_right,
    ln_ratio,
    normal_cdf,
    value_micros,
    wrong_rows,
)

CHALLENGES = int(os.environ.get("OFFBEAT_CHALLENGES", "40"))
GAS_BOUND = 1_500_000
SCARED = (HealthCheck.function_scoped_fixture,)

prices = st.integers(1, (1 << 63) - 1) | st.integers(1, 10**12)
strikes = st.integers(1, (1 << 48) - 1) | st.integers(1, 10**12)


@pytest.fixture(scope="module")
def probe() -> Contract:
    chain = EmbeddedChain()
    operator = Sender(chain, OPERATOR.key.secret)
    chain.fund(operator.address, 10**24)
    return Contract.deploy(operator, artifact_of("Black76Probe"))


@pytest.fixture(scope="module", params=["embedded", pytest.param("anvil", marks=pytest.mark.anvil)])
def bonds(request: pytest.FixtureRequest) -> Iterator[Bonds]:
    """Bonded reporters."""
    if request.param == "embedded":
        yield Bonds(EmbeddedChain())
        return
    node: DevChain = request.getfixturevalue("anvil_node")
    snapshot = node.snapshot()
    yield Bonds(node)
    node.restore(snapshot)


@given(prices, strikes)
def test_logarithm(probe: Contract, numerator: int, denominator: int) -> None:
    assert probe.read("ln_ratio", numerator, denominator) == ln_ratio(numerator, denominator)
    assert probe.read("ln_ratio", denominator, numerator) == ln_ratio(denominator, numerator)


@given(st.integers(-10 * ONE, 10 * ONE) | st.integers(-(1 << 200), 1 << 200))
def test_normal_distribution(probe: Contract, x: int) -> None:
    assert probe.read("normal_cdf", x) == normal_cdf(x)


@given(prices, strikes, any_smiles)
def test_smile(probe: Contract, forward: int, strike: int, smile: Smile) -> None:
    _, packed = ExpiryInputs("ETH", 1, 1, smile, 1_500, 3_000).words
    found = probe.read("deviation", forward, strike, int.from_bytes(packed), smile.sigma)
    assert found == smile.deviation(forward, strike)


@given(
    st.sampled_from([Kind.CALL, Kind.PUT]),
    prices,
    st.integers(3, 60_000),
    strikes,
    st.integers(0, 1 << 88) | st.integers(0, 4 * ONE),
)
def test_value(
    probe: Contract, kind: Kind, price: int, factor: int, strike: int, deviation: int
) -> None:
    unit = 30_000
    option = Instrument("ETH", kind, 1, strike)
    found = probe.read(
        "value_micros", kind is Kind.PUT, price * factor, strike * unit, unit, deviation
    )
    assert found == value_micros(option, price * factor, unit, deviation)


@settings(max_examples=CHALLENGES, suppress_health_check=SCARED)
@given(honest=honest_rows())
def test_an_honest_reporter_survives_random_challenges(
    bonds: Bonds, honest: tuple[Row, ExpiryInputs, UnderlyingReport]
) -> None:
    row, *_ = honest
    report = report_of(*honest, time_seconds=bonds.now())
    attestation = bonds.attest(report)
    receipt = bonds.of(ALICE).challenge(report, row.instrument_id, attestation)
    assert receipt.gas_used < GAS_BOUND
    assert bonds.bonds() == [BOND] * 3


@settings(max_examples=CHALLENGES, suppress_health_check=SCARED)
@given(
    honest=honest_rows(),
    by_micros=st.integers(-600_000, 600_000) | st.just(0),
    by_ticks=st.lists(st.integers(-2, 2) | st.just(0), min_size=16, max_size=16),
)
def test_both_judge_any_row_alike(
    bonds: Bonds,
    honest: tuple[Row, ExpiryInputs, UnderlyingReport],
    by_micros: int,
    by_ticks: list[int],
) -> None:
    row, inputs, underlying = honest
    moved = replace(
        row,
        mark_micros=max(0, row.mark_micros + by_micros),
        risk=tuple(
            min(max(loss + by, -32_768), 32_767)
            for loss, by in zip(row.risk, by_ticks, strict=True)
        ),
    )
    report = report_of(moved, inputs, underlying, bonds.now())
    verdict = bonds.of(ALICE).is_right(report, moved, inputs)
    assert verdict is is_row_right(moved, inputs, underlying)
    assert verdict is (moved not in wrong_rows(report))


@settings(max_examples=CHALLENGES, suppress_health_check=SCARED)
@given(inputs=expiry_inputs(any_smiles), strike=strikes, terms=st.integers(0, (1 << 184) - 1))
def test_no_inputs_stop_the_judge(
    bonds: Bonds, inputs: ExpiryInputs, strike: int, terms: int
) -> None:
    """A lie that made the recomputation revert could never be punished."""
    row = Row(Instrument("ETH", Kind.PUT, inputs.expiry_seconds, strike).id, 1, (0,) * 16)
    underlying = UnderlyingReport("ETH", inputs.forward_micros, (1 << 64) - 1, 0)
    report = report_of(row, inputs, underlying, bonds.now())
    contract = bonds.of(ALICE).contract
    bonds.of(ALICE).is_right(report, row, inputs)
    group = inputs.group << 184
    stated = (
        report.timestamp_seconds,
        [int.from_bytes(underlying.word)] + [0] * 7,
        1,
        int.from_bytes(row.word),
        int.from_bytes(row.risk_word),
    )
    for smile in (0, (1 << 256) - 1, terms << 72):
        assert contract.read("is_right", stated, (group | terms, smile)) in (True, False)
