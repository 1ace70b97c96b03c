"""A forked command does what the console script does; a fork leaves nothing to the next."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
from support.command_line import PAIR, PRODUCTS, SAMPLE, invoice_import, run_script, tree
from support.fork_server import ForkServer, Ran

SECONDS = re.compile(r"\d{8}-\d{6}-\w+|(?<=in )\d+\.\d+")
UNSTABLE = re.compile(r"ledger\.sqlite|^runs/|\.duckdb$")


def _scrub(ran: Ran, place: Path) -> Ran:
    return Ran(
        ran.code, *(SECONDS.sub("#", text.replace(str(place), "PLACE")) for text in (ran.out, ran.err))
    )


def test_a_forked_command_says_and_leaves_what_the_script_does(tmp_path: Path) -> None:
    places = tmp_path / "forked", tmp_path / "script"
    commands: list[tuple[object, ...]] = [
        ("catalog", "load", PRODUCTS),
        ("check", SAMPLE),
        ("run", PAIR),
        ("ledger", "list"),
        ("run", tmp_path / "absent.xlsx"),
    ]
    for words in commands:
        forked, script = invoice_import(*words, workspace=places[0]), run_script(*words, workspace=places[1])
        assert _scrub(forked, places[0]) == _scrub(script, places[1]), words
    left, right = ({name for name in tree(place) if not UNSTABLE.search(name)} for place in places)
    assert left == right


@pytest.fixture
def server(tmp_path: Path) -> ForkServer:
    (tmp_path / "echo.py").write_text(
        "import os, sys\n"
        "def main():\n"
        "    print(sys.argv[1:], os.environ.get('MARK'), os.getcwd())\n"
        "    os.environ['LEFT'] = 'x'\n"
        "    assert len(sys.argv) < 4\n"
        "    return int(sys.argv[1])\n"
    )
    return ForkServer("echo:main", folders=[tmp_path])


def test_a_call_has_its_own_arguments_environment_folder_and_end(server: ForkServer, tmp_path: Path) -> None:
    assert server.run(3, env={"MARK": "m"}, folder=tmp_path) == Ran(3, f"['3'] m {tmp_path}\n", "")
    assert server.run(0, "é") == Ran(0, f"['0', 'é'] None {Path.cwd()}\n", "")
    failed = server.run(1, 2, 3)
    assert failed.code == 1
    assert failed.err.splitlines()[-1] == "AssertionError"


def test_calls_run_at_the_same_time_and_can_be_killed(server: ForkServer) -> None:
    first, second = server.start(0, stopped=True), server.start(5)
    assert server.wait(second).code == 5
    assert server.poll(first.pid) is None
    os.kill(first.pid, signal.SIGKILL)
    assert server.wait(first) == Ran(-signal.SIGKILL, "", "")


def test_what_takes_too_long_is_killed(server: ForkServer) -> None:
    with pytest.raises(TimeoutError):
        server.wait(server.start(0, stopped=True), 0.1)
