"""Decimal text and micros, exactly: ``"1.5"`` is 1,500,000 and comes back as ``1.5``."""

import re
from typing import Final

from offbeat.core import InvalidInput, limits

_DECIMAL: Final = re.compile(r"(-?)([0-9]{1,30})(?:\.([0-9]{1,30}))?")
_DIGITS: Final = 6


def parse_micros(value: object, name: str) -> int:
    """Micros of a decimal number, which is a string or a whole JSON number.

    Raises :class:`InvalidInput` with code ``number_invalid`` for anything else (a JSON number with
    a fraction has been rounded already) or ``number_precision`` beyond six decimals.
    """
    text = str(value) if type(value) is int else value
    match = _DECIMAL.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise InvalidInput("number_invalid", f'{name} must be a decimal in a string, like "12.5"')
    sign, whole, fraction = match.groups(default="")
    digits = fraction.rstrip("0")
    if len(digits) > _DIGITS:
        raise InvalidInput("number_precision", f"{name} has more than {_DIGITS} decimals")
    micros = int(whole + digits.ljust(_DIGITS, "0"))
    return -micros if sign else micros


def micros_text(micros: int) -> str:
    """Micros as a decimal number with thousands separated, and no idle zeros."""
    whole, fraction = divmod(abs(micros), limits.QUOTE_SCALE)
    tail = f".{fraction:06}".rstrip("0").rstrip(".")
    return f"{'-' if micros < 0 else ''}{whole:,}{tail}"
