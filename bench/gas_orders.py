"""Two-leg orders by batch size, positions held and margin test, after honest preparation."""

from collections.abc import Sequence
from typing import Final

from gas_desk import Desk
from gas_market import CASH, N_TRADERS, Landed, Table
from offbeat.relay.packing import pack_credit
from offbeat.rulebook import Mode, symbol_number

BATCH_SIZES: Final = (2, 8, 16, 64)
POSITIONS: Final = (2, 8, 16, 32)
MARGINS: Final = {"scan-512": (Mode.SCAN, 512), "scan": (Mode.SCAN, 1), "static": (Mode.STATIC, 0)}
"""The margin test, and the rows of the report: 512, just the batch's own (1), or no report."""
CASH_MICROS: Final = 10**11
CREDITS_PER_BATCH: Final = 32
SECTIONS_PER_BATCH: Final = 16
OPTIONS_PER_ORDER: Final = 4


def fund(desk: Desk) -> None:
    """Deposit cash for everybody, and credit it."""
    for start in range(0, N_TRADERS, CREDITS_PER_BATCH):
        traders = range(start, start + CREDITS_PER_BATCH)
        for trader in traders:
            desk.market.deposit(desk.market.traders[trader], CASH, CASH_MICROS)
        credit(desk, traders, Table(()))


def credit(desk: Desk, traders: Sequence[int], table: Table) -> Landed:
    """A batch that gives these traders their deposits, which are all that is in the inbox."""
    credits = [item for _, item in sorted(desk.market.state.inbox.items())]
    sections = [
        desk.section(trader, Mode.HOLD, table, [pack_credit(index, symbol_number(CASH), CASH, {})])
        for index, trader in enumerate(traders)
    ]
    return desk.market.settle(table, sections, credits)


def open_positions(desk: Desk, n_positions: int) -> None:
    """Trade until every account holds so many positions: an order for each expiry."""
    for start in range(0, N_TRADERS, SECTIONS_PER_BATCH):
        table = desk.table(N_TRADERS, n_positions)
        sections = []
        for trader in range(start, start + SECTIONS_PER_BATCH):
            held = desk.options_of(trader, n_positions)
            groups = [
                held[at : at + OPTIONS_PER_ORDER] for at in range(0, len(held), OPTIONS_PER_ORDER)
            ]
            orders = [desk.order(trader, legs, table, nonce=n) for n, legs in enumerate(groups)]
            sections.append(desk.section(trader, Mode.STATIC, table, orders))
        desk.market.settle(table, sections)


def measure_orders(desk: Desk, n_positions: int) -> dict[str, Landed]:
    """A batch for each margin test and size, every one from the same start."""
    measured = {}
    start = desk.market.checkpoint()
    for margin, (mode, report_rows) in MARGINS.items():
        for size in BATCH_SIZES:
            table = desk.table(size, n_positions, report_rows)
            orders = [desk.vertical(trader, n_positions, table) for trader in range(size)]
            measured[f"{margin}/{n_positions}/{size}"] = desk.land(mode, table, orders)
            start = desk.market.restore(start)
    return measured
