"""Settings from everywhere, in their order, with their bounds; no value is repeated in an error."""

from pathlib import Path
from typing import Any

import pytest

from offbeat.core import InvalidInput
from offbeat.node import Settings, flatten, load_settings

NEEDED = '[node]\nrpc_url = "http://file"\ndeployment = "d.json"\n'


def files(tmp_path: Path, project: str = "", user: str = "") -> tuple[Path, ...]:
    paths = tmp_path / "project.toml", tmp_path / "user.toml"
    for path, text in zip(paths, (project, user), strict=True):
        path.write_text(text)
    return paths


def test_flag_environment_project_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = files(
        tmp_path,
        f"{NEEDED}port = 3\n[node.fees]\npatience_seconds = 7\n",
        '[node]\nport = 4\nhost = "::1"\nlog_level = "debug"\n[node.fees]\nmax_waiting = 2\n',
    )
    monkeypatch.setenv("OFFBEAT_PORT", "2")
    monkeypatch.setenv("OFFBEAT_LOG_LEVEL", "error")
    monkeypatch.setenv("OFFBEAT_FEES__STAGGER_SECONDS", "5")
    monkeypatch.setenv("OFFBEAT_RELAY__POLICY__MIN_ORDERS", "6")
    monkeypatch.setenv("OFFBEAT_REPORTER_URLS", "http://a, http://b")
    settings = load_settings({"port": 1}, found)
    assert (settings.port, settings.log_level, settings.host) == (1, "error", "::1")
    fees = settings.fees
    assert (fees.stagger_seconds, fees.patience_seconds, fees.max_waiting) == (5, 7, 2)
    assert settings.relay.policy.min_orders == 6
    assert settings.reporter_urls == ("http://a", "http://b")
    assert load_settings({}, found).port == 2


def test_the_two_that_must_be_given(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"rpc_url.*deployment") as refusal:
        load_settings({}, files(tmp_path))
    assert refusal.value.code == "settings_invalid"


@pytest.mark.parametrize(
    "flags",
    [
        {"port": 65_536},
        {"port": -1},
        {"log_level": "secret"},
        {"unknown": "secret"},
        {"fees": {"unknown": "secret"}},
        {"fees": {"bump_bps": 1_249}},
        {"fees": {"stagger_seconds": -1}},
        {"api": {"max_array": -1}},
        {"relay": {"max_open": "secret"}},
        {"relay": {"policy": {"min_orders": -1}}},
        {"submitter_key_files": ["secret"] * 17},
        {"rpc_timeout_seconds": 0},
    ],
)
def test_what_is_out_of_bounds(tmp_path: Path, flags: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        load_settings(flags, files(tmp_path, NEEDED))
    assert refusal.value.code == "settings_invalid"
    assert "secret" not in refusal.value.message


@pytest.mark.parametrize("text", ["[node", "node = 3", "[node]\nport = 'x'"])
def test_files_that_make_no_sense(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        load_settings({"rpc_url": "r", "deployment": "d"}, files(tmp_path, text))
    assert refusal.value.code == "settings_invalid"


def test_the_guide_names_every_group_and_setting() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "operators-guide.md").read_text()
    names = [name for name in Settings.model_fields if name not in ("relay", "fees", "api")]
    names += [name for name, _ in flatten(Settings.model_fields["fees"].default, "fees.")]
    assert [each for each in names if f"`{each}`" not in guide] == []
