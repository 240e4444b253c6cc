"""A trader's tools: build a strategy by name, sign it, send it to every relay, see it to finality.

::

    with Client.from_env() as client:
        order = client.covered_call("ETH-25DEC26-4000-C", quantity="2", limit="3310")
        done = client.wait_final(client.trade(order))

:class:`Client` waits, :class:`AsyncClient` is awaited; the rest is the same. Amounts are Decimal,
text or whole numbers, never floats.
"""

from offbeat.sdk.amounts import Amount, to_decimal, to_micros
from offbeat.sdk.async_client import AsyncClient, IntentName
from offbeat.sdk.builders import Conditions, StrategyBuilder
from offbeat.sdk.client import Client
from offbeat.sdk.config import client_arguments, read_settings
from offbeat.sdk.nonces import LaneUse, NonceLedger
from offbeat.sdk.pushing import SendUnknown
from offbeat.sdk.results import (
    AccountState,
    BalanceState,
    IntentState,
    MarginHealth,
    MarginPreview,
)
from offbeat.sdk.session import Address
from offbeat.sdk.signers import ExternalSigner, Signer, TypedData, TypedDataAccount, open_keystore
from offbeat.sdk.tactics import MAX_ALTERNATIVES, MAX_SLICES, check_alternatives, time_slices
from offbeat.sdk.terms import OrderTerms, Side, named_legs, order_terms, raw_legs

__all__ = [
    "MAX_ALTERNATIVES",
    "MAX_SLICES",
    "AccountState",
    "Address",
    "Amount",
    "AsyncClient",
    "BalanceState",
    "Client",
    "Conditions",
    "ExternalSigner",
    "IntentName",
    "IntentState",
    "LaneUse",
    "MarginHealth",
    "MarginPreview",
    "NonceLedger",
    "OrderTerms",
    "SendUnknown",
    "Side",
    "Signer",
    "StrategyBuilder",
    "TypedData",
    "TypedDataAccount",
    "check_alternatives",
    "client_arguments",
    "named_legs",
    "open_keystore",
    "order_terms",
    "raw_legs",
    "read_settings",
    "time_slices",
    "to_decimal",
    "to_micros",
]
