"""What travels between rooms and machines: acts of the chain, its facts, codecs."""

from offbeat.wire.account_json import account_to_json, instrument_label
from offbeat.wire.acts import (
    Act,
    BatchLanded,
    Deposited,
    Granted,
    Owed,
    Paid,
    Place,
    SettlementPricePosted,
    UnderlyingRegistered,
)
from offbeat.wire.chain_facts import ChainFacts
from offbeat.wire.report_json import report_from_json, report_to_json
from offbeat.wire.settle_call import SETTLE_SELECTOR, decode_settle, flag_words

__all__ = [
    "SETTLE_SELECTOR",
    "Act",
    "BatchLanded",
    "ChainFacts",
    "Deposited",
    "Granted",
    "Owed",
    "Paid",
    "Place",
    "SettlementPricePosted",
    "UnderlyingRegistered",
    "account_to_json",
    "decode_settle",
    "flag_words",
    "instrument_label",
    "report_from_json",
    "report_to_json",
]
