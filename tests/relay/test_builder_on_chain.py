"""What a relay builds, the contracts take, for no more gas than it expected."""

from people import LANDER, Person, person
from small_market import OPTIONS, mark_micros, report_at
from world import World

from offbeat.chain import EmbeddedChain
from offbeat.core import limits
from offbeat.core.ports import Receipt
from offbeat.instruments import Leg
from offbeat.intents import (
    Delegate,
    Intent,
    Order,
    Transfer,
    Withdraw,
    intent_hash,
    keccak256,
    sign,
)
from offbeat.oracle import Report
from offbeat.relay import Builder, Built, Moment, Pending
from offbeat.rulebook import Applied, Submission, apply

UNIT = 1_000_000
TRADERS = tuple(person(f"trader {number}") for number in range(limits.MAX_CREDITS))
CALL = OPTIONS["ETH"][8]


def admitted(world: World, trader: Person, intent: Intent) -> Pending:
    signed = sign(intent, trader.key, world.domain)
    return Pending(signed, intent_hash(intent, world.domain))


def signed_by(world: World, trader: Person, report: Report) -> list[Pending]:
    """An order, a transfer, a withdrawal or a delegation, by the trader's number."""
    number = TRADERS.index(trader)
    side = 1 if number % 2 else -1
    envelope = {
        "owner": trader.address,
        "account": 0,
        "valid_until_seconds": CALL.expiry_seconds,
        "max_fee_micros": UNIT,
    }
    order = Order(
        legs=(Leg(CALL, side),),
        quantity_micros=UNIT,
        limit_micros=side * mark_micros(report, CALL),
        nonce=0,
        **envelope,
    )
    stranger = person(f"newcomer {number}").address
    others: tuple[Intent, ...] = (
        Transfer(to_owner=stranger, to_account=0, amount_micros=7, nonce=1, **envelope),
        Withdraw(to=stranger, asset="USDC", amount_micros=UNIT, nonce=1, **envelope),
        Delegate(delegate=stranger, scope=15, expires_seconds=2**40, nonce=1, **envelope),
    )
    return [admitted(world, trader, each) for each in (order, others[number % 3])]


def landed(world: World, built: Built) -> Receipt:
    """Land a batch on the chain, and in the rulebook's state."""
    submission = Submission(
        payload=built.payload,
        certificate=world.certify(built.payload),
        attestation=world.attest(report_at(built.batch.report_time_seconds))
        if built.batch.report_time_seconds
        else b"",
        proof=built.proof,
    )
    result = apply(world.state, submission, world.now, LANDER.address)
    assert isinstance(result, Applied)
    receipt = world.transact(LANDER, world.settlement.address, world.calldata(submission))
    assert receipt.reverted is None
    world.state = result.state
    assert world.settlement.read("head") == keccak256(built.payload)
    return receipt


def test_gas_is_bounded_by_what_was_expected(embedded: EmbeddedChain) -> None:
    world = World(embedded)
    for trader in TRADERS:
        world.deposit(trader.account(), "USDC", 10**12)
    report = report_at(world.now)
    for pending in ([], [each for trader in TRADERS for each in signed_by(world, trader, report)]):
        report = report_at(world.now)
        moment = Moment(world.now, world.now + 300, report)
        built = Builder(world.state, moment, action_fee_micros=UNIT).build(pending)
        receipt = landed(world, built)
        assert built.refused == {}
        assert built.gas / 3 < receipt.gas_used <= built.gas
    assert len(built.fills) == 2 * len(TRADERS)
