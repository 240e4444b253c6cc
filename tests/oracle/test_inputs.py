"""What rows follow from: words that come back, bounds, and reports that commit to them."""

from dataclasses import replace

import pytest
from hypothesis import given
from inputs import DOLLAR, TICK_MICROS, any_smiles, expiry_inputs, honest_rows, report_of

from offbeat.core import InvalidInput
from offbeat.instruments import Instrument, Kind
from offbeat.oracle import (
    FLAT,
    SMILE_SCALE,
    ExpiryInputs,
    Report,
    Row,
    Smile,
    UnderlyingReport,
    derive_row,
    is_row_right,
    multiproof_root,
    wrong_rows,
)
from offbeat.wire import report_from_json, report_to_json

INPUTS = ExpiryInputs("ETH", 1_900_000_000, 2_000 * DOLLAR, FLAT, 1_500, 3_000)
CALL = Instrument("ETH", Kind.CALL, 1_900_000_000, 1_900 * DOLLAR)
Honest = tuple[Row, ExpiryInputs, UnderlyingReport]


@given(expiry_inputs(any_smiles))
def test_words_come_back(inputs: ExpiryInputs) -> None:
    assert ExpiryInputs.from_words(*inputs.words) == inputs
    assert [len(word) for word in inputs.words] == [32, 32]


def test_words_that_cannot_be() -> None:
    terms, smile = INPUTS.words
    for bad in ((terms[1:], smile), (terms, smile + b"\0")):
        with pytest.raises(InvalidInput, match="inputs_words"):
            ExpiryInputs.from_words(*bad)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"symbol": "eth"}, "instrument_symbol"),
        ({"expiry_seconds": 1 << 32}, "inputs_expiry"),
        ({"forward_micros": 0}, "forward_micros"),
        ({"forward_micros": 1 << 63}, "forward_micros"),
        ({"price_scan_bps": 3_334}, "scan_range"),
        ({"price_scan_bps": 0}, "scan_range"),
        ({"volatility_scan_bps": 10_000}, "scan_range"),
        ({"extreme_weight_bps": 10_001}, "extreme_weight"),
    ],
)
def test_inputs_are_checked(change: dict[str, object], code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        replace(INPUTS, **change)  # type: ignore[arg-type]
    assert refused.value.code == code


@pytest.mark.parametrize(
    "numbers",
    [
        (1 << 63, 0, 0, 0, 0),
        (0, -1, 0, 0, 0),
        (0, 0, SMILE_SCALE + 1, 0, 0),
        (0, 0, -SMILE_SCALE - 1, 0, 0),
        (0, 0, 0, 0, -1),
        (0.5, 0, 0, 0, 0),
    ],
)
def test_smiles_are_checked(numbers: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInput, match="smile_range"):
        Smile(*numbers)


@given(honest_rows())
def test_an_honest_row_is_right_and_provable(honest: Honest) -> None:
    report = report_of(*honest, time_seconds=1)
    row, inputs, underlying = honest
    assert is_row_right(row, inputs, underlying)
    assert row not in wrong_rows(report)
    proved_row, proved_inputs, proof = report.prove_inputs(row.instrument_id)
    assert (proved_row, proved_inputs) == (row, inputs)
    assert multiproof_root([row.leaf, inputs.leaf], proof) == report.rows_root
    alone = report.prove([row.instrument_id])
    assert multiproof_root([row.leaf], alone) == report.rows_root


@given(honest_rows())
def test_inputs_survive_their_json(honest: Honest) -> None:
    report = report_of(*honest, time_seconds=1)
    assert report_from_json(report_to_json(report)) == report
    raw = report_to_json(report)
    raw["inputs"][0]["smile"] = None
    with pytest.raises(InvalidInput, match="report_malformed"):
        report_from_json(raw)


def test_inputs_belong_to_one_expiry() -> None:
    other = replace(INPUTS, expiry_seconds=INPUTS.expiry_seconds + 1)
    with pytest.raises(InvalidInput, match="inputs_other"):
        derive_row(CALL, other, TICK_MICROS)
    row = derive_row(CALL, INPUTS, TICK_MICROS)
    with pytest.raises(InvalidInput, match="inputs_other"):
        is_row_right(row, other, UnderlyingReport("ETH", 1, TICK_MICROS, 1))


def test_reports_check_their_inputs() -> None:
    row = derive_row(CALL, INPUTS, TICK_MICROS)
    underlying = UnderlyingReport("ETH", INPUTS.forward_micros, TICK_MICROS, 1)
    later = replace(INPUTS, expiry_seconds=INPUTS.expiry_seconds + 1)
    foreign = replace(INPUTS, symbol="BTC")
    assert Report(1, (underlying,), (row,), (INPUTS, later)).inputs == (INPUTS, later)
    for inputs, code in (
        ((later, INPUTS), "inputs_unsorted"),
        ((INPUTS, INPUTS), "inputs_unsorted"),
        ((foreign, INPUTS), "inputs_underlying"),
        ((later,), "row_inputs"),
    ):
        with pytest.raises(InvalidInput, match=code):
            Report(1, (underlying,), (row,), inputs)
    bare = Report(1, (underlying,), (row,))
    assert bare.rows_root == row.leaf
    assert wrong_rows(bare) == (row,)
    with pytest.raises(InvalidInput, match="inputs_missing"):
        bare.prove_inputs(CALL.id)
    with pytest.raises(InvalidInput, match="row_missing"):
        bare.prove_inputs(CALL.id + 1)


def test_without_variance_an_option_is_worth_its_intrinsic_value() -> None:
    assert derive_row(CALL, INPUTS, TICK_MICROS).mark_micros == 100 * DOLLAR
