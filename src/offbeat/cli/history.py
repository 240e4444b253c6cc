"""The protocol's state, rebuilt from the chain alone: what several commands start from."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from offbeat.chain import read_acts, read_rules
from offbeat.cli.inputs import read_deployment
from offbeat.cli.output import progress
from offbeat.core.ports import Chain
from offbeat.reconciliation import follow
from offbeat.rulebook import State
from offbeat.wire import BatchLanded

if TYPE_CHECKING:
    from offbeat.chain import Deployment


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The chain that tells the history."""

    deployment: Annotated[
        Path,
        Parameter(help="File that says where Offbeat stands.", env_var="OFFBEAT_DEPLOYMENT"),
    ]
    rpc: Annotated[
        str,
        Parameter(
            help="URL of a node; one with a key in it belongs in the environment.",
            env_var="OFFBEAT_RPC_URL",
        ),
    ]

    def read_deployment(self) -> "Deployment":
        """The deployment in the file."""
        return read_deployment(self.deployment)


def rebuild(chain: Chain, deployment: "Deployment", last_block: int) -> State:
    """The state after ``last_block``, from calldata and events."""
    state = State(read_rules(chain, deployment))
    with progress("Reading the chain") as update:
        for act in read_acts(chain, deployment, last_block=last_block):
            state = follow(state, act)
            if isinstance(act, BatchLanded):
                update(f"batch {act.number}, block {act.place.block_number} of {last_block}")
    return state
