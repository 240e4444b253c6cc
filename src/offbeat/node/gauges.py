"""What Prometheus reads of the relay itself, looked up when it asks: base units, few labels."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from offbeat.core import Unavailable
from offbeat.node.engine import Relay
from offbeat.node.transmitter import Transmitter

PREFIX: Final = "offbeat_"
WEI: Final = 10**18


class RelayGauges(Collector):
    """How far a relay has come, what waits in it, and what is wrong with it."""

    def __init__(self, relay: Relay, transmitter: Transmitter) -> None:
        self._relay = relay
        self._transmitter = transmitter

    def collect(self) -> Iterator[Metric]:
        """See Prometheus' client library; looks at memory only."""
        yield _gauge("ready", "1 while new work is taken.", not self._relay.troubles())
        troubles = [*self._relay.notices().values(), *self._transmitter.troubles()]
        troubles += self._relay.troubles()
        family = GaugeMetricFamily(
            f"{PREFIX}trouble", "1 for each thing that is wrong now.", labels=["code"]
        )
        for code in sorted({str(each.code) for each in troubles}):
            family.add_metric([code], 1)
        yield family
        book = self._relay.book
        yield _gauge("open_intents", "Intents that have not ended.", len(book.intents))
        yield _gauge("open_batches", "Batches that are not final.", len(book.batches))
        yield _gauge(
            "open_transactions",
            "Transactions that are not final.",
            self._transmitter.open_transactions,
        )
        balances = GaugeMetricFamily(
            f"{PREFIX}submitter_balance_ether",
            "What a submitter owned when it was last looked at, by its place in the settings.",
            labels=["submitter"],
        )
        for number, wei in enumerate(self._transmitter.balances_wei()):
            if wei is not None:
                balances.add_metric([str(number)], wei / WEI)
        yield balances
        yield from self._progress()

    def _progress(self) -> Iterator[Metric]:
        try:
            view = self._relay.view
        except Unavailable:
            return
        yield _gauge("block_number", "Latest block followed.", view.block.number)
        yield _gauge("block_time_seconds", "Its time.", view.block.timestamp_seconds)
        yield _gauge("base_fee_wei", "Its base fee.", view.block.base_fee_wei)
        yield _gauge("final_block_number", "Latest final block.", view.final_number)
        yield _gauge("batch_number", "Latest settled batch.", view.settled.number)
        yield _gauge("final_batch_number", "Latest final batch.", view.final.number)
        yield _gauge("inbox_items", "Deposits that wait.", len(view.settled.inbox))
        if view.report is not None:
            yield _gauge(
                "report_time_seconds", "Time of the oracle report.", view.report.timestamp_seconds
            )


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, text, value=value)
