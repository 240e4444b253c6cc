"""A chain with a transaction pool and every fault that one can have, as far as landing goes.

Its one contract takes any calldata once and reverts ``batch_number`` the second time.
"""

from collections import Counter
from dataclasses import dataclass, field, replace

from offbeat.chain import RawTransaction
from offbeat.core import ChainError, OffbeatError, OutcomeUnknown
from offbeat.core.ports import Block, Log, Receipt, Transaction
from offbeat.intents import keccak256

SETTLEMENT = bytes([0x5E]) * 20
GAS = 100_000
GENESIS_SECONDS = 1_800_000_000
BLOCK_SECONDS = 12


@dataclass(frozen=True, slots=True)
class Pooled:
    sender: bytes
    hash: bytes
    raw: bytes
    terms: RawTransaction

    @property
    def place(self) -> tuple[bytes, int]:
        return self.sender, self.terms.nonce


@dataclass(slots=True)
class PoolChain:
    """Blocks are mined when the test says so; ``faults`` are raised, one per call, by method."""

    base_fee_wei: int = 10**9
    suggested_tip_wei: int = 10**8
    chain_id: int = 31_337
    capacity: int = 100
    blocks: list[Block] = field(default_factory=list)
    bodies: list[list[tuple[Pooled, str | None]]] = field(default_factory=list)
    pool: dict[tuple[bytes, int], Pooled] = field(default_factory=dict)
    balances: Counter[bytes] = field(default_factory=Counter)
    faults: dict[str, list[OffbeatError]] = field(default_factory=dict)
    lied: dict[bytes, Receipt | None] = field(default_factory=dict)
    sends: list[bytes] = field(default_factory=list)
    lose_answers: bool = False
    lose_transactions: bool = False
    fork: int = 0

    def __post_init__(self) -> None:
        self._append([])

    # What the test does -------------------------------------------------------------------

    def mine(self, blocks: int = 1) -> None:
        """Blocks with everything in the pool that pays its way, nonces in order."""
        for _ in range(blocks):
            body: list[tuple[Pooled, str | None]] = []
            while len(body) < self.capacity:
                ready = [
                    each
                    for each in self.pool.values()
                    if each.terms.max_fee_wei >= self.base_fee_wei
                    and each.terms.nonce == self._count(each.sender) + _of(body, each.sender)
                ]
                if not ready:
                    break
                best = max(ready, key=lambda each: (each.terms.tip_wei, each.hash))
                del self.pool[best.place]
                body.append((best, self._run(best, body)))
            self._append(body)

    def reorganise(self, depth: int, *, dropping: bool = False) -> None:
        """Replace the last blocks by as many empty ones; their transactions wait again."""
        undone = [each for body in self.bodies[-depth:] for each, _ in body]
        del self.blocks[-depth:], self.bodies[-depth:]
        self.fork += 1
        for _ in range(depth):
            self._append([])
        if not dropping:
            self.pool |= {each.place: each for each in undone}

    def land_elsewhere(self, calldata: bytes) -> None:
        """Somebody unknown lands a batch."""
        terms = RawTransaction(self.chain_id, 0, 0, 1, GAS, SETTLEMENT, 0, calldata)
        stranger = keccak256(calldata)[:20]
        self._append([(Pooled(stranger, keccak256(stranger), b"", terms), None)])

    def landings(self, calldata: bytes) -> int:
        """How often a batch has taken effect on the present chain."""
        return sum(
            each.terms.data == calldata and each.terms.to == SETTLEMENT and reason is None
            for body in self.bodies
            for each, reason in body
        )

    # The port -----------------------------------------------------------------------------

    def block(self, number: int | None = None) -> Block:
        self._maybe_fail("block")
        if number is not None and not 0 <= number < len(self.blocks):
            raise ChainError("block_unknown", f"no block {number}")
        found = self.blocks[-1 if number is None else number]
        return replace(found, base_fee_wei=self.base_fee_wei)

    def balance(self, address: bytes, block: int | None = None) -> int:
        return self.balances[address]

    def nonce(self, address: bytes, block: int | None = None) -> int:
        self._maybe_fail("nonce")
        waiting = sum(sender == address for sender, _ in self.pool) if block is None else 0
        return self._count(address, block) + waiting

    def call(
        self, to: bytes, data: bytes, *, sender: bytes | None = None, block: int | None = None
    ) -> bytes:
        self._maybe_fail("call")
        if self.landings(data):
            raise ChainError("batch_number", "landed")
        return b""

    def estimate_gas(self, sender: bytes, to: bytes | None, data: bytes, value_wei: int = 0) -> int:
        self._maybe_fail("estimate_gas")
        return GAS

    def tip_wei(self) -> int:
        return self.suggested_tip_wei

    def send(self, raw_transaction: bytes) -> bytes:
        self._maybe_fail("send")
        new = _decode(raw_transaction)
        self.sends.append(new.hash)
        if self._find(new.hash) is None and new.terms.nonce < self._count(new.sender):
            raise ChainError("transaction_refused", "nonce too low")
        old = self.pool.get(new.place)
        if old is not None and old.hash != new.hash:
            for was, offers in (
                (old.terms.max_fee_wei, new.terms.max_fee_wei),
                (old.terms.tip_wei, new.terms.tip_wei),
            ):
                if offers * 8 < was * 9 or offers <= was:
                    raise ChainError("transaction_refused", "replacement underpriced")
        if self.balances[new.sender] < new.terms.gas_limit * new.terms.max_fee_wei:
            raise ChainError("transaction_refused", "insufficient funds")
        if not self.lose_transactions and self._find(new.hash) is None:
            self.pool[new.place] = new
        if self.lose_answers:
            raise OutcomeUnknown("transaction_unanswered", "no answer")
        return new.hash

    def transaction(self, transaction_hash: bytes) -> Transaction | None:
        found = self._find(transaction_hash)
        waiting = next((each for each in self.pool.values() if each.hash == transaction_hash), None)
        pooled = found[0] if found else waiting
        if pooled is None:
            return None
        return Transaction(
            pooled.hash,
            pooled.sender,
            pooled.terms.to,
            pooled.terms.nonce,
            pooled.terms.data,
            pooled.terms.value_wei,
            pooled.terms.gas_limit,
            found[2].number if found else None,
        )

    def receipt(self, transaction_hash: bytes) -> Receipt | None:
        self._maybe_fail("receipt")
        if transaction_hash in self.lied:
            return self.lied[transaction_hash]
        found = self._find(transaction_hash)
        if found is None:
            return None
        pooled, reason, block = found
        return Receipt(pooled.hash, block.number, block.hash, GAS, 1, None, reason, ())

    def code(self, address: bytes, block: int | None = None) -> bytes:
        raise NotImplementedError

    def storage(self, address: bytes, slot: int, block: int | None = None) -> int:
        raise NotImplementedError

    def logs(self, address: bytes, first_block: int, last_block: int) -> tuple[Log, ...]:
        raise NotImplementedError

    # Inside -------------------------------------------------------------------------------

    def _maybe_fail(self, method: str) -> None:
        if self.faults.get(method):
            raise self.faults[method].pop()

    def _append(self, body: list[tuple[Pooled, str | None]]) -> None:
        number = len(self.blocks)
        parent = self.blocks[-1].hash if self.blocks else bytes(32)
        hashes = b"".join(each.hash for each, _ in body)
        block_hash = keccak256(parent + number.to_bytes(8) + self.fork.to_bytes(8) + hashes)
        seconds = GENESIS_SECONDS + BLOCK_SECONDS * number
        self.blocks.append(Block(number, block_hash, parent, seconds, self.base_fee_wei))
        self.bodies.append(body)

    def _run(self, pooled: Pooled, body: list[tuple[Pooled, str | None]]) -> str | None:
        data = pooled.terms.data
        if pooled.terms.to != SETTLEMENT:
            return None
        here = any(each.terms.data == data and not reason for each, reason in body)
        return "batch_number" if here or self.landings(data) else None

    def _count(self, sender: bytes, block: int | None = None) -> int:
        bodies = self.bodies if block is None else self.bodies[: block + 1]
        return sum(_of(body, sender) for body in bodies)

    def _find(self, transaction_hash: bytes) -> tuple[Pooled, str | None, Block] | None:
        for block, body in zip(self.blocks, self.bodies, strict=True):
            for pooled, reason in body:
                if pooled.hash == transaction_hash:
                    return pooled, reason, block
        return None


def _of(body: list[tuple[Pooled, str | None]], sender: bytes) -> int:
    return sum(each.sender == sender for each, _ in body)


def _decode(raw: bytes) -> Pooled:
    from eth_account import Account

    sender = bytes.fromhex(Account.recover_transaction(raw)[2:])
    return Pooled(sender, keccak256(raw), raw, RawTransaction.decode(raw))
