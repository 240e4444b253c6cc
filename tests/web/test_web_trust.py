"""Whatever a relay, a wallet or anybody's text says: the page signs only what it has built."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from browser_wallet import Wallet

Open = Callable[..., Any]
Change = Callable[[Any], Any]
SIGN = re.compile("^Sign|^Connect a wallet")
HOSTILE = '<img src=x onerror="window.broken=1">\'); DROP TABLE x;--\u202e\u0000${7*7}{{7*7}}'
OTHER = "0x52908400098527886E0F7030069857D2E4169EE7"


def rewrite(page: Any, path: str, change: Change) -> None:
    """Change the relay's answers at a path."""

    def answer(route: Any) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=json.dumps(change(response.json())))

    page.route(re.compile(path), answer)


def with_domain(**changes: Any) -> Change:
    return lambda said: said | {"domain": said["domain"] | changes}


def with_members(name: str, change: Callable[[list[Any]], list[Any]]) -> Change:
    return lambda said: said | {"types": said["types"] | {name: change(said["types"][name])}}


LIES: dict[str, Change] = {
    "another standard": with_domain(name="Permit2"),
    "another version": with_domain(version="2"),
    "a salt": with_domain(salt="0x00"),
    "members in another order": with_members("Order", lambda members: members[::-1]),
    "a member less": with_members("Order", lambda members: members[:-1]),
    "another type": with_members(
        "Leg", lambda members: [members[0], {**members[1], "type": "int8"}]
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_relay_that_lies_about_what_to_sign(
    visit: Open, wallet: Wallet, home: str, lie: str
) -> None:
    page = visit(wallet)
    rewrite(page, "/v1/domain$", LIES[lie])
    page.goto(home)
    page.get_by_text("This relay is not to be trusted.").wait_for()
    page.get_by_role("button", name="Connect", exact=True).click()
    page.get_by_role("button", name=wallet.name).click()
    page.get_by_label("Strategy preset").select_option("Long call")
    assert page.get_by_role("button", name=SIGN).is_disabled()
    assert not wallet.signed


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"verifyingContract": OTHER}, "knows no such Offbeat contract"),
        ({"chainId": "5"}, "Your wallet is on chain 31337"),
    ],
)
def test_a_relay_that_names_another_contract_is_caught_by_the_wallets_own_node(
    visit: Open, wallet: Wallet, home: str, changes: dict[str, str], told: str
) -> None:
    page = visit(wallet)
    rewrite(page, "/v1/domain$", with_domain(**changes))
    page.goto(home)
    page.get_by_role("button", name="Connect", exact=True).click()
    page.get_by_role("button", name=wallet.name).click()
    page.get_by_label("Strategy preset").select_option("Long call")
    page.get_by_role("button", name=SIGN).click()
    page.get_by_text(told).wait_for()
    assert not wallet.signed


def test_a_relay_that_moves_is_noticed(connected: Open, wallet: Wallet) -> None:
    page = connected(wallet)
    page.get_by_label("Strategy preset").select_option("Long call")
    page.get_by_role("button", name=SIGN).click(trial=True)
    rewrite(page, "/v1/domain$", with_domain(verifyingContract=OTHER))
    page.reload()
    page.get_by_text("This relay settles on another contract than before").wait_for()
    page.get_by_role("button", name="Connect", exact=True).click()
    page.get_by_role("button", name=wallet.name).click()
    page.get_by_label("Strategy preset").select_option("Long call")
    assert page.get_by_role("button", name=SIGN).is_disabled()
    assert not wallet.signed


def test_a_relay_that_answers_with_another_intent(connected: Open, wallet: Wallet) -> None:
    page = connected(wallet)
    rewrite(page, "/v1/intents$", lambda said: said | {"intent_hash": "0x" + "66" * 32})
    page.get_by_label("Strategy preset").select_option("Long call")
    page.get_by_label("Limit per unit").fill("0.01")
    page.get_by_role("button", name=SIGN).click()
    page.get_by_text("A relay answered with another intent than the one").wait_for()


def spoil(value: Any) -> Any:
    """Every text that is no number, hash or address becomes a hostile one."""
    if isinstance(value, dict):
        return {key: spoil(each) for key, each in value.items()}
    if isinstance(value, list):
        return [spoil(each) for each in value]
    is_data = isinstance(value, str) and re.fullmatch("-?[0-9]+|0x[0-9a-fA-F]*", value)
    return HOSTILE if isinstance(value, str) and not is_data else value


def spoil_all(value: Any) -> Any:
    """Every text becomes hostile, numbers too."""
    if isinstance(value, dict):
        return {key: spoil_all(each) for key, each in value.items()}
    if isinstance(value, list):
        return [spoil_all(each) for each in value]
    return HOSTILE if isinstance(value, str) else value


@pytest.mark.parametrize("change", [spoil, spoil_all])
def test_hostile_texts_are_only_texts(
    visit: Open, wallet: Wallet, home: str, change: Change
) -> None:
    wallet.name = HOSTILE[:36].replace("\u202e", "")
    wallet.icon = "javascript:window.broken=1"
    page = visit(wallet)
    rewrite(page, "/v1/(instruments|report|batches|accounts|margin)", change)
    page.goto(home)
    page.get_by_role("button", name="Connect", exact=True).click()
    page.get_by_role("button", name=wallet.name).click()
    for name in ("Follow", "Explorer", "Trade"):
        page.get_by_role("link", name=name, exact=True).click()
        page.get_by_role("heading", level=1, name=name).wait_for(state="attached")
    if change is spoil:
        page.get_by_label("Strategy preset").select_option("Long call")
    else:
        page.get_by_text("The relay's market makes no sense.").wait_for()
    assert page.evaluate("window.broken") is None
    assert page.locator("#page img[src='x']").count() == 0


def test_a_hostile_refusal_is_only_text(connected: Open, wallet: Wallet) -> None:
    page = connected(wallet)
    problem = {"code": HOSTILE, "detail": HOSTILE, "retryable": False}
    page.route(
        re.compile("/v1/intents$"),
        lambda route: route.fulfill(status=422, body=json.dumps(problem)),
    )
    page.get_by_label("Strategy preset").select_option("Long call")
    page.get_by_role("button", name=SIGN).click()
    page.get_by_role("alert").get_by_text("onerror").first.wait_for()
    assert page.evaluate("window.broken") is None
