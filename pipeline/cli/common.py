"""What the commands share: their options, their progress, and how they end."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from pipeline.errors import PipelineError
from pipeline.language import ENGLISH, LANGUAGES, say, speaking

EXITS = """
\b
Exit codes:
  0  every invoice is accepted
  1  unexpected error: a bug
  2  usage
  3  nothing accepted, or the file cannot be read
  4  partial: some invoices are rejected
  7  the books don't balance, or are not what was expected
  8  another process holds the workspace for too long
  9  nothing left to do: every invoice was accepted before
  130  interrupted; nothing half-written is left
  141  the result could not be printed
"""

INTERRUPTED = 130
READER_GONE = 141

FILES = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
WORKSPACE = click.option(
    "--workspace",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("invoice-import"),
    show_default=True,
    envvar="INVOICE_IMPORT_WORKSPACE",
    help="The folder with settings, catalog, ledger and runs.",
)
SNAPSHOT = click.argument("snapshot", required=False)
FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How the result is printed.",
)  # fmt: skip


EXPECT_COUNT = click.option(
    "--expect-count", multiple=True, metavar="[WHAT=]N",
    help="Number that is expected, like 3 or items=10; may be given again.",
)  # fmt: skip
EXPECT_TOTAL = click.option(
    "--expect-total", multiple=True, metavar="CUR=SUM",
    help="Sum that is expected in a currency, like USD=1234.56; may be given again.",
)  # fmt: skip
REPLY = click.option(
    "--reply", is_flag=True,
    help="Write reply.txt, a short text to the preparer, beside the reports; where none are written, print it.",
)  # fmt: skip
LANGUAGE = click.option("--language", help="Of reports and templates: en or de.")


def settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """The flags that are settings; what is not given is left to the environment and the settings file."""
    options = (
        click.option("--target", help="The billing API and operation."),
        click.option("--environment", help="Which tenant, sandbox or production."),
        click.option("--default-currency", help="Currency of invoices whose currency is blank, like EUR."),
        click.option("--date-format", help="How text dates are written, like dd/mm/yyyy."),
        click.option("--decimal", help="How numbers are written: point (1,234.56) or comma (1.234,56)."),
        click.option(
            "--encoding", help="How CSV files are encoded, like windows-1252, where it is uncertain."
        ),
        click.option(
            "--delimiter", help="Of CSV files: comma, semicolon, tab or pipe, where it is uncertain."
        ),
        click.option(
            "--mapping", metavar="FILE", help="Which column of a foreign sheet is which field (TOML)."
        ),
        click.option("--policy", help="whole-invoices, or all-or-nothing: one rejected invoice rejects all."),
        click.option("--batch-order", help="sheet, or fewest: as few requests as can be."),
        click.option(
            "--money-unit", help="major or minor: the unit of money sent, where an API leaves it open."
        ),
        click.option("--request", help="batch, or single: one invoice a request."),
        LANGUAGE,
    )
    return functools.reduce(lambda made, option: option(made), reversed(options), command)


def told_in_a_sentence(command: Callable[..., int]) -> Callable[..., None]:
    """Exit with what the command returns; what makes it impossible is one sentence on stderr."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        with speaking(_spoken(kwargs)):
            sys.exit(_code(command, args, kwargs))

    return wrapped


def _code(command: Callable[..., int], args: Sequence[Any], given: Mapping[str, Any]) -> int:
    """The exit code of a command, whatever became of it."""
    try:
        _language(given)
        code = command(*args, **given)
        if sys.stdout is not None:
            sys.stdout.flush()
    except PipelineError as error:
        done()
        click.echo(f"{say('Error')}: {_one_line(str(error))}", err=True)
        return error.exit_code
    except KeyboardInterrupt:  # before click makes an "Aborted!" of it
        done()
        click.echo(say("Interrupted; nothing half-written was left."), err=True)
        return INTERRUPTED
    except OSError as error:  # the work is done; only its result could not be told
        return _untold(error)
    return code


def _spoken(given: Mapping[str, Any]) -> str:
    """As the settings say; where they are what is wrong, of the flag, else of the environment."""
    from pipeline.config import PREFIX

    with suppress(PipelineError), speaking(_asked(given, PREFIX)):
        return _language(given)
    return _asked(given, PREFIX)


def _asked(given: Mapping[str, Any], prefix: str) -> str:
    told = given.get("language") or os.environ.get(f"{prefix}LANGUAGE", "")
    return told if told in LANGUAGES else ENGLISH


def _language(given: Mapping[str, Any]) -> str:
    """Of the flag, else of the settings, for a command that has a workspace, else of the environment."""
    from pipeline import config
    from pipeline.workspace import existing

    file = existing(given["workspace"]).settings if "workspace" in given else None
    return config.settings({"language": given.get("language")}, os.environ, file).language


def _untold(error: OSError) -> int:
    """End without a verdict that anybody read: that is no success, whatever the verdict was."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if not isinstance(error, BrokenPipeError):
        with suppress(OSError):
            why = say("The result could not be printed: {why}.", why=str(error.strerror))
            click.echo(f"{say('Error')}: {why}", err=True)
    return READER_GONE


def _one_line(text: str) -> str:
    """A sentence without line breaks or control characters, whatever a file's name or a library says."""
    plain = "".join(each if each.isprintable() else " " for each in text)
    words = " ".join(plain.split())
    return words if words.endswith((".", "?")) else f"{words}."


def progress() -> Callable[[str], None]:
    """One line that says what is being done, on a terminal; silence elsewhere."""
    if not sys.stderr.isatty():
        return lambda _: None

    def show(step: str) -> None:
        click.echo(f"\r\x1b[2K{step} …", err=True, nl=False)

    return show


def done() -> None:
    """Clear the line of the progress."""
    if sys.stderr.isatty():
        click.echo("\r\x1b[2K", err=True, nl=False)


def width() -> int:
    """Of the terminal in characters; 0 when the result goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else 0


def print_json(value: Any) -> None:
    """A result for programs."""
    import orjson

    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
