import json
from collections.abc import Callable

import pytest

from offbeat.chain import (
    Deployment,
    EmbeddedChain,
    Quorum,
    Sender,
    Token,
    deploy,
    deploy_dev_token,
)
from offbeat.chain.deployment import ARTIFACTS
from offbeat.core import ChainError, InvalidInput
from offbeat.core.ports import DevChain
from offbeat.intents import domain_separator

SEQUENCERS = Quorum((bytes([1]) * 20,), 1)
REPORTERS = Quorum(tuple(bytes([number]) * 20 for number in (2, 3, 4)), 2)


@pytest.fixture
def deployer(new_sender: Callable[[str], Sender]) -> Sender:
    return new_sender("deployer")


@pytest.fixture
def deployment(deployer: Sender) -> Deployment:
    cash = deploy_dev_token(deployer, "USDC", 6)
    underlyings = (deploy_dev_token(deployer, "ETH", 18), deploy_dev_token(deployer, "BTC", 8))
    return deploy(
        deployer, sequencers=SEQUENCERS, reporters=REPORTERS, cash=cash, underlyings=underlyings
    )


def test_the_parts_know_each_other(chain: DevChain, deployment: Deployment) -> None:
    settlement = deployment.contract(chain, "settlement")
    vault = deployment.contract(chain, "vault")
    parts = ("sequencers", "oracle", "expiry", "vault", "authority", "forced", "health", "reasons")
    for role in parts:
        assert settlement.read(role.upper()) == deployment.contracts[role]
    for role in ("expiry", "vault", "authority", "forced"):
        assert deployment.contract(chain, role).read("settlement") == settlement.address
    reporters = deployment.contract(chain, "reporters")
    assert [reporters.read("signers", index) for index in range(3)] == list(REPORTERS.signers)
    assert reporters.read("threshold") == 2
    assert vault.read("underlyings_count") == 2


def test_both_sides_sign_in_one_domain(chain: DevChain, deployment: Deployment) -> None:
    settlement = deployment.contract(chain, "settlement")
    assert settlement.read("domain_separator") == domain_separator(deployment.domain)


def test_every_event_is_within_the_stated_blocks(chain: DevChain, deployment: Deployment) -> None:
    address = deployment.contracts["vault"]
    last = chain.block().number
    logs = chain.logs(address, 0, last)
    assert chain.logs(address, deployment.first_block, last) == logs
    events = deployment.contract(chain, "vault").events(logs, "AssetRegistered")
    assert [event.values["unit"] for event in events] == [1, 10**12, 100]


def test_a_second_binding_is_refused(deployer: Sender, deployment: Deployment) -> None:
    vault = deployment.contract(deployer.chain, "vault")
    with pytest.raises(ChainError) as refusal:
        vault.write(deployer, "bind", deployment.contracts["settlement"])
    assert refusal.value.code == "already_bound"


def test_a_threshold_nobody_can_meet_is_refused(deployer: Sender, deployment: Deployment) -> None:
    with pytest.raises(ChainError) as refusal:
        deploy(
            deployer,
            sequencers=Quorum(SEQUENCERS.signers, 2),
            reporters=REPORTERS,
            cash=deployment.cash,
            underlyings=(),
        )
    assert refusal.value.code == "threshold_invalid"


ELSEWHERE = Deployment(
    chain_id=1,
    first_block=7,
    contracts={role: bytes([number + 1]) * 20 for number, role in enumerate(ARTIFACTS)},
    cash=Token("USDC", b"\xc0" * 20, 6),
    underlyings=(Token("ETH", b"\xe0" * 20, 18),),
)


def test_json_goes_both_ways() -> None:
    assert Deployment.from_json(json.loads(json.dumps(ELSEWHERE.to_json()))) == ELSEWHERE


@pytest.mark.parametrize("path", [("chain_id",), ("contracts", "vault"), ("cash", "decimals")])
@pytest.mark.parametrize("damage", ["missing", None, "0x12", []])
def test_damaged_json_is_refused(path: tuple[str, ...], damage: object) -> None:
    raw = ELSEWHERE.to_json()
    inner = raw
    for step in path[:-1]:
        inner = inner[step]
    if damage == "missing":
        del inner[path[-1]]
    else:
        inner[path[-1]] = damage
    with pytest.raises(InvalidInput) as refusal:
        Deployment.from_json(raw)
    assert refusal.value.code == "deployment_malformed"


def test_another_chain_is_refused(embedded: EmbeddedChain) -> None:
    with pytest.raises(InvalidInput) as refusal:
        ELSEWHERE.contract(embedded, "vault")
    assert refusal.value.code == "wrong_chain"
