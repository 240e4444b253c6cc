"""The way out from sequencers who are gone, or who ignore the inbox."""

from dataclasses import replace

import pytest
from drafting import Draft
from people import ALICE, STRANGER
from showcase import Showcase
from world import World

from offbeat.chain import EmbeddedChain
from offbeat.core import Reason, limits
from offbeat.intents import Withdraw
from offbeat.rulebook import Mode, Rejected

DELAY = limits.ESCAPE_DELAY_SECONDS


def land(draft: Draft, *, certified: bool = False) -> Reason | None:
    """Land it, without a certificate unless told otherwise; the reason of a refusal."""
    submission = draft.submission()
    if not certified:
        submission = replace(submission, certificate=b"")
    result = draft.world.land(submission)
    return result.reason if isinstance(result, Rejected) else None


def everything(showcase: Showcase) -> Draft:
    """A batch that takes the whole inbox."""
    draft = showcase.empty(with_report=False)
    draft.credit_all()
    return draft


def wait_until(world: World, seconds: int) -> None:
    world.wait(seconds - world.now)


@pytest.mark.parametrize(("early", "expected"), [(1, Reason.CERTIFICATE_INVALID), (0, None)])
def test_it_opens_when_an_item_has_waited_for_the_delay(
    showcase: Showcase, early: int, expected: Reason | None
) -> None:
    world = showcase.world
    oldest = world.state.inbox[world.state.inbox_consumed + 1].enqueued_at_seconds
    assert oldest > world.state.certified_time_seconds
    wait_until(world, oldest + DELAY - early)
    assert land(everything(showcase)) == expected


@pytest.mark.parametrize(("early", "expected"), [(1, Reason.CERTIFICATE_INVALID), (0, None)])
def test_a_certified_batch_starts_the_delay_anew(
    showcase: Showcase, early: int, expected: Reason | None
) -> None:
    """Even one that leaves the item behind, as it may while that is not due."""
    world = showcase.world
    oldest = world.state.inbox[world.state.inbox_consumed + 1].enqueued_at_seconds
    wait_until(world, oldest + limits.INBOX_DELAY_SECONDS - 1)
    assert land(showcase.empty(with_report=False), certified=True) is None
    certified = world.state.certified_time_seconds
    assert certified > oldest
    wait_until(world, certified + DELAY - early)
    assert land(everything(showcase)) == expected


def test_it_stays_shut_while_nobody_waits(showcase: Showcase) -> None:
    """A market that sleeps is not one that is censored."""
    assert land(everything(showcase), certified=True) is None
    showcase.world.wait(3 * DELAY)
    assert land(showcase.empty(with_report=False)) == Reason.CERTIFICATE_INVALID


def test_once_open_only_a_certified_batch_closes_it(showcase: Showcase) -> None:
    world = showcase.world
    world.wait(DELAY)
    assert land(everything(showcase)) is None
    assert world.state.certified_time_seconds < world.state.time_seconds
    assert land(showcase.empty(with_report=False)) is None
    assert land(showcase.empty(with_report=False), certified=True) is None
    assert world.state.certified_time_seconds == world.state.time_seconds
    assert land(showcase.empty(with_report=False)) == Reason.CERTIFICATE_INVALID


def test_it_needs_no_certified_batch_ever() -> None:
    """Sequencers who never begin cannot keep what was deposited."""
    world = World(EmbeddedChain())
    world.deposit(ALICE.account(), "USDC", 5)
    draft = Draft(world, world.now)
    draft.credit_all()
    assert land(draft) == Reason.CERTIFICATE_INVALID
    world.wait(DELAY)
    late = Draft(world, world.now)
    late.credit_all()
    assert land(late) is None
    assert world.state.account(ALICE.account()).cash_micros == 5


def test_it_takes_what_is_due_and_pays_out(showcase: Showcase) -> None:
    """Every other rule holds as ever: no inbox item is skipped, no account left unhealthy."""
    world = showcase.world
    world.wait(DELAY)
    envelope = showcase.envelope(ALICE, 60) | {"valid_until_seconds": world.now + DELAY}
    withdraw = Withdraw(**envelope, to=STRANGER.address, asset="USDC", amount_micros=7)
    skipping = showcase.empty(with_report=False)
    skipping.act(withdraw)
    skipping.parts[0].mode = Mode.STATIC
    assert land(skipping) == Reason.INBOX_DUE
    draft = everything(showcase)
    draft.act(withdraw)
    draft.part(ALICE.account()).mode = Mode.STATIC
    assert land(draft) is None
    assert world.tokens["USDC"].read("balanceOf", STRANGER.address) == 7


def test_a_certificate_that_is_wrong_is_wrong_even_then(showcase: Showcase) -> None:
    world = showcase.world
    world.wait(DELAY)
    draft = everything(showcase)
    submission = draft.submission()
    for certificate in (b"\0", submission.certificate[:-1]):
        result = world.land(replace(submission, certificate=certificate))
        assert result == Rejected(Reason.CERTIFICATE_INVALID)
    assert land(draft) is None
