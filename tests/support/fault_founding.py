"""Contracts, money and people of a network under faults."""

from people import OPERATOR, SEQUENCERS, Person, person

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
from offbeat.core.ports import DevChain

N_RELAYS = 2
CROWD = tuple(person(f"trader {number}") for number in range(6))
SUBMITTERS: tuple[tuple[Person, ...], ...] = tuple(
    tuple(person(f"submitter {relay} {number}") for number in range(2)) for relay in range(N_RELAYS)
)
"""Of each relay."""
FUNDS_WEI = 10**21
MICROS = 10**6
CASH_MICROS, SPOT_MICROS = 10**6 * MICROS, 100 * MICROS
"""What each trader has deposited."""


def found(chain: DevChain) -> Deployment:
    """Everybody has money, and every trader's deposits wait in the inbox."""
    for each in (OPERATOR, *(each for relay in SUBMITTERS for each in relay)):
        chain.fund(each.address, FUNDS_WEI)
    operator = Sender(chain, OPERATOR.key.secret)
    deployment = deploy(
        operator,
        sequencers=Quorum((SEQUENCERS[0].address,), 1),
        reporters=Quorum((OPERATOR.address,), 1),
        cash=deploy_dev_token(operator, "USDC", 6),
        underlyings=[deploy_dev_token(operator, "ETH", 18)],
    )
    gateway = Gateway(operator, deployment)
    amounts = {"USDC": CASH_MICROS, "ETH": SPOT_MICROS}
    for token in (deployment.cash, *deployment.underlyings):
        contract = Contract(chain, token.address, load_artifact("DevToken"))
        contract.write(operator, "mint", OPERATOR.address, 10**40)
        contract.write(operator, "approve", deployment.contracts["vault"], 10**40)
        for each in CROWD:
            gateway.deposit(token.symbol, each.address, 0, amounts[token.symbol])
    return deployment
