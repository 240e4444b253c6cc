"""Account records as JSON: whole numbers as decimal strings, ids and hashes in hexadecimal."""

from typing import Any

from offbeat.core import InvalidInput
from offbeat.instruments import Instrument
from offbeat.intents import address_text
from offbeat.rulebook import Account


def account_to_json(record: Account) -> dict[str, Any]:
    """A record with its commitment; every value is text, so that any reader has it exactly."""
    return {
        "account_id": f"{record.id:#050x}",
        "owner": address_text(record.owner),
        "index": str(record.index),
        "cash_micros": str(record.cash_micros),
        "lanes": [
            {"floor": str(lane.floor), "bitmap": f"{lane.bitmap:#066x}"} for lane in record.lanes
        ],
        "partials": [
            {
                "nonce": str(partial.nonce),
                "filled_micros": str(partial.filled_micros),
                "valid_until_seconds": str(partial.valid_until_seconds),
                "intent_hash": f"0x{partial.intent_hash.hex()}",
            }
            for partial in record.partials
        ],
        "positions": [
            {
                "instrument_id": f"{position.instrument_id:#034x}",
                "instrument_name": instrument_label(position.instrument_id),
                "quantity_micros": str(position.quantity_micros),
            }
            for position in record.positions
        ],
        "commitment": f"0x{record.commitment.hex()}",
    }


def instrument_label(instrument_id: int) -> str:
    """The instrument's name, or its terms where they have no name."""
    instrument = Instrument.from_id(instrument_id)
    try:
        return instrument.name
    except InvalidInput:
        kind, strike = instrument.kind.name.lower(), instrument.strike_micros
        return f"{instrument.underlying} {kind} {strike} micros at {instrument.expiry_seconds}"
