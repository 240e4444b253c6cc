"""The relations between bounds that the rest of the code takes for granted."""

from offbeat.core import Reason, limits


def test_a_lane_of_the_packed_scan_can_hold_the_largest_account() -> None:
    held = limits.MAX_POSITIONS + limits.MAX_UNDERLYINGS
    assert held * limits.MAX_QUANTITY_MICROS * (limits.MAX_RISK_TICKS + 1) < 2**62


def test_no_certified_batch_outlives_a_revocation_or_its_report() -> None:
    assert limits.MAX_BATCH_LIFE_SECONDS < limits.DELEGATION_END_DELAY_SECONDS
    assert limits.MAX_BATCH_LIFE_SECONDS < limits.REPORT_MAX_AGE_SECONDS


def test_an_order_on_lots_and_ticks_pays_without_a_remainder() -> None:
    assert limits.QUANTITY_SCALE % limits.LOT_MICROS == 0
    assert limits.PRICE_SCALE % limits.QUOTE_SCALE == 0


def test_counts_fit_their_byte_in_the_payload() -> None:
    for bound in (limits.MAX_ROWS, limits.MAX_ACCOUNTS, limits.MAX_CREDITS, limits.MAX_ENTRIES):
        assert bound < 2**8
    assert limits.MAX_ENTRIES >= limits.MAX_POSITIONS + limits.MAX_UNDERLYINGS


def test_every_reason_is_a_word_that_fits_the_revert() -> None:
    for reason in Reason:
        assert reason.value == reason.name.lower()
        assert len(reason.value) <= 32
