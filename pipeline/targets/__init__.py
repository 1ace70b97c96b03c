"""Stage 5: batches become requests. One module per billing API, data and pure functions; the registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.config import Settings
from pipeline.errors import SourceError, UsageError
from pipeline.language import say
from pipeline.model import Record
from pipeline.targets import bxb, zuora, zuora_drafts
from pipeline.targets.target import Target

_ALL = (zuora.TARGET, zuora_drafts.TARGET, bxb.TARGET)

TARGETS = {each.name: each for each in _ALL}
"""Every target by its name; the first is the default."""


def of(settings: Settings) -> Target:
    """The target that the settings name.

    Raises:
        UsageError: there is none of that name.
    """
    name = settings.target or _ALL[0].name
    if name not in TARGETS:
        raise UsageError(
            say(
                "There is no target {name}; the targets are {targets}.", name=name, targets=", ".join(TARGETS)
            )
        )
    return TARGETS[name]


def listed(table: str, answers: Sequence[tuple[str, Any]]) -> list[Record]:
    """The rows of a list that saved answers of any target's API hold.

    Args:
        table: the list: `catalog` or `accounts`.
        answers: name and content of each file.

    Raises:
        SourceError: no API answers so, or an answer is not complete.
    """
    for each in _ALL:
        if table in each.lists and (found := each.lists[table](answers)) is not None:
            return found
    names = ", ".join(name for name, _ in answers)
    raise SourceError(
        say("{names} is no answer of an API that is known here; hand in a CSV file or workbook.", names=names)
    )
