"""``offbeat devnet up`` as a process: a network comes up, answers, and leaves nothing running."""

import stat
import time
from pathlib import Path

import httpx
import pytest
from commands import Run
from devnet_process import devnet


def eventually(url: str, key: str, wanted: object) -> None:
    """Ask until an answer has a value."""
    deadline = time.monotonic() + 60
    while httpx.get(url).json()[key] != wanted:
        assert time.monotonic() < deadline, httpx.get(url).text
        time.sleep(0.1)


def test_a_network_of_two_relays(tmp_path: Path) -> None:
    folder = tmp_path / "net"
    with devnet(folder, "--nodes=2", "--traders=2") as net:
        assert len(set(net["relays"])) == 2
        for person in net["traders"].values():
            mode = stat.S_IMODE(Path(person["key_file"]).stat().st_mode)
            assert mode == 0o600
            for relay in net["relays"]:
                eventually(f"{relay}/v1/accounts/{person['address']}?index=0", "batch_number", "1")
        for relay in net["relays"]:
            assert httpx.get(f"{relay}/readyz").is_success
            metrics = httpx.get(f"{relay}/metrics").text
            assert "offbeat_ready 1.0" in metrics
            assert "offbeat_batch_number 1.0" in metrics
        signed = [httpx.get(f"{each}/report").json() for each in net["reporters"]]
        assert [each["signer"] for each in signed] == [0, 1, 2]
        assert httpx.get(net["reporters"][0].replace("/0", "/3") + "/report").status_code == 404
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{net['relays'][0]}/livez")
    for number in (1, 2):
        assert "node_stopped" in (folder / f"node-{number}.log").read_text()


def test_a_folder_is_not_overwritten(run: Run, tmp_path: Path) -> None:
    answer = run("devnet", "up", "--dir", tmp_path, "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, "file_exists")


@pytest.mark.parametrize("options", [("--nodes=0",), ("--nodes=9",), ("--traders=0",)])
def test_sizes_are_bounded(run: Run, tmp_path: Path, options: tuple[str, ...]) -> None:
    answer = run("devnet", "up", "--dir", tmp_path / "x", *options, "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, "usage")
    assert not (tmp_path / "x").exists()
