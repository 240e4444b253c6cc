"""What the HTTP API says, as structs: the one description that node, SDK and OpenAPI share.

Whole numbers travel as decimal strings, hashes and ids in hexadecimal, addresses with their
checksum. A status is the lower-case name of a member of :mod:`offbeat.core.lifecycle`.
"""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

Whole = Annotated[str, Meta(pattern="^(0|-?[1-9][0-9]{0,77})$", examples=["-1500000"])]
Hash = Annotated[str, Meta(pattern="^0x[0-9a-f]{64}$")]
Hex = Annotated[str, Meta(pattern="^0x([0-9a-f]{2})*$")]
Address = Annotated[str, Meta(pattern="^0x[0-9a-fA-F]{40}$")]
AccountId = Annotated[str, Meta(pattern="^0x[0-9a-f]{48}$")]
"""Owner and index, as the contract numbers accounts."""


class SignedBody(Struct, frozen=True, rename="camel"):
    """An intent as it is sent: ``message`` has exactly the members that were signed.

    A number may be a decimal string or a JSON integer. ``domain`` may say for which domain it was
    signed; another one than the node's is refused.
    """

    primary_type: str
    message: dict[str, Any]
    signature: Hex
    domain: dict[str, Any] | UnsetType = UNSET


class IntentView(Struct, frozen=True):
    """An intent and how far it has come; ``reason`` is empty until it is refused or ends.

    ``filled``, ``paid`` and ``fee`` are totals over all batches; a negative ``paid`` was received.
    ``batch_hash`` is the latest batch that carries it.
    """

    intent_hash: Hash
    account_id: AccountId
    kind: str
    status: str
    reason: str
    filled_micros: Whole
    paid_micros: Whole
    fee_micros: Whole
    batch_hash: Hash | None
    received_seconds: Whole
    changed_seconds: Whole
    cursor: Whole
    message: dict[str, Any]
    signature: Hex


class Problem(Struct, frozen=True):
    """RFC 9457: what went wrong. ``code`` is stable; the same call may succeed later if
    ``retryable``."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    retryable: bool


class Admission(Struct, frozen=True, omit_defaults=True):
    """What became of one element of an array: ``intent`` with status 200 or 201, or ``problem``."""

    status: int
    intent: IntentView | None = None
    problem: Problem | None = None


class Balance(Struct, frozen=True):
    """An asset of an account: ``available`` + ``pending_final`` = what the latest batch left."""

    asset: str
    available_micros: Whole
    pending_final_micros: Whole


class AccountView(Struct, frozen=True):
    """An account: its record as the contract has committed to it, and what is on the way.

    ``next_numbers`` gives, lane by lane, the lowest nonce number that neither the record nor an
    open intent uses.
    """

    account_id: AccountId
    record: dict[str, Any]
    balances: list[Balance]
    next_numbers: list[Whole]
    open_intents: int
    batch_number: Whole
    block_number: Whole


class InstrumentView(Struct, frozen=True):
    """An instrument of the latest report or of anybody's account.

    ``open_interest_micros`` is what all accounts together hold long. The best bid and ask are of
    orders for this instrument alone that wait at this relay; None where too many intents do.
    """

    instrument_id: str
    instrument_name: str
    underlying: str
    kind: str
    expiry_seconds: Whole
    strike_micros: Whole
    mark_micros: Whole | None
    clearing_price_nanos: Whole | None
    best_bid_micros: Whole | None
    best_ask_micros: Whole | None
    open_interest_micros: Whole


class UnderlyingState(Struct, frozen=True):
    """An underlying in a report; ``tick_micros`` is the unit of its rows' losses."""

    symbol: str
    spot_micros: Whole
    tick_micros: Whole
    short_min_ticks: Whole


class MarkRow(Struct, frozen=True):
    """An instrument's mark in a report, and its losses in the sixteen scenarios of the scan."""

    instrument_id: str
    mark_micros: Whole
    risk_ticks: list[Whole]


class SmileView(Struct, frozen=True):
    """Raw SVI of total variance over log-moneyness; 1.0 is 2⁴⁰."""

    a: Whole
    b: Whole
    rho: Whole
    m: Whole
    sigma: Whole


class MarkInputs(Struct, frozen=True):
    """What the rows of one expiry follow from; expiry 0 is spot's."""

    symbol: str
    expiry_seconds: Whole
    forward_micros: Whole
    price_scan_bps: Whole
    volatility_scan_bps: Whole
    extreme_multiple: Whole
    extreme_weight_bps: Whole
    smile: SmileView


class ReportView(Struct, frozen=True):
    """The latest oracle report: what a batch that is built now would settle under."""

    timestamp_seconds: Whole
    underlyings: list[UnderlyingState]
    rows: list[MarkRow]
    inputs: list[MarkInputs]


class BatchView(Struct, frozen=True):
    """A batch: certified, settled, final or void, and by which transaction."""

    number: Whole
    batch_hash: Hash
    status: str
    reason: str
    parent_hash: Hash
    time_seconds: Whole
    not_after_seconds: Whole
    transaction_hash: Hash | None
    lander: Address | None
    gas_used: Whole | None
    fees_micros: Whole | None
    prices_nanos: dict[str, Whole]
    intents: list[Hash]


class Health(Struct, frozen=True):
    """Margin of one standing: whether each test passes, and by how much it misses (0 if not).

    Deficits are in 10⁻¹² of the quote currency. No cash is enough where ``static_deficit`` is
    None: the loss has no bound. ``scan`` is None where no report covers it.
    """

    static_passes: bool
    static_deficit: Whole | None
    scan_passes: bool | None
    scan_deficit: Whole | None


class MarginQuestion(Struct, frozen=True):
    """Which account, and which orders: each the ``message`` of an order that is not yet signed."""

    account_id: AccountId
    orders: list[dict[str, Any]]


class MarginView(Struct, frozen=True):
    """What an account's margin is, and would be after the orders asked about filled in full."""

    before: Health
    after: Health
    cash_after_micros: Whole


class DomainView(Struct, frozen=True, rename="camel"):
    """Enough for any wallet to sign: the EIP-712 domain and the types of every primary type."""

    domain: dict[str, Any]
    types: dict[str, list[dict[str, str]]]
    primary_types: list[str]
    cash_symbol: str
    deployment: dict[str, Any]


class LegHashes(Struct, frozen=True, rename="camel"):
    """The struct hashes of one leg."""

    instrument_hash: Hash
    leg_hash: Hash


class SignatureView(Struct, frozen=True, rename="camel"):
    """Every step between a body and the key that signed it: compare yours from the top.

    ``reason`` says why the signature is refused; ``problem`` that it is malformed. ``typed_data``
    is what a wallet would be given to sign the same.
    """

    valid: bool
    reason: str | None
    type_string: str
    type_hash: Hash
    legs: list[LegHashes]
    legs_hash: Hex
    struct_hash: Hash
    domain_separator: Hash
    digest: Hash
    owner: Address
    recovered: Address | None
    problem: str | None
    typed_data: dict[str, Any]


class LimitsView(Struct, frozen=True):
    """The bounds that this node keeps, and those of the protocol, by name."""

    node: dict[str, Whole]
    protocol: dict[str, Whole]
