"""``offbeat devnet up`` as a process: a network comes up, answers, and leaves nothing running."""

import os
import stat
import time
from pathlib import Path

import httpx
import pytest
from anvil_process import find_anvil
from commands import Run
from devnet_process import devnet

from offbeat.oracle import wrong_rows
from offbeat.wire import report_from_json


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
        reports = [report_from_json(each["report"]) for each in signed]
        assert all(each.inputs and wrong_rows(each) == () for each in reports)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{net['relays'][0]}/livez")
    for number in (1, 2):
        assert "node_stopped" in (folder / f"node-{number}.log").read_text()


@pytest.mark.anvil
def test_a_network_on_anvil(tmp_path: Path) -> None:
    binary = find_anvil()
    if binary is None:
        pytest.skip("no anvil (`make anvil` installs it where npm is present)")
    path = f"{Path(binary).parent}{os.pathsep}{os.environ['PATH']}"
    with devnet(tmp_path / "net", "--anvil", "--traders=1", PATH=path) as net:
        asked = {"jsonrpc": "2.0", "id": 1, "method": "web3_clientVersion", "params": []}
        assert "anvil" in httpx.post(net["rpc_url"], json=asked).json()["result"]
        (person,) = net["traders"].values()
        account = f"{net['relays'][0]}/v1/accounts/{person['address']}?index=0"
        eventually(account, "batch_number", "1")
        assert [each["asset"] for each in httpx.get(account).json()["balances"]] == ["USDC", "ETH"]
    with pytest.raises(httpx.ConnectError):
        httpx.post(net["rpc_url"], json=asked)


def test_without_anvil_nothing_is_written(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.chdir(tmp_path)
    answer = run("devnet", "up", "--anvil", "--dir", "net", "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, "anvil_missing")
    assert not Path("net").exists()


def test_anvil_where_npm_puts_it_may_fail_to_start(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = tmp_path / "node_modules/@foundry-rs/anvil-anywhere/bin/anvil"
    binary.parent.mkdir(parents=True)
    binary.write_text("#!/bin/sh\necho the port is taken\n")
    binary.chmod(0o700)
    monkeypatch.setenv("PATH", "")
    monkeypatch.chdir(tmp_path)
    answer = run("devnet", "up", "--anvil", "--dir", "net", "--json")
    assert (answer.code, answer.json["error"]["code"]) == (1, "anvil_failed")
    assert "the port is taken" in answer.json["error"]["message"]


def test_a_folder_is_not_overwritten(run: Run, tmp_path: Path) -> None:
    answer = run("devnet", "up", "--dir", tmp_path, "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, "file_exists")


@pytest.mark.parametrize("options", [("--nodes=0",), ("--nodes=9",), ("--traders=0",)])
def test_sizes_are_bounded(run: Run, tmp_path: Path, options: tuple[str, ...]) -> None:
    answer = run("devnet", "up", "--dir", tmp_path / "x", *options, "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, "usage")
    assert not (tmp_path / "x").exists()
