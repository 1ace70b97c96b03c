"""Stage 5: batches become requests. One module per billing API, data and pure functions; the registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.errors import SourceError, UsageError
from pipeline.i18n import translate
from pipeline.model.sheets import ApiRecord
from pipeline.settings import Settings
from pipeline.targets.bxb import one_off_invoices
from pipeline.targets.target import Target
from pipeline.targets.zuora import drafts, invoices

_REGISTRY = (invoices.ZUORA_INVOICES, drafts.ZUORA_DRAFTS, one_off_invoices.BXB_INVOICES)

TARGETS = {target.name: target for target in _REGISTRY}
"""Every target by its name; the first is the default."""


def get_target(settings: Settings) -> Target:
    """The target that the settings name.

    Raises:
        UsageError: there is none of that name.
    """
    name = settings.target or _REGISTRY[0].name
    if name not in TARGETS:
        raise UsageError(
            translate(
                "There is no target {name}; the targets are {targets}.", name=name, targets=", ".join(TARGETS)
            )
        )
    return TARGETS[name]


def read_saved_list(table: str, answers: Sequence[tuple[str, Any]]) -> list[ApiRecord]:
    """The rows of a list that saved answers of any target's API hold.

    Args:
        table: the list: `catalog` or `accounts`.
        answers: name and content of each file.

    Raises:
        SourceError: no API answers so, or an answer is not complete.
    """
    for target in _REGISTRY:
        if table in target.list_readers and (records := target.list_readers[table](answers)) is not None:
            return records
    names = ", ".join(name for name, _ in answers)
    raise SourceError(
        translate(
            "{names} is no answer of an API that is known here; hand in a CSV file or workbook.", names=names
        )
    )
