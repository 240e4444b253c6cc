"""Holds the closed books against what the contracts store and the vault owns."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from offbeat.chain import Contract, load_artifact
from offbeat.sim.audit.books import Asset, Books, Pot, symbol_number
from offbeat.sim.audit.health import payoff_picos
from offbeat.sim.audit.payload import Instrument
from offbeat.sim.audit.verdict import Findings


class Closing:
    """The last look, at the contracts as they stand after ``block``."""

    def __init__(
        self, books: Books, findings: Findings, contracts: Mapping[str, Contract], block: int
    ) -> None:
        self._books = books
        self._findings = findings
        self._contracts = contracts
        self._block = block

    def check(self) -> None:
        """Every check of the end state."""
        self._findings.where = f"block {self._block}"
        self._progress()
        for account, record in self._books.records.items():
            same = self._read("settlement", "commitments", account) == record.commitment()
            self._expect("commitments_equal", same, f"account {account:#050x}: kept {record}")
        for (recipient, symbol), owed in self._books.owed.items():
            stored = self._read("vault", "claimable_micros", recipient, symbol_number(symbol))
            fault = f"0x{recipient.hex()} may claim {stored} {symbol}, not {owed}"
            self._expect("payments_made", stored == owed, fault)
        for group, pot in self._books.pots.items():
            self._pot(group, pot)
        self._options()
        for symbol, asset in self._books.assets.items():
            self._asset(symbol, asset)

    def _progress(self) -> None:
        books = self._books
        stored = (self._read("settlement", "head"), *self._read("settlement", "progress"))
        times = (books.time_seconds, books.report_seconds, books.certified_seconds)
        kept = (books.head, books.number, *times)
        self._expect("batches_chained", stored == kept, f"kept {kept}, stored {stored}")
        waiting = self._read("vault", "inbox_count") - self._read("vault", "inbox_consumed")
        same = waiting == len(books.inbox)
        self._expect("inbox_in_order", same, f"{waiting} wait, not {len(books.inbox)}")
        first = books.forced[0].intent_hash if books.forced else bytes(32)
        same = self._read("vault", "forced_digest") == first
        self._expect("inbox_in_order", same, f"0x{first.hex()} is not the request at the head")

    def _pot(self, group: int, pot: Pot) -> None:
        """The pot is as stored, and worth what those who have not settled yet are due in all."""
        stored = self._read("expiry", "pots", group)
        kept = (pot.price_micros, pot.cash_micros, pot.spot_micros)
        self._expect("expiries_paid", stored == kept, f"pot {group:#x} {stored}, kept {kept}")
        due = sum(
            payoff_picos({each: quantity}, pot.price_micros)
            for record in self._books.records.values()
            for each, quantity in record.positions.items()
            if each.group == group
        )
        worth = pot.cash_micros * 10**6 + pot.spot_micros * pot.price_micros
        self._expect("expiries_paid", worth >= due, f"pot {group:#x} has {worth}, owes {due}")

    def _options(self) -> None:
        net = Counter[Instrument]()
        for record in self._books.records.values():
            net.update(record.positions)
        for pot in self._books.pots.values():
            net.update(pot.options)
        for instrument, quantity in net.items():
            if instrument.is_option:
                self._expect("holdings_net_to_zero", not quantity, f"{quantity} of {instrument}")

    def _asset(self, symbol: str, asset: Asset) -> None:
        """What stayed of a token is what somebody holds, and the vault has it.

        Anybody may send the vault more than is deposited; the books tell how much.
        """
        books = self._books
        held = books.liabilities_micros(symbol)
        stayed = books.deposited[symbol] - books.paid[symbol]
        self._expect("holdings_net_to_zero", held == stayed, f"{symbol}: {held} of {stayed}")
        if not any(asset.token):
            return
        _, _, stored = self._read("vault", "assets", symbol_number(symbol))
        token = Contract(self._contracts["vault"].chain, asset.token, load_artifact("DevToken"))
        balance = token.read("balanceOf", self._contracts["vault"].address, block=self._block)
        covers = stored == held and balance >= held * asset.unit
        fault = f"{symbol}: owes {held} micros, stores {stored}, has {balance} units"
        self._expect("custody_covers", covers, fault)
        books.surplus_units[symbol] = balance - held * asset.unit

    def _read(self, role: str, name: str, *args: object) -> Any:
        return self._contracts[role].read(name, *args, block=self._block)

    def _expect(self, check: str, holds: bool, fault: str) -> None:
        self._findings.expect(check, holds, fault)
