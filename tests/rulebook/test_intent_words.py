"""Intents as words, and back."""

from dataclasses import replace

import pytest
from any_intent import intents
from hypothesis import given

from offbeat.core import InvalidInput, Reason
from offbeat.intents import Intent, Order
from offbeat.rulebook import IntentWords, account_id


@given(intents)
def test_words_hold_the_whole_intent(intent: Intent) -> None:
    """But for reduce-only, which is a flag of a batch."""
    plain = replace(intent, reduce_only=False) if isinstance(intent, Order) else intent
    words = IntentWords.of(intent)
    assert words == IntentWords.of(plain)
    assert words.intent(account_id(intent.owner, intent.account)) == plain
    assert all(0 <= word < 1 << 256 for word in (words.terms, words.third, words.fourth))
    assert all(0 < leg < 1 << 144 for leg in words.legs)


@pytest.mark.parametrize("kind", [0, 6, 257])
def test_other_kinds_are_no_intents(kind: int) -> None:
    with pytest.raises(InvalidInput) as refusal:
        IntentWords(kind, 0).intent(1 << 32)
    assert refusal.value.code == Reason.ACTION_UNKNOWN
