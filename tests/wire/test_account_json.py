"""Records as JSON: all of them, exactly, as text."""

from offbeat.instruments import Instrument
from offbeat.intents import Lane
from offbeat.rulebook import Account, Partial, Position
from offbeat.wire import account_to_json, instrument_label

CALL = Instrument.parse("ETH-25DEC26-4000-C")
RECORD = Account(
    owner=b"\xaa" * 20,
    index=7,
    cash_micros=-(10**30),
    lanes=(Lane(3, 5),),
    partials=(Partial(1 << 56, 2_000, 9, b"\x11" * 32),),
    positions=(Position(CALL.id, -5_000),),
)


def test_a_record_is_written_in_full() -> None:
    assert account_to_json(RECORD) == {
        "account_id": "0x" + "aa" * 20 + "00000007",
        "owner": "0xaAaAaAaaAaAaAaaAaAAAAAAAAaaaAaAaAaaAaaAa",
        "index": "7",
        "cash_micros": "-1000000000000000000000000000000",
        "lanes": [{"floor": "3", "bitmap": "0x" + "0" * 63 + "5"}],
        "partials": [
            {
                "nonce": str(1 << 56),
                "filled_micros": "2000",
                "valid_until_seconds": "9",
                "intent_hash": "0x" + "11" * 32,
            }
        ],
        "positions": [
            {
                "instrument_id": f"{CALL.id:#034x}",
                "instrument_name": "ETH-25DEC26-4000-C",
                "quantity_micros": "-5000",
            }
        ],
        "commitment": f"0x{RECORD.commitment.hex()}",
    }


def test_an_instrument_without_a_name_is_described_by_its_terms() -> None:
    unnamed = Instrument("ETH", CALL.kind, CALL.expiry_seconds + 1, CALL.strike_micros)
    assert instrument_label(CALL.id) == CALL.name
    assert instrument_label(unnamed.id) == (
        f"ETH call 4000000000 micros at {CALL.expiry_seconds + 1}"
    )
    assert instrument_label(Instrument.spot("ETH").id) == "ETH"
