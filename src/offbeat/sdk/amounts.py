"""Money and quantities as traders write them, exactly: ``"3310"``, ``Decimal("0.5")``, ``2``."""

import re
from decimal import Decimal
from typing import Final

from offbeat.core import InvalidInput, limits

Amount = Decimal | str | int
"""A number of contracts, or of units of an asset. Never a float, which has been rounded already."""

_DIGITS: Final = 6
_MAX_DIGITS: Final = 60
_TEXT: Final = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?")


def to_micros(amount: Amount, name: str) -> int:
    """Micros of an amount; ``name`` is what messages call it.

    Raises :class:`InvalidInput` with code ``number_invalid``, or ``number_precision`` beyond six
    decimals.
    """
    if isinstance(amount, bool) or not isinstance(amount, Decimal | str | int):
        raise InvalidInput(
            "number_invalid", f"{name} must be a Decimal, a string or a whole number"
        )
    if isinstance(amount, int):
        return amount * limits.QUANTITY_SCALE
    if isinstance(amount, str) and not _TEXT.fullmatch(amount):
        raise InvalidInput("number_invalid", f'{name} must be a decimal number, like "12.5"')
    exact = Decimal(amount)
    if not exact.is_finite() or abs(exact.adjusted()) > _MAX_DIGITS:
        raise InvalidInput("number_invalid", f"{name} is beyond anything that can be traded")
    sign, digits, exponent = exact.as_tuple()
    assert isinstance(exponent, int), "a finite number"
    magnitude = int("".join(map(str, digits)))
    scale: int = exponent + _DIGITS
    up: int = 10 ** max(scale, 0)
    down: int = 10 ** max(-scale, 0)
    micros, rest = divmod(magnitude * up, down)
    if rest:
        raise InvalidInput("number_precision", f"{name} has more than {_DIGITS} decimals")
    return -micros if sign else micros


def to_decimal(micros: int) -> Decimal:
    """Micros as a decimal number without idle zeros, exactly, whatever the context's precision."""
    sign = "-" if micros < 0 else ""
    whole, fraction = divmod(abs(micros), limits.QUANTITY_SCALE)
    return Decimal(f"{sign}{whole}.{fraction:06}".rstrip("0").rstrip("."))
