"""The founding of a development network: contracts, tokens, money, deposits."""

from typing import Final

from offbeat.chain import (
    Contract,
    Deployment,
    Gateway,
    Quorum,
    Sender,
    deploy,
    deploy_dev_token,
    load_artifact,
)
from offbeat.cli.devnet_plan import Devnet
from offbeat.core import limits
from offbeat.core.ports import DevChain
from offbeat.intents import address_of

REPORTER_THRESHOLD: Final = 2
FUNDS_WEI: Final = 10**21
CASH: Final = ("USDC", 6, 1_000_000)
"""Symbol, decimals, and whole units: as many as each trader gets deposited, and again to hold."""
SPOT: Final = ("ETH", 18, 100)


def found(chain: DevChain, network: Devnet) -> Deployment:
    """Contracts, tokens, money for everybody who pays, and collateral for every trader."""
    deployer = Sender(chain, network.keys["deployer"])
    for name, key in network.keys.items():
        if name.startswith(("clearer", "deployer", "submitter", "trader")):
            chain.fund(address_of(key), FUNDS_WEI)
    deployment = deploy(
        deployer,
        sequencers=Quorum(tuple(network.addresses("sequencer").values()), 1),
        reporters=Quorum(tuple(network.addresses("reporter").values()), REPORTER_THRESHOLD),
        cash=deploy_dev_token(deployer, *CASH[:2]),
        underlyings=[deploy_dev_token(deployer, *SPOT[:2])],
    )
    traders = network.addresses("trader").values()
    gateway = Gateway(deployer, deployment)
    for token, (symbol, decimals, amount) in zip(
        (deployment.cash, *deployment.underlyings), (CASH, SPOT), strict=True
    ):
        contract = Contract(chain, token.address, load_artifact("DevToken"))
        units = amount * 10**decimals
        contract.write(deployer, "mint", deployer.address, units * len(traders))
        contract.write(deployer, "approve", deployment.contracts["vault"], units * len(traders))
        for trader in traders:
            contract.write(deployer, "mint", trader, units)
            gateway.deposit(symbol, trader, 0, amount * limits.QUANTITY_SCALE)
    return deployment
