"""What a reporter tells the others before they sign together: its view of every market, signed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from coincurve import PrivateKey
from msgspec import json

from offbeat.core import InvalidInput
from offbeat.intents import Domain, domain_separator, keccak256, recover, sign_digest
from offbeat.oracle import ExpiryView, MarketView, Smile
from offbeat.rulebook import Quorum

_TAG: Final = keccak256(b"Offbeat reporter observation")
_SMILE: Final = ("a", "b", "rho", "m", "sigma")


@dataclass(frozen=True, slots=True)
class Observation:
    """One reporter's views of a moment, one for each underlying, with its signature r ‖ s ‖ v.

    ``signer`` is the reporter's index in the contract's quorum.
    """

    time_seconds: int
    views: tuple[MarketView, ...]
    signer: int
    signature: bytes

    def is_signed(self, domain: Domain, reporters: Quorum) -> bool:
        """Whether it is what the reporter at its index has signed."""
        digest = observation_digest(self.time_seconds, self.views, domain)
        return has_signed(digest, self.signer, self.signature, reporters)


def observe_signed(
    time_seconds: int, views: tuple[MarketView, ...], signer: int, key: PrivateKey, domain: Domain
) -> Observation:
    """A reporter's own observation."""
    digest = observation_digest(time_seconds, views, domain)
    return Observation(time_seconds, views, signer, sign_digest(digest, key))


def observation_digest(time_seconds: int, views: tuple[MarketView, ...], domain: Domain) -> bytes:
    """What a reporter signs of its views; no contract reads it."""
    text = json.encode([time_seconds, [view_to_json(view) for view in views]])
    return keccak256(_TAG + domain_separator(domain) + keccak256(text))


def has_signed(digest: bytes, signer: int, signature: bytes, reporters: Quorum) -> bool:
    """Whether the reporter at this index made the signature."""
    try:
        address = recover(digest, signature)
    except InvalidInput:
        return False
    return 0 <= signer < len(reporters.signers) and reporters.signers[signer] == address


def observation_to_json(observation: Observation) -> dict[str, Any]:
    """The observation as one JSON object; numbers are decimal strings where they may be long."""
    return {
        "time_seconds": observation.time_seconds,
        "views": [view_to_json(view) for view in observation.views],
        "signer": observation.signer,
        "signature": f"0x{observation.signature.hex()}",
    }


def observation_from_json(raw: Any) -> Observation:
    """From such an object; raises :class:`InvalidInput` (``observation_malformed``, …)."""
    try:
        return Observation(
            int(raw["time_seconds"]),
            tuple(_view_from_json(each) for each in raw["views"]),
            int(raw["signer"]),
            bytes.fromhex(raw["signature"].removeprefix("0x")),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidInput("observation_malformed", f"not an observation: {error!r}") from error


def view_to_json(view: MarketView) -> dict[str, Any]:
    """One underlying's view, in the form that is signed."""
    return {
        "symbol": view.symbol,
        "spot_micros": str(view.spot_micros),
        "expiries": [
            {
                "expiry_seconds": each.expiry_seconds,
                "forward_micros": str(each.forward_micros),
                "smile": {name: str(getattr(each.smile, name)) for name in _SMILE},
                "strikes_micros": [str(strike) for strike in each.strikes_micros],
            }
            for each in view.expiries
        ],
        "settling": [[expiry, str(price)] for expiry, price in view.settling],
    }


def _view_from_json(raw: Mapping[str, Any]) -> MarketView:
    return MarketView(
        raw["symbol"],
        int(raw["spot_micros"]),
        tuple(
            ExpiryView(
                int(each["expiry_seconds"]),
                int(each["forward_micros"]),
                Smile(*(int(each["smile"][name]) for name in _SMILE)),
                tuple(int(strike) for strike in each["strikes_micros"]),
            )
            for each in raw["expiries"]
        ),
        tuple((int(expiry), int(price)) for expiry, price in raw["settling"]),
    )
