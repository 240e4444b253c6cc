"""Shamir's sharing of a scalar, with Feldman's commitments to check each share by.

Member ``index`` (from 0) holds the polynomial's value at ``index + 1``; the secret stands at 0.
"""

from collections.abc import Collection, Sequence

from py_arkworks_bls12381 import G2Point, Scalar

from offbeat.core import InvalidInput
from offbeat.threshold.curve import multiply_g2


def share_of(coefficients: Sequence[Scalar], index: int) -> Scalar:
    """A member's share of the secret ``coefficients[0]``."""
    x = Scalar(index + 1)
    value = Scalar(0)
    for coefficient in reversed(coefficients):
        value = value * x + coefficient
    return value


def commit(coefficients: Sequence[Scalar]) -> tuple[G2Point, ...]:
    """Feldman's commitments: each coefficient times the generator of G2."""
    return tuple(map(multiply_g2, coefficients))


def share_key(commitments: Sequence[G2Point], index: int) -> G2Point:
    """What a member's share is in G2: the public key of his partial signatures."""
    x = Scalar(index + 1)
    value = G2Point.identity()
    for commitment in reversed(commitments):
        value = value * x + commitment
    return value


def is_share(commitments: Sequence[G2Point], index: int, share: Scalar) -> bool:
    """Whether ``share`` is the member's of the committed polynomial."""
    return multiply_g2(share) == share_key(commitments, index)


def lagrange(indices: Collection[int]) -> dict[int, Scalar]:
    """Factors by which the shares of these members add up to the secret.

    Raises :class:`InvalidInput` with code ``indices_repeated``.
    """
    if len(set(indices)) != len(indices):
        raise InvalidInput("indices_repeated", "a member's share counts once")
    points = {index: Scalar(index + 1) for index in indices}
    factors = {}
    for index, x in points.items():
        top, bottom = Scalar(1), Scalar(1)
        for other, y in points.items():
            if other != index:
                top *= y
                bottom *= y - x
        factors[index] = top / bottom
    return factors
