"""Stage 5: batches become requests; the registry of targets, one package per billing API.

In: settings; saved answers of an API.
Out: the `Target` that the settings name; the rows of a list that saved answers hold.
Never: knows what a target does; a target is named here and in its own modules alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.errors import SourceError, UsageError
from pipeline.i18n import translate
from pipeline.model.sheets import ApiRecord
from pipeline.settings import Settings
from pipeline.targets.bxb.one_off_invoices import BXB_INVOICES
from pipeline.targets.target import Target
from pipeline.targets.zuora.drafts import ZUORA_DRAFTS
from pipeline.targets.zuora.invoices import ZUORA_INVOICES

_REGISTRY = (ZUORA_INVOICES, ZUORA_DRAFTS, BXB_INVOICES)

TARGETS = {target.name: target for target in _REGISTRY}
"""Every target by name; the first is the default."""


def get_target(settings: Settings) -> Target:
    """Return the target that the settings name.

    Args:
        settings: `target`; blank is the default target.

    Raises:
        UsageError: no target has that name.
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
    """Read the rows of a list from saved answers of any target's API.

    Args:
        table: the list: `catalog` or `accounts`.
        answers: name and content of each file.

    Raises:
        SourceError: the answers are of no known API, or one of them is incomplete.
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
