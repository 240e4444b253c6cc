"""A browser, a network, a wallet: everything that the page's tests stand on."""

import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from browser_wallet import Maker, Wallet, key_of
from devnet_process import devnet

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE_MS = 20_000
WIDE = {"width": 1360, "height": 900}

Open = Callable[..., Any]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Debian's Chromium is."""
    if CHROMIUM is None:
        pytest.skip("no Chromium (apt-get install chromium)")
    if find_spec("playwright") is None:
        pytest.skip("no playwright for Python (`make test` installs it)")
    return CHROMIUM


# Playwright keeps an event loop running as long as it lives, which no other test could bear.
@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    """A browser for each module."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        found = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="session")
def network(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Two relays on the embedded chain."""
    with devnet(tmp_path_factory.mktemp("devnet") / "net", "--nodes=2", "--traders=4") as running:
        yield running


@pytest.fixture(scope="session")
def maker(network: dict[str, Any]) -> Maker:
    """Who takes the other side."""
    return Maker.of(network, "trader-4")


@pytest.fixture
def wallet(network: dict[str, Any]) -> Wallet:
    """A funded wallet."""
    return Wallet(key_of(network, "trader-1"), network["rpc_url"])


@pytest.fixture
def faults() -> list[str]:
    """What went wrong inside the pages of a test; nothing may."""
    return []


@pytest.fixture
def visit(browser: Any, network: dict[str, Any], faults: list[str]) -> Iterator[Open]:
    """Open the page of the first relay in a browser of its own, with a wallet or without."""
    contexts = []

    def open_page(wallet: Wallet | None = None, **options: Any) -> Any:
        context = browser.new_context(**({"viewport": WIDE} | options))
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: _note(faults, said))
        if wallet is not None:
            page.expose_function("askWallet", wallet.ask)
            page.add_init_script(wallet.script)
        return page

    yield open_page
    for context in contexts:
        for page in context.pages:
            page.unroute_all(behavior="ignoreErrors")  # an answer may be under way
        context.close()
    assert not faults


def _note(faults: list[str], said: Any) -> None:
    # A relay that refuses or is away is told to the user; that the console repeats it is no fault.
    if said.type == "error" and "Failed to load resource" not in said.text:
        faults.append(said.text)


@pytest.fixture
def home(network: dict[str, Any]) -> str:
    """The first relay's address."""
    url: str = network["relays"][0]
    return url


@pytest.fixture
def connected(visit: Open, home: str) -> Open:
    """Open the page, and connect a wallet to it."""

    def open_connected(wallet: Wallet, **options: Any) -> Any:
        page = visit(wallet, **options)
        page.goto(home)
        connect(page, wallet)
        return page

    return open_connected


def connect(page: Any, wallet: Wallet) -> None:
    """Choose the wallet in the page's dialog."""
    page.get_by_role("button", name="Connect", exact=True).click()
    page.get_by_role("button", name=wallet.name).click()
    page.get_by_role("button", name="Leave").wait_for()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    file = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"
    if not file.is_file():
        pytest.skip("no axe-core (`make web` installs it where npm is present)")
    return file.read_text()
