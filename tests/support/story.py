"""A short history of a deployment in which everything happens once."""

from collections.abc import Iterable

from people import ALICE, BOB, CAROL, DESK, ERIN, ROBOT, Person
from small_market import EXPIRIES, OPTIONS, report_at
from world import World

from offbeat.chain import EmbeddedChain
from offbeat.instruments import Kind, Leg
from offbeat.intents import (
    Cancel,
    Delegate,
    Domain,
    Intent,
    Order,
    Scope,
    Transfer,
    Withdraw,
    intent_hash,
    sign,
)
from offbeat.oracle import Report
from offbeat.relay import Builder, Built, Moment, Pending
from offbeat.rulebook import Applied, State, Submission

UNIT = 1_000_000
FEE_MICROS = 250_000
GENESIS = EXPIRIES[0] - 7_200
FAR = EXPIRIES[0] + 86_400
"""Nothing that is signed here ends before this second."""
CALL = next(each for each in OPTIONS["ETH"] if each.kind is Kind.CALL and each.strike_micros > 0)
GROUP = CALL.id >> 56


def pending(person: Person, intent: Intent, domain: Domain) -> Pending:
    """An intent as a relay admits it."""
    return Pending(sign(intent, person.key, domain), intent_hash(intent, domain))


def order(person: Person, nonce: int, ratio: int, quantity: int, limit_micros: int) -> Order:
    """One leg in :data:`CALL`, in whole contracts."""
    return Order(
        owner=person.address,
        account=0,
        legs=(Leg(CALL, ratio),),
        quantity_micros=quantity * UNIT,
        limit_micros=limit_micros,
        nonce=nonce,
        valid_until_seconds=FAR,
        max_fee_micros=UNIT,
    )


def land(
    world: World,
    intents: Iterable[tuple[Person, Intent]],
    report: Report | None = None,
    **touching: frozenset[int],
) -> Applied:
    """Build, certify and land one batch, on both sides."""
    moment = Moment(world.now, world.now + 300, report)
    waiting = [pending(person, intent, world.domain) for person, intent in intents]
    built = Builder(world.state, moment, FEE_MICROS, **touching).build(waiting)
    assert not built.refused, f"a story has no refusals: {built.refused}"
    result = world.land(certify(world, built, report))
    assert isinstance(result, Applied), f"landed: {result}"
    return result


def certify(world: World, built: Built, report: Report | None) -> Submission:
    """The evidence for a built batch."""
    uses_report = built.batch.report_time_seconds != 0
    return Submission(
        payload=built.payload,
        certificate=world.certify(built.payload),
        attestation=world.attest(report) if report and uses_report else b"",
        proof=built.proof,
    )


def tell(world: World) -> State:
    """Let the history happen; the state at its end."""
    for person in (ALICE, BOB, CAROL):
        world.deposit(person.account(), "USDC", 10_000 * UNIT)
    world.deposit(ALICE.account(), "ETH", 5 * UNIT)
    world.deposit(ERIN.account(), "BTC", UNIT)
    land(world, ())
    land(
        world,
        [
            (ALICE, order(ALICE, 0, -1, 3, -500 * UNIT)),
            (CAROL, order(CAROL, 0, -1, 1, -400 * UNIT)),
            (BOB, order(BOB, 0, 1, 2, 700 * UNIT)),
        ],
        report_at(world.now),
    )
    world.approve_delegate(CAROL, ROBOT.address, Scope.CANCEL, FAR)
    terms = {"account": 0, "valid_until_seconds": FAR, "max_fee_micros": UNIT}
    land(
        world,
        [
            (ALICE, Cancel(owner=ALICE.address, nonce=0, **terms)),
            (
                ALICE,
                Delegate(
                    owner=ALICE.address,
                    delegate=DESK.address,
                    scope=Scope.ORDER,
                    expires_seconds=FAR,
                    nonce=1,
                    **terms,
                ),
            ),
            (
                BOB,
                Transfer(
                    owner=BOB.address,
                    to_owner=CAROL.address,
                    to_account=7,
                    amount_micros=1_000 * UNIT,
                    nonce=1,
                    **terms,
                ),
            ),
            (
                CAROL,
                Withdraw(
                    owner=CAROL.address,
                    to=CAROL.address,
                    asset="USDC",
                    amount_micros=2_500 * UNIT,
                    nonce=1,
                    **terms,
                ),
            ),
            (
                ERIN,
                Withdraw(
                    owner=ERIN.address,
                    to=ERIN.address,
                    asset="BTC",
                    amount_micros=UNIT // 2,
                    nonce=0,
                    **(terms | {"max_fee_micros": 0}),
                ),
            ),
        ],
        report_at(world.now),
    )
    world.deposit(BOB.account(), "USDC", 5 * UNIT)
    world.wait(EXPIRIES[0] - world.now)
    world.post_price("ETH", EXPIRIES[0], 3_100 * UNIT)
    everybody = frozenset(account for account in world.state.accounts)
    land(world, (), touched=everybody, settling=frozenset({GROUP}))
    world.deposit(CAROL.account(2), "ETH", 3 * UNIT)
    return world.state


def new_world() -> World:
    """A fresh deployment in this process, two hours before the first expiry."""
    return World(EmbeddedChain(genesis_seconds=GENESIS))
