"""How the program ends when it is interrupted or has a bug, and what a terminal shows while it works."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest
from click.testing import CliRunner

from pipeline import cli
from pipeline.cli import command_line
from pipeline.cli.console import clear_progress, make_progress_line

INTERRUPTED = "Interrupted; nothing half-written was left.\n"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def interrupt(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def test_the_step_at_work_is_one_line_of_the_terminal_and_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := _Terminal())
    show = make_progress_line()
    show("Reading")
    show("Checking")
    clear_progress()
    assert terminal.getvalue() == "\r\x1b[2KReading …\r\x1b[2KChecking …\r\x1b[2K"


def test_an_interrupt_while_the_modules_are_imported_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command_line, "main", interrupt)
    with pytest.raises(SystemExit) as end:
        cli.program()
    assert (end.value.code, capsys.readouterr().err) == (130, INTERRUPTED)


@pytest.mark.parametrize("moment", ["parse_args", "invoke"])
def test_an_interrupt_around_a_command_is_a_sentence(moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the words are parsed, or before the command itself looks after interrupts."""
    if moment == "parse_args":
        monkeypatch.setattr(command_line.cli, "parse_args", interrupt)
    else:
        monkeypatch.setattr(command_line.cli, "resolve_command", interrupt)
    ended = CliRunner().invoke(command_line.cli, ["explain", "E401"])
    assert (ended.exit_code, ended.stdout, ended.stderr) == (130, "", INTERRUPTED)


def fail(*_: Any, **__: Any) -> None:
    raise ZeroDivisionError("of no use")


def test_a_bug_is_a_sentence_and_the_details_are_there_for_who_asks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["invoice-import", "check", "none.csv"])
    monkeypatch.setattr("pipeline.flow.check", fail)
    monkeypatch.setattr(command_line, "prepare_process", lambda: None)
    with pytest.raises(SystemExit) as end:
        command_line.main()
    assert (end.value.code, capsys.readouterr().err) == (
        1,
        "Unexpected error, a bug of ours: ZeroDivisionError: of no use\n"
        "Set INVOICE_IMPORT_DEBUG=1 for the details.\n",
    )
    monkeypatch.setenv("INVOICE_IMPORT_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        command_line.main()
