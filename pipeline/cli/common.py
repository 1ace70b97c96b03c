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
from pipeline.i18n import ENGLISH, LANGUAGES, translate, use_language

EXIT_CODES_HELP = """
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

INTERRUPTED_EXIT_CODE = 130
OUTPUT_FAILED = 141

FILES_ARGUMENT = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
WORKSPACE_OPTION = click.option(
    "--workspace",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("invoice-import"),
    show_default=True,
    envvar="INVOICE_IMPORT_WORKSPACE",
    help="The folder with settings, catalog, ledger and runs.",
)
SNAPSHOT_ARGUMENT = click.argument("snapshot", required=False)
FORMAT_OPTION = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How the result is printed.",
)  # fmt: skip


EXPECT_COUNT_OPTION = click.option(
    "--expect-count", multiple=True, metavar="[WHAT=]N",
    help="Number that is expected, like 3 or items=10; may be given again.",
)  # fmt: skip
EXPECT_TOTAL_OPTION = click.option(
    "--expect-total", multiple=True, metavar="CUR=SUM",
    help="Sum that is expected in a currency, like USD=1234.56; may be given again.",
)  # fmt: skip
REPLY_OPTION = click.option(
    "--reply", is_flag=True,
    help="Write reply.txt, a short text to the preparer, beside the reports; where none are written, print it.",
)  # fmt: skip
LANGUAGE_OPTION = click.option("--language", help="Of reports and templates: en or de.")


def add_setting_options(command: Callable[..., Any]) -> Callable[..., Any]:
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
        LANGUAGE_OPTION,
    )
    return functools.reduce(lambda decorated, option: option(decorated), reversed(options), command)


def exit_with_sentence(command: Callable[..., int]) -> Callable[..., None]:
    """Exit with what the command returns; what makes it impossible is one sentence on stderr."""

    @functools.wraps(command)
    def run_and_exit(*args: Any, **kwargs: Any) -> None:
        with use_language(_choose_language(kwargs)):
            sys.exit(_run_command(command, args, kwargs))

    return run_and_exit


def _run_command(command: Callable[..., int], args: Sequence[Any], parameters: Mapping[str, Any]) -> int:
    """The exit code of a command, whatever became of it."""
    try:
        _load_language(parameters)
        code = command(*args, **parameters)
        if sys.stdout is not None:
            sys.stdout.flush()
    except PipelineError as error:
        clear_progress()
        click.echo(f"{translate('Error')}: {_flatten_sentence(str(error))}", err=True)
        return error.exit_code
    except KeyboardInterrupt:  # before click makes an "Aborted!" of it
        clear_progress()
        click.echo(translate("Interrupted; nothing half-written was left."), err=True)
        return INTERRUPTED_EXIT_CODE
    except OSError as error:  # the work is done; only its result could not be told
        return _handle_output_error(error)
    return code


def _choose_language(parameters: Mapping[str, Any]) -> str:
    """As the settings say; where they are what is wrong, of the flag, else of the environment."""
    from pipeline.settings import ENVIRONMENT_PREFIX

    with suppress(PipelineError), use_language(_find_requested_language(parameters, ENVIRONMENT_PREFIX)):
        return _load_language(parameters)
    return _find_requested_language(parameters, ENVIRONMENT_PREFIX)


def _find_requested_language(parameters: Mapping[str, Any], prefix: str) -> str:
    language = parameters.get("language") or os.environ.get(f"{prefix}LANGUAGE", "")
    return language if language in LANGUAGES else ENGLISH


def _load_language(parameters: Mapping[str, Any]) -> str:
    """Of the flag, else of the settings, for a command that has a workspace, else of the environment."""
    from pipeline import settings
    from pipeline.workspace import open_workspace

    file = open_workspace(parameters["workspace"]).settings if "workspace" in parameters else None
    return settings.load_settings({"language": parameters.get("language")}, os.environ, file).language


def _handle_output_error(error: OSError) -> int:
    """End without a verdict that anybody read: that is no success, whatever the verdict was."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if not isinstance(error, BrokenPipeError):
        with suppress(OSError):
            sentence = translate("The result could not be printed: {why}.", why=str(error.strerror))
            click.echo(f"{translate('Error')}: {sentence}", err=True)
    return OUTPUT_FAILED


def _flatten_sentence(text: str) -> str:
    """A sentence without line breaks or control characters, whatever a file's name or a library says."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    words = " ".join(printable.split())
    return words if words.endswith((".", "?")) else f"{words}."


def make_progress_line() -> Callable[[str], None]:
    """One line that says what is being done, on a terminal; silence elsewhere."""
    if not sys.stderr.isatty():
        return lambda _: None

    def show(step: str) -> None:
        click.echo(f"\r\x1b[2K{step} …", err=True, nl=False)

    return show


def clear_progress() -> None:
    """Clear the line of the progress."""
    if sys.stderr.isatty():
        click.echo("\r\x1b[2K", err=True, nl=False)


def get_terminal_width() -> int:
    """Of the terminal in characters; 0 when the result goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else 0


def print_json(value: Any) -> None:
    """A result for programs."""
    import orjson

    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
