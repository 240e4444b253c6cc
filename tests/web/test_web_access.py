"""For everybody: by keyboard, in words, on a narrow screen, in the dark, and as a file."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser_wallet import Wallet

Open = Callable[..., Any]
PAGES = {"Trade": "Option chain", "Follow": "Open intents", "Explorer": "Batches"}
RUN_AXE = "axe.run(document, { resultTypes: ['violations'] }).then((found) => found.violations)"


def show(page: Any, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("heading", name=PAGES[name]).wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(connected: Open, wallet: Wallet, axe: str, scheme: str) -> None:
    page = connected(wallet, color_scheme=scheme)
    page.evaluate(axe)
    page.get_by_label("Strategy preset").select_option("Iron condor")
    page.get_by_label("Margin before and after").wait_for()
    for name in PAGES:
        show(page, name)
        serious = [
            (each["id"], [node["html"] for node in each["nodes"]])
            for each in page.evaluate(RUN_AXE)
            if each["impact"] in ("serious", "critical")
        ]
        assert not serious


@pytest.mark.parametrize("width", [360, 768])
def test_nothing_is_cut_off_on_a_narrow_screen(connected: Open, wallet: Wallet, width: int) -> None:
    page = connected(wallet, viewport={"width": width, "height": 800})
    page.get_by_label("Strategy preset").select_option("Iron condor")
    page.get_by_label("Margin before and after").wait_for()
    for name in PAGES:
        show(page, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_an_order_by_keyboard_alone(connected: Open, wallet: Wallet) -> None:
    page = connected(wallet)
    buy = page.get_by_role("button", name=re.compile("^Buy ETH-.*-C$")).first
    buy.focus()
    page.keyboard.press("Enter")
    page.get_by_label("Figures of the order").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("Sell ETH")
    page.get_by_role("button", name=re.compile("^Sign")).focus()
    wallet.refuses = True
    page.keyboard.press("Enter")
    page.get_by_text("You refused in the wallet.").wait_for()


def test_the_chart_has_a_twin_in_a_table(connected: Open, wallet: Wallet) -> None:
    page = connected(wallet)
    page.get_by_label("Strategy preset").select_option("Straddle")
    page.get_by_role("button", name="Show as table").click()
    rows = page.get_by_role("region", name="Payoff as a table").get_by_role("row")
    cells = [rows.nth(at).inner_text().split("\t") for at in range(1, rows.count())]
    assert len(cells) > 10
    assert all(re.fullmatch(r"[+−]?[0-9,]+\.[0-9]{2}", each) for row in cells for each in row)
    assert {row[2][0] for row in cells} == {"+", "−"}
    page.get_by_role("link", name="Explorer").click()
    page.get_by_role("button", name="Show as table").click()
    page.get_by_role("region", name="Volatility surface").get_by_text("%").first.wait_for()


def test_positions_are_saved_as_a_file(connected: Open, wallet: Wallet, tmp_path: Path) -> None:
    page = connected(wallet)
    show(page, "Follow")
    with page.expect_download() as begun:
        page.get_by_label("Positions").get_by_role("button", name="Save as CSV").click()
    target = tmp_path / "positions.csv"
    begun.value.save_as(target)
    lines = target.read_text().splitlines()
    assert lines[0] == "instrument,quantity,mark,value"
    assert lines[1].startswith("ETH,100")
