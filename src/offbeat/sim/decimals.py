"""Decimal text to scaled integers, exactly: the only door through which market numbers enter.

No float and no ``Decimal`` context is involved, so nothing is ever rounded unawares. Every bound
is stated by the caller; text is measured by a pattern before anything is computed from it.
"""

import re
from typing import Final

from offbeat.core import InvalidInput

_NUMBER = r"-?[0-9]{1,15}(?:\.[0-9]{1,20})?(?:e[-+]?[0-9]{1,2})?"
_PARTS = re.compile(r"(-?[0-9]{1,15})(?:\.([0-9]{1,20}))?(?:e([-+]?[0-9]{1,2}))?")
_PAIR = rf"\[({_NUMBER}), ({_NUMBER})\]"
_PAIRS = re.compile(_PAIR)
_LIST_OF_PAIRS = re.compile(rf"\[(?:{_PAIR}(?:, {_PAIR})*)?\]")
_MAX_PAIRS_TEXT: Final = 65_536


def parse_fixed(text: str, *, decimals: int, maximum: int) -> int:
    """``text`` in units of 10**-``decimals``, which must come out whole, from 0 to ``maximum``.

    Takes what Python and Deribit write (``12``, ``0.0005``, ``5e-06``). Raises
    :class:`InvalidInput` with code ``number_malformed`` (also for NaN and infinities),
    ``number_precision`` or ``number_bounds``.
    """
    numerator, denominator = _scaled(text, decimals)
    value, rest = divmod(numerator, denominator)
    if rest:
        raise InvalidInput("number_precision", f"{text} has more than {decimals} decimals")
    return _bounded(value, maximum)


def parse_rounded(text: str, *, decimals: int, maximum: int) -> int:
    """As :func:`parse_fixed`, but rounded to the nearest unit (half to even).

    For sources that publish binary floats, where the last digits carry no meaning.
    """
    numerator, denominator = _scaled(text, decimals)
    value, rest = divmod(numerator, denominator)
    rounds_up = 2 * rest > denominator or (2 * rest == denominator and value % 2 == 1)
    return _bounded(value + rounds_up, maximum)


def parse_pairs(text: str) -> list[tuple[str, str]]:
    """The number texts of a Python list of pairs, ``[[0.05, 1.0], [0.04, 2.0]]``.

    Raises :class:`InvalidInput` with code ``pairs_malformed`` for anything else.
    """
    if len(text) > _MAX_PAIRS_TEXT or not _LIST_OF_PAIRS.fullmatch(text):
        raise InvalidInput("pairs_malformed", "not a list of pairs of numbers")
    return _PAIRS.findall(text)


def _scaled(text: str, decimals: int) -> tuple[int, int]:
    """``text`` times 10**``decimals`` as an exact fraction."""
    match = _PARTS.fullmatch(text)
    if match is None:
        raise InvalidInput("number_malformed", f"not a plain decimal number: {text[:40]!r}")
    whole, fraction, exponent = match.groups(default="")
    shift = decimals - len(fraction) + int(exponent or "0")
    digits = int(whole + fraction)
    return digits * 10 ** max(shift, 0), 10 ** max(-shift, 0)


def _bounded(value: int, maximum: int) -> int:
    if not 0 <= value <= maximum:
        # States the rule instead of the value, which may have a hundred digits.
        raise InvalidInput("number_bounds", f"not from 0 to {maximum} units")
    return value
