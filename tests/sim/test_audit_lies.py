"""Whatever a corrupt contract or operator did, the auditor sees it and says what is wrong."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from broken import BREAKAGES, Breakage
from hypothesis import given
from hypothesis import strategies as st
from people import ALICE, BOB, LANDER, ROBOT
from planted import planted, remembering, rewritten, with_answer, with_log
from showcase import FEE_MICROS, FILL, Showcase
from world import World

from offbeat.chain import EmbeddedChain
from offbeat.core import Reason
from offbeat.core.ports import Chain, Log
from offbeat.intents import Cancel, keccak256
from offbeat.rulebook import Applied, Mode
from offbeat.sim.audit import CHECKS, audit
from offbeat.sim.audit.payload import Batch
from offbeat.sim.audit.reader import Malformed, read_payload

SEES = {
    Reason.PAYLOAD_LENGTH: {"batches_readable"},
    Reason.PAYLOAD_BOUNDS: {"batches_readable", "accounts_healthy"},
    Reason.ACTION_UNKNOWN: {"batches_readable"},
    Reason.BATCH_NUMBER: {"batches_chained"},
    Reason.BATCH_PARENT: {"batches_chained"},
    Reason.BATCH_LIFE: {"batches_chained"},
    Reason.BATCH_EARLY: {"batches_chained"},
    Reason.BATCH_LATE: {"batches_chained"},
    Reason.CERTIFICATE_INVALID: {"batches_certified"},
    Reason.REPORT_MISSING: {"accounts_healthy", "conditions_met"},
    Reason.ACCOUNT_HEALTHY: {"liquidations_fair"},
    Reason.REPORT_EARLY: {"reports_attested"},
    Reason.REPORT_STALE: {"reports_attested"},
    Reason.REPORT_OLDER: {"reports_attested"},
    Reason.REPORT_QUORUM: {"reports_attested"},
    Reason.REPORT_PROOF: {"reports_attested", "batches_readable"},
    Reason.SYMBOL_INVALID: {"rows_listed", "batches_readable"},
    Reason.ROWS_UNSORTED: {"batches_readable"},
    Reason.ROW_INSTRUMENT: {"rows_listed", "batches_readable"},
    Reason.ROW_UNSETTLED: {"expiries_paid"},
    Reason.INBOX_MISMATCH: {"inbox_in_order"},
    Reason.INBOX_DUE: {"inbox_in_order"},
    Reason.CREDIT_UNKNOWN: {"inbox_in_order"},
    Reason.CREDIT_UNCLAIMED: {"inbox_in_order"},
    Reason.WITNESS_MISMATCH: {"records_witnessed"},
    Reason.ENTRY_ROW: {"batches_readable"},
    Reason.ENTRY_MISSING: {"records_witnessed"},
    Reason.SIGNATURE_INVALID: {"intents_signed"},
    Reason.SIGNER_UNAUTHORISED: {"intents_signed"},
    Reason.NONCE_LANE: {"settled_once"},
    Reason.NONCE_SPENT: {"settled_once"},
    Reason.NOT_YET_VALID: {"intents_in_time"},
    Reason.EXPIRED: {"intents_in_time"},
    Reason.LEG_INVALID: {"intents_well_formed", "batches_readable"},
    Reason.LEG_EXPIRED: {"intents_in_time"},
    Reason.QUANTITY_INVALID: {"intents_well_formed", "fills_within_quantity"},
    Reason.BELOW_MIN_FILL: {"fills_within_quantity"},
    Reason.OVERFILLED: {"fills_within_quantity"},
    Reason.PARTIALS_FULL: {"records_bounded"},
    Reason.FEE_ABOVE_MAX: {"fees_within_maximum"},
    Reason.MARKET_CONDITION: {"conditions_met"},
    Reason.LIMIT_VIOLATED: {"limits_respected"},
    Reason.REDUCE_ONLY: {"conditions_met"},
    Reason.AMOUNT_INVALID: {"intents_well_formed"},
    Reason.ASSET_UNKNOWN: {"intents_well_formed", "intents_signed"},
    Reason.DELEGATE_INVALID: {"intents_well_formed", "grants_signed"},
    Reason.INSTRUMENT_UNBALANCED: {"fills_net_to_zero"},
    Reason.CASH_UNBALANCED: {"cash_nets_to_zero"},
    Reason.POSITION_BOUNDS: {"records_bounded"},
    Reason.CASH_NEGATIVE: {"accounts_healthy"},
    Reason.SPOT_NEGATIVE: {"accounts_healthy"},
    Reason.UNHEALTHY: {"accounts_healthy"},
    Reason.POT_SHORT: {"expiries_paid"},
}
"""Which checks, any of them, must object where the contract would refuse for a reason."""


@pytest.fixture(scope="module")
def _showcase() -> Showcase:
    return Showcase(World(EmbeddedChain()))


@pytest.fixture
def showcase(_showcase: Showcase) -> Iterator[Showcase]:
    with _showcase.world.sandbox():
        yield _showcase


@pytest.fixture(scope="module")
def landed() -> World:
    """A world in which the showcase's batch has landed, and a claim was paid."""
    world = World(EmbeddedChain())
    assert isinstance(world.land(Showcase(world).draft().submission()), Applied)
    world.claim(LANDER.address, "USDC")
    return world


def faults(world: World, chain: Chain) -> dict[str, set[str]]:
    """What each check objects to on a chain, beside the end state, which a plant cannot match."""
    checks = audit(chain, world.deployment).checks
    return {c.name: {f for f in c.faults if not f.startswith("block ")} for c in checks}


def objections(world: World, chain: Chain) -> set[str]:
    return {check.name for check in audit(chain, world.deployment).checks if not check.ok}


# Batches that no contract would let through ---------------------------------------------------


@pytest.fixture(scope="module")
def honest_faults(_showcase: Showcase) -> dict[str, set[str]]:
    """What the plant itself leaves open: withdrawals and grants without the events of them."""
    with _showcase.world.sandbox():
        submission = _showcase.draft().submission()
        found = faults(_showcase.world, planted(_showcase.world, submission, 3 * FEE_MICROS))
    assert {name for name, own in found.items() if own} == {"payments_made", "grants_signed"}
    return found


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda each: f"{each.reason} {each.name}")
def test_a_batch_that_breaks_a_rule_is_seen(
    showcase: Showcase, honest_faults: dict[str, set[str]], breakage: Breakage
) -> None:
    submission = breakage.apply(showcase.draft())
    found = faults(showcase.world, planted(showcase.world, submission, 3 * FEE_MICROS))
    objecting = {name for name, own in found.items() if own - honest_faults[name]}
    assert objecting & SEES[breakage.reason]


def test_an_order_that_was_cancelled_is_never_filled_again(showcase: Showcase) -> None:
    """Although the corrupt contract forgot the cancellation, and the record agrees with it."""
    world = showcase.world
    draft = showcase.empty()
    draft.act(Cancel(**(showcase.envelope(ALICE, 0))))
    assert isinstance(world.land(draft.submission()), Applied)
    again = showcase.empty()
    again.act(showcase.order(ALICE, 0), FILL)
    again.act(showcase.order(BOB, 9, -1), FILL)
    found = faults(world, planted(world, again.submission()))
    assert found["cancelled_stay_cancelled"]
    assert found["settled_once"]


def test_a_delegate_loses_its_power_when_the_delay_is_over(showcase: Showcase) -> None:
    world = showcase.world
    world.approve_delegate(BOB, ROBOT.address, 1, showcase.valid_until_seconds)
    world.approve_delegate(BOB, ROBOT.address, 0, 0)
    for wait, seen in ((0, False), (1_200, True)):
        world.wait(wait)
        draft = showcase.empty(with_report=False)
        draft.part(BOB.account()).mode = Mode.STATIC
        draft.act(showcase.order(BOB, 9, -1), FILL, key=ROBOT.key)
        found = faults(world, planted(world, draft.submission()))
        assert bool(found["intents_signed"]) == seen


# Calldata that is not what was signed ---------------------------------------------------------


def meaning(payload: bytes) -> Batch | None:
    """A batch without its hash and without what sequencers may choose freely.

    They choose the last moment to land, which of the tests to name, and prices of what nobody
    trades.
    """
    try:
        batch = read_payload(payload)
    except Malformed:
        return None
    traded = {row.instrument for s in batch.sections for a in s.actions for row, _ in a.legs}
    rows = {
        each: row if each in traded else replace(row, price_nanos=0)
        for each, row in batch.rows.items()
    }
    sections = tuple(replace(section, mode=0) for section in batch.sections)
    return replace(batch, hash=b"", not_after_seconds=0, rows=rows, sections=sections)


@given(st.data())
def test_no_bit_of_a_settled_batch_changes_unseen(landed: World, data: st.DataObject) -> None:
    """Not even if sequencers and contract conspire; and bits without a meaning raise no alarm."""
    payloads: list[bytes] = []

    def flip(payload: bytes) -> bytes:
        bit = data.draw(st.integers(0, 8 * len(payload) - 1))
        flipped = int.from_bytes(payload) ^ 1 << bit
        payloads.extend((payload, flipped.to_bytes(len(payload))))
        return payloads[-1]

    objecting = objections(landed, rewritten(landed, flip))
    honest, lie = map(meaning, payloads)
    if honest != lie:
        assert objecting
    elif meaning_with_choices(payloads[0]) == meaning_with_choices(payloads[1]):
        assert not objecting


def meaning_with_choices(payload: bytes) -> Batch:
    return replace(read_payload(payload), hash=b"")


def test_what_is_rewritten_without_a_change_is_in_order(landed: World) -> None:
    assert not objections(landed, rewritten(landed, lambda payload: payload))


# Events and answers that lie ------------------------------------------------------------------


def event(world: World, role: str, signature: str, which: int = -1) -> Log:
    """One event of a contract, by its signature."""
    topic = keccak256(signature.encode())
    address = world.deployment.contracts[role]
    logs = world.chain.logs(address, 0, world.chain.block().number)
    return [log for log in logs if log.topics[0] == topic][which]


def more(word: bytes) -> bytes:
    return (int.from_bytes(word) + 1).to_bytes(32)


def bumped(world: World, role: str, signature: str, word: int = 0) -> Chain:
    """One word of an event's data is one more than it was."""
    log = event(world, role, signature)
    data = log.data[: 32 * word] + more(log.data[32 * word : 32 * word + 32])
    data += log.data[32 * word + 32 :]
    return with_log(remembering(world.chain), log, data=data)


def hidden(world: World, role: str, signature: str) -> Chain:
    """An event that the chain leaves out."""
    return with_log(remembering(world.chain), event(world, role, signature))


SETTLED = "BatchSettled(uint256,bytes32,address,uint256)"
ITEM = "InboxItem(uint256,uint256,uint256)"
OWED = "Owed(address,uint256,uint256)"
PAID = "Paid(address,uint256,uint256)"
DELEGATED = "Delegated(address,address,uint256,uint256)"
PRICE = "SettlementPrice(uint256,uint256)"


def answered(world: World, role: str, view: str, *answer: int) -> Chain:
    return with_answer(remembering(world.chain), world.deployment.contracts[role], view, *answer)


def short_vault(world: World) -> Chain:
    """The vault's tokens are one unit short."""
    token = world.tokens["USDC"]
    balance = token.read("balanceOf", world.vault.address)
    return with_answer(world.chain, token.address, "balanceOf(address)", balance - 1)


def misnamed(world: World) -> Chain:
    """The last batch is announced under another number."""
    log = event(world, "settlement", SETTLED)
    name, number, *others = log.topics
    return with_log(remembering(world.chain), log, topics=(name, more(number), *others))


LIES: dict[str, tuple[Callable[[World], Chain], str]] = {
    "fees earned": (lambda w: bumped(w, "settlement", SETTLED), "cash_nets_to_zero"),
    "another batch announced": (misnamed, "batches_readable"),
    "a batch in silence": (lambda w: hidden(w, "settlement", SETTLED), "batches_chained"),
    "more deposited": (lambda w: bumped(w, "vault", ITEM, 1), "inbox_in_order"),
    "a deposit in silence": (lambda w: hidden(w, "vault", ITEM), "inbox_in_order"),
    "more withdrawn": (lambda w: bumped(w, "vault", OWED), "payments_made"),
    "a withdrawal in silence": (lambda w: hidden(w, "vault", OWED), "payments_made"),
    "more paid": (lambda w: bumped(w, "vault", PAID), "payments_made"),
    "a payment in silence": (lambda w: hidden(w, "vault", PAID), "payments_made"),
    "another scope": (lambda w: bumped(w, "authority", DELEGATED), "grants_signed"),
    "another expiry of a grant": (lambda w: bumped(w, "authority", DELEGATED, 1), "grants_signed"),
    "a grant in silence": (lambda w: hidden(w, "authority", DELEGATED), "grants_signed"),
    "another settlement price": (lambda w: bumped(w, "expiry", PRICE), "expiries_paid"),
    "a price in silence": (lambda w: hidden(w, "expiry", PRICE), "expiries_paid"),
    "another commitment": (
        lambda w: answered(w, "settlement", "commitments(uint256)", 1),
        "commitments_equal",
    ),
    "another head": (lambda w: answered(w, "settlement", "head()", 1), "batches_chained"),
    "other progress": (
        lambda w: answered(w, "settlement", "progress()", 1, 2, 3, 4),
        "batches_chained",
    ),
    "another queue": (lambda w: answered(w, "vault", "inbox_count()", 99), "inbox_in_order"),
    "another claim": (
        lambda w: answered(w, "vault", "claimable_micros(address,uint256)", 7),
        "payments_made",
    ),
    "another pot": (lambda w: answered(w, "expiry", "pots(uint256)", 1, 2, 3), "expiries_paid"),
    "other holdings": (
        lambda w: answered(w, "vault", "assets(uint256)", 1, 2, 3),
        "custody_covers",
    ),
    "too few tokens": (short_vault, "custody_covers"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_of_the_chain_is_seen(landed: World, lie: str) -> None:
    tell, check = LIES[lie]
    assert check in objections(landed, tell(landed))


def test_a_grant_by_somebody_else_is_seen(showcase: Showcase) -> None:
    world = showcase.world
    world.approve_delegate(BOB, ROBOT.address, 1, showcase.valid_until_seconds)
    log = event(world, "authority", DELEGATED)
    owner = bytes(12) + ALICE.address
    lied = with_log(world.chain, log, topics=(log.topics[0], owner, log.topics[2]))
    assert not objections(world, world.chain)
    assert objections(world, lied) == {"grants_signed"}


def test_tokens_that_nobody_asked_for_are_counted_and_no_fault(landed: World) -> None:
    with landed.sandbox():
        landed.tokens["USDC"].write(landed.sender(LANDER), "mint", landed.vault.address, 5)
        verdict = audit(landed.chain, landed.deployment)
    assert verdict.ok
    assert verdict.surplus_units == {"USDC": 5, "BTC": 0, "ETH": 0}


def test_positions_that_do_not_net_are_seen_in_the_end_too(landed: World) -> None:
    hides_deposit = hidden(landed, "vault", ITEM)
    assert "holdings_net_to_zero" in objections(landed, hides_deposit)


def test_every_check_has_been_made_to_fail() -> None:
    seen = set().union(*SEES.values()) | {check for _, check in LIES.values()}
    assert {each.reason for each in BREAKAGES} == SEES.keys()
    assert CHECKS.keys() - seen == {"cancelled_stay_cancelled", "holdings_net_to_zero"}
