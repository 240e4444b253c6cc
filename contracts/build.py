"""Generate the constants that the contracts share with Python; compile; write the artifacts.

::

    python contracts/build.py            write lib/{limits,type_hashes}.vy and the artifacts
    python contracts/build.py --check    write nothing; fail on a difference or on too large code

A deployable contract is a ``PascalCase.vy`` beside this file; its artifact goes to
``src/offbeat/chain/artifacts``. Contracts under ``testing/`` are compiled by the tests themselves.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

from vyper.compiler import compile_from_file_input
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.phases import CompilerData
from vyper.compiler.settings import OptimizationLevel, Settings

from offbeat.core import Reason, limits

CONTRACTS: Final = Path(__file__).resolve().parent
ARTIFACTS: Final = CONTRACTS.parent / "src" / "offbeat" / "chain" / "artifacts"
EXPERIMENTAL_CODEGEN: Final = False
EVM_VERSION: Final = "prague"
MAX_DEPLOYED_BYTES: Final = 24_576
"""EIP-170."""

SIGNED: Final = (
    "BPS",
    "LIMIT_TOLERANCE_NANOS",
    "LIQUIDATION_COST_BPS",
    "LIQUIDATION_TARGET_BPS",
    "MAINTENANCE_MARGIN_BPS",
    "MAX_CASH_MICROS",
    "PRICE_SCALE",
    "QUANTITY_SCALE",
)
"""Constants that the contracts need as ``int256`` too: the compiler folds no conversions."""

HEADER: Final = """# pragma version 0.4.3
\"\"\"
@title {title}
@license Apache-2.0
@notice Written by `make contracts` from {owner}, the owner of these values: change them there.
\"\"\"

"""


def limits_source() -> str:
    """``lib/limits.vy``: every bound and scale of :mod:`offbeat.core.limits`."""
    lines = [
        f"{name}: constant(uint256) = {value}"
        for name, value in vars(limits).items()
        if name.isupper() and isinstance(value, int)
    ]
    lines += [f"SIGNED_{name}: constant(int256) = {getattr(limits, name)}" for name in SIGNED]
    return _library("Bounds and scales of the protocol", "offbeat.core.limits", lines)


def type_hashes_source() -> str:
    """``lib/type_hashes.vy``: the EIP-712 type hash of everything that is signed."""
    from offbeat.intents import TYPE_HASHES

    lines = [f"{name}: constant(bytes32) = 0x{value.hex()}" for name, value in TYPE_HASHES.items()]
    return _library("EIP-712 type hashes", "offbeat.intents", lines)


def reasons_source() -> str:
    """``lib/reasons.vy``: a number for every refusal, and the text of each as a number too."""
    lines = [f"{reason.name}: constant(uint256) = {code}" for code, reason in enumerate(Reason)]
    texts = (f"    {int.from_bytes(reason.encode())},  # {reason}" for reason in Reason)
    lines += [f"TEXTS: constant(uint256[{len(Reason)}]) = [", *texts, "]"]
    return _library("Reasons of refusal", "offbeat.core.Reason", lines)


def _library(title: str, owner: str, lines: list[str]) -> str:
    return HEADER.format(title=title, owner=owner) + "\n".join(lines) + "\n"


def compile_contract(path: Path) -> dict[str, Any]:
    """The artifact of one contract: a JSON object of its ABI, code, size and provenance.

    ``deployed_bytes`` counts the immutables that the constructor appends to the runtime code.
    """
    bundle = FilesystemInputBundle([CONTRACTS])
    source = bundle.load_file(path)
    settings = Settings(
        evm_version=EVM_VERSION,
        optimize=OptimizationLevel.GAS,
        experimental_codegen=EXPERIMENTAL_CODEGEN,
    )
    output = compile_from_file_input(
        source,
        input_bundle=bundle,
        settings=settings,
        output_formats=["abi", "bytecode", "bytecode_runtime", "integrity"],
        no_bytecode_metadata=True,
    )
    immutables = CompilerData(source, bundle, settings=settings).global_ctx.immutable_section_bytes
    return {
        "name": path.stem,
        "compiler": {
            "name": "vyper",
            "version": "0.4.3",
            "evm_version": EVM_VERSION,
            "optimize": "gas",
            "experimental_codegen": EXPERIMENTAL_CODEGEN,
        },
        "source_hash": output["integrity"],
        "deployed_bytes": len(output["bytecode_runtime"]) // 2 - 1 + immutables,
        "abi": output["abi"],
        "bytecode": output["bytecode"],
    }


def _write(path: Path, content: str, check: bool) -> bool:
    """Put ``content`` at ``path``, or only compare; whether it stood there already."""
    same = path.exists() and path.read_text() == content
    if not same and not check:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return same


def build(check: bool) -> list[str]:
    """Generate and compile everything; the complaints, none when all is well."""
    complaints = []
    generated = {
        "limits.vy": limits_source(),
        "type_hashes.vy": type_hashes_source(),
        "reasons.vy": reasons_source(),
    }
    for name, content in generated.items():
        if not _write(CONTRACTS / "lib" / name, content, check) and check:
            complaints.append(f"contracts/lib/{name} is out of date: run `make contracts`")
    for path in sorted(CONTRACTS.glob("*.vy")):
        artifact = compile_contract(path)
        size = artifact["deployed_bytes"]
        sys.stdout.write(f"{path.stem:<20} {size:>6,} of {MAX_DEPLOYED_BYTES:,} bytes\n")
        if size > MAX_DEPLOYED_BYTES:
            complaints.append(f"{path.name}: {size} bytes deployed exceed {MAX_DEPLOYED_BYTES}")
        content = json.dumps(artifact, indent=1) + "\n"
        if not _write(ARTIFACTS / f"{path.stem}.json", content, check) and check:
            complaints.append(f"the artifact of {path.name} is out of date: run `make contracts`")
    return complaints


def main() -> int:
    """Command line; exit status 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    complaints = build(parser.parse_args().check)
    sys.stderr.writelines(f"{line}\n" for line in complaints)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
