"""The founding of a development network, and the reporters of its invented market."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from coincurve import PrivateKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

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
from offbeat.intents import Domain, address_of, report_digest, sign_digest
from offbeat.sim import live_report
from offbeat.wire import report_to_json

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


def reporters_app(
    reporters: Sequence[PrivateKey], domain: Domain, now: Callable[[], float] = time.time
) -> Starlette:
    """Reporter ``n`` at ``/reporters/n/report``: the market's report, signed."""

    def report(request: Request) -> JSONResponse:
        number = request.path_params["number"]
        if number >= len(reporters):
            return JSONResponse({"error": "no such reporter"}, 404)
        return JSONResponse(signed_report(number, reporters[number], domain, int(now())))

    return Starlette(routes=[Route("/reporters/{number:int}/report", report)])


def signed_report(
    number: int, reporter: PrivateKey, domain: Domain, time_seconds: int
) -> dict[str, Any]:
    """The report of a moment as a relay's feed reads it."""
    report = live_report(time_seconds)
    digest = report_digest(
        report.timestamp_seconds, report.underlyings_hash, report.rows_root, domain
    )
    signature = sign_digest(digest, reporter)
    return {
        "report": report_to_json(report),
        "signer": number,
        "signature": f"0x{signature.hex()}",
    }
