"""A trader with a wallet in the browser, against a real network: from the chain to finality."""

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
from browser_wallet import Maker, Wallet, key_of, option_names

from offbeat.intents import Order, parse_typed_data

Open = Callable[..., Any]
SIGN = re.compile("^Sign")


def choose(page: Any, preset: str) -> None:
    page.get_by_label("Strategy preset").select_option(preset)


def sign(page: Any) -> None:
    """Sign what stands there, and see it acknowledged."""
    page.get_by_role("button", name=SIGN).click()
    page.get_by_text("Signed and acknowledged").wait_for()


def follow(page: Any) -> Any:
    """Go to the intent that was just signed."""
    page.get_by_role("link", name=re.compile("^Follow 0x")).click()
    return page.locator("article.chosen")


def reaches(page: Any, status: str) -> None:
    page.locator(f'article.chosen[data-status="{status}"]').wait_for()


def test_an_iron_condor_from_the_chain_to_finality(
    connected: Open, wallet: Wallet, maker: Maker, home: str
) -> None:
    page = connected(wallet)
    page.get_by_role("button", name=re.compile("^Buy ETH-")).first.wait_for()
    choose(page, "Iron condor")
    figures = page.get_by_label("Figures of the order")
    for name in ("Net credit", "Maximum profit", "Maximum loss", "Break-even", "Chance of profit"):
        figures.get_by_text(name).wait_for()
    assert figures.get_by_text("unlimited").count() == 0
    page.get_by_role("img", name=re.compile("^Profit and loss")).wait_for()
    margin = page.get_by_label("Margin before and after")
    margin.get_by_text("✓ enough").nth(1).wait_for()
    page.get_by_text("What your wallet will show").click()
    limit = page.get_by_label("Limit per unit").input_value()
    page.get_by_text(f"receive at least {limit} USDC per unit").wait_for()
    sign(page)

    order, domain = parse_typed_data(wallet.signed[0])
    assert isinstance(order, Order)
    assert [each.ratio for each in order.legs] == [1, -1, -1, 1]
    assert order.limit_micros == -round(float(limit) * 1_000_000)
    said = httpx.get(f"{home}/v1/domain").json()["domain"]
    assert json.loads(wallet.signed[0])["domain"] == said
    assert domain.chain_id == int(said["chainId"])

    intent = follow(page)
    maker.take(wallet.signed[0])
    reaches(page, "final")
    for step in ("signed", "relayed", "cleared", "settled", "final"):
        assert intent.get_by_text(step, exact=True).is_visible()
    assert intent.get_by_text("filled 1 of 1").is_visible()
    for name in option_names(wallet.signed[0]):
        page.get_by_label("Positions").get_by_role("row", name=name[3:]).wait_for()


def test_an_order_is_cancelled(connected: Open, wallet: Wallet) -> None:
    page = connected(wallet)
    choose(page, "Straddle")
    page.get_by_label("Limit per unit").fill("0.01")
    sign(page)
    intent = follow(page)
    intent.get_by_role("button", name="Cancel").click()
    reaches(page, "cancelled")
    with page.expect_download() as begun:
        page.get_by_label("Done").get_by_role("button", name="Save as CSV").click()
    saved = begun.value.path().read_text()
    assert "received,intent,what,status" in saved
    assert ",cancelled," in saved
    assert json.loads(wallet.signed[1])["primaryType"] == "Cancel"
    nonces = [json.loads(each)["message"]["nonce"] for each in wallet.signed]
    assert nonces[0] == nonces[1]


def test_orders_in_a_row_have_nonces_of_their_own(connected: Open, wallet: Wallet) -> None:
    page = connected(wallet)
    for limit in ("0.01", "0.02", "0.03"):
        choose(page, "Long call")
        page.get_by_label("Limit per unit").fill(limit)
        sign(page)
    nonces = {json.loads(each)["message"]["nonce"] for each in wallet.signed}
    assert len(nonces) == 3
    page.get_by_label("Option chain").get_by_text("0.03").wait_for()


def test_a_refusal_in_the_wallet_sends_nothing(connected: Open, wallet: Wallet, home: str) -> None:
    wallet.refuses = True
    page = connected(wallet)
    choose(page, "Long call")
    page.get_by_role("button", name=SIGN).click()
    page.get_by_text("You refused in the wallet. Nothing was sent.").wait_for()
    number = wallet.address.lower() + "00000000"
    nonce = json.loads(wallet.signed[0])["message"]["nonce"]
    listed = httpx.get(f"{home}/v1/accounts/{number}/intents").json()
    assert all(each["message"]["nonce"] != nonce for each in listed)
    page.get_by_role("button", name=SIGN).click(trial=True)


def test_a_bad_order_is_told_why(connected: Open, network: dict[str, Any]) -> None:
    poor = Wallet(bytes(31) + b"\x07", network["rpc_url"])
    page = connected(poor)
    choose(page, "Long call")
    page.get_by_label("Margin before and after").get_by_text("✗ too little").wait_for()
    page.get_by_role("button", name=SIGN).click()
    told = page.get_by_role("alert")
    told.get_by_text("The account has not enough cash for it.").wait_for()
    assert told.get_by_text("cash_negative").is_visible()
    page.get_by_label("Quantity").fill("0.0005")
    page.get_by_text("The quantity is a multiple of 0.001.").wait_for()
    assert page.get_by_role("button", name=SIGN).is_disabled()


def test_a_lost_connection_resumes_where_it_was(
    visit: Open, wallet: Wallet, maker: Maker, home: str
) -> None:
    page = visit(wallet)
    line = Line()
    page.route_web_socket(re.compile("/v1/stream$"), line.meet)
    page.goto(home)
    page.get_by_role("button", name="Connect", exact=True).click()
    page.get_by_role("button", name=wallet.name).click()
    choose(page, "Bull call spread")
    sign(page)
    follow(page)
    page.get_by_text("live", exact=True).wait_for()
    line.cut()
    page.get_by_text("connection lost").wait_for()
    maker.take(wallet.signed[0])
    line.mend()
    reaches(page, "final")
    resumed = [each for each in map(json.loads, line.said) if each.get("after")]
    assert {each["channel"].partition(":")[0] for each in resumed} >= {"account"}


class Line:
    """The way of a page's streams to the relay, which may be cut."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self._open: list[Any] = []
        self._is_cut = False

    def meet(self, socket: Any) -> None:
        """A stream begins."""
        if self._is_cut:
            socket.close()
            return
        server = socket.connect_to_server()
        self._open.append(socket)

        def pass_on(message: str) -> None:
            self.said.append(message)
            server.send(message)

        socket.on_message(pass_on)

    def cut(self) -> None:
        self._is_cut = True
        for socket in self._open:
            socket.close(code=1012)

    def mend(self) -> None:
        self._is_cut = False


def test_an_order_goes_to_several_relays(
    connected: Open, wallet: Wallet, network: dict[str, Any]
) -> None:
    page = connected(wallet)
    page.get_by_role("link", name="Explorer").click()
    page.get_by_label("Address of another relay").fill("javascript:alert(1)")
    page.get_by_role("button", name="Add relay").click()
    second = network["relays"][1]
    page.get_by_label("Address of another relay").fill(second)
    page.get_by_role("button", name="Add relay").click()
    page.get_by_label("Relays").get_by_text("✓ in use").nth(1).wait_for()
    page.get_by_role("link", name="Trade").click()
    choose(page, "Long put")
    page.get_by_label("Limit per unit").fill("0.01")
    with page.expect_request(f"{second}/v1/intents") as sent:
        page.get_by_role("button", name="Sign, and send to 2 relays").click()
    page.get_by_text("Signed and acknowledged").wait_for()
    assert sent.value.response().status in (200, 201)


def test_a_devnet_key_is_labelled_as_such(visit: Open, home: str, network: dict[str, Any]) -> None:
    page = visit()
    page.goto(home)
    page.get_by_role("button", name="Connect", exact=True).click()
    page.get_by_label("Private key").fill("1234")
    page.get_by_role("button", name="Use this key").click()
    page.get_by_text("A key is 64 hexadecimal digits.").wait_for()
    page.get_by_label("Private key").fill(key_of(network, "trader-2").hex())
    page.get_by_role("button", name="Use this key").click()
    page.get_by_text("Throw-away devnet key.").wait_for()
    choose(page, "Long call")
    page.get_by_label("Limit per unit").fill("0.01")
    sign(page)
    kept = page.evaluate("JSON.stringify({ ...localStorage, ...sessionStorage })")
    assert key_of(network, "trader-2").hex() not in kept
    follow(page).get_by_role("button", name="Cancel").click()
    reaches(page, "cancelled")
