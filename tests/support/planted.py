"""Chains that lie: what an auditor would see if a contract or an operator were corrupt."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from doctored import doctored
from people import LANDER
from world import World

from offbeat.core import ChainError
from offbeat.core.ports import Block, Chain, Log, Transaction
from offbeat.intents import keccak256
from offbeat.rulebook import Submission

_BATCH_SETTLED = keccak256(b"BatchSettled(uint256,bytes32,address,uint256)")
_TRANSACTION = keccak256(b"a transaction that was never sent")
_PAYLOAD_ARGUMENT, _CERTIFICATE_ARGUMENT = 0, 1
_ANSWERS: dict[tuple[bytes, bytes, bytes], bytes | ChainError] = {}


def remembering(chain: Chain) -> Chain:
    """The same chain, which runs no view twice on the same block."""

    def call(
        to: bytes, data: bytes, *, sender: bytes | None = None, block: int | None = None
    ) -> bytes:
        key = chain.block(block).hash, to, data
        if key not in _ANSWERS:
            try:
                _ANSWERS[key] = chain.call(to, data, sender=sender, block=block)
            except ChainError as error:
                _ANSWERS[key] = error
        answer = _ANSWERS[key]
        if isinstance(answer, ChainError):
            raise answer
        return answer

    return doctored(chain, call=call)


def planted(world: World, submission: Submission, fees_micros: int = 0) -> Chain:
    """``world.chain`` with one more block, of ``world.now``, in which ``submission`` settled.

    Only the call and the settlement contract's event are there: nothing else has changed.
    """
    chain, settlement = remembering(world.chain), world.settlement.address
    last = chain.block()
    block = Block(last.number + 1, keccak256(last.hash), last.hash, world.now, last.base_fee_wei)
    number = int.from_bytes(submission.payload[32:38])
    topics = (_BATCH_SETTLED, _word(number), keccak256(submission.payload), _word(LANDER.address))
    log = Log(settlement, topics, _word(fees_micros), block.number, _TRANSACTION, 0)
    transaction = Transaction(
        hash=_TRANSACTION,
        sender=LANDER.address,
        to=settlement,
        nonce=0,
        data=world.calldata(submission),
        value_wei=0,
        gas_limit=0,
        block_number=block.number,
    )
    return doctored(
        chain,
        block=lambda number=None: block if number in (None, block.number) else chain.block(number),
        transaction=lambda h: transaction if h == _TRANSACTION else chain.transaction(h),
        logs=lambda address, first, upto: (
            *chain.logs(address, first, min(upto, last.number)),
            *([log] if address == settlement else []),
        ),
        call=lambda to, data, sender=None, block=None: chain.call(to, data, sender=sender),
    )


def rewritten(world: World, change: Callable[[bytes], bytes]) -> Chain:
    """The chain with another payload in its last batch, certified, announced and chained anew.

    It is what a corrupt contract would show if its sequencers were corrupt too.
    """
    logs = world.chain.logs(world.settlement.address, 0, world.chain.block().number)
    log = next(each for each in reversed(logs) if each.topics[0] == _BATCH_SETTLED)
    transaction = world.chain.transaction(log.transaction_hash)
    assert transaction is not None
    name, arguments = world.settlement.abi.decode_call(transaction.data)
    payload = change(arguments[_PAYLOAD_ARGUMENT])
    forged: list[Any] = list(arguments)
    forged[_PAYLOAD_ARGUMENT] = payload
    forged[_CERTIFICATE_ARGUMENT] = world.certify(payload)
    call = replace(transaction, data=world.settlement.abi.encode_call(name, *forged))
    number = int.from_bytes(payload[32:38])
    topics = (log.topics[0], _word(number), keccak256(payload), log.topics[3])
    lied = with_log(remembering(world.chain), log, topics=topics)
    lied = with_answer(lied, world.settlement.address, "head()", keccak256(payload))
    return doctored(
        lied, transaction=lambda h: call if h == call.hash else world.chain.transaction(h)
    )


def with_log(chain: Chain, log: Log, **changes: Any) -> Chain:
    """The chain with one event changed, or left out where nothing is to be changed."""

    def logs(address: bytes, first: int, last: int) -> tuple[Log, ...]:
        kept = []
        for each in chain.logs(address, first, last):
            if each != log:
                kept.append(each)
            elif changes:
                kept.append(replace(each, **changes))
        return tuple(kept)

    return doctored(chain, logs=logs)


def with_answer(chain: Chain, contract: bytes, view: str, *answer: int | bytes) -> Chain:
    """The chain with another answer from one view of a contract, whatever its arguments."""
    selector = keccak256(view.encode())[:4]

    def call(
        to: bytes, data: bytes, *, sender: bytes | None = None, block: int | None = None
    ) -> bytes:
        if (to, data[:4]) == (contract, selector):
            return b"".join(map(_word, answer))
        return chain.call(to, data, sender=sender, block=block)

    return doctored(chain, call=call)


def _word(value: int | bytes) -> bytes:
    number = value if isinstance(value, int) else int.from_bytes(value)
    return (number % 2**256).to_bytes(32)
