"""What a target is: the contract of one billing API, on one page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.model.invoices import Batches, Request, RequestLimits
from pipeline.model.outcomes import InvoiceOutcome, Response
from pipeline.model.sheets import ApiRecord
from pipeline.settings import Settings
from schemas.fields import Projection

ListReader = Callable[[Sequence[tuple[str, Any]]], list[ApiRecord] | None]
"""Name and content of saved answers of an API -> the rows of a list that they hold; None when they are another's."""


@dataclass(frozen=True)
class Target:
    """A billing API and the operation on it.

    Attributes:
        name: as people type it.
        title: for reports.
        get_limits: what one request may hold, given the settings.
        get_projection: which fields go where, given the settings.
        build_requests: batches as requests, one after the other; the same batches give the same bytes.
        read_outcomes: what became of each invoice of a request, by the answer; None is no answer at all.
        required_settings: settings that have no default here: without them nothing is judged.
        list_permissions: what the user in whose name it is sent must be allowed to do, given the batches.
        api_only_checks: what cannot be checked before sending, a sentence each.
        list_readers: by table of a list (the catalog, the account list), what reads it from saved answers of the API.
    """

    name: str
    title: str
    get_limits: Callable[[Settings], RequestLimits]
    get_projection: Callable[[Settings], Projection]
    build_requests: Callable[[Batches, Settings], Iterator[Request]]
    read_outcomes: Callable[[Batches, Request, Response | None], tuple[InvoiceOutcome, ...]]
    required_settings: tuple[str, ...] = ()
    list_permissions: Callable[[Batches], tuple[str, ...]] = lambda _: ()
    api_only_checks: tuple[str, ...] = ()
    list_readers: Mapping[str, ListReader] = field(default_factory=dict)
