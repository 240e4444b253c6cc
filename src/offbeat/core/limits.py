"""Every bound and scale of the protocol, with one owner: this file.

The contracts read the same values from ``contracts/lib/limits.vy``, which ``make contracts``
writes from here; a test compares the two. Units stand in the names: ``MICROS`` are 1e-6 of a
contract or of the quote currency, ``NANOS`` 1e-9 of the quote currency, ``BPS`` 1e-4.
"""

from typing import Final

# Scales -----------------------------------------------------------------------------------
QUANTITY_SCALE: Final = 10**6
"""Quantity units in one contract."""
QUOTE_SCALE: Final = 10**6
"""Cash units in one unit of the quote currency."""
PRICE_SCALE: Final = 10**9
"""Clearing price units in one unit of the quote currency: finer than limits, so that a rounded
price can stay inside every limit that the auction found satisfiable."""
LOT_MICROS: Final = 1_000
"""Smallest tradable step of a quantity: 0.001 contract. Positions are whole lots, so that dust
never inflates anybody's gas."""
BPS: Final = 10_000

# Integer ranges ---------------------------------------------------------------------------
MAX_QUANTITY_MICROS: Final = 2**41 - 1
"""Bound of an order's quantity and of a position's magnitude (about 2.2 million contracts).
Keeps 40 positions times a 16-bit risk well inside one 63-bit lane of the packed scan."""
MAX_STRIKE_MICROS: Final = 2**48 - 1
MAX_EXPIRY_SECONDS: Final = 2**32 - 1
MAX_MARK_MICROS: Final = 2**63 - 1
MAX_PRICE_NANOS: Final = 2**63 - 1
MAX_CASH_MICROS: Final = 2**126 - 1
MAX_LIMIT_MICROS: Final = 2**96 - 1
MAX_RISK_TICKS: Final = 2**15 - 1

# Orders -----------------------------------------------------------------------------------
MAX_LEGS: Final = 4
MAX_RATIO: Final = 1_000
MAX_SYMBOL_BYTES: Final = 5
LIMIT_TOLERANCE_NANOS: Final = 1_000
"""How far the net clearing price of an order may stand beyond its limit, per contract: one
micro. The trader still pays the limit; the difference is dust that the batch's fees bear."""

# Accounts ---------------------------------------------------------------------------------
MAX_LANES: Final = 8
LANE_WINDOW: Final = 256
LANE_SHIFT: Final = 56
"""A nonce is ``lane << 56 | number``."""
WALLET_LANE: Final = 255
"""Lane of the delegations that a contract wallet signs on chain; no batch accepts it."""
MAX_POSITIONS: Final = 32
"""Option positions. Spot holdings come on top, one for each underlying: a deposit must never find
its account full, or it would block the inbox for everybody."""
MAX_ENTRIES: Final = 48
"""Positions that one account may list in a batch: those it holds and those it opens."""
MAX_PARTIALS: Final = 8

# Batches ----------------------------------------------------------------------------------
MAX_UNDERLYINGS: Final = 8
MAX_ROWS: Final = 128
MAX_ACCOUNTS: Final = 128
MAX_ACTIONS: Final = 16
"""Signed actions that one account may bring into one batch."""
MAX_CREDITS: Final = 32
"""Inbox items and transfers that one batch may credit."""
ENOUGH_CREDITS: Final = 3
"""A batch with so many inbox items may leave due ones behind. Three always fit: no record holds
more than 32 options and the spot of 8 underlyings, so three need at most 104 of the 128 rows."""
ENOUGH_BESIDE_FORCED: Final = 1
"""The same for a batch that must do a forced request: with its account, and the one that a transfer
pays, that makes three again."""
MAX_WITHDRAWALS: Final = 16
MAX_PROOF_NODES: Final = 256
MAX_PROOF_FLAG_WORDS: Final = 2
MAX_PROOF_BYTES: Final = 32 * (MAX_PROOF_FLAG_WORDS + MAX_PROOF_NODES)
MAX_DEPOSIT_MICROS: Final = 2**63 - 1
MAX_PAYLOAD_BYTES: Final = 40_960
MAX_CERTIFICATE_BYTES: Final = 1_344
MAX_SIGNERS: Final = 20

# Time -------------------------------------------------------------------------------------
MAX_BATCH_LIFE_SECONDS: Final = 600
REPORT_MAX_AGE_SECONDS: Final = 900
"""Age of the oracle report at the last moment at which its batch may land."""
INBOX_DELAY_SECONDS: Final = 600
ESCAPE_DELAY_SECONDS: Final = 3_600
"""Without a certified batch for so long, and with an inbox item that old, nobody's certificate is
needed any more."""
MAX_FORCED: Final = 16
"""Forced requests that may be open at once."""
FORCED_LIFE_SECONDS: Final = 86_400
"""After so long a forced request lapses: nothing can stop batches for ever."""
REPORT_SILENCE_SECONDS: Final = 600
"""Without a report in any batch for so long, nobody is asked for one as evidence."""
DELEGATION_END_DELAY_SECONDS: Final = 1_200
"""A delegation outlives its revocation by more than a certified batch can live, so that a
revocation can never void somebody's batch."""

# Margin -----------------------------------------------------------------------------------
SCENARIOS: Final = 16
INITIAL_MARGIN_BPS: Final = 12_000
MAINTENANCE_MARGIN_BPS: Final = 10_000
INSURANCE_OWNER: Final = int.from_bytes(b"Offbeat insurance".ljust(20, b"\0"))
"""The address whose accounts are the insurance fund: nobody has a key, anybody may deposit. It pays
what is missing in an account that its liquidation leaves with nothing."""
LIQUIDATION_TARGET_BPS: Final = 15_000
"""A liquidation leaves risk for the equity that it found, in these terms: no more is closed than it
takes."""
LIQUIDATION_COST_BPS: Final = 2_500
"""What a liquidation may cost an account without equity, in terms of the risk that it takes away;
nothing at the maintenance line, and in proportion in between."""
