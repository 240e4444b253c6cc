"""Checks that several values of this room share; each raises :class:`InvalidInput`.

Messages state the rule instead of the value: printing a hostile integer can itself raise.
"""

from offbeat.core import InvalidInput

ADDRESS_BYTES = 20
NO_ADDRESS = bytes(ADDRESS_BYTES)


def check_uint(name: str, value: int, bits: int) -> None:
    """A whole number from 0 that fits ``bits`` bits; code ``integer_out_of_range``."""
    # Nearly every value is a plain int, and nearly every member of an intent comes through here.
    is_whole = type(value) is int or _is_whole(value)
    if not is_whole or value < 0 or value >> bits:
        raise InvalidInput("integer_out_of_range", f"{name} must be an unsigned {bits}-bit number")


def check_int(name: str, value: int, bits: int) -> None:
    """A whole number that fits ``bits`` bits in two's complement; code ``integer_out_of_range``."""
    is_whole = type(value) is int or _is_whole(value)
    if not is_whole or not -1 << (bits - 1) <= value < 1 << (bits - 1):
        raise InvalidInput("integer_out_of_range", f"{name} must be a signed {bits}-bit number")


def check_bytes(name: str, value: bytes, length: int, code: str) -> None:
    """Exactly ``length`` bytes; the caller names the code."""
    if not isinstance(value, bytes) or len(value) != length:
        raise InvalidInput(code, f"{name} must be {length} bytes")


def check_address(name: str, value: bytes) -> None:
    """The 20 bytes of an address that is not zero; code ``address_invalid``."""
    check_bytes(name, value, ADDRESS_BYTES, "address_invalid")
    if value == NO_ADDRESS:
        raise InvalidInput("address_invalid", f"{name} must not be the zero address")


def _is_whole(value: int) -> bool:
    """An int of any subclass but bool; a float would hash as another number."""
    return isinstance(value, int) and not isinstance(value, bool)
