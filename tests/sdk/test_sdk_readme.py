"""The README's example, run as it stands there."""

import re
from pathlib import Path

import pytest
from people import ALICE
from scripted_relay import Ledger, ScriptedRelay, serving

README = Path(__file__).parents[2] / "README.md"


def test_the_readmes_covered_call_works_and_has_six_lines_at_most(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) <= 6
    relay = ScriptedRelay(Ledger())
    with serving(relay):
        monkeypatch.setenv("OFFBEAT_RELAYS", relay.url)
        monkeypatch.setenv("OFFBEAT_PRIVATE_KEY", ALICE.key.to_hex())
        exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("FINAL 2 ")
