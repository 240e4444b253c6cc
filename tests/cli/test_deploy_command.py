"""``offbeat deploy``, on a chain in this process behind its own JSON-RPC server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import Run
from http_server import rpc_server

from offbeat.chain import (
    AnvilChain,
    Deployment,
    EmbeddedChain,
    Sender,
    deploy_dev_token,
    read_rules,
)
from offbeat.intents import address_of, address_text

KEY = bytes([5]) * 32
OPERATORS = [address_text(address_of(bytes([n]) * 32)) for n in (11, 12, 13)]


@pytest.fixture(scope="module")
def node() -> Iterator[tuple[AnvilChain, str]]:
    with rpc_server(EmbeddedChain()) as url:
        chain = AnvilChain(url)
        chain.stop_clock()
        chain.fund(address_of(KEY), 10**20)
        yield chain, url


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "key"
    file.write_text(KEY.hex())
    return file


def test_a_deployment_with_dev_tokens(
    run: Run, node: tuple[AnvilChain, str], key_file: Path, tmp_path: Path
) -> None:
    chain, url = node
    file = tmp_path / "deployment.json"
    arguments = [f"--rpc={url}", f"--key-file={key_file}", f"--out={file}", "--dev-tokens"]
    arguments += [f"--sequencer={OPERATORS[0]}", *(f"--reporter={each}" for each in OPERATORS)]
    answer = run(
        "deploy", *arguments, "--reporter-threshold=2", "--underlying=ETH", "--underlying=BTC",
        "--json",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    deployment = Deployment.from_json(json.loads(file.read_text()))
    assert answer.json["contracts"] == deployment.to_json()["contracts"]
    assert [each.symbol for each in deployment.underlyings] == ["ETH", "BTC"]
    assert (deployment.cash.symbol, deployment.cash.decimals) == ("USDC", 6)
    rules = read_rules(chain, deployment)
    assert (len(rules.sequencers.signers), rules.sequencers.threshold) == (1, 1)
    assert (len(rules.reporters.signers), rules.reporters.threshold) == (3, 2)
    again = run("deploy", *arguments, "--json")
    assert (again.code, again.json["error"]["code"]) == (2, "file_exists")


def test_tokens_that_exist_tell_their_decimals(
    run: Run, node: tuple[AnvilChain, str], key_file: Path, tmp_path: Path
) -> None:
    chain, url = node
    token = deploy_dev_token(Sender(chain, KEY), "USDT", 9)
    answer = run(
        "deploy", f"--rpc={url}", f"--key-file={key_file}", f"--out={tmp_path}/d.json",
        f"--sequencer={OPERATORS[0]}", f"--reporter={OPERATORS[1]}",
        f"--cash=USDT={address_text(token.address)}", "--underlying=SOL",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert "no spot" in answer.out
    deployment = Deployment.from_json(json.loads((tmp_path / "d.json").read_text()))
    assert deployment.cash == token


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("--cash=USDC",), 2, "token_missing"),
        (("--cash=usdc", "--dev-tokens"), 2, "token_invalid"),
        ((f"--cash=USDC={OPERATORS[2]}",), 2, "token_invalid"),
        (("--dev-tokens", "--sequencer-threshold=2"), 1, "threshold_invalid"),
        (("--dev-tokens", "--rpc=http://127.0.0.1:1"), 4, "node_unavailable"),
    ],
)
def test_what_cannot_be_deployed(
    run: Run, node: tuple[AnvilChain, str], key_file: Path, tmp_path: Path,
    arguments: tuple[str, ...], code: int, error: str,
) -> None:  # fmt: skip
    given = {"--rpc": node[1]} | dict(each.split("=", 1) for each in arguments if "=" in each)
    answer = run(
        "deploy", f"--key-file={key_file}", f"--out={tmp_path}/d.json",
        f"--sequencer={OPERATORS[0]}", f"--reporter={OPERATORS[1]}", "--json",
        *(f"{name}={value}" for name, value in given.items()),
        *(each for each in arguments if "=" not in each),
    )  # fmt: skip
    assert (answer.code, answer.json["error"]["code"]) == (code, error)
    assert not (tmp_path / "d.json").exists()
