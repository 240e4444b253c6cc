"""The auditor shares no code with what it audits."""

import ast
import subprocess
import sys
from pathlib import Path

import offbeat.sim.audit

FOLDER = Path(offbeat.sim.audit.__file__).parent
AUDITED = ("rulebook", "margin", "relay", "wire", "oracle", "clearing", "reconciliation")
ALLOWED = {
    "offbeat.chain": {"Contract", "Deployment", "Event", "load_artifact"},
    "offbeat.core": {"ChainError", "limits"},
    "offbeat.core.ports": {"Chain"},
}
"""Reading the chain, and the protocol's published bounds."""


def imports(file: Path) -> set[tuple[str, str]]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            found |= {(node.module or "", alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {(alias.name, "*") for alias in node.names}
    return found


def test_its_files_import_only_what_reads_a_chain() -> None:
    files = list(FOLDER.glob("*.py"))
    assert len(files) > 10
    used = {each for file in files for each in imports(file)}
    foreign = {
        (module, name)
        for module, name in used
        if module.split(".")[0] == "offbeat"
        and not module.startswith("offbeat.sim.audit")
        and name not in ALLOWED.get(module, ())
    }
    assert not foreign
    assert all(name not in ("import_module", "__import__") for _, name in used)


def test_importing_it_loads_no_room_that_it_audits() -> None:
    script = "import sys, offbeat.sim.audit; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[1] for name in run.stdout.split() if name.startswith("offbeat.")}
    assert "sim" in loaded
    assert not loaded & set(AUDITED)


def test_it_computes_with_integers_alone() -> None:
    for file in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), file
            assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)), file
