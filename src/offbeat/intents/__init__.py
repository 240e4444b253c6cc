"""What traders and operators sign: EIP-712 types, hashes, signatures, nonces and conditions.

``docs/intent-standard.md`` defines all of it without reference to this code.
"""

from offbeat.intents.clear_signing import erc7730_descriptor
from offbeat.intents.conditions import (
    check_leg_expiries,
    check_market,
    check_window,
    fee_bound_micros,
    has_market_condition,
)
from offbeat.intents.encoding import address_text, keccak256, parse_address
from offbeat.intents.explain import LegSteps, SignatureSteps, explain
from offbeat.intents.hashing import (
    batch_digest,
    domain_separator,
    instrument_hash,
    intent_hash,
    leg_hash,
    legs_hash,
    report_digest,
    settlement_price_digest,
    struct_hash,
)
from offbeat.intents.nonces import Lane, is_spent, make_nonce, spend, split_nonce
from offbeat.intents.schema import ATTRIBUTES, TYPE_HASHES, TYPE_STRINGS
from offbeat.intents.signatures import (
    ContractWallets,
    Delegation,
    DelegationLookup,
    address_of,
    canonical_signature,
    check_signer,
    no_delegations,
    recover,
    sign,
    sign_digest,
    verify,
)
from offbeat.intents.typed_data import (
    domain_members,
    parse_typed_data,
    typed_data,
    typed_data_json,
    types_of,
)
from offbeat.intents.types import (
    Cancel,
    Delegate,
    Domain,
    Intent,
    Order,
    Scope,
    SignedIntent,
    Transfer,
    Withdraw,
)

__all__ = [
    "ATTRIBUTES",
    "TYPE_HASHES",
    "TYPE_STRINGS",
    "Cancel",
    "ContractWallets",
    "Delegate",
    "Delegation",
    "DelegationLookup",
    "Domain",
    "Intent",
    "Lane",
    "LegSteps",
    "Order",
    "Scope",
    "SignatureSteps",
    "SignedIntent",
    "Transfer",
    "Withdraw",
    "address_of",
    "address_text",
    "batch_digest",
    "canonical_signature",
    "check_leg_expiries",
    "check_market",
    "check_signer",
    "check_window",
    "domain_members",
    "domain_separator",
    "erc7730_descriptor",
    "explain",
    "fee_bound_micros",
    "has_market_condition",
    "instrument_hash",
    "intent_hash",
    "is_spent",
    "keccak256",
    "leg_hash",
    "legs_hash",
    "make_nonce",
    "no_delegations",
    "parse_address",
    "parse_typed_data",
    "recover",
    "report_digest",
    "settlement_price_digest",
    "sign",
    "sign_digest",
    "spend",
    "split_nonce",
    "struct_hash",
    "typed_data",
    "typed_data_json",
    "types_of",
    "verify",
]
