import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core import InvalidInput, limits
from offbeat.instruments import Instrument, Kind, Leg, check_legs

EXPIRY = 1_798_185_600  # 2026-12-25 08:00 UTC
DAY = 86_400
OPTION_KINDS = st.sampled_from([Kind.CALL, Kind.PUT])
SYMBOLS = st.from_regex(r"[A-Z0-9]{1,5}", fullmatch=True)
SPOTS = st.builds(Instrument.spot, SYMBOLS)
OPTIONS = st.builds(
    Instrument,
    SYMBOLS,
    OPTION_KINDS,
    st.integers(1, limits.MAX_EXPIRY_SECONDS),
    st.integers(1, limits.MAX_STRIKE_MICROS),
)
# 2000-01-01 to 2099-12-31, at 08:00 UTC.
NAMED_EXPIRIES = st.integers(10_957, 47_481).map(lambda day: day * DAY + 8 * 3_600)
NAMED_OPTIONS = st.builds(
    Instrument, SYMBOLS, OPTION_KINDS, NAMED_EXPIRIES, st.integers(1, limits.MAX_STRIKE_MICROS)
)
DAMAGED_IDS = st.builds(
    lambda instrument, bit: instrument.id ^ 1 << bit, SPOTS | OPTIONS, st.integers(0, 127)
)
# Printing this number raises ValueError, as an error's message must not.
HUGE = pytest.param(10**5_000, id="huge")


def call(strike_micros: int = 4_000_000_000, expiry_seconds: int = EXPIRY) -> Instrument:
    return Instrument("ETH", Kind.CALL, expiry_seconds, strike_micros)


def read_rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


class TestId:
    def test_packs_the_terms_as_drawn(self) -> None:
        instrument = Instrument.parse("ETH-25DEC26-4000-C")
        assert instrument == call()
        # "ETH\0\0" | 0x6b2e2280 = 1798185600 | 0xee6b2800 = 4000e6 | call
        assert instrument.id == int("45544800006b2e22800000ee6b280001", 16)

    def test_spot_is_its_symbol_alone(self) -> None:
        assert Instrument.spot("ETH").id == int.from_bytes(b"ETH") << 104

    @given(SPOTS | OPTIONS)
    def test_round_trip(self, instrument: Instrument) -> None:
        back = Instrument.from_id(instrument.id)
        assert back == instrument
        assert (back.underlying, back.kind, back.expiry_seconds, back.strike_micros) == (
            instrument.underlying,
            instrument.kind,
            instrument.expiry_seconds,
            instrument.strike_micros,
        )

    @given(st.integers(0, 2**128 - 1) | DAMAGED_IDS)
    def test_any_other_number_is_refused_or_round_trips(self, number: int) -> None:
        try:
            instrument = Instrument.from_id(number)
        except InvalidInput:
            return
        assert instrument.id == number

    @given(st.lists(SPOTS | OPTIONS, max_size=8))
    def test_ids_sort_by_underlying_expiry_strike_kind(self, book: list[Instrument]) -> None:
        def terms(i: Instrument) -> tuple[str, int, int, int]:
            return i.underlying, i.expiry_seconds, i.strike_micros, i.kind

        assert sorted(book) == sorted(book, key=terms) == sorted(book, key=lambda i: i.id)

    def test_short_symbols_sort_before_their_extensions(self) -> None:
        assert call() < Instrument.spot("ETH2") < Instrument.spot("ETHX")

    @pytest.mark.parametrize(
        ("number", "code"),
        [
            (-1, "instrument_id"),
            (2**128, "instrument_id"),
            pytest.param(10**5_000, "instrument_id", id="huge"),
            (True, "instrument_id"),
            (1.0, "instrument_id"),
            ("1", "instrument_id"),
            (None, "instrument_id"),
            (call().id + 2, "instrument_id"),  # kind 3
            (0, "instrument_symbol"),
            (Instrument.spot("ETH").id >> 8, "instrument_symbol"),  # padded on the left
            (call().id | 0xFF << 88, "instrument_symbol"),  # fifth byte of the symbol not ASCII
            (call().id ^ ord("T") << 112, "instrument_symbol"),  # a hole in the symbol
            (call().id ^ 0x20 << 120, "instrument_symbol"),  # lower case
            (call().id - 1, "instrument_expiry"),  # spot with an option's terms
            (Instrument.spot("ETH").id | 1 << 8, "instrument_strike"),  # spot with a strike
            (Instrument.spot("ETH").id | 1, "instrument_expiry"),  # call without terms
            (call().id & ~(2**48 - 1 << 8), "instrument_strike"),
        ],
    )
    def test_refuses(self, number: int, code: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            Instrument.from_id(number)
        assert caught.value.code == code


class TestTerms:
    @pytest.mark.parametrize("symbol", ["A", "ETH", "1INCH", "PAXG", "MATIC"])
    def test_symbols(self, symbol: str) -> None:
        assert Instrument.spot(symbol).underlying == symbol

    @pytest.mark.parametrize("symbol", ["", "eth", "ETH ", "ETH\n", "TOOLNG", "É", "٣", "ET_H", 1])
    def test_other_symbols_are_refused(self, symbol: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            Instrument.spot(symbol)
        assert caught.value.code == "instrument_symbol"

    def test_bounds_are_inclusive(self) -> None:
        assert call(limits.MAX_STRIKE_MICROS).strike_micros == 2**48 - 1
        assert call(expiry_seconds=limits.MAX_EXPIRY_SECONDS).expiry_seconds == 2**32 - 1

    @pytest.mark.parametrize("strike", [0, -1, 2**48, HUGE, 1.5, float("nan"), True, "1"])
    def test_other_strikes_are_refused(self, strike: int) -> None:
        with pytest.raises(InvalidInput) as caught:
            call(strike)
        assert caught.value.code == "instrument_strike"

    @pytest.mark.parametrize("expiry", [0, -1, 2**32, 1.5, None])
    def test_other_expiries_are_refused(self, expiry: int) -> None:
        with pytest.raises(InvalidInput) as caught:
            call(expiry_seconds=expiry)
        assert caught.value.code == "instrument_expiry"

    @pytest.mark.parametrize("kind", [1, "call", None])
    def test_kinds_are_kinds(self, kind: Kind) -> None:
        with pytest.raises(InvalidInput) as caught:
            Instrument("ETH", kind, EXPIRY, 1)
        assert caught.value.code == "instrument_kind"

    @pytest.mark.parametrize(
        ("terms", "code"), [((1, 0), "instrument_expiry"), ((0, 1), "instrument_strike")]
    )
    def test_spot_has_no_terms(self, terms: tuple[int, int], code: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            Instrument("ETH", Kind.SPOT, *terms)
        assert caught.value.code == code


class TestName:
    @pytest.mark.parametrize(
        ("name", "kind", "expiry_seconds", "strike_micros"),
        [
            # Unix times by hand: days since 1970 times 86,400 plus eight hours.
            ("BTC-25DEC20-36000-C", Kind.CALL, 18_621 * DAY + 28_800, 36_000_000_000),
            ("ETH-1JAN00-1-P", Kind.PUT, 10_957 * DAY + 28_800, 1_000_000),
            ("ETH-31DEC99-1-P", Kind.PUT, 47_481 * DAY + 28_800, 1_000_000),
            ("ETH-29FEB24-3000-C", Kind.CALL, 19_782 * DAY + 28_800, 3_000_000_000),
            ("XRP-27JUN25-2d25-C", Kind.CALL, 20_266 * DAY + 28_800, 2_250_000),
            ("XRP-27JUN25-0d625-P", Kind.PUT, 20_266 * DAY + 28_800, 625_000),
            ("XRP-27JUN25-0d000001-P", Kind.PUT, 20_266 * DAY + 28_800, 1),
            ("ETH-25DEC26-281474976d710655-C", Kind.CALL, EXPIRY, limits.MAX_STRIKE_MICROS),
            ("ETH", Kind.SPOT, 0, 0),
        ],
    )
    def test_says_the_terms(
        self, name: str, kind: Kind, expiry_seconds: int, strike_micros: int
    ) -> None:
        underlying, *_ = name.split("-")
        instrument = Instrument(underlying, kind, expiry_seconds, strike_micros)
        assert instrument.name == name
        assert Instrument.parse(name) == instrument

    @given(SPOTS | NAMED_OPTIONS)
    def test_round_trip(self, instrument: Instrument) -> None:
        assert Instrument.parse(instrument.name) == instrument

    @given(st.text(max_size=30) | st.from_regex(r"[A-Z0-9]{1,6}-\d{1,2}[A-Z]{3}\d\d-[\dd]+-[CP]"))
    def test_any_other_text_is_refused_or_round_trips(self, text: str) -> None:
        try:
            instrument = Instrument.parse(text)
        except InvalidInput:
            return
        assert instrument.name == text

    @pytest.mark.parametrize(
        ("name", "code"),
        [
            ("ETH-05DEC25-4000-C", "instrument_name"),
            ("ETH-0DEC25-4000-C", "instrument_name"),
            ("ETH-31NOV25-4000-C", "instrument_name"),
            ("ETH-29FEB25-4000-C", "instrument_name"),
            ("ETH-5DEK25-4000-C", "instrument_name"),
            ("ETH-5dec25-4000-C", "instrument_name"),
            ("ETH-5DEC2025-4000-C", "instrument_name"),
            ("ETH-5DEC25-04000-C", "instrument_name"),
            ("ETH-5DEC25-4000.5-C", "instrument_name"),
            ("ETH-5DEC25-4d0-C", "instrument_name"),
            ("ETH-5DEC25-4d50-C", "instrument_name"),
            ("ETH-5DEC25-4d-C", "instrument_name"),
            ("ETH-5DEC25-d5-C", "instrument_name"),
            ("ETH-5DEC25-4d0000001-C", "instrument_name"),
            ("ETH-5DEC25--4000-C", "instrument_name"),
            ("ETH-5DEC25-4_000-C", "instrument_name"),
            ("ETH-5DEC25-٤٠٠٠-C", "instrument_name"),
            ("ETH-5DEC25-4000-c", "instrument_name"),
            ("ETH-5DEC25-4000-S", "instrument_name"),
            ("ETH-5DEC25-4000", "instrument_name"),
            ("ETH-5DEC25-4000-C\n", "instrument_name"),
            (" ETH-5DEC25-4000-C", "instrument_name"),
            ("ETH_USDC-5DEC25-4000-C", "instrument_name"),
            ("ETH-PERPETUAL", "instrument_name"),
            ("-", "instrument_name"),
            ("9" * 10_000 + "-", "instrument_name"),
            (None, "instrument_name"),
            (b"ETH", "instrument_name"),
            ("", "instrument_symbol"),
            ("eth", "instrument_symbol"),
            ("TOOLNG-5DEC25-4000-C", "instrument_symbol"),
            ("ETH-5DEC25-0-C", "instrument_strike"),
            ("ETH-5DEC25-281474976d710656-C", "instrument_strike"),
        ],
    )
    def test_refuses(self, name: str, code: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            Instrument.parse(name)
        assert caught.value.code == code
        assert len(caught.value.message) < 200

    @pytest.mark.parametrize(
        "expiry_seconds", [EXPIRY + 1, EXPIRY - 1, EXPIRY + 3_600, 10_956 * DAY + 28_800, 2**32 - 1]
    )
    def test_some_terms_have_no_name(self, expiry_seconds: int) -> None:
        with pytest.raises(InvalidInput) as caught:
            _ = call(expiry_seconds=expiry_seconds).name
        assert caught.value.code == "instrument_unnamed"


class TestRealNames:
    def test_eth_book_and_trades(self, data_dir: Path) -> None:
        folder = data_dir / "eth_options_2023-11-20"
        names = {
            row["instrument_name"]
            for file in ("order_book.csv", "last_trades.csv")
            for row in read_rows(folder / file)
        }
        assert len(names) >= 456
        for name in names:
            instrument = Instrument.parse(name)
            assert instrument.name == Instrument.from_id(instrument.id).name == name

    def test_btc_columns_agree_with_the_name(self, data_dir: Path) -> None:
        path = data_dir / "btc_options_2025-12-05" / "deribit_btc_options.csv"
        rows = read_rows(path)
        assert len(rows) == 676
        for row in rows:
            instrument = Instrument.parse(row["instrument_name"])
            assert instrument.name == row["instrument_name"]
            assert instrument.underlying == "BTC"
            assert instrument.kind.name.lower() == row["type"]
            assert instrument.strike_micros == float(row["strike"]) * limits.QUOTE_SCALE
            expiry = datetime.strptime(row["expiry_date"], "%d%b%y").replace(hour=8, tzinfo=UTC)
            assert instrument.expiry_seconds == expiry.timestamp()


class TestLegs:
    @pytest.mark.parametrize("ratio", [1, -1, limits.MAX_RATIO, -limits.MAX_RATIO])
    def test_ratios(self, ratio: int) -> None:
        assert Leg(call(), ratio).ratio == ratio

    @pytest.mark.parametrize(
        "ratio", [0, limits.MAX_RATIO + 1, -limits.MAX_RATIO - 1, HUGE, 1.0, True, "1", None]
    )
    def test_other_ratios_are_refused(self, ratio: int) -> None:
        with pytest.raises(InvalidInput) as caught:
            Leg(call(), ratio)
        assert caught.value.code == "leg_ratio"

    def test_a_leg_names_an_instrument(self) -> None:
        with pytest.raises(InvalidInput) as caught:
            Leg("ETH-25DEC26-4000-C", 1)  # type: ignore[arg-type]
        assert caught.value.code == "leg_instrument"

    def test_one_to_four_ascending_legs(self) -> None:
        legs = [Leg(call(strike), 1) for strike in (1, 2, 3, 4)]
        for count in (1, 2, 3, 4):
            check_legs(legs[:count])

    @pytest.mark.parametrize(
        ("legs", "code"),
        [
            ([], "legs_count"),
            ([Leg(call(strike), 1) for strike in range(1, 6)], "legs_count"),
            ([Leg(call(1), 1), Leg(Instrument.spot("ETH1"), 1)], "legs_underlying"),
            ([Leg(call(1), 1), Leg(call(1), -1)], "legs_duplicate"),
            ([Leg(call(1), 1), Leg(call(2), 1), Leg(call(1), 1)], "legs_duplicate"),
            ([Leg(call(2), 1), Leg(call(1), 1)], "legs_unsorted"),
        ],
    )
    def test_other_legs_are_refused(self, legs: list[Leg], code: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            check_legs(legs)
        assert caught.value.code == code
