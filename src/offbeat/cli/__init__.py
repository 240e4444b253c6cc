"""The command line. Each command, or group of them, is a module that is imported when called."""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

from cyclopts import App, CycloptsError, Group, Parameter

from offbeat.cli.output import ExitCode, Result, emit, emit_error, exit_code
from offbeat.core import InvalidInput, OffbeatError

__all__ = ["app", "main"]

app = App(
    name="offbeat",
    help="Asynchronous execution for on-chain options.",
    version=lambda: version("offbeat"),
)
app.command("offbeat.cli.account:app", name="account", help="Account records, from the chain.")
app.command("offbeat.cli.cancel:cancel", name="cancel", help="Cancel one order, or everything.")
app.command("offbeat.cli.deploy:deploy", name="deploy", help="Put the contracts on a chain.")
app.command("offbeat.cli.deposit:deposit", name="deposit", help="Deposit cash or spot.")
app.command("offbeat.cli.demo:demo", name="demo", help="Trade on a network, through a crash.")
app.command("offbeat.cli.escape:escape", name="escape", help="Settle without sequencers.")
app.command("offbeat.cli.force:app", name="force", help="Make sequencers do what they ignore.")
app.command("offbeat.cli.intent:app", name="intent", help="Describe, hash, sign, verify intents.")
app.command("offbeat.cli.margin:margin", name="margin", help="What positions need as collateral.")
app.command("offbeat.cli.devnet:app", name="devnet", help="A chain and relays to try it all on.")
app.command("offbeat.cli.node:app", name="node", help="Run a relay.")
app.command(
    "offbeat.cli.reporter:app", name="reporter", help="Report prices for scan margin and expiry."
)
app.command("offbeat.cli.market:replay", name="replay", help="Trade a real book and tape.")
app.command("offbeat.cli.market:simulate", name="simulate", help="Trade an invented market.")
app.command("offbeat.cli.trade:trade", name="trade", help="Sign a strategy and see it settled.")
app.command("offbeat.cli.withdraw:withdraw", name="withdraw", help="Withdraw cash or spot.")

app.register_install_completion_command(add_to_startup=False)
app.meta.group_parameters = Group("Everywhere")


@app.meta.default
def _run(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    json: Annotated[
        bool, Parameter(negative="", help="Answer with one JSON object on standard output.")
    ] = False,
) -> ExitCode:
    result = app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    if isinstance(result, Result):
        emit(result, json)
        return result.exit_code
    return ExitCode.OK


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; ``arguments`` default to the process's own."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    try:
        code = app.meta(given, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
        return ExitCode.OK if code is None else code
    except CycloptsError as error:
        emit_error(InvalidInput("usage", str(error)), as_json)
        return ExitCode.USAGE
    except OffbeatError as error:
        emit_error(error, as_json)
        return exit_code(error)
    except BrokenPipeError:
        # Nobody reads on; the interpreter must not try to flush once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILURE
    except KeyboardInterrupt:
        return ExitCode.FAILURE
