"""A quorum of one: its certificate is one signature."""

from coincurve import PrivateKey

from offbeat.core import InvalidInput
from offbeat.intents import address_of, batch_digest, keccak256
from offbeat.rulebook import Rules, certify


class Solo:
    """The sequencer that certifies alone, with a ``key`` of 32 bytes.

    Raises :class:`InvalidInput` with code ``sequencer_unknown`` where the deployment's quorum does
    not have this key, ``sequencer_alone`` where it asks for more than one signature.
    """

    def __init__(self, key: bytes | PrivateKey, rules: Rules) -> None:
        address, quorum = address_of(key), rules.sequencers
        if address not in quorum.signers:
            raise InvalidInput("sequencer_unknown", "the contracts know no sequencer with this key")
        if quorum.threshold > 1:
            raise InvalidInput(
                "sequencer_alone", f"a certificate takes {quorum.threshold} signatures"
            )
        self._keys = {
            quorum.signers.index(address): PrivateKey(key) if isinstance(key, bytes) else key
        }
        self._domain = rules.domain

    def certify(self, payload: bytes) -> bytes:
        """The certificate of a batch's payload."""
        return certify(batch_digest(keccak256(payload), self._domain), self._keys)
