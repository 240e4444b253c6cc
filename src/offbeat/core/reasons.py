"""Stable reason codes, the same words in Python and in the contract's reverts.

``apply`` and ``Settlement.settle`` check in the same order, so the first broken rule has the same
name on both sides. The rule numbers are those of ``docs/protocol.md``.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why a batch, or an intent in it, is refused."""

    # The payload itself
    CALLDATA_LENGTH = "calldata_length"
    PAYLOAD_LENGTH = "payload_length"
    PAYLOAD_BOUNDS = "payload_bounds"
    ACTION_UNKNOWN = "action_unknown"

    # Rules 1, 2, 9: sequence, certificate, time
    BATCH_NUMBER = "batch_number"
    BATCH_PARENT = "batch_parent"
    BATCH_LIFE = "batch_life"
    BATCH_EARLY = "batch_early"
    BATCH_LATE = "batch_late"
    LANDER_CONTRACT = "lander_contract"
    CERTIFICATE_INVALID = "certificate_invalid"

    # Rule 4: the oracle report
    REPORT_MISSING = "report_missing"
    REPORT_EARLY = "report_early"
    REPORT_STALE = "report_stale"
    REPORT_OLDER = "report_older"
    REPORT_QUORUM = "report_quorum"
    REPORT_PROOF = "report_proof"

    # Underlyings and rows
    SYMBOL_INVALID = "symbol_invalid"
    ROWS_UNSORTED = "rows_unsorted"
    ROW_INSTRUMENT = "row_instrument"
    ROW_UNSETTLED = "row_unsettled"

    # Rule 3: the inbox
    INBOX_MISMATCH = "inbox_mismatch"
    INBOX_DUE = "inbox_due"
    CREDIT_UNKNOWN = "credit_unknown"
    CREDIT_UNCLAIMED = "credit_unclaimed"

    # Rule 5: witnesses
    WITNESS_MISMATCH = "witness_mismatch"
    ENTRY_ROW = "entry_row"
    ENTRY_MISSING = "entry_missing"

    # Rule 6: what a trader signed
    SIGNATURE_INVALID = "signature_invalid"
    SIGNER_UNAUTHORISED = "signer_unauthorised"
    NONCE_LANE = "nonce_lane"
    NONCE_SPENT = "nonce_spent"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    LEG_INVALID = "leg_invalid"
    LEG_EXPIRED = "leg_expired"
    QUANTITY_INVALID = "quantity_invalid"
    BELOW_MIN_FILL = "below_min_fill"
    OVERFILLED = "overfilled"
    PARTIALS_FULL = "partials_full"
    FEE_ABOVE_MAX = "fee_above_max"
    MARKET_CONDITION = "market_condition"
    LIMIT_VIOLATED = "limit_violated"
    REDUCE_ONLY = "reduce_only"
    AMOUNT_INVALID = "amount_invalid"
    ASSET_UNKNOWN = "asset_unknown"
    DELEGATE_INVALID = "delegate_invalid"

    # Rule 7: conservation
    INSTRUMENT_UNBALANCED = "instrument_unbalanced"
    CASH_UNBALANCED = "cash_unbalanced"

    # Rule 8: health
    POSITION_BOUNDS = "position_bounds"
    CASH_BOUNDS = "cash_bounds"
    CASH_NEGATIVE = "cash_negative"
    SPOT_NEGATIVE = "spot_negative"
    UNHEALTHY = "unhealthy"
    POT_SHORT = "pot_short"
    ACCOUNT_HEALTHY = "account_healthy"
    LIQUIDATION_TERMS = "liquidation_terms"

    # The queue of forced requests, outside of batches
    INBOX_EMPTY = "inbox_empty"
    INBOX_FULL = "inbox_full"
    ITEM_OPEN = "item_open"
    FEE_SHORT = "fee_short"
    ORDER_CONDITIONAL = "order_conditional"
