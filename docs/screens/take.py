"""Take the pictures in this folder: every page, light and dark, wide and narrow.

PYTHONPATH=tests/support .venv/bin/python docs/screens/take.py
pngquant --force --ext .png docs/screens/*.png
"""

import shutil
import tempfile
from itertools import product
from pathlib import Path
from typing import Any, Final

from browser_wallet import Maker, Wallet, key_of
from devnet_process import devnet
from playwright.sync_api import sync_playwright

FOLDER: Final = Path(__file__).parent
SIZES: Final = {"wide": (1280, 800), "narrow": (390, 844)}
WAITING: Final = {"Butterfly": "1", "Long call": "81.5", "Long put": "79"}
TRADED: Final = ("Bull call spread", "Iron condor", "Straddle", "Risk reversal")


def main() -> None:
    """A small market, and its pictures."""
    chromium = shutil.which("chromium")
    with (
        tempfile.TemporaryDirectory() as folder,
        devnet(Path(folder) / "net", "--nodes=2") as network,
        sync_playwright() as started,
    ):
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        wallet = Wallet(key_of(network, "trader-1"), network["rpc_url"], name="Wallet")
        context = browser.new_context()
        trade(open_page(context, wallet, network), wallet, Maker.of(network, "trader-2"))
        kept = context.storage_state()
        for scheme, size in product(("light", "dark"), SIZES):
            width, height = SIZES[size]
            look: dict[str, Any] = {
                "color_scheme": scheme,
                "viewport": {"width": width, "height": height},
                "storage_state": kept,
            }
            page = open_page(browser.new_context(**look), wallet, network)
            for name in ("trade", "follow", "explore"):
                show(page, name)
                page.screenshot(path=FOLDER / f"{name}-{scheme}-{size}.png", full_page=True)
        browser.close()


def open_page(context: Any, wallet: Wallet, network: dict[str, Any]) -> Any:
    """The first relay's page with the wallet connected."""
    page = context.new_page()
    page.expose_function("askWallet", wallet.ask)
    page.add_init_script(wallet.script)
    page.goto(network["relays"][0])
    page.get_by_role("button", name="Connect", exact=True).click()
    page.get_by_role("button", name=wallet.name, exact=True).click()
    page.get_by_role("button", name="Leave").wait_for()
    return page


def trade(page: Any, wallet: Wallet, maker: Maker) -> None:
    """Some orders that reach finality, and some that wait."""
    for preset in TRADED:
        send(page, preset)
        maker.take(wallet.signed[-1])
        page.get_by_role("link", name="Follow 0x").click()
        page.locator('article.chosen[data-status="final"]').wait_for()
        page.get_by_role("link", name="Trade").click()
    for preset, limit in WAITING.items():
        send(page, preset, limit)


def send(page: Any, preset: str, limit: str = "") -> None:
    """Sign a preset, at its mark unless a limit is given."""
    page.get_by_label("Strategy preset").select_option(preset)
    if limit:
        page.get_by_label("Limit per unit").fill(limit)
    page.get_by_role("button", name="Sign and send").click()
    page.get_by_text("Signed and acknowledged").wait_for()


def show(page: Any, name: str) -> None:
    """Go to a page, and wait for what it shows."""
    page.goto(f"{page.url.partition('#')[0]}#/{name}")
    if name == "trade":
        page.get_by_label("Strategy preset").select_option("Iron condor")
        page.get_by_label("Margin before and after").get_by_text("enough").nth(1).wait_for()
    elif name == "follow":
        page.locator('article[data-status="final"]').nth(len(TRADED) - 1).wait_for()
    else:
        page.get_by_role("row", name="final").nth(len(TRADED) - 1).wait_for()
        page.get_by_role("button", name="3", exact=True).click()


if __name__ == "__main__":
    main()
