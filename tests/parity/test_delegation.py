"""Delegated keys: granted in batches, by transaction, or by a contract wallet; ended with delay."""

import pytest
from compiled import artifact_of
from drafting import Draft
from market import HOUR_SECONDS, MICROS
from people import ALICE, BOB, DAVE, DESK, OPERATOR, ROBOT, STRANGER, TRADERS, Person
from showcase import Showcase
from world import World

from offbeat.chain import Contract
from offbeat.core import Reason, limits
from offbeat.intents import (
    Cancel,
    Delegate,
    Delegation,
    Intent,
    Scope,
    Transfer,
    Withdraw,
    intent_hash,
    make_nonce,
)
from offbeat.rulebook import Applied, Mode, account_id, grant

DELAY = limits.DELEGATION_END_DELAY_SECONDS


def one_act(showcase: Showcase, intent: Intent, signer: Person) -> Draft:
    """A batch with one intent and nothing else, but for what a transfer moves."""
    draft = showcase.empty(with_report=False)
    draft.act(intent, key=signer.key)
    draft.parts[0].mode = Mode.STATIC
    if isinstance(intent, Transfer):
        draft.claim_transfers()
        draft.parts[1].mode = Mode.HOLD
    return draft


def intents(showcase: Showcase, person: Person, number: int) -> dict[Scope, Intent]:
    """One intent for every scope that stands without a market."""
    envelope = showcase.envelope(person, number)
    return {
        Scope.CANCEL: Cancel(**envelope),
        Scope.WITHDRAW: Withdraw(
            **envelope, to=STRANGER.address, asset="USDC", amount_micros=MICROS
        ),
        Scope.TRANSFER: Transfer(
            **envelope, to_owner=DAVE.address, to_account=0, amount_micros=MICROS
        ),
    }


@pytest.mark.parametrize("granted", [Scope.CANCEL, Scope.WITHDRAW, Scope.TRANSFER, Scope.ORDER])
@pytest.mark.parametrize("used", [Scope.CANCEL, Scope.WITHDRAW, Scope.TRANSFER])
def test_a_scope_is_for_its_own_kind(showcase: Showcase, granted: Scope, used: Scope) -> None:
    world = showcase.world
    assert world.approve_delegate(ALICE, ROBOT.address, granted, world.now + HOUR_SECONDS) is None
    intent = intents(showcase, ALICE, 60)[used]
    expected = None if granted == used else Reason.SIGNER_UNAUTHORISED
    assert one_act(showcase, intent, ROBOT).land() == expected


def test_a_grant_holds_through_the_batch_s_last_moment(showcase: Showcase) -> None:
    world = showcase.world
    draft = one_act(showcase, intents(showcase, ALICE, 60)[Scope.CANCEL], ROBOT)
    end = draft.not_after_seconds
    world.approve_delegate(ALICE, ROBOT.address, Scope.CANCEL, end)
    draft.time_seconds, draft.life_seconds = world.now, end - world.now
    assert draft.land() is None


def test_a_grant_that_ends_a_second_earlier_does_not(showcase: Showcase) -> None:
    world = showcase.world
    draft = one_act(showcase, intents(showcase, ALICE, 60)[Scope.CANCEL], ROBOT)
    end = draft.not_after_seconds
    world.approve_delegate(ALICE, ROBOT.address, Scope.CANCEL, end - 1)
    draft.time_seconds, draft.life_seconds = world.now, end - world.now
    assert draft.land() == Reason.SIGNER_UNAUTHORISED


def test_a_revocation_takes_longer_than_a_batch_can_live(showcase: Showcase) -> None:
    """What was certified before it still lands, at the last moment of the longest life."""
    world = showcase.world
    world.approve_delegate(ALICE, ROBOT.address, Scope.CANCEL, world.now + 10 * HOUR_SECONDS)
    draft = one_act(showcase, intents(showcase, ALICE, 60)[Scope.CANCEL], ROBOT)
    draft.life_seconds = limits.MAX_BATCH_LIFE_SECONDS
    draft.credit_all()
    certified = draft.submission()
    assert world.approve_delegate(ALICE, ROBOT.address, 0, 0) is None
    world.wait(draft.not_after_seconds - world.now)
    assert isinstance(world.land(certified), Applied)
    world.wait(DELAY)
    late = one_act(showcase, intents(showcase, ALICE, 61)[Scope.CANCEL], ROBOT)
    assert late.land() == Reason.SIGNER_UNAUTHORISED


def test_a_revocation_shortens_and_never_prolongs(world: World) -> None:
    soon = world.now + 100
    world.approve_delegate(ALICE, ROBOT.address, Scope.CANCEL, soon)
    world.approve_delegate(ALICE, ROBOT.address, 0, 0)
    assert world.state.grants[ALICE.address, ROBOT.address] == Delegation(Scope.CANCEL, soon)
    # Nor does one of a key that never had anything give it something.
    world.approve_delegate(ALICE, STRANGER.address, Scope.CANCEL, 0)
    assert world.state.grants[ALICE.address, STRANGER.address] == Delegation(0, 0)


def test_a_live_grant_may_only_be_widened(world: World) -> None:
    until = world.now + HOUR_SECONDS
    grant_robot = (ALICE, ROBOT.address)
    assert world.approve_delegate(*grant_robot, 3, until) is None
    assert world.approve_delegate(*grant_robot, 1, until) == "delegate_invalid"
    assert world.approve_delegate(*grant_robot, 3, until - 1) == "delegate_invalid"
    assert world.approve_delegate(*grant_robot, 7, until + 1) is None
    world.wait(2 * HOUR_SECONDS)
    assert world.approve_delegate(*grant_robot, 1, world.now + 10) is None


@pytest.mark.parametrize(
    ("key", "scope", "expires_in"),
    [(bytes(20), 1, 100), (ALICE.address, 1, 100), (ROBOT.address, 0, 100), (ROBOT.address, 16, 9)],
)
def test_grants_that_cannot_be(world: World, key: bytes, scope: int, expires_in: int) -> None:
    call = (key, scope, world.now + expires_in)
    receipt = world.send(ALICE, world.authority, "approve_delegate", *call)
    assert receipt.reverted == "delegate_invalid"


# Contract wallets -----------------------------------------------------------------------------


class Safe:
    """A contract wallet with an account; somebody approves digests in its name."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.contract = Contract.deploy(world.sender(OPERATOR), artifact_of("Wallet"))
        self.address = self.contract.address
        self.account = account_id(self.address, 0)

    def delegation(self, number: int, until: int, expires: int) -> Delegate:
        """What it signs to let DESK order and cancel."""
        return Delegate(
            owner=self.address,
            account=0,
            delegate=DESK.address,
            scope=Scope.ORDER | Scope.CANCEL,
            expires_seconds=expires,
            nonce=make_nonce(limits.WALLET_LANE, number),
            valid_until_seconds=until,
            max_fee_micros=0,
        )

    def approve(self, intent: Delegate) -> None:
        digest = intent_hash(intent, self.world.domain)
        self.world.send(OPERATOR, self.contract, "set_approved", digest, True)

    def submit(self, intent: Delegate, signature: bytes = b"signed") -> str | None:
        """Anybody brings the approval; the reason of a refusal."""
        receipt = self.world.send(
            STRANGER,
            self.world.authority,
            "approve_delegate_signed",
            *(intent.owner, intent.delegate, intent.scope, intent.expires_seconds),
            *(intent.valid_until_seconds, signature),
        )
        if receipt.reverted is None:
            (event,) = self.world.authority.events(receipt.logs, "Delegated")
            held = Delegation(event.values["scope"], event.values["expires"])
            assert held == Delegation(intent.scope, intent.expires_seconds)
            self.world.state = grant(self.world.state, self.address, intent.delegate, held)
        return receipt.reverted


@pytest.fixture
def safe(world: World) -> Safe:
    return Safe(world)


def test_a_contract_wallet_trades_through_a_key(showcase: Showcase, safe: Safe) -> None:
    world = showcase.world
    until = world.now + HOUR_SECONDS
    intent = safe.delegation(0, until, until)
    safe.approve(intent)
    assert safe.submit(intent) is None
    world.deposit(safe.account, "USDC", 1_000 * MICROS)
    draft = showcase.empty()
    draft.credit_all()
    order = showcase.order(BOB, 0, owner=safe.address)
    draft.act(order, MICROS, key=DESK.key)
    draft.act(showcase.order(BOB, 70, -1), MICROS)
    for part in draft.parts:
        part.mode = Mode.SCAN if part.account != ALICE.account() else Mode.HOLD
    draft.part(DAVE.account()).mode = Mode.HOLD
    assert draft.land() is None
    legs = {leg.instrument.id: leg.ratio * MICROS for leg in order.legs}
    record = world.state.account(safe.account)
    assert {p.instrument_id: p.quantity_micros for p in record.positions} == legs


def test_an_approval_counts_once(world: World, safe: Safe) -> None:
    """Or revoking could be undone by whoever kept the old one."""
    until = world.now + HOUR_SECONDS
    intent = safe.delegation(0, until, until)
    safe.approve(intent)
    assert safe.submit(intent) is None
    assert safe.submit(intent) == "signature_invalid"
    again = safe.delegation(1, until, until + 1)
    safe.approve(again)
    assert safe.submit(again) is None


def test_what_a_wallet_has_not_approved_is_refused(world: World, safe: Safe) -> None:
    until = world.now + HOUR_SECONDS
    intent = safe.delegation(0, until, until)
    assert safe.submit(intent) == "signature_invalid"
    safe.approve(intent)
    assert safe.submit(intent, b"other") == "signature_invalid"
    world.wait(2 * HOUR_SECONDS)
    assert safe.submit(intent) == "expired"


def test_an_ordinary_address_is_no_wallet(world: World) -> None:
    until = world.now + HOUR_SECONDS
    for person in TRADERS:
        call = (person.address, DESK.address, 1, until, until, b"signed")
        receipt = world.send(STRANGER, world.authority, "approve_delegate_signed", *call)
        assert receipt.reverted == "signature_invalid"


def test_no_batch_takes_a_wallet_s_approval(showcase: Showcase, safe: Safe) -> None:
    until = showcase.world.now + HOUR_SECONDS
    intent = safe.delegation(0, until, until)
    safe.approve(intent)
    draft = one_act(showcase, intent, STRANGER)
    assert draft.land() == Reason.SIGNER_UNAUTHORISED
