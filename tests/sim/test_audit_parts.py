"""The auditor's own arithmetic, against published vectors and against the rooms that it audits."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_market import EXPIRIES, OPTIONS, report_at

from offbeat.core import limits
from offbeat.instruments import Instrument as Listed
from offbeat.instruments import Kind
from offbeat.margin import scan_test, static_test
from offbeat.rulebook.expiry import Holdings, settle_group
from offbeat.rulebook.refusal import Refusal
from offbeat.rulebook.state import Pot as RulebookPot
from offbeat.sim.audit.books import Grant, Pot, spot_of
from offbeat.sim.audit.expiry import exchange
from offbeat.sim.audit.health import Unpriced, survives_expiry, weigh
from offbeat.sim.audit.merkle import multiproof_root, row_leaf
from offbeat.sim.audit.payload import Batch, Instrument, Lane, Partial, Row, Underlying
from offbeat.sim.audit.reader import Malformed, read_calldata, read_instrument, read_payload
from offbeat.sim.audit.records import Record
from offbeat.sim.audit.signatures import CURVE_ORDER, Domain, recover

VECTORS = Path(__file__).resolve().parents[2] / "docs" / "vectors"
REPORT = report_at(EXPIRIES[0] - 3_600)
LISTED = [
    *(Listed.spot(symbol) for symbol in OPTIONS),
    *(each for options in OPTIONS.values() for each in options),
]
LOTS = st.integers(-(10**6), 10**6).map(lambda lots: lots * limits.LOT_MICROS)
HOLDINGS = st.dictionaries(st.sampled_from(LISTED), LOTS.filter(bool), max_size=10).map(
    lambda held: {each: abs(q) if each.kind is Kind.SPOT else q for each, q in held.items()}
)
CASH = st.integers(-(10**13), 10**13)


def load(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


def read(listed: Listed) -> Instrument:
    return read_instrument(listed.id)


def own(holdings: dict[Listed, int]) -> dict[Instrument, int]:
    return {read(each): quantity for each, quantity in holdings.items()}


def batch_of_report() -> Batch:
    rows = [
        Row(read_instrument(row.instrument_id), row.mark_micros, 0, row.risk, _risk_word(row))
        for row in REPORT.rows
    ]
    underlyings = {
        each.symbol: Underlying(
            each.symbol, each.spot_micros, each.tick_micros, each.short_min_ticks, 0
        )
        for each in REPORT.underlyings
    }
    return Batch(
        hash=bytes(32),
        parent=bytes(32),
        number=1,
        time_seconds=0,
        not_after_seconds=0,
        report_seconds=REPORT.timestamp_seconds,
        underlyings=underlyings,
        credits=(),
        rows={row.instrument: row for row in rows},
        settling=frozenset(),
        sections=(),
    )


def _risk_word(row: Any) -> int:
    return int.from_bytes(row.risk_word)


BATCH = batch_of_report()


# Margin ---------------------------------------------------------------------------------------


@given(HOLDINGS, CASH)
def test_the_static_tests_agree(holdings: dict[Listed, int], cash: int) -> None:
    expected = static_test(list(holdings.items()), cash).passes
    assert survives_expiry(cash, own(holdings)) == expected


@given(HOLDINGS)
def test_the_static_tests_agree_to_the_last_micro(holdings: dict[Listed, int]) -> None:
    positions = own(holdings)
    enough = next((c for c in (10**18,) if survives_expiry(c, positions)), None)
    assert (enough is None) == (not static_test(list(holdings.items()), 10**18).passes)
    if enough is None:
        return
    low, high = -1, enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if survives_expiry(middle, positions) else (middle, high)
    assert static_test(list(holdings.items()), high).passes
    assert not static_test(list(holdings.items()), high - 1).passes


@given(HOLDINGS, CASH)
def test_the_scans_agree_exactly(holdings: dict[Listed, int], cash: int) -> None:
    rows = {row.instrument_id: row for row in REPORT.rows}
    scales = {each.symbol: each for each in REPORT.underlyings}
    expected = scan_test(list(holdings.items()), cash, rows, scales)
    weight = weigh(cash, own(holdings), BATCH)
    assert (weight.risk, weight.equity) == (expected.risk_picos, expected.equity_picos)
    initial = limits.INITIAL_MARGIN_BPS
    assert weight.deficit(initial) == expected.deficit(initial)


def test_what_no_report_prices_is_never_healthy_by_scan() -> None:
    unknown = read(Listed("ETH", Kind.CALL, EXPIRIES[0], 7))
    with pytest.raises(Unpriced):
        weigh(10**12, {unknown: 1_000}, BATCH)


# Expiry ---------------------------------------------------------------------------------------


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from([e for e in OPTIONS["ETH"] if e.expiry_seconds == EXPIRIES[0]]),
            LOTS.filter(bool),
            min_size=1,
            max_size=4,
        ),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 10**9),
    st.one_of(st.integers(1, 10), st.integers(1, 10**10)),
)
def test_expiries_are_exchanged_alike(
    accounts: list[dict[Listed, int]], spot_micros: int, price: int
) -> None:
    """Whatever rounds, both sides round it the same way; a short pot is seen by both."""
    spot = spot_of("ETH")
    theirs, ours = RulebookPot(price), Pot(price)
    for holdings in accounts:
        record = Record(1, cash_micros=10**6, positions=own(holdings))
        record.add(spot, spot_micros)
        try:
            theirs, after = settle_group(
                theirs, sorted(holdings.items()), Holdings(10**6, spot_micros)
            )
        except Refusal:
            exchange(record, own(holdings), ours)
            assert ours.spot_micros < 0
            return
        exchange(record, own(holdings), ours)
        assert (ours.cash_micros, ours.spot_micros) == (theirs.cash_micros, theirs.spot_micros)
        kept = {spot: after.spot_micros} if after.spot_micros else {}
        assert (record.cash_micros, record.positions) == (after.cash_micros, kept)


# Records --------------------------------------------------------------------------------------


def test_nonces_are_spent_as_the_standard_says() -> None:
    record = Record(1)
    for step in load("nonces.json"):
        assert record.spend(int(step["nonce"])) == (step["reason"] is None)
        expected = [Lane(int(each["floor"]), int(each["bitmap"], 16)) for each in step["lanes"]]
        assert record.lanes == expected


def test_a_sliding_window_ends_the_partial_fills_that_it_leaves_behind() -> None:
    record = Record(1, lanes=[Lane(), Lane()])
    kept = Partial(1 << limits.LANE_SHIFT, 1_000, 9, bytes(32))
    edge = Partial(10, 1_000, 9, bytes(32))
    record.partials = [Partial(9, 1_000, 9, bytes(32)), kept, edge]
    assert record.spend(limits.LANE_WINDOW + 9)
    assert record.partials == [kept, edge]


def test_a_ninth_partial_fill_takes_the_place_of_one_that_has_expired() -> None:
    record = Record(1)
    for nonce in range(limits.MAX_PARTIALS):
        fill = Partial(nonce, 1_000, 100 - nonce, bytes(32))
        record.remember(fill, is_complete=False, now_seconds=0)
    ninth = Partial(8, 1_000, 200, bytes(32))
    record.remember(ninth, is_complete=False, now_seconds=96)
    assert [each.nonce for each in record.partials] == [0, 1, 2, 3, 4, 7, 6, 8]


def test_a_live_grant_only_grows() -> None:
    live = Grant(scope=3, expires_seconds=100)
    assert live.followed_by(Grant(7, 100), 50) == Grant(7, 100)
    assert live.followed_by(Grant(1, 200), 50) is None
    assert live.followed_by(Grant(7, 99), 50) is None
    assert live.followed_by(Grant(1, 200), 101) == Grant(1, 200)
    assert live.followed_by(Grant(7, 50), 101) is None
    assert live.followed_by(Grant(0, 0), 50) == live
    long = Grant(3, 10**6)
    end = 50 + limits.DELEGATION_END_DELAY_SECONDS
    assert long.followed_by(Grant(0, 0), 50) == Grant(3, end)


# Signatures and trees -------------------------------------------------------------------------


def test_digests_and_signers_are_those_of_the_published_vectors() -> None:
    for case in load("intents.json")["cases"]:
        typed, steps = case["typedData"], case["steps"]
        settlement = bytes.fromhex(typed["domain"]["verifyingContract"][2:])
        domain = Domain(int(typed["domain"]["chainId"]), settlement)
        digest = domain.digest(typed["primaryType"], typed["message"])
        assert "0x" + digest.hex() == steps["digest"]
        signature = bytes.fromhex(case["signatureEip2098"][2:])
        r, vs = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        assert "0x" + recover(digest, r, vs).hex() == steps["owner"].lower()  # type: ignore[union-attr]
        parity, s = vs >> 255, vs & (1 << 255) - 1
        high = CURVE_ORDER - s
        assert high >> 255 or recover(digest, r, (1 - parity) << 255 | high) is None
        for bad_r, bad_vs in ((0, vs), (CURVE_ORDER, vs), (r, parity << 255)):
            assert recover(digest, bad_r, bad_vs) is None


@given(st.sets(st.integers(0, len(REPORT.rows) - 1), min_size=1))
def test_every_proof_of_a_report_leads_to_its_root(indices: set[int]) -> None:
    chosen = [REPORT.rows[index] for index in sorted(indices)]
    proof = REPORT.prove([row.instrument_id for row in chosen])
    leaves = [row_leaf(BATCH.rows[read_instrument(row.instrument_id)]) for row in chosen]
    assert multiproof_root(leaves, proof.nodes, proof.flags) == REPORT.rows_root
    lies = [*leaves[:-1], bytes(32)]
    assert multiproof_root(lies, proof.nodes, proof.flags) != REPORT.rows_root
    assert multiproof_root(leaves, (*proof.nodes, bytes(32)), proof.flags) is None


def test_a_proof_of_nothing_has_no_root() -> None:
    assert multiproof_root([], [bytes(32)], []) is None


# Bytes ----------------------------------------------------------------------------------------


@given(st.binary(max_size=600))
def test_any_bytes_are_read_or_malformed(data: bytes) -> None:
    selector = bytes.fromhex("00000000")
    with pytest.raises(Malformed):
        read_calldata(selector + data)
    try:
        read_payload(data)
    except Malformed:
        return
    assert len(data) >= 96


@pytest.mark.parametrize(
    ("instrument", "fits"),
    [
        ("ETH spot", True),
        ("expiring spot", False),
        ("spot with strike", False),
        ("call", True),
        ("put", True),
        ("call without strike", False),
        ("put without expiry", False),
        ("fourth kind", False),
    ],
)
def test_only_an_instrument_is_an_instrument(instrument: str, fits: bool) -> None:
    symbol, expiry, strike = 0x4554480000 << 88, 1_800_000_000 << 56, 5 << 8
    ids = {
        "ETH spot": symbol,
        "expiring spot": symbol | expiry,
        "spot with strike": symbol | strike,
        "call": symbol | expiry | strike | 1,
        "put": symbol | expiry | strike | 2,
        "call without strike": symbol | expiry | 1,
        "put without expiry": symbol | strike | 2,
        "fourth kind": symbol | expiry | strike | 3,
    }
    if fits:
        assert read_instrument(ids[instrument]).symbol == "ETH"
    else:
        with pytest.raises(Malformed):
            read_instrument(ids[instrument])
