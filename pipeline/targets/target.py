"""The contract of a target: one billing API and the operation on it, as a record.

In: nothing; this is a record.
Out: `Target`, which every target package fills and the registry lists.
Never: knows any API.
"""

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
"""From name and content of saved answers to the rows of a list; None when they are another API's answers."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A billing API and the operation on it.

    Attributes:
        name: as users type it.
        title: for reports.
        get_limits: what one request may hold, from the settings.
        get_projection: which fields go where, from the settings.
        build_requests: yields the requests of the batches, in their order; the same batches give the same
            bytes. Rows come from `Batches.iter_groups`, and each request names its batch's `invoices`.
        read_outcomes: what became of each invoice of a request, from the response; None stands for no
            response at all.
        required_settings: settings without a default for this target; a check refuses to start without them.
        list_permissions: what the API's user must be allowed to do, from the batches.
        api_only_checks: what cannot be checked before sending, one sentence each.
        list_readers: readers of saved API answers, by the list they hold (`catalog`, `accounts`).
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
