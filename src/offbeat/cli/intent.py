"""``offbeat intent``: describe, hash, sign and verify what traders sign."""

import json
from typing import Annotated, Any

from cyclopts import App, Parameter
from rich.console import Console

from offbeat import chain
from offbeat.cli.description import parse_description
from offbeat.cli.inputs import ANYWHERE, InputFile, Place, open_chain, read_deployment, read_json
from offbeat.cli.keys import ENVIRONMENT, KeySource
from offbeat.cli.output import ExitCode, Result, facts, to_json
from offbeat.core import InvalidInput, Reason
from offbeat.intents import (
    Delegation,
    Domain,
    Intent,
    SignatureSteps,
    SignedIntent,
    address_of,
    address_text,
    canonical_signature,
    explain,
    intent_hash,
    parse_typed_data,
    sign,
    typed_data,
    verify,
)

app = App(name="intent", help="Describe, hash, sign and verify what traders sign.")
app.command("offbeat.cli.watch:watch", name="watch", help="Follow an intent to finality.")

_SIGNED_KEYS = {"typed_data", "signature"}


@app.command(name="typed-data")
def show_typed_data(file: InputFile, *, place: Place = ANYWHERE) -> Result:
    """Print the JSON that a wallet signs with eth_signTypedData_v4.

    FILE describes an intent by names and decimals, or holds typed data already.
    """
    intent, domain, _ = _read(file, place)
    data = typed_data(intent, domain)
    return Result(data, lambda console: console.print_json(json.dumps(data), highlight=False))


@app.command(name="hash")
def show_hashes(file: InputFile, *, place: Place = ANYWHERE) -> Result:
    """Show every hash between an intent and what is signed."""
    intent, domain, signature = _read(file, place)
    steps = explain(intent, signature or b"", domain).as_json()
    for name in ("recovered", "problem"):
        del steps[name]
    return Result(steps, lambda console: console.print(facts("Hashes", _flat(steps))))


@app.command(name="sign")
def sign_intent(
    file: InputFile, *, place: Place = ANYWHERE, key: KeySource = ENVIRONMENT
) -> Result:
    """Sign an intent with a local key.

    The answer is what a relay takes, and ``offbeat intent verify`` reads.
    """
    intent, domain, _ = _read(file, place)
    private_key = key.load()
    signed = sign(intent, private_key, domain)
    signer = address_of(private_key)
    data = {
        "intent_hash": intent_hash(intent, domain),
        "owner": intent.owner,
        "signer": signer,
        "signature": signed.signature,
        "typed_data": typed_data(intent, domain),
    }

    def show(console: Console) -> None:
        console.print_json(json.dumps(to_json(data)), highlight=False)

    return Result(data, show)


@app.command(name="verify")
def verify_intent(
    file: InputFile,
    *,
    place: Place = ANYWHERE,
    rpc: Annotated[
        str | None,
        Parameter(help="Node that knows who delegated to whom.", env_var="OFFBEAT_RPC_URL"),
    ] = None,
) -> Result:
    """Check a signed intent: who signed it, and whether that is enough.

    Exits with 3 if it is not. A delegate's signature needs --deployment and --rpc to be judged.
    """
    intent, domain, signature = _read(file, place)
    if signature is None:
        raise InvalidInput("field_missing", "signature is missing")
    steps = explain(intent, signature, domain)
    grant, now_seconds = _grant(steps, place, rpc)
    reason = verify(
        intent,
        signature,
        domain,
        holds_until_seconds=now_seconds,
        delegations=lambda _owner, _key: grant,
    )
    data = {"valid": reason is None, "reason": reason, **steps.as_json()}
    code = ExitCode.OK if reason is None else ExitCode.REJECTED
    shown = {
        "verdict": "valid" if reason is None else f"refused: {reason}",
        "why": _why(steps, reason, grant),
        **_flat(steps.as_json()),
    }
    return Result(data, lambda console: console.print(facts("Signature", shown)), code)


def read_signed(file: str, place: Place) -> SignedIntent:
    """A signed intent, for this place; its signature is not verified.

    Raises :class:`InvalidInput` with code ``field_missing`` where there is no signature.
    """
    intent, _, signature = _read(file, place)
    if signature is None:
        raise InvalidInput("field_missing", "signature is missing")
    return SignedIntent(intent, canonical_signature(signature))


def read_or_sign(file: str, place: Place, private_key: bytes) -> SignedIntent:
    """An intent as it is signed already, or else with this key's signature."""
    intent, domain, signature = _read(file, place)
    if signature is None:
        return sign(intent, private_key, domain)
    return SignedIntent(intent, canonical_signature(signature))


def _read(file: str, place: Place) -> tuple[Intent, Domain, bytes | None]:
    """An intent, its domain and its signature, from a description, typed data or a signed one."""
    found, expected = read_json(file), place.domain()
    if "kind" in found:
        if expected is None:
            raise InvalidInput("place_missing", "say where it holds: --deployment FILE")
        return parse_description(found), expected, None
    if not found.keys() >= _SIGNED_KEYS:
        return *parse_typed_data(json.dumps(found), expected), None
    intent, domain = parse_typed_data(json.dumps(found["typed_data"]), expected)
    return intent, domain, _bytes(found["signature"])


def _bytes(text: object) -> bytes:
    if not isinstance(text, str) or not text.startswith("0x"):
        raise InvalidInput("signature_length", "a signature is 0x and hexadecimal digits")
    try:
        return bytes.fromhex(text[2:])
    except ValueError as error:
        raise InvalidInput("signature_length", "a signature is hexadecimal") from error


def _grant(steps: SignatureSteps, place: Place, rpc: str | None) -> tuple[Delegation | None, int]:
    """What the chain lets the signer do for the owner, and the chain's time."""
    if steps.recovered in (None, steps.owner) or rpc is None or place.deployment is None:
        return None, 0
    deployment = read_deployment(place.deployment)
    assert steps.recovered is not None, "somebody signed it"
    with open_chain(rpc) as node:
        grant = chain.read_grant(node, deployment, steps.owner, steps.recovered)
        return grant, node.block().timestamp_seconds


def _why(steps: SignatureSteps, reason: Reason | None, grant: Delegation | None) -> str:
    if steps.recovered is None:
        return f"no signature of anybody's ({steps.problem})"
    if steps.recovered == steps.owner:
        return "the owner signed it"
    signer = address_text(steps.recovered)
    if reason is None:
        return f"{signer} may sign for the owner"
    if grant is None:
        return f"{signer} signed it, not the owner; --rpc looks for a delegation"
    return f"{signer} may not sign this for the owner"


def _flat(steps: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested steps as one level of names and texts."""
    flat: dict[str, str] = {}
    for name, value in steps.items():
        if isinstance(value, list):
            for number, each in enumerate(value):
                flat |= _flat(each, f"{prefix}{name}[{number}].")
        elif value is not None and value != "0x":
            flat[f"{prefix}{name}"] = str(value)
    return flat
