# pragma version 0.4.3
"""
@title Bounds and scales of the protocol
@license Apache-2.0
@notice Written by `make contracts` from offbeat.core.limits, the owner of these values: change them there.
"""

QUANTITY_SCALE: constant(uint256) = 1000000
QUOTE_SCALE: constant(uint256) = 1000000
PRICE_SCALE: constant(uint256) = 1000000000
LOT_MICROS: constant(uint256) = 1000
BPS: constant(uint256) = 10000
MAX_QUANTITY_MICROS: constant(uint256) = 2199023255551
MAX_STRIKE_MICROS: constant(uint256) = 281474976710655
MAX_EXPIRY_SECONDS: constant(uint256) = 4294967295
MAX_MARK_MICROS: constant(uint256) = 9223372036854775807
MAX_PRICE_NANOS: constant(uint256) = 9223372036854775807
MAX_CASH_MICROS: constant(uint256) = 85070591730234615865843651857942052863
MAX_LIMIT_MICROS: constant(uint256) = 79228162514264337593543950335
MAX_RISK_TICKS: constant(uint256) = 32767
MAX_LEGS: constant(uint256) = 4
MAX_RATIO: constant(uint256) = 1000
MAX_SYMBOL_BYTES: constant(uint256) = 5
LIMIT_TOLERANCE_NANOS: constant(uint256) = 1000
MAX_LANES: constant(uint256) = 8
LANE_WINDOW: constant(uint256) = 256
LANE_SHIFT: constant(uint256) = 56
WALLET_LANE: constant(uint256) = 255
MAX_POSITIONS: constant(uint256) = 32
MAX_ENTRIES: constant(uint256) = 48
MAX_PARTIALS: constant(uint256) = 8
MAX_UNDERLYINGS: constant(uint256) = 8
MAX_ROWS: constant(uint256) = 128
MAX_ACCOUNTS: constant(uint256) = 128
MAX_ACTIONS: constant(uint256) = 16
MAX_CREDITS: constant(uint256) = 32
ENOUGH_CREDITS: constant(uint256) = 3
ENOUGH_BESIDE_FORCED: constant(uint256) = 1
MAX_WITHDRAWALS: constant(uint256) = 16
MAX_PROOF_NODES: constant(uint256) = 256
MAX_PROOF_FLAG_WORDS: constant(uint256) = 2
MAX_PROOF_BYTES: constant(uint256) = 8256
MAX_DEPOSIT_MICROS: constant(uint256) = 9223372036854775807
MAX_PAYLOAD_BYTES: constant(uint256) = 40960
MAX_CERTIFICATE_BYTES: constant(uint256) = 1344
MAX_SIGNERS: constant(uint256) = 20
MAX_BATCH_LIFE_SECONDS: constant(uint256) = 600
REPORT_MAX_AGE_SECONDS: constant(uint256) = 900
INBOX_DELAY_SECONDS: constant(uint256) = 600
ESCAPE_DELAY_SECONDS: constant(uint256) = 3600
MAX_FORCED: constant(uint256) = 16
FORCED_LIFE_SECONDS: constant(uint256) = 86400
REPORT_SILENCE_SECONDS: constant(uint256) = 600
DELEGATION_END_DELAY_SECONDS: constant(uint256) = 1200
SCENARIOS: constant(uint256) = 16
INITIAL_MARGIN_BPS: constant(uint256) = 12000
MAINTENANCE_MARGIN_BPS: constant(uint256) = 10000
INSURANCE_OWNER: constant(uint256) = 453293865840928479468981443261846752946961776640
LIQUIDATION_TARGET_BPS: constant(uint256) = 15000
LIQUIDATION_COST_BPS: constant(uint256) = 2500
SIGNED_BPS: constant(int256) = 10000
SIGNED_LIMIT_TOLERANCE_NANOS: constant(int256) = 1000
SIGNED_LIQUIDATION_COST_BPS: constant(int256) = 2500
SIGNED_LIQUIDATION_TARGET_BPS: constant(int256) = 15000
SIGNED_MAINTENANCE_MARGIN_BPS: constant(int256) = 10000
SIGNED_MAX_CASH_MICROS: constant(int256) = 85070591730234615865843651857942052863
SIGNED_PRICE_SCALE: constant(int256) = 1000000000
SIGNED_QUANTITY_SCALE: constant(int256) = 1000000
