"""Which charge an item means: the candidates of its key, less those it cannot be at its date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.issues import Findings
from pipeline.language import say
from pipeline.model import Mask, Positions, ValidSheets
from schemas.catalog import USABLE_MODELS
from schemas.columns import cells_of, plain, whole

NONE, UNKNOWN = -1, -2
_MOST_NAMED = 5
"""Charges or validities named in one sentence."""


@dataclass(frozen=True)
class Choice:
    """What became of each item's key.

    Attributes:
        candidates: the catalog rows, by kind and key.
        by_charge: items that name a charge id; the others name a SKU or nothing.
        group: per item its group of candidates; `NONE` without a key, `UNKNOWN` without a candidate.
        starts: first candidate of each group, and one more at the end.
        row: per item the candidate chosen; -1 when none could be.
        expired: items none of whose candidates is valid at the date of service.
        unusable: items whose charges all have a model that cannot be invoiced.
        ambiguous: items with several charges to choose from.
    """

    candidates: pa.Table
    by_charge: Mask
    group: Positions
    starts: Positions
    row: Positions
    expired: Mask
    unusable: Mask
    ambiguous: Mask

    def column(self, name: str) -> Any:
        """A catalog column, a row an item; null where no charge was chosen; text is dictionary-encoded."""
        values = whole(self.candidates[name])
        if pa.types.is_string(values.type):
            return pa.DictionaryArray.from_arrays(self._rows, values, safe=False)
        return pc.take(values, self._rows)

    @cached_property
    def _rows(self) -> Any:
        """The chosen rows as indices: one array for all columns, so that what they say can be written as one."""
        return pa.array(self.row.astype(np.int32), mask=self.row < 0)

    def unknown_by(self, kind: str) -> Positions:
        """Items whose key has no candidate."""
        return np.flatnonzero((self.group == UNKNOWN) & (self.by_charge == (kind == "charge")))

    def other_sku(self, skus: Any) -> Positions:
        """Items whose SKU is not that of the charge they name."""
        named: Positions = np.flatnonzero(self.by_charge)
        theirs, mine = (plain(pc.take(each, pa.array(named))) for each in (self.column("sku"), skus))
        same = pc.fill_null(pc.equal(mine, theirs), True).to_numpy(zero_copy_only=False)
        return np.asarray(named[~same])

    def faults(self, by_charge: bool) -> Iterator[tuple[str, Positions, dict[str, Any]]]:
        """Code, items and facts of what could not be chosen, among items that name a charge or a SKU."""
        for code, mask, fact, tell in (
            ("E403", self.expired, "validity", self._validity),
            ("E405", self.unusable, "model", self._models),
            ("E404", self.ambiguous, "near", self._charges),
        ):
            rows = np.flatnonzero(mask & (self.by_charge == by_charge))
            groups, which = np.unique(self.group[rows], return_inverse=True)
            words = pa.array([tell(int(each)) for each in groups], pa.string())
            yield code, rows, {fact: pc.take(words, pa.array(which))}

    def _rows_of(self, group: int) -> list[dict[str, Any]]:
        start = int(self.starts[group])
        rows: list[dict[str, Any]] = self._listed.slice(
            start, int(self.starts[group + 1]) - start
        ).to_pylist()
        return rows

    @cached_property
    def _listed(self) -> pa.Table:
        return self.candidates.select(
            ["product_rate_plan_charge_id", "charge_name", "charge_model", "effective_from", "effective_to"]
        )

    def _validity(self, group: int) -> str:
        periods = dict.fromkeys(
            (each["effective_from"], each["effective_to"]) for each in self._rows_of(group)
        )
        return _some(
            say(
                "from {first} to {last}",
                first=str(first) if first else say("ever"),
                last=str(last) if last else say("open end"),
            )
            for first, last in periods
        )

    def _models(self, group: int) -> str:
        return _some(dict.fromkeys(str(each["charge_model"]) for each in self._rows_of(group)))

    def _charges(self, group: int) -> str:
        """The charges that could be meant: one of another model would be the next error."""
        start, stop = self.starts[group], self.starts[group + 1]
        usable = _usable(self.candidates.slice(start, stop - start))
        told = (
            f"{r['product_rate_plan_charge_id']} ({r['charge_name'] or say('no name')})"
            for r, each in zip(self._rows_of(group), usable, strict=True)
            if each
        )
        return _some(dict.fromkeys(told))


def _some(words: Any) -> str:
    told = list(words)
    listed = ", ".join(told[:_MOST_NAMED])
    rest = len(told) - _MOST_NAMED
    return say("{listed} and {count} more", listed=listed, count=str(rest)) if rest > 0 else listed


def choose(valid: ValidSheets, candidates: pa.Table, skus: Any, charges: Any) -> Choice:
    """Choose each item's charge.

    A charge must be valid on the service start date. Where charges of a usable model and others share a SKU,
    only the usable ones can be meant. Of several rows of the one charge the row in the invoice's currency is
    taken, else the first.

    Args:
        valid: typed sheets.
        candidates: catalog rows, those of one kind and key together.
        skus: catalog SKU, an item.
        charges: charge id, an item; it goes before the SKU.
    """
    by_charge = pc.is_valid(charges).to_numpy(zero_copy_only=False)
    starts, group = _groups(candidates, by_charge, skus, charges)
    tied = np.flatnonzero(group >= 0)
    size = (starts[1:] - starts[:-1])[group[tied]]
    # one pair an item and candidate, an item's pairs together
    first = np.concatenate(([0], np.cumsum(size)))
    pair = starts[group[tied]].repeat(size) + np.arange(first[-1]) - first[:-1].repeat(size)
    day = _days(valid)[tied]
    valid_then = _valid_at(candidates, pair, day.repeat(size))
    usable = _usable(candidates)[pair]
    any_valid, any_usable = _any(valid_then, first), _any(valid_then & usable, first)
    possible = valid_then & usable
    code = _charge_codes(candidates)[pair]
    lowest = _reduce(np.minimum, np.where(possible, code, code.max(initial=0) + 1), first)
    highest = _reduce(np.maximum, np.where(possible, code, -1), first)
    several = any_usable & (lowest != highest)
    ambiguous = several & (day != _NEVER)  # on a day that could be read, one of them may be valid alone
    rank = np.where(possible, 0, 2) + ~_same_currency(valid, candidates, pair, tied.repeat(size))
    best = _first_lowest(rank, first)
    row = np.full(len(group), NONE)
    row[tied] = np.where(any_usable & ~several, pair[best] if len(pair) else NONE, NONE)
    return Choice(
        candidates, by_charge, group, starts, row,
        _spread(tied[~any_valid], group), _spread(tied[any_valid & ~any_usable], group),
        _spread(tied[ambiguous], group),
    )  # fmt: skip


def _groups(candidates: pa.Table, by_charge: Mask, skus: Any, charges: Any) -> tuple[Positions, Positions]:
    """Where each group of candidates starts, and each item's group."""
    kind, key = whole(candidates["kind"]), whole(candidates["key"])
    names = pc.binary_join_element_wise(kind, key, " ")
    new = np.ones(len(names), bool)
    new[1:] = pc.not_equal(names.slice(1), names.slice(0, max(len(names) - 1, 0))).to_numpy(
        zero_copy_only=False
    )
    starts = np.append(np.flatnonzero(new), len(names)).astype(np.int64)
    known = pc.take(names, pa.array(starts[:-1]))
    group = np.full(len(by_charge), NONE)
    for prefix, texts, mine in (("sku", skus, ~by_charge), ("charge", charges, by_charge)):
        encoded = texts.dictionary_encode()
        asked = pc.binary_join_element_wise(prefix, encoded.dictionary, " ")
        at = pc.fill_null(pc.index_in(asked, value_set=known), UNKNOWN)
        found = pc.fill_null(pc.take(at, encoded.indices), NONE).to_numpy()
        group[mine] = found[mine]
    return starts, group


def _days(valid: ValidSheets) -> npt.NDArray[np.int32]:
    """The service start date as days; the smallest number where it is unknown."""
    if "service_start_date" not in valid.items:
        return np.full(len(valid.items), _NEVER, np.int32)
    return _as_days(cells_of(valid.items["service_start_date"]), _NEVER)


_NEVER = np.iinfo(np.int32).min
_ALWAYS = np.iinfo(np.int32).max


def _as_days(dates: Any, missing: int) -> npt.NDArray[np.int32]:
    return np.asarray(pc.fill_null(pc.cast(dates, pa.int32()), missing).to_numpy())


def _valid_at(candidates: pa.Table, pair: Positions, day: npt.NDArray[np.int32]) -> Mask:
    """Whether the candidate is valid on the day, both ends included; an unknown day rules out none."""
    begins = _as_days(whole(candidates["effective_from"]), _NEVER)[pair]
    ends = _as_days(whole(candidates["effective_to"]), _ALWAYS)[pair]
    return np.asarray(((begins <= day) & (day <= ends)) | (day == _NEVER))


def _usable(candidates: pa.Table) -> Mask:
    models = pc.utf8_lower(pc.utf8_trim_whitespace(whole(candidates["charge_model"])))
    models = pc.replace_substring_regex(models, pattern=r"\s*pricing$", replacement="")
    allowed = pa.array([each.lower() for each in USABLE_MODELS])
    return np.asarray(pc.is_in(models, value_set=allowed).to_numpy(zero_copy_only=False))


def _charge_codes(candidates: pa.Table) -> npt.NDArray[np.int64]:
    charges = whole(candidates["product_rate_plan_charge_id"]).dictionary_encode()
    return np.asarray(charges.indices.to_numpy().astype(np.int64))


def _same_currency(valid: ValidSheets, candidates: pa.Table, pair: Positions, item: Positions) -> Mask:
    parent = valid.parent[item]
    wanted = pc.take(plain(cells_of(valid.invoices["effective_currency"])), pa.array(parent, mask=parent < 0))
    priced = pc.take(whole(candidates["currency"]), pa.array(pair))
    return np.asarray(pc.fill_null(pc.equal(wanted, priced), False).to_numpy(zero_copy_only=False))


def _reduce(how: np.ufunc, values: Any, first: Positions) -> Any:
    return how.reduceat(values, first[:-1]) if len(first) > 1 else np.zeros(0, np.int64)


def _any(values: Mask, first: Positions) -> Mask:
    return np.asarray(_reduce(np.logical_or, values, first), bool)


def _first_lowest(rank: Any, first: Positions) -> Positions:
    """Per item the place of its first pair of the lowest rank."""
    if len(first) <= 1:
        return np.zeros(0, np.int64)
    sizes = np.diff(first)
    lowest = _reduce(np.minimum, rank, first).repeat(sizes)
    places = np.where(rank == lowest, np.arange(len(rank)), len(rank))
    return np.asarray(_reduce(np.minimum, places, first))


def _spread(rows: Positions, like: Positions) -> Mask:
    mask = np.zeros(len(like), bool)
    mask[rows] = True
    return mask


def grouped(code: str, field: str, rows: Positions, values: Any, expected: Any) -> Findings:
    """One issue for each pair of values: the first row bears it, with the number of rows it stands for.

    Args:
        code: of the issue.
        field: its column.
        rows: the rows.
        values: the sheet's value, a row.
        expected: the catalog's value, a row.
    """
    mine, theirs = values.dictionary_encode(), expected.dictionary_encode()
    pairs = mine.indices.to_numpy().astype(np.int64) * len(theirs.dictionary) + theirs.indices.to_numpy()
    _, first, counts = np.unique(pairs, return_index=True, return_counts=True)
    order = np.argsort(first)
    first, counts = first[order], counts[order]
    at = pa.array(first)
    return Findings(
        code, "items", field, rows[first], pc.take(values, at), {"expected": pc.take(expected, at)}, counts
    )
