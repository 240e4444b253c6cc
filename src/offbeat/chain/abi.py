"""Contract ABIs: values in Python's types on one side, calldata and logs on the other.

Addresses are 20 bytes both ways. Structs are tuples, in the order of their members.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from eth_abi.codec import ABICodec
from eth_abi.decoding import AddressDecoder
from eth_abi.encoding import AddressEncoder
from eth_abi.exceptions import DecodingError, EncodingError
from eth_abi.registry import registry

from offbeat.core import ChainError, InvalidInput
from offbeat.core.ports import Log
from offbeat.intents import keccak256

Json = Mapping[str, Any]


class _RawAddressDecoder(AddressDecoder):
    @staticmethod
    def decoder_fn(data: bytes) -> bytes:  # type: ignore[override]
        return data


def _codec() -> ABICodec:
    own = registry.copy()  # type: ignore[no-untyped-call]
    own.unregister("address")
    own.register("address", AddressEncoder, _RawAddressDecoder, label="address")
    return ABICodec(own)


_CODEC: Final = _codec()


@dataclass(frozen=True, slots=True)
class Event:
    """A decoded log."""

    name: str
    values: Mapping[str, Any]
    log: Log


class Abi:
    """The functions and events of one contract, by name and number of arguments."""

    def __init__(self, entries: Sequence[Json]) -> None:
        self._functions: dict[tuple[str, int], Json] = {}
        self._selectors: dict[bytes, Json] = {}
        self._events: dict[bytes, Json] = {}
        self._constructor: Json = {"inputs": []}
        for entry in entries:
            match entry["type"]:
                case "function":
                    self._functions[entry["name"], len(entry["inputs"])] = entry
                    self._selectors[_signature_hash(entry)[:4]] = entry
                case "event":
                    self._events[_signature_hash(entry)] = entry
                case "constructor":
                    self._constructor = entry

    def encode_constructor(self, *args: object) -> bytes:
        """What follows the creation code; raises ``InvalidInput("abi_mismatch")``."""
        return _encode(self._constructor["inputs"], args)

    def encode_call(self, name: str, *args: object) -> bytes:
        """Calldata of a call; raises ``InvalidInput("abi_mismatch")``."""
        entry = self._function(name, len(args))
        return _signature_hash(entry)[:4] + _encode(entry["inputs"], args)

    def decode_call(self, data: bytes) -> tuple[str, tuple[Any, ...]]:
        """Function name and arguments of calldata; raises ``ChainError("calldata_unknown")``."""
        entry = self._selectors.get(data[:4])
        if entry is None:
            raise ChainError("calldata_unknown", f"no function has selector 0x{data[:4].hex()}")
        return entry["name"], _decode(entry["inputs"], data[4:])

    def decode_result(self, name: str, n_args: int, output: bytes) -> Any:
        """What a call returned: nothing, one value, or a tuple of several."""
        values = _decode(self._function(name, n_args)["outputs"], output)
        return values[0] if len(values) == 1 else values or None

    def decode_log(self, log: Log) -> Event | None:
        """The event that a log holds; ``None`` when it is not one of this contract's."""
        entry = self._events.get(log.topics[0]) if log.topics else None
        if entry is None:
            return None
        indexed = [each for each in entry["inputs"] if each["indexed"]]
        in_data = [each for each in entry["inputs"] if not each["indexed"]]
        values = {
            each["name"]: _decode([each], topic)[0]
            for each, topic in zip(indexed, log.topics[1:], strict=True)
        }
        names = (each["name"] for each in in_data)
        values |= zip(names, _decode(in_data, log.data), strict=True)
        return Event(entry["name"], values, log)

    def _function(self, name: str, n_args: int) -> Json:
        entry = self._functions.get((name, n_args))
        if entry is None:
            raise InvalidInput("abi_mismatch", f"no function {name} takes {n_args} arguments")
        return entry


def _type(parameter: Json) -> str:
    """Canonical type: a struct becomes the parenthesised list of its members' types."""
    kind: str = parameter["type"]
    if not kind.startswith("tuple"):
        return kind
    members = ",".join(map(_type, parameter["components"]))
    return f"({members}){kind.removeprefix('tuple')}"


def _signature_hash(entry: Json) -> bytes:
    types = ",".join(map(_type, entry["inputs"]))
    return keccak256(f"{entry['name']}({types})".encode())


def _encode(parameters: Sequence[Json], args: Sequence[object]) -> bytes:
    try:
        return _CODEC.encode([_type(each) for each in parameters], args)
    except (EncodingError, ValueError, TypeError) as error:
        raise InvalidInput("abi_mismatch", str(error)) from error


def _decode(parameters: Sequence[Json], data: bytes) -> tuple[Any, ...]:
    try:
        return tuple(_CODEC.decode([_type(each) for each in parameters], data))
    except DecodingError as error:
        raise ChainError("abi_mismatch", str(error)) from error
