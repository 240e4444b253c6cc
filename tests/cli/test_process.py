"""The command as a process, and what every command has in common."""

import json
import subprocess
import sys
from collections.abc import Sequence

import pytest
from commands import Run
from hypothesis import given
from hypothesis import strategies as st

from offbeat.cli.output import ExitCode, exit_code, to_json
from offbeat.core import (
    ChainError,
    InvalidInput,
    OffbeatError,
    OutcomeUnknown,
    Reason,
    Refused,
    Unavailable,
)

ENTRY = "import sys; from offbeat.cli import main; sys.exit(main())"


def process(
    arguments: Sequence[str], stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", ENTRY, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "", **environment},
    )


def test_stdout_of_a_process_is_one_object_and_nothing_else() -> None:
    done = process(["margin", "-", "--json"], '{"cash": "1"}', FORCE_COLOR="1")
    assert done.returncode == 0
    assert json.loads(done.stdout)["cash_micros"] == "1000000"
    assert done.stderr == ""


def test_no_color_is_honoured() -> None:
    coloured = process(["margin", "-"], "{}", FORCE_COLOR="1", TERM="xterm-256color")
    plain = process(["margin", "-"], "{}", FORCE_COLOR="1", NO_COLOR="1", TERM="xterm-256color")
    assert "\x1b[2m" in coloured.stdout
    assert "\x1b[3" not in plain.stdout + plain.stderr


def test_a_reader_that_leaves_is_no_error_message() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ENTRY, "margin", "-", "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stderr is not None
        child.stdout.close()
        child.stdin.write(b"{}")
        child.stdin.close()
        assert child.stderr.read() == b""


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("intent", "nonsense"),
        ("margin",),
        ("margin", "a", "b"),
        ("margin", "a", "--nonsense"),
        ("account", "show"),
        ("account", "rebuild", "--block", "high", "--deployment", "d", "--rpc", "r"),
    ],
)
def test_what_cannot_be_parsed_is_a_usage_error(run: Run, arguments: tuple[str, ...]) -> None:
    answer = run(*arguments, "--json")
    assert answer.code == 2
    assert answer.json["error"]["code"] == "usage"
    assert answer.json["error"]["retryable"] is False
    people = run(*arguments)
    assert people.out == ""
    assert people.err.startswith("usage: ")


@pytest.mark.parametrize("arguments", [(), ("--help",), ("intent",), ("margin", "--help")])
def test_help_is_an_answer(run: Run, arguments: tuple[str, ...]) -> None:
    answer = run(*arguments)
    assert answer.code == 0
    assert "Usage: offbeat" in answer.out
    assert "--json" in answer.out


def test_the_version_is_the_packages(run: Run) -> None:
    assert run("--version").out.strip().count(".") == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInput("x", ""), ExitCode.USAGE),
        (Refused(Reason.UNHEALTHY, ""), ExitCode.REJECTED),
        (Unavailable("x", ""), ExitCode.NETWORK),
        (OutcomeUnknown("x", ""), ExitCode.UNKNOWN),
        (ChainError("x", ""), ExitCode.FAILURE),
        (ChainError("unhealthy", ""), ExitCode.REJECTED),
        (OffbeatError("x", ""), ExitCode.FAILURE),
    ],
)
def test_errors_have_exit_codes(error: OffbeatError, code: ExitCode) -> None:
    assert exit_code(error) is code


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.text(), VALUES))
def test_no_number_reaches_a_reader_who_would_round_it(data: dict[str, object]) -> None:
    def refuse(text: str) -> None:
        raise AssertionError(f"{text} is a number")

    json.loads(json.dumps(to_json(data)), parse_int=refuse, parse_float=refuse)


def test_values_are_written_as_they_are_read_elsewhere() -> None:
    assert to_json(
        {"a": 5, "b": True, "c": b"\xaa" * 20, "d": b"\x01", "e": (Reason.EXPIRED,)}
    ) == {
        "a": "5",
        "b": True,
        "c": "0xaAaAaAaaAaAaAaaAaAAAAAAAAaaaAaAaAaaAaaAa",
        "d": "0x01",
        "e": ["expired"],
    }
