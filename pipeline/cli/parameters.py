"""Arguments and options that several commands share, and the flags that settings declare."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])
"""A function that is, or becomes, a command."""

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

FILES_ARGUMENT = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
RUN_ARGUMENT = click.argument("run_id", metavar="RUN")
SNAPSHOT_ARGUMENT = click.argument("snapshot", required=False)
WORKSPACE_OPTION = click.option(
    "--workspace",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("invoice-import"),
    show_default=True,
    envvar="INVOICE_IMPORT_WORKSPACE",
    help="The folder with settings, catalog, ledger and runs.",
)
FORMAT_OPTION = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the result is printed.",
)
REPORT_OPTION = click.option(
    "--report", type=click.Path(path_type=Path, file_okay=False), help="Write the reports into DIR."
)
EXPECT_COUNT_OPTION = click.option(
    "--expect-count",
    multiple=True,
    metavar="[WHAT=]N",
    help="Number that is expected, like 3 or items=10; may be given again.",
)
EXPECT_TOTAL_OPTION = click.option(
    "--expect-total",
    multiple=True,
    metavar="CUR=SUM",
    help="Sum that is expected in a currency, like USD=1234.56; may be given again.",
)
REPLY_OPTION = click.option(
    "--reply",
    is_flag=True,
    help="Write reply.txt, a short text to the preparer, beside the reports; where none are written,"
    " print it.",
)


class _SettingFlag(click.Option):
    """The flag of a setting; its help and metavar are read from the declaration when they are shown."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the line of the help, as the setting's declaration has it."""
        from pipeline.settings import SETTINGS

        metadata = SETTINGS[str(self.name)].metadata
        self.help, self.metavar = metadata["flag"], metadata["metavar"] or None
        return super().get_help_record(ctx)


class SettingsCommand(click.Command):
    """A command that takes, after its own options, the flag of every setting that declares one.

    What is not given stays None and is left to the environment and the settings file.
    """

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the command's own parameters, the flags of the settings, and `--help`."""
        # The settings are imported when a command is asked for its options, not with this module:
        # `invoice-import --help` and the commands without such flags need none of them.
        from pipeline.settings import SETTINGS

        own_parameters = super().get_params(ctx)
        flags = [_make_setting_flag(name) for name, field in SETTINGS.items() if field.metadata["flag"]]
        # `--help` stays the last
        return [*self.params, *flags, *own_parameters[len(self.params) :]]


def add_setting_flag(name: str) -> Callable[[Command], Command]:
    """Return a decorator that gives a command the flag of one setting."""
    return click.option(f"--{name.replace('_', '-')}", cls=_SettingFlag)


def _make_setting_flag(name: str) -> _SettingFlag:
    return _SettingFlag([f"--{name.replace('_', '-')}"])
