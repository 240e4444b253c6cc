"""Write the JSON vectors of the intent standard and the ERC-7730 descriptor of their domain.

::

    python docs/vectors/write_vectors.py            write every file
    python docs/vectors/write_vectors.py --check    write nothing; fail where a file differs
"""

import sys
from pathlib import Path
from typing import Any, Final

import msgspec
from examples import DOMAIN, INTENTS, ORDER, hex_text, key
from refused import refusals
from rules import conditions, nonces

from offbeat.instruments import Instrument
from offbeat.intents import (
    TYPE_HASHES,
    TYPE_STRINGS,
    batch_digest,
    domain_separator,
    erc7730_descriptor,
    explain,
    intent_hash,
    keccak256,
    report_digest,
    settlement_price_digest,
    sign_digest,
    typed_data,
)

DOCS: Final = Path(__file__).resolve().parent.parent


def intents() -> dict[str, Any]:
    """Good intents: what the wallet gets, every intermediate hash, the signature."""
    cases = []
    for name, intent in INTENTS.items():
        signature = sign_digest(intent_hash(intent, DOMAIN), key("owner"))
        compact = bytearray(signature[:64])
        compact[32] |= (signature[64] - 27) << 7
        cases.append(
            {
                "name": name,
                "typedData": typed_data(intent, DOMAIN),
                "steps": explain(intent, signature, DOMAIN).as_json(),
                "signature": hex_text(signature),
                "signatureEip2098": hex_text(bytes(compact)),
            }
        )
    return {"ownerPrivateKey": hex_text(key("owner")), "cases": cases}


def operators() -> dict[str, Any]:
    """Types and domain, and the digests that sequencers and reporters sign."""
    payload, underlyings, rows = map(keccak256, (b"payload", b"underlyings", b"rows"))
    expiry_seconds = Instrument.parse("ETH-25DEC26-4000-C").expiry_seconds
    return {
        "domain": typed_data(ORDER, DOMAIN)["domain"],
        "domainSeparator": hex_text(domain_separator(DOMAIN)),
        "types": [
            {"type": TYPE_STRINGS[name], "typeHash": hex_text(TYPE_HASHES[name])}
            for name in TYPE_STRINGS
        ],
        "digests": [
            {
                "primaryType": "Batch",
                "message": {"payload": hex_text(payload)},
                "digest": hex_text(batch_digest(payload, DOMAIN)),
            },
            {
                "primaryType": "Report",
                "message": {
                    "timestamp": "1790000000",
                    "underlyings": hex_text(underlyings),
                    "rows": hex_text(rows),
                },
                "digest": hex_text(report_digest(1_790_000_000, underlyings, rows, DOMAIN)),
            },
            {
                "primaryType": "SettlementPrice",
                "message": {
                    "underlying": "ETH",
                    "expiry": str(expiry_seconds),
                    "price": "3987654321",
                },
                "digest": hex_text(
                    settlement_price_digest("ETH", expiry_seconds, 3_987_654_321, DOMAIN)
                ),
            },
        ],
    }


def files() -> dict[Path, bytes]:
    """Every generated file with what it should hold."""
    return {
        DOCS / "vectors" / "intents.json": _json(intents()),
        DOCS / "vectors" / "operators.json": _json(operators()),
        DOCS / "vectors" / "refusals.json": _json(refusals()),
        DOCS / "vectors" / "nonces.json": _json(nonces()),
        DOCS / "vectors" / "conditions.json": _json(conditions()),
        DOCS / "erc7730-offbeat.json": _json(erc7730_descriptor([DOMAIN])),
    }


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def main() -> int:
    """0, or 1 where ``--check`` finds a file that differs."""
    stale = [
        path
        for path, content in files().items()
        if not path.exists() or path.read_bytes() != content
    ]
    if "--check" in sys.argv[1:]:
        for path in stale:
            sys.stderr.write(f"{path} is not what docs/vectors/write_vectors.py writes\n")
        return int(bool(stale))
    for path in stale:
        path.write_bytes(files()[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
