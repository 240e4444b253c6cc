"""Making a shared key, or handing one on to other members, while no one ever holds its secret.

Everybody puts the same messages, in the order of the chain, into a machine of his own. It goes
through two phases that the caller ends, by height: deals, then complaints. A deal counts unless
it is malformed or a receiver proves his share in it wrong; nobody has to answer anything, and who
was at fault is on record. Whoever restarts puts the same messages in again.

A new key is the sum of all good deals (Pedersen's joint sharing over Feldman's commitments).
Handing on, each dealer shares his own share anew, and the first 2f+1 good deals by index add up
with Lagrange's factors (Desmedt and Jajodia; Herzberg et al. for the same members): the key stays,
and shares from before and after do not go together.
"""

from enum import Enum, auto

from py_arkworks_bls12381 import G2Point, Scalar

from offbeat.core import InvalidInput
from offbeat.threshold.dealing import Deal, Terms, complain, is_founded, read_deal
from offbeat.threshold.keys import KeySet
from offbeat.threshold.sharing import lagrange


class Phase(Enum):
    """What a ceremony takes now."""

    DEALS = auto()
    COMPLAINTS = auto()
    OVER = auto()


class Fault(Enum):
    """What a member did wrong, for whoever holds his bond."""

    WRONG_SHARE = auto()
    UNFOUNDED_COMPLAINT = auto()


class Ceremony:
    """One generation or handing on of a key under ``terms``.

    Who sent a message is for the caller to know: the index it names is taken as authentic.
    """

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.phase = Phase.DEALS
        self.faulty_dealers: dict[int, Fault] = {}
        self.faulty_receivers: dict[int, Fault] = {}
        self._deals: dict[int, Deal] = {}
        self._complaints: set[tuple[int, int]] = set()

    @property
    def deals(self) -> tuple[Deal, ...]:
        """Those that count so far, by index of the dealer."""
        good = self._deals.keys() - self.faulty_dealers.keys()
        return tuple(self._deals[dealer] for dealer in sorted(good))

    def take_deal(self, dealer: int, data: bytes) -> None:
        """A dealer's message; his first well-formed one stands.

        Raises :class:`InvalidInput` with code ``phase_over``, ``deal_repeated``, ``deal_invalid``.
        """
        self._expect(Phase.DEALS)
        if dealer in self._deals:
            raise InvalidInput("deal_repeated", "a dealer deals once")
        self._deals[dealer] = read_deal(self.terms, dealer, data)

    def end_deals(self) -> None:
        """From now on receivers may complain; raises ``InvalidInput("phase_over")``."""
        self._expect(Phase.DEALS)
        self.phase = Phase.COMPLAINTS

    def take_complaint(self, receiver: int, data: bytes) -> None:
        """A receiver's message. Founded, it ends the deal; otherwise it is held against him.

        Raises :class:`InvalidInput` with code ``phase_over``, ``complaint_repeated`` or
        ``complaint_invalid`` (from a stranger, or about no deal).
        """
        self._expect(Phase.COMPLAINTS)
        made = self._deals.get(data[0]) if data else None
        if made is None or not 0 <= receiver < len(self.terms.receivers):
            raise InvalidInput("complaint_invalid", "from a stranger, or about no deal")
        if (receiver, made.dealer) in self._complaints:
            raise InvalidInput("complaint_repeated", "a receiver complains once about a deal")
        self._complaints.add((receiver, made.dealer))
        if is_founded(self.terms, made, receiver, data):
            self.faulty_dealers[made.dealer] = Fault.WRONG_SHARE
        else:
            self.faulty_receivers[receiver] = Fault.UNFOUNDED_COMPLAINT

    def finish(self) -> KeySet:
        """The key's public side, the same for everybody who put in the same messages.

        Raises :class:`InvalidInput` with code ``phase_over``, or ``deals_missing`` where fewer than
        ``terms.quorum`` deals are good: then nothing was made, and another ceremony is needed.
        """
        self._expect(Phase.COMPLAINTS)
        if len(self.deals) < self.terms.quorum:
            raise InvalidInput("deals_missing", f"a key takes {self.terms.quorum} good deals")
        self.phase = Phase.OVER
        return self.key_set()

    def key_set(self) -> KeySet:
        """As :meth:`finish` returned it; raises ``InvalidInput("phase_early")`` before."""
        factors = self._factors()
        columns = zip(*(made.commitments for made in self._chosen()), strict=True)
        sums = (G2Point.multiexp_unchecked(list(column), factors) for column in columns)
        return KeySet(tuple(sums), len(self.terms.receivers))

    def complaints_of(self, receiver: int, secret: Scalar) -> list[bytes]:
        """What a receiver must publish before complaints end, given his secret for shares."""
        return [
            complain(self.terms, made, receiver, secret)
            for made in self.deals
            if made.opened(self.terms, receiver, made.ephemeral * secret) is None
        ]

    def share_of(self, receiver: int, secret: Scalar) -> Scalar:
        """A receiver's share of the key; whoever handed it on must forget his old one.

        Raises :class:`InvalidInput` with code ``phase_early``, or ``share_wrong`` where a good deal
        has none for him, because his complaint came too late.
        """
        total = Scalar(0)
        for made, factor in zip(self._chosen(), self._factors(), strict=True):
            share = made.opened(self.terms, receiver, made.ephemeral * secret)
            if share is None:
                raise InvalidInput("share_wrong", f"dealer {made.dealer} was not complained about")
            total += share * factor
        return total

    def _chosen(self) -> tuple[Deal, ...]:
        if self.phase is not Phase.OVER:
            raise InvalidInput("phase_early", "the ceremony is not over")
        return self.deals[: self.terms.quorum] if self.terms.previous else self.deals

    def _factors(self) -> list[Scalar]:
        chosen = [made.dealer for made in self._chosen()]
        if self.terms.previous is None:
            return [Scalar(1)] * len(chosen)
        factors = lagrange(chosen)
        return [factors[dealer] for dealer in chosen]

    def _expect(self, phase: Phase) -> None:
        if self.phase is not phase:
            raise InvalidInput("phase_over", f"now is the phase of {self.phase.name.lower()}")
