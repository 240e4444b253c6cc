"""The measured figures as a page of Markdown."""

from collections.abc import Iterable, Sequence
from typing import Final

from gas_orders import BATCH_SIZES, MARGINS, POSITIONS

Figures = dict[str, dict[str, dict[str, int]]]
"""Gas and what goes with it, by group (orders, actions, forced, certificates) and case."""

HELD: Final = 8
LARGEST: Final = BATCH_SIZES[-1]
MARGIN_NAMES: Final = {
    "scan-512": "16-scenario scan, report of 512 rows",
    "scan": "16-scenario scan, report of the batch's rows alone",
    "static": "static test, no report",
}

PEERS: Final = (
    ("Derive v2, standard margin (half of a two-party trade)", "860,000"),
    ("Derive v2, portfolio margin", "2,360,000"),
    ("Derive v2, newest portfolio margin", "3,300,000"),
    ("UniswapX, spot", "136,000"),
    ("1inch, spot", "74,000"),
    ("CoW, spot, by batch size", "117,000 to 63,700"),
)

INTRODUCTION: Final = """# Gas

`make gas` measures this on a real node (anvil, Prague rules, a transaction's gas capped at
16,777,216) and fails when a figure grows by over 1 %; `make gas ARGS=--update` writes this page.

Every figure is a whole transaction: 21,000, calldata (EIP-7623 included) and execution, divided by
its orders. Each order is a vertical of two legs with its own signer, owner and account, and every
account already holds the stated number of options; earlier batches traded them, nothing was put
into storage. One signature certifies a batch, two of three reporters attest a report. A report of
512 rows needs a proof of the batch's rows against it; a report of just those rows needs none. A
trade has two sides, so the smallest batch of orders is two.
"""


def render(figures: Figures) -> str:
    """The whole page."""
    parts = [
        INTRODUCTION,
        "## Gas per order, by batch size\n",
        f"Accounts hold {HELD} options.\n",
        _size_table(figures),
        "## Gas per order, by positions held\n",
        f"Batches of {LARGEST} orders; the last column is what one further position adds.\n",
        _position_table(figures),
        "## Calldata and evidence\n",
        "Bytes of calldata per order, all included; rows of the batch, nodes of its proof.\n",
        _calldata_table(figures),
        "## Other actions\n",
        "Gas of one more such action in a batch that has others, its section of an account with 8\n"
        "options included; the last three are transactions of their own.\n",
        _gas_table("action", figures["actions"]),
        "## Forced requests\n",
        "Transactions of their own, of an account with 8 options.\n",
        _gas_table("transaction", figures["forced"]),
        "## Certificates\n",
        "What one adds to a batch under each verifier, calldata included.\n",
        _gas_table("verifier", figures["certificates"]),
        "## Peers\n",
        "Measured from their own code in the same way, gas per order.\n",
        _table(("protocol", "gas"), PEERS),
    ]
    return "\n".join(parts)


def _size_table(figures: Figures) -> str:
    rows = []
    for margin in MARGINS:
        cells = [_per_order(figures, margin, HELD, size) for size in BATCH_SIZES]
        rows.append((MARGIN_NAMES[margin], *cells))
    return _table(("margin", *(f"{size} orders" for size in BATCH_SIZES)), rows)


def _position_table(figures: Figures) -> str:
    rows = []
    for margin in MARGINS:
        cells = [_per_order(figures, margin, held, LARGEST) for held in POSITIONS]
        rows.append((MARGIN_NAMES[margin], *cells, _number(_per_position(figures, margin))))
    return _table(("margin", *(f"{held} held" for held in POSITIONS), "each"), rows)


def _gas_table(what: str, cases: dict[str, dict[str, int]]) -> str:
    return _table((what, "gas"), ((name, _number(case["gas"])) for name, case in cases.items()))


def _calldata_table(figures: Figures) -> str:
    rows = []
    for size in BATCH_SIZES:
        case = figures["orders"][f"scan-512/{HELD}/{size}"]
        cells = [_per_order(figures, margin, HELD, size, "calldata_bytes") for margin in MARGINS]
        rows.append((str(size), *cells, str(case["rows"]), str(case["proof_nodes"])))
    return _table(("orders", *MARGINS, "rows", "proof nodes"), rows)


def _per_order(figures: Figures, margin: str, held: int, size: int, what: str = "gas") -> str:
    return _number(figures["orders"][f"{margin}/{held}/{size}"][what] // size)


def _per_position(figures: Figures, margin: str) -> int:
    few, many = HELD, POSITIONS[-1]
    gas = {held: figures["orders"][f"{margin}/{held}/{LARGEST}"]["gas"] for held in (few, many)}
    return (gas[many] - gas[few]) // (LARGEST * (many - few))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ("---", *("---:" for _ in head[1:])), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _number(value: int) -> str:
    return f"{value:,}"
