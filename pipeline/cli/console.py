"""How a command ends and speaks: exit codes, one-sentence errors, text or JSON, the progress line."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import click

from pipeline.errors import PipelineError
from pipeline.i18n import ENGLISH, LANGUAGES, translate, use_language

INTERRUPTED_EXIT_CODE = 130
"""What a shell expects of a process that SIGINT ended: 128 + 2."""
OUTPUT_FAILED_EXIT_CODE = 141
"""What a shell expects of a process that SIGPIPE ended: 128 + 13."""


def exit_with_sentence(command: Callable[..., int]) -> Callable[..., None]:
    """Decorate a command: it exits with the code it returns, and its errors become one sentence on stderr."""

    @functools.wraps(command)
    def run_and_exit(*args: Any, **kwargs: Any) -> None:
        with use_language(_choose_language(kwargs)):
            sys.exit(_run_command(command, args, kwargs))

    return run_and_exit


def _run_command(command: Callable[..., int], args: Sequence[Any], parameters: Mapping[str, Any]) -> int:
    """Call a command and return its exit code, also when it fails."""
    try:
        _load_language(parameters)
        code = command(*args, **parameters)
        # a result that cannot be printed must fail here, not when Python exits
        if sys.stdout is not None:
            sys.stdout.flush()
    except PipelineError as error:
        clear_progress()
        click.echo(f"{translate('Error')}: {_flatten_sentence(str(error))}", err=True)
        return error.exit_code
    except KeyboardInterrupt:
        return report_interrupt()  # here, where the language is known
    except OSError as error:  # the work is done; only its result could not be printed
        return _handle_output_error(error)
    return code


def report_interrupt() -> int:
    """Report that the command was interrupted, and return the exit code of that."""
    clear_progress()
    click.echo(translate("Interrupted; nothing half-written was left."), err=True)
    return INTERRUPTED_EXIT_CODE


def _choose_language(parameters: Mapping[str, Any]) -> str:
    """Return the language for messages.

    The one that the settings name; when the settings are what is wrong, that of the flag, else of the
    environment.
    """
    from pipeline.settings import ENVIRONMENT_PREFIX

    with suppress(PipelineError), use_language(_find_requested_language(parameters, ENVIRONMENT_PREFIX)):
        return _load_language(parameters)
    return _find_requested_language(parameters, ENVIRONMENT_PREFIX)


def _find_requested_language(parameters: Mapping[str, Any], prefix: str) -> str:
    """Return the language of the flag, else of the environment, else English; no file is read."""
    language = parameters.get("language") or os.environ.get(f"{prefix}LANGUAGE", "")
    return language if language in LANGUAGES else ENGLISH


def _load_language(parameters: Mapping[str, Any]) -> str:
    """Return the language of the flag, else of the settings; a command without a workspace has no file."""
    from pipeline import settings
    from pipeline.workspace import open_workspace

    file = open_workspace(parameters["workspace"]).settings if "workspace" in parameters else None
    return settings.load_settings({"language": parameters.get("language")}, os.environ, file).language


def _handle_output_error(error: OSError) -> int:
    """Report that the result could not be printed, and return the exit code of that.

    Nobody has read the verdict, so the command has not succeeded, whatever the verdict was.
    """
    with suppress(OSError, ValueError, AttributeError):
        # what is still buffered goes nowhere: at its exit Python would flush it and fail once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if not isinstance(error, BrokenPipeError):
        with suppress(OSError):
            sentence = translate("The result could not be printed: {why}.", why=str(error.strerror))
            click.echo(f"{translate('Error')}: {sentence}", err=True)
    return OUTPUT_FAILED_EXIT_CODE


def _flatten_sentence(text: str) -> str:
    """Return a message on one line without control characters, which names of files may contain."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    words = " ".join(printable.split())
    return words if words.endswith((".", "?")) else f"{words}."


def make_progress_line() -> Callable[[str], None]:
    """Return a callback that shows the current step on one line of the terminal; a no-op elsewhere."""
    if not sys.stderr.isatty():
        return lambda _: None

    def show(step: str) -> None:
        # back to the start of the line, which is cleared first
        click.echo(f"\r\x1b[2K{step} …", err=True, nl=False)

    return show


def clear_progress() -> None:
    """Clear the progress line."""
    if sys.stderr.isatty():
        click.echo("\r\x1b[2K", err=True, nl=False)


def get_terminal_width() -> int:
    """Return the width of the terminal in characters; 0 when stdout is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else 0


def emit(form: str, build_data: Callable[[], Any], render_text: Callable[[], str]) -> None:
    """Print a result in the form that was asked for.

    Args:
        form: `json` or `text`.
        build_data: gives what is printed as JSON.
        render_text: gives the text, its last line break included.
    """
    if form == "json":
        import orjson

        click.echo(orjson.dumps(build_data(), option=orjson.OPT_INDENT_2).decode())
    else:
        click.echo(render_text(), nl=False)
