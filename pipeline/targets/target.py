"""What a target is: the contract of one billing API, on one page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.config import Settings
from pipeline.model import Batches, Limits, Record, Request
from pipeline.outcome import Outcome, Response
from schemas.fields import Projection

SavedAnswers = Callable[[Sequence[tuple[str, Any]]], list[Record] | None]
"""Name and content of saved answers of an API -> the rows of a list that they hold; None when they are another's."""


@dataclass(frozen=True)
class Target:
    """A billing API and the operation on it.

    Attributes:
        name: as people type it.
        title: for reports.
        limits: what one request may hold, given the settings.
        projection: which fields go where, given the settings.
        requests: batches as requests, one after the other; the same batches give the same bytes.
        outcomes: what became of each invoice of a request, by the answer; None is no answer at all.
        must_set: settings that have no default here: without them nothing is judged.
        permissions: what the user in whose name it is sent must be allowed to do, given the batches.
        only_the_api_knows: what cannot be checked before sending, a sentence each.
        lists: by table of a list (the catalog, the account list), what reads it from saved answers of the API.
    """

    name: str
    title: str
    limits: Callable[[Settings], Limits]
    projection: Callable[[Settings], Projection]
    requests: Callable[[Batches, Settings], Iterator[Request]]
    outcomes: Callable[[Batches, Request, Response | None], tuple[Outcome, ...]]
    must_set: tuple[str, ...] = ()
    permissions: Callable[[Batches], tuple[str, ...]] = lambda _: ()
    only_the_api_knows: tuple[str, ...] = ()
    lists: Mapping[str, SavedAnswers] = field(default_factory=dict)
