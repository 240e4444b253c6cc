"""A wrong row costs its signers their bonds, a right one the challenger's deposit."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from bonds import BOND, DEPOSIT, INSURANCE, PURSE, Bonds, refusal
from inputs import DOLLAR, TICK_MICROS, report_of
from people import ALICE, BOB, REPORTERS, STRANGER

from offbeat.chain import EmbeddedChain, load_artifact
from offbeat.core import ChainError, limits
from offbeat.instruments import Instrument, Kind
from offbeat.oracle import (
    SMILE_SCALE,
    ExpiryInputs,
    Report,
    Row,
    Smile,
    UnderlyingReport,
    derive_row,
    wrong_rows,
)

DAY_SECONDS = 86_400
WINDOW_SECONDS = 3 * DAY_SECONDS
DELAY_SECONDS = 7 * DAY_SECONDS
GAS_BOUND = 1_500_000
SPOT_MICROS = 2_000 * DOLLAR
SMILE = Smile(*(round(value * SMILE_SCALE) for value in (0.002, 0.05, -0.3, 0.01, 0.1)))
REWARD = 2 * BOND // 4


@pytest.fixture(scope="module", params=["embedded", pytest.param("anvil", marks=pytest.mark.anvil)])
def _bonds(request: pytest.FixtureRequest) -> Iterator[Bonds]:
    if request.param == "embedded":
        yield Bonds(EmbeddedChain())
        return
    node = request.getfixturevalue("anvil_node")
    snapshot = node.snapshot()
    yield Bonds(node)
    node.restore(snapshot)


@pytest.fixture
def bonds(_bonds: Bonds) -> Iterator[Bonds]:
    """Bonded reporters; what a test does is undone, after a look at the purse."""
    with _bonds.sandbox():
        yield _bonds
        assert _bonds.is_covered()


@pytest.fixture
def report(bonds: Bonds) -> Report:
    """An honest report of this moment."""
    inputs = ExpiryInputs("ETH", bonds.now() + 30 * DAY_SECONDS, SPOT_MICROS, SMILE, 1_500, 3_000)
    call = Instrument("ETH", Kind.CALL, inputs.expiry_seconds, 2_200 * DOLLAR)
    underlying = UnderlyingReport("ETH", SPOT_MICROS, TICK_MICROS, 10)
    honest = report_of(derive_row(call, inputs, TICK_MICROS), inputs, underlying, bonds.now())
    assert wrong_rows(honest) == ()
    return honest


def with_row(report: Report, row: Row) -> Report:
    """The report with another row in the place of its namesake."""
    rows = tuple(row if each.instrument_id == row.instrument_id else each for each in report.rows)
    return replace(report, rows=rows)


def lie(report: Report, number: int = -1, by_micros: int = 2 * TICK_MICROS) -> tuple[Report, int]:
    """The report with one mark moved, and whose."""
    row = report.rows[number]
    wrong = replace(row, mark_micros=row.mark_micros + by_micros)
    return with_row(report, wrong), row.instrument_id


def test_every_row_of_an_honest_report_survives(bonds: Bonds, report: Report) -> None:
    attestation = bonds.attest(report)
    for row in report.rows:
        bonds.of(ALICE).challenge(report, row.instrument_id, attestation)
    assert bonds.bonds() == [BOND] * 3
    assert bonds.claimable(INSURANCE) == len(report.rows) * DEPOSIT
    assert bonds.claimable(ALICE.address) == 0


@pytest.mark.parametrize("number", [0, 1, -1])
def test_a_wrong_mark_costs_its_signers_their_bonds(
    bonds: Bonds, report: Report, number: int
) -> None:
    wrong, instrument_id = lie(report, number)
    bonds.of(ALICE).challenge(wrong, instrument_id, bonds.attest(wrong, (0, 2)))
    assert bonds.bonds() == [0, BOND, 0]
    assert bonds.claimable(ALICE.address) == DEPOSIT + REWARD
    assert bonds.claimable(INSURANCE) == 2 * BOND - REWARD
    bonds.of(STRANGER).claim(ALICE.address)
    assert bonds.cash.read("balanceOf", ALICE.address) == PURSE + REWARD


@pytest.mark.parametrize("scenario", range(limits.SCENARIOS))
def test_one_loss_may_be_off_by_a_tick_and_no_more(
    bonds: Bonds, report: Report, scenario: int
) -> None:
    row, inputs, _ = report.prove_inputs(report.rows[-1].instrument_id)
    for by_ticks, is_right in ((1, True), (2, False), (-1, True), (-2, False)):
        risk = tuple(loss + by_ticks * (j == scenario) for j, loss in enumerate(row.risk))
        moved = replace(row, risk=risk)
        assert bonds.of(ALICE).is_right(report, moved, inputs) is is_right
        assert (wrong_rows(with_row(report, moved)) == ()) is is_right


@pytest.mark.parametrize(
    ("by_micros", "is_right"),
    [
        (TICK_MICROS, True),
        (TICK_MICROS + 1, False),
        (-TICK_MICROS, True),
        (-TICK_MICROS - 1, False),
    ],
)
def test_a_mark_may_be_off_by_a_tick_and_no_more(
    bonds: Bonds, report: Report, by_micros: int, is_right: bool
) -> None:
    for number in (0, -1):
        moved, instrument_id = lie(report, number, by_micros)
        row, inputs, _ = moved.prove_inputs(instrument_id)
        assert bonds.of(ALICE).is_right(moved, row, inputs) is is_right
        assert (wrong_rows(moved) == ()) is is_right


def test_one_signature_is_enough_to_be_held_to(bonds: Bonds, report: Report) -> None:
    wrong, instrument_id = lie(report)
    bonds.of(ALICE).challenge(wrong, instrument_id, bonds.attest(wrong, (1,)))
    assert bonds.bonds() == [BOND, 0, BOND]


def test_a_spot_row_stands_by_the_reported_spot(bonds: Bonds, report: Report) -> None:
    spot = replace(report.underlyings[0], spot_micros=SPOT_MICROS + 1)
    wrong = replace(report, underlyings=(spot,))
    assert [row.instrument_id for row in wrong_rows(wrong)] == [Instrument.spot("ETH").id]
    bonds.of(ALICE).challenge(wrong, Instrument.spot("ETH").id, bonds.attest(wrong))
    assert bonds.bonds() == [0, 0, BOND]


def test_nobody_is_held_to_what_they_did_not_sign(bonds: Bonds, report: Report) -> None:
    wrong, instrument_id = lie(report)
    honest = bonds.attest(report)
    alice = bonds.of(ALICE)
    assert refusal(alice.challenge, wrong, instrument_id, honest) == "signer_unknown"
    assert refusal(alice.challenge, report, instrument_id, b"") == "signatures_malformed"
    assert refusal(alice.challenge, report, instrument_id, honest[:-1]) == "signatures_malformed"
    twice = bonds.attest(wrong, (1,)) * 2
    assert refusal(alice.challenge, wrong, instrument_id, twice) == "signatures_malformed"
    later = replace(wrong, timestamp_seconds=wrong.timestamp_seconds + 1)
    signatures = bonds.attest(wrong)
    assert refusal(alice.challenge, later, instrument_id, signatures) == "signer_unknown"
    assert bonds.bonds() == [BOND] * 3


def test_inputs_of_another_expiry_prove_nothing(bonds: Bonds, report: Report) -> None:
    """Proved together under one root, but not of one expiry."""
    row = report.rows[-1]
    proof = report.tree().prove([len(report.rows) - 1, len(report.rows)])
    foreign = report.inputs[0]
    alice = bonds.of(ALICE)
    contract = alice.contract
    honest = report.prove_inputs(row.instrument_id)[1]
    assert alice.is_right(report, row, honest)
    terms, smile = (int.from_bytes(word) for word in foreign.words)
    underlyings = [int.from_bytes(report.underlyings[0].word)] + [0] * 7
    stated = (
        report.timestamp_seconds,
        underlyings,
        1,
        int.from_bytes(row.word),
        int.from_bytes(row.risk_word),
    )
    with pytest.raises(ChainError, match="inputs_other"):
        contract.write(
            alice.sender,
            "challenge",
            stated,
            (terms, smile),
            bonds.attest(report),
            proof.encode(),
        )


def test_old_reports_are_left_alone(bonds: Bonds, report: Report) -> None:
    wrong, instrument_id = lie(report)
    attestation = bonds.attest(wrong)
    with bonds.sandbox():
        bonds.wait(report.timestamp_seconds + WINDOW_SECONDS - bonds.now() - 1)
        bonds.chain.set_time(report.timestamp_seconds + WINDOW_SECONDS)
        assert refusal(bonds.of(ALICE).challenge, wrong, instrument_id, attestation) is None
    bonds.wait(report.timestamp_seconds + WINDOW_SECONDS - bonds.now() + 1)
    assert refusal(bonds.of(ALICE).challenge, wrong, instrument_id, attestation) == "report_old"


def test_a_challenge_needs_its_deposit(bonds: Bonds, report: Report) -> None:
    wrong, instrument_id = lie(report)
    bonds.cash.write(bonds.of(BOB).sender, "approve", bonds.of(BOB).contract.address, DEPOSIT - 1)
    short = refusal(bonds.of(BOB).challenge, wrong, instrument_id, bonds.attest(wrong))
    assert short == "allowance_short"


def test_rows_that_no_inputs_make_right(bonds: Bonds, report: Report) -> None:
    inputs = report.inputs[-1]
    row = report.rows[-1]
    alice = bonds.of(ALICE)
    expiry = inputs.expiry_seconds
    strange = {
        "no strike": Instrument("ETH", Kind.CALL, expiry, 1).id - (1 << 8),
        "no kind": row.instrument_id | 3,
        "another underlying": Instrument("BTC", Kind.CALL, expiry, DOLLAR).id,
    }
    for name, instrument_id in strange.items():
        odd = replace(row, instrument_id=instrument_id)
        assert not alice.is_right(report, odd, inputs), name
    tickless = replace(report, underlyings=(replace(report.underlyings[0], tick_micros=0),))
    assert not alice.is_right(tickless, row, inputs)
    assert wrong_rows(tickless) == tickless.rows


def test_silence_is_as_bad_as_a_lie(bonds: Bonds, report: Report) -> None:
    bare = replace(report, inputs=())
    attestation = bonds.attest(bare, (0,))
    row_id = bare.rows[-1].instrument_id
    alice = bonds.of(ALICE)
    alice.demand(bare, row_id, attestation)
    assert refusal(alice.demand, bare, row_id, attestation) == "demand_known"
    early = refusal(bonds.of(STRANGER).punish_silence, bare, row_id, attestation)
    assert early == "answer_early"
    bonds.wait(DAY_SECONDS)
    bonds.of(STRANGER).punish_silence(bare, row_id, attestation)
    assert bonds.bonds() == [0, BOND, BOND]
    assert bonds.claimable(ALICE.address) == DEPOSIT + BOND // 4
    again = refusal(bonds.of(STRANGER).punish_silence, bare, row_id, attestation)
    assert again == "demand_unknown"


def test_an_answer_earns_the_deposit(bonds: Bonds, report: Report) -> None:
    attestation = bonds.attest(report)
    row_id = report.rows[-1].instrument_id
    unasked = refusal(bonds.of(BOB).answer, report, row_id, attestation)
    assert unasked == "demand_unknown"
    bonds.of(ALICE).demand(report, row_id, attestation)
    bonds.of(BOB).answer(report, row_id, attestation)
    assert bonds.claimable(BOB.address) == DEPOSIT
    assert bonds.bonds() == [BOND] * 3
    bonds.wait(2 * DAY_SECONDS)
    silent = refusal(bonds.of(ALICE).punish_silence, report, row_id, attestation)
    assert silent == "demand_unknown"


def test_an_answer_that_shows_the_lie_slashes(bonds: Bonds, report: Report) -> None:
    wrong, row_id = lie(report)
    attestation = bonds.attest(wrong)
    bonds.of(ALICE).demand(wrong, row_id, attestation)
    bonds.of(BOB).answer(wrong, row_id, attestation)
    assert bonds.bonds() == [0, 0, BOND]
    assert bonds.claimable(ALICE.address) == DEPOSIT + REWARD
    assert bonds.claimable(BOB.address) == 0


def test_a_bond_leaves_after_its_delay_and_can_be_lost_on_the_way(
    bonds: Bonds, report: Report
) -> None:
    mine, other = (bonds.of(REPORTERS[number]) for number in (0, 1))
    assert refusal(mine.withdraw) == "withdrawal_missing"
    assert refusal(mine.request_withdrawal, BOND + 1) == "bond_short"
    mine.request_withdrawal(BOND)
    other.request_withdrawal(BOND // 2)
    assert mine.contract.read("standing", REPORTERS[0].address) == 0
    assert mine.contract.read("standing", REPORTERS[1].address) == BOND - BOND // 2
    assert refusal(mine.withdraw) == "withdrawal_early"
    wrong, row_id = lie(report)
    bonds.of(ALICE).challenge(wrong, row_id, bonds.attest(wrong, (0,)))
    bonds.wait(DELAY_SECONDS)
    mine.withdraw()
    other.withdraw()
    assert bonds.claimable(REPORTERS[0].address) == 0
    assert bonds.claimable(REPORTERS[1].address) == BOND // 2
    assert bonds.bonds() == [0, BOND - BOND // 2, BOND]


def test_an_open_demand_holds_its_signers_bonds(bonds: Bonds, report: Report) -> None:
    bonds.of(REPORTERS[0]).request_withdrawal(BOND)
    bonds.wait(DELAY_SECONDS)
    bare = replace(report, timestamp_seconds=bonds.now(), inputs=())
    attestation = bonds.attest(bare)
    bonds.of(ALICE).demand(bare, bare.rows[0].instrument_id, attestation)
    assert refusal(bonds.of(REPORTERS[0]).withdraw) == "bond_locked"
    bonds.wait(DAY_SECONDS)
    bonds.of(ALICE).punish_silence(bare, bare.rows[0].instrument_id, attestation)
    assert bonds.bonds() == [0, 0, BOND]


def test_gas_of_a_challenge(bonds: Bonds, report: Report) -> None:
    attestation = bonds.attest(report, (0, 1, 2))
    used = [
        bonds.of(ALICE).challenge(report, row.instrument_id, attestation).gas_used
        for row in report.rows
    ]
    assert max(used) < GAS_BOUND
    assert load_artifact("Challenge").deployed_bytes < 24_576
