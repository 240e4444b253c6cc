"""Gas of settlement on a real node, compared with the committed snapshot.

::

    python bench/gas.py            print the tables; exit 1 where anything costs over 1 % more
    python bench/gas.py --update   accept what was measured: write docs/gas.json and docs/gas.md
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[1]
sys.path.append(str(REPOSITORY / "tests" / "support"))

from anvil_process import anvil_process, find_anvil  # noqa: E402

from gas_actions import HELD, measure_actions  # noqa: E402
from gas_certificates import measure_certificates  # noqa: E402
from gas_desk import Desk  # noqa: E402
from gas_forced import measure_forced  # noqa: E402
from gas_listing import GENESIS_SECONDS  # noqa: E402
from gas_market import Market  # noqa: E402
from gas_orders import POSITIONS, fund, measure_orders, open_positions  # noqa: E402
from gas_page import Figures, render  # noqa: E402

SNAPSHOT: Final = REPOSITORY / "docs" / "gas.json"
PAGE: Final = REPOSITORY / "docs" / "gas.md"
TOLERANCE_PERCENT: Final = 1


def measure(desk: Desk) -> Figures:
    """Every figure; each case starts from the same chain."""
    figures: Figures = {"orders": {}, "actions": {}, "forced": {}, "certificates": {}}
    fund(desk)
    funded = desk.market.checkpoint()
    for n_positions in POSITIONS:
        open_positions(desk, n_positions)
        for name, landed in measure_orders(desk, n_positions).items():
            figures["orders"][name] = {
                "gas": landed.gas,
                "calldata_bytes": len(landed.calldata),
                "rows": landed.rows,
                "proof_nodes": landed.proof_nodes,
            }
        if n_positions == HELD:
            for name, gas in measure_actions(desk).items():
                figures["actions"][name] = {"gas": gas}
            for name, gas in measure_forced(desk).items():
                figures["forced"][name] = {"gas": gas}
        funded = desk.market.restore(funded)
    for name, gas in measure_certificates(desk.market.chain).items():
        figures["certificates"][name] = {"gas": gas}
    return figures


def compare(figures: Figures, snapshot: Figures) -> tuple[list[str], list[str]]:
    """What became dearer than the tolerance allows, and what else changed by more than that."""
    worse, other = [], []
    for group in figures:
        new, old = figures[group], snapshot.get(group, {})
        for name in new | old:
            now = new.get(name, {}).get("gas", 0)
            then = old.get(name, {}).get("gas", 0)
            line = f"{group} {name}: {then:,} -> {now:,}"
            if then and (now - then) * 100 > then * TOLERANCE_PERCENT:
                worse.append(line)
            elif abs(now - then) * 100 > then * TOLERANCE_PERCENT:
                other.append(line)
    return worse, other


def main() -> int:
    """Command line; exit status 1 on a regression or without a node."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--update", action="store_true", help="write the snapshot and the page")
    update = parser.parse_args().update
    if find_anvil() is None:
        sys.stderr.write("no anvil: `make anvil` installs it where npm is present\n")
        return 1
    with anvil_process(genesis_seconds=GENESIS_SECONDS) as chain:
        figures = measure(Desk(Market(chain)))
    page = render(figures)
    sys.stdout.write(page)
    if update:
        SNAPSHOT.write_text(json.dumps(figures, indent=1) + "\n")
        PAGE.write_text(page)
        return 0
    worse, other = compare(figures, json.loads(SNAPSHOT.read_text()))
    for line in other:
        sys.stdout.write(f"changed: {line}\n")
    for line in worse:
        sys.stderr.write(f"DEARER: {line}\n")
    if other and not worse:
        sys.stdout.write("accept with `make gas ARGS=--update`\n")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
