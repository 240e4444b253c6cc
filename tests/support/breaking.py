"""Ways to break a batch, each named by the rule that it breaks.

A break takes a draft that is in order and gives back a submission, certified like any other, that
must be refused for the break's reason. On a draft that lacks what it needs it raises
:class:`Inapplicable`; on one that is not in order anything may come out, but both sides agree.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from drafting import Act, Claim, Draft

from offbeat.core import Reason
from offbeat.intents import (
    Cancel,
    Delegate,
    Intent,
    Order,
    Transfer,
    Withdraw,
    is_spent,
)
from offbeat.rulebook import Action, Batch, Section, Submission, account_id

WORD: Final = 32
SIGNED: Final = {kind.__name__: kind for kind in (Order, Cancel, Withdraw, Transfer, Delegate)}
"""What people sign, by name."""


class Inapplicable(Exception):
    """The draft has nothing of the kind that is to be broken."""


@dataclass(frozen=True, slots=True)
class Breakage:
    """One way to break a batch."""

    reason: Reason
    name: str
    origin: str
    """The module that defines it."""
    apply: Callable[[Draft], Submission]


BREAKAGES: Final[list[Breakage]] = []


def breaks(reason: Reason, *variants: Any) -> Callable[[Any], Any]:
    """Register a break, once for each variant, which is its second argument."""

    def register(function: Any) -> Any:
        def add(name: str, apply: Callable[[Draft], Submission]) -> None:
            BREAKAGES.append(Breakage(reason, name, function.__module__, apply))

        if not variants:
            add(function.__name__, function)
        for variant in variants:
            add(f"{function.__name__}-{variant}", lambda draft, it=variant: function(draft, it))
        return function

    return register


def put(word: int, shift: int, bits: int, value: int) -> int:
    """The word with ``bits`` bits from ``shift`` up replaced; ``value`` wraps."""
    mask = (1 << bits) - 1
    return word & ~(mask << shift) | (value & mask) << shift


def words_of(batch: Batch) -> list[int]:
    """The payload, word by word."""
    payload = batch.encode()
    return [int.from_bytes(payload[at : at + WORD]) for at in range(0, len(payload), WORD)]


def payload_of(words: list[int]) -> bytes:
    """The payload of such words."""
    return b"".join(word.to_bytes(WORD) for word in words)


def account_of(intent: Intent) -> int:
    """The account that an intent is for."""
    return account_id(intent.owner, intent.account)


def find(draft: Draft, *kinds: type) -> tuple[int, int, Act]:
    """Section, position and act of the first intent of some kinds."""
    for section, part in enumerate(draft.parts):
        for position, act in enumerate(part.acts):
            if isinstance(act, Act) and isinstance(act.intent, kinds):
                return section, position, act
    raise Inapplicable


def find_claim(draft: Draft, *, of_cash: bool = True) -> tuple[int, int, Claim]:
    """Section, position and claim of the first credit of cash, or of spot."""
    for section, part in enumerate(draft.parts):
        for position, act in enumerate(part.acts):
            if isinstance(act, Claim) and (act.symbol == "USDC") == of_cash:
                return section, position, act
    raise Inapplicable


def with_section(batch: Batch, number: int, **changes: Any) -> Batch:
    """The batch with one section changed."""
    if number >= len(batch.sections):
        raise Inapplicable
    sections = list(batch.sections)
    sections[number] = replace(sections[number], **changes)
    return replace(batch, sections=tuple(sections))


def with_action(batch: Batch, section: int, position: int, **changes: Any) -> Batch:
    """The batch with one action changed."""
    actions = list(batch.sections[section].actions)
    actions[position] = replace(actions[position], **changes)
    return with_section(batch, section, actions=tuple(actions))


def action_at(batch: Batch, section: int, position: int) -> Action:
    """One action."""
    return batch.sections[section].actions[position]


def first_section(batch: Batch, fits: Callable[[Section], Any]) -> tuple[int, Section]:
    """The first section that suits, and its number."""
    for number, section in enumerate(batch.sections):
        if fits(section):
            return number, section
    raise Inapplicable


def with_intent(draft: Draft, kind: type, **changes: object) -> Submission:
    """The draft with other terms in the first intent of a kind, properly signed."""
    _, _, act = find(draft, kind)
    act.intent = replace(act.intent, **changes)  # type: ignore[arg-type]
    return draft.submission()


def with_bits(draft: Draft, kind: type, word: str, shift: int, bits: int, value: int) -> Submission:
    """The draft with raw bits in the first intent of a kind, which then is not what was signed."""
    section, position, _ = find(draft, kind)
    batch = draft.batch()
    old = getattr(action_at(batch, section, position), word)
    changed = {word: put(old, shift, bits, value)}
    return draft.submission(with_action(batch, section, position, **changed))


def fresh_order(draft: Draft) -> Act:
    """The first order that was not filled before."""
    for part in draft.parts:
        lanes = draft.state.account(part.account).lanes
        for act in part.acts:
            is_order = isinstance(act, Act) and isinstance(act.intent, Order)
            if is_order and not is_spent(lanes, act.intent.nonce):
                return act
    raise Inapplicable
