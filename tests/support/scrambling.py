"""Random damage to bytes."""

from collections.abc import Callable
from random import Random
from typing import Final

WORD: Final = 32


def scramble(payload: bytes, random: Random) -> bytes:
    """The payload after one to three accidents; most keep its length a multiple of 32."""
    for _ in range(random.choice((1, 1, 2, 3))):
        payload = random.choice(ACCIDENTS)(payload, random)
    return payload


def _word_at(payload: bytes, random: Random) -> int:
    return random.randrange(max(1, len(payload) // WORD)) * WORD


def _replace_word(payload: bytes, random: Random) -> bytes:
    at = _word_at(payload, random)
    old = int.from_bytes(payload[at : at + WORD])
    new = random.choice((0, 2**256 - 1, old + 1, old - 1, old ^ 1 << random.randrange(256)))
    return payload[:at] + (new % 2**256).to_bytes(WORD) + payload[at + WORD :]


def _replace_byte(payload: bytes, random: Random) -> bytes:
    at = random.randrange(max(1, len(payload)))
    return payload[:at] + random.randbytes(1) + payload[at + 1 :]


def _swap_words(payload: bytes, random: Random) -> bytes:
    one, other = sorted((_word_at(payload, random), _word_at(payload, random)))
    if one == other:
        return payload
    middle = payload[one + WORD : other]
    first, second = payload[one : one + WORD], payload[other : other + WORD]
    return payload[:one] + second + middle + first + payload[other + WORD :]


def _repeat_word(payload: bytes, random: Random) -> bytes:
    at = _word_at(payload, random)
    return payload[: at + WORD] + payload[at:]


def _drop_word(payload: bytes, random: Random) -> bytes:
    at = _word_at(payload, random)
    return payload[:at] + payload[at + WORD :]


def _truncate(payload: bytes, random: Random) -> bytes:
    return payload[: random.randrange(len(payload) + 1)]


def _extend(payload: bytes, random: Random) -> bytes:
    return payload + random.randbytes(random.choice((1, WORD, 2 * WORD)))


ACCIDENTS: Final[tuple[Callable[[bytes, Random], bytes], ...]] = (
    *(_replace_word,) * 6,
    *(_replace_byte,) * 3,
    _swap_words,
    _repeat_word,
    _drop_word,
    _truncate,
    _extend,
)
