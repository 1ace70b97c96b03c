"""Match each item to a charge: the candidates of its key, less those not valid on its date.

In: typed items and the catalog rows that their keys may mean.
Out: `ChargeMatches`, with the items that could not be matched and why.
Never: loops over items; an item and each of its candidates are one pair of two index columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.i18n import translate
from pipeline.issues import Findings
from pipeline.model.indices import Mask, Positions
from pipeline.model.valid import ValidSheets
from schemas.arrow.columns import ArrowColumn, Dates, Indices, Texts, decode_dictionary, merge_chunks
from schemas.arrow.frames import arrow_column
from schemas.catalog import USABLE_CHARGE_MODELS

_Scalar = TypeVar("_Scalar", bound=np.generic)

NO_MATCH, UNKNOWN_KEY = -1, -2
_MAX_NAMED = 5
"""Most charges or validity periods that one sentence names."""


@dataclass(frozen=True, kw_only=True)
class ChargeMatches:
    """The charge of each item, or why it has none.

    Attributes:
        candidates: the catalog rows, by kind and key.
        names_charge: items that name a charge id; the others name a SKU or nothing.
        group_of_item: per item its group of candidates; `NO_MATCH` without a key, `UNKNOWN_KEY` without a
            candidate.
        group_starts: first candidate of each group, and one more at the end.
        candidate_of_item: per item the candidate chosen; -1 when none could be.
        expired: items none of whose candidates is valid at the date of service.
        unusable: items whose charges all have a model that cannot be invoiced.
        ambiguous: items with several charges to choose from.
    """

    candidates: pa.Table
    names_charge: Mask
    group_of_item: Positions
    group_starts: Positions
    candidate_of_item: Positions
    expired: Mask
    unusable: Mask
    ambiguous: Mask

    def get_column(self, name: str) -> ArrowColumn:
        """Return a catalog column, one value per item, null without a charge; texts dictionary-encoded."""
        values = merge_chunks(self.candidates[name])
        if pa.types.is_string(values.type):
            return pa.DictionaryArray.from_arrays(self._candidate_indices, values, safe=False)
        return pc.take(values, self._candidate_indices)

    @cached_property
    def _candidate_indices(self) -> Indices:
        """The chosen candidates as indices: one array, shared by the dictionary columns made from it."""
        return pa.array(self.candidate_of_item.astype(np.int32), mask=self.candidate_of_item < 0)

    def find_unknown(self, kind: str) -> Positions:
        """Return the items whose key has no candidate; `kind` is `sku` or `charge`."""
        return np.flatnonzero((self.group_of_item == UNKNOWN_KEY) & (self.names_charge == (kind == "charge")))

    def find_other_sku(self, skus: Texts) -> Positions:
        """Return the items whose SKU is not that of the charge they name."""
        named: Positions = np.flatnonzero(self.names_charge)
        charge_skus, item_skus = (
            decode_dictionary(pc.take(values, pa.array(named))) for values in (self.get_column("sku"), skus)
        )
        is_same = pc.fill_null(pc.equal(item_skus, charge_skus), True).to_numpy(zero_copy_only=False)
        return np.asarray(named[~is_same])

    def iter_faults(self, by_charge: bool) -> Iterator[tuple[str, Positions, dict[str, Texts]]]:
        """Yield code, items and facts of failed matches, among items that name a charge, or a SKU."""
        for code, mask, fact, describe in (
            ("E403", self.expired, "validity", self._describe_validity),
            ("E405", self.unusable, "model", self._describe_models),
            ("E404", self.ambiguous, "near", self._describe_charges),
        ):
            rows = np.flatnonzero(mask & (self.names_charge == by_charge))
            groups, inverse = np.unique(self.group_of_item[rows], return_inverse=True)
            texts = pa.array([describe(int(group)) for group in groups], pa.string())
            yield code, rows, {fact: pc.take(texts, pa.array(inverse))}

    def _list_candidates(self, group: int) -> list[dict[str, Any]]:
        start = int(self.group_starts[group])
        rows: list[dict[str, Any]] = self._described_columns.slice(
            start, int(self.group_starts[group + 1]) - start
        ).to_pylist()
        return rows

    @cached_property
    def _described_columns(self) -> pa.Table:
        return self.candidates.select(
            ["product_rate_plan_charge_id", "charge_name", "charge_model", "effective_from", "effective_to"]
        )

    def _describe_validity(self, group: int) -> str:
        periods = dict.fromkeys(
            (candidate["effective_from"], candidate["effective_to"])
            for candidate in self._list_candidates(group)
        )
        return _join_first(
            translate(
                "from {first} to {last}",
                first=str(first) if first else translate("ever"),
                last=str(last) if last else translate("open end"),
            )
            for first, last in periods
        )

    def _describe_models(self, group: int) -> str:
        return _join_first(
            dict.fromkeys(str(candidate["charge_model"]) for candidate in self._list_candidates(group))
        )

    def _describe_charges(self, group: int) -> str:
        """Name the charges with a usable model: one of another model would be the next error."""
        start, stop = self.group_starts[group], self.group_starts[group + 1]
        usable_flags = _is_usable(self.candidates.slice(start, stop - start))
        names = (
            f"{candidate['product_rate_plan_charge_id']} ({candidate['charge_name'] or translate('no name')})"
            for candidate, is_usable in zip(self._list_candidates(group), usable_flags, strict=True)
            if is_usable
        )
        return _join_first(dict.fromkeys(names))


def _join_first(texts: Iterable[str]) -> str:
    all_texts = list(texts)
    shown = ", ".join(all_texts[:_MAX_NAMED])
    rest = len(all_texts) - _MAX_NAMED
    return translate("{listed} and {count} more", listed=shown, count=str(rest)) if rest > 0 else shown


def match_charges(
    valid: ValidSheets, candidates: pa.Table, item_skus: Texts, item_charges: Texts
) -> ChargeMatches:
    """Match each item to its charge.

    A charge must be valid on the service start date. Where charges of a usable model and others share a SKU,
    only the usable ones can be meant. Of several rows of the one charge the row in the invoice's currency is
    taken, else the first.

    Args:
        valid: typed sheets.
        candidates: catalog rows, those of one kind and key together.
        item_skus: catalog SKU, one per item.
        item_charges: charge id, one per item; it takes precedence over the SKU.
    """
    names_charge = pc.is_valid(item_charges).to_numpy(zero_copy_only=False)
    starts, group_of_item = _group_candidates(candidates, names_charge, item_skus, item_charges)
    pairs = _build_pairs(starts, group_of_item)
    days = _get_service_days(valid)[pairs.items]
    is_valid = _is_valid_on(candidates, pairs.candidates, pairs.expand(days))
    is_possible = is_valid & _is_usable(candidates)[pairs.candidates]
    has_valid, has_possible = _has_any(is_valid, pairs.offsets), _has_any(is_possible, pairs.offsets)
    has_several = has_possible & _has_several_charges(candidates, pairs, is_possible)
    # on a day that could be read, one of them may be valid alone
    is_ambiguous = has_several & (days != _EARLIEST_DAY)
    is_chosen = has_possible & ~has_several
    best = _find_best_pairs(valid, candidates, pairs, is_possible)
    candidate_of_item = np.full(len(group_of_item), NO_MATCH)
    candidate_of_item[pairs.items[is_chosen]] = pairs.candidates[best[is_chosen]]
    return ChargeMatches(
        candidates=candidates,
        names_charge=names_charge,
        group_of_item=group_of_item,
        group_starts=starts,
        candidate_of_item=candidate_of_item,
        expired=_to_mask(pairs.items[~has_valid], group_of_item),
        unusable=_to_mask(pairs.items[has_valid & ~has_possible], group_of_item),
        ambiguous=_to_mask(pairs.items[is_ambiguous], group_of_item),
    )


class _Pairs(NamedTuple):
    """Items paired with every candidate of their key, the pairs of an item together.

    Attributes:
        items: rows of the items that have candidates.
        offsets: pairs `offsets[i]` to `offsets[i + 1]` belong to `items[i]`.
        candidates: per pair, the row of the candidate.
    """

    items: Positions
    offsets: Positions
    candidates: Positions

    def expand(self, values: npt.NDArray[_Scalar]) -> npt.NDArray[_Scalar]:
        """Return a value per item as a value per pair."""
        return values.repeat(np.diff(self.offsets))


def _build_pairs(starts: Positions, group_of_item: Positions) -> _Pairs:
    """Pair every item that has candidates with each of them."""
    items = np.flatnonzero(group_of_item >= 0)
    groups = group_of_item[items]
    sizes = np.diff(starts)[groups]
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    # a run for each item, counted on from the first candidate of its group
    candidates = (starts[groups] - offsets[:-1]).repeat(sizes) + np.arange(offsets[-1])
    return _Pairs(items, offsets, candidates)


def _has_several_charges(candidates: pa.Table, pairs: _Pairs, is_possible: Mask) -> Mask:
    """Return per item whether its possible candidates are of more than one charge."""
    codes = _encode_charges(candidates)[pairs.candidates]
    highest_code = codes.max(initial=0)
    # beyond the highest and below the lowest code, an impossible candidate decides neither
    lowest = _reduce_groups(np.minimum, np.where(is_possible, codes, highest_code + 1), pairs.offsets)
    highest = _reduce_groups(np.maximum, np.where(is_possible, codes, -1), pairs.offsets)
    return np.asarray(lowest != highest)


def _find_best_pairs(valid: ValidSheets, candidates: pa.Table, pairs: _Pairs, is_possible: Mask) -> Positions:
    """Return per item its first possible pair, those in the invoice's currency before the others."""
    is_priced = _has_same_currency(valid, candidates, pairs.candidates, pairs.expand(pairs.items))
    # 0 and 1 are possible candidates, with and without the currency; 2 and 3 are not possible
    return _find_first_lowest(np.where(is_possible, 0, 2) + ~is_priced, pairs.offsets)


def _group_candidates(
    candidates: pa.Table, names_charge: Mask, skus: Texts, charges: Texts
) -> tuple[Positions, Positions]:
    """Return where each group of candidates starts, and each item's group."""
    kind, key = merge_chunks(candidates["kind"]), merge_chunks(candidates["key"])
    # with the kind, since one key may be both a SKU and a charge id
    group_names = pc.binary_join_element_wise(kind, key, " ")
    is_new = np.ones(len(group_names), bool)
    is_new[1:] = pc.not_equal(
        group_names.slice(1), group_names.slice(0, max(len(group_names) - 1, 0))
    ).to_numpy(zero_copy_only=False)
    starts = np.append(np.flatnonzero(is_new), len(group_names)).astype(np.int64)
    known_names = pc.take(group_names, pa.array(starts[:-1]))
    group_of_item = np.full(len(names_charge), NO_MATCH)
    for prefix, texts, is_selected in (("sku", skus, ~names_charge), ("charge", charges, names_charge)):
        encoded = texts.dictionary_encode()
        asked_names = pc.binary_join_element_wise(prefix, encoded.dictionary, " ")
        groups = pc.fill_null(pc.index_in(asked_names, value_set=known_names), UNKNOWN_KEY)
        item_groups = pc.fill_null(pc.take(groups, encoded.indices), NO_MATCH).to_numpy()
        group_of_item[is_selected] = item_groups[is_selected]
    return starts, group_of_item


def _get_service_days(valid: ValidSheets) -> npt.NDArray[np.int32]:
    """Return the service start date in days since 1970; the smallest number where it is unknown."""
    if "service_start_date" not in valid.items:
        return np.full(len(valid.items), _EARLIEST_DAY, np.int32)
    return _to_days(arrow_column(valid.items["service_start_date"]), _EARLIEST_DAY)


_EARLIEST_DAY = np.iinfo(np.int32).min
_LATEST_DAY = np.iinfo(np.int32).max


def _to_days(dates: Dates, missing: int) -> npt.NDArray[np.int32]:
    return np.asarray(pc.fill_null(pc.cast(dates, pa.int32()), missing).to_numpy())


def _is_valid_on(candidates: pa.Table, pairs: Positions, days: npt.NDArray[np.int32]) -> Mask:
    """Return per pair whether the candidate is valid on the day; an unknown day excludes none."""
    begins = _to_days(merge_chunks(candidates["effective_from"]), _EARLIEST_DAY)[pairs]
    ends = _to_days(merge_chunks(candidates["effective_to"]), _LATEST_DAY)[pairs]
    return np.asarray(((begins <= days) & (days <= ends)) | (days == _EARLIEST_DAY))


def _is_usable(candidates: pa.Table) -> Mask:
    models = pc.utf8_lower(pc.utf8_trim_whitespace(merge_chunks(candidates["charge_model"])))
    # a trailing `Pricing` is the same model
    models = pc.replace_substring_regex(models, pattern=r"\s*pricing$", replacement="")
    allowed = pa.array([model.lower() for model in USABLE_CHARGE_MODELS])
    return np.asarray(pc.is_in(models, value_set=allowed).to_numpy(zero_copy_only=False))


def _encode_charges(candidates: pa.Table) -> npt.NDArray[np.int64]:
    charges = merge_chunks(candidates["product_rate_plan_charge_id"]).dictionary_encode()
    return np.asarray(charges.indices.to_numpy().astype(np.int64))


def _has_same_currency(valid: ValidSheets, candidates: pa.Table, pairs: Positions, items: Positions) -> Mask:
    invoice_rows = valid.invoice_of_item[items]
    wanted = pc.take(
        decode_dictionary(arrow_column(valid.invoices["effective_currency"])),
        pa.array(invoice_rows, mask=invoice_rows < 0),
    )
    priced = pc.take(merge_chunks(candidates["currency"]), pa.array(pairs))
    return np.asarray(pc.fill_null(pc.equal(wanted, priced), False).to_numpy(zero_copy_only=False))


def _reduce_groups(ufunc: np.ufunc, values: npt.NDArray[_Scalar], offsets: Positions) -> npt.NDArray[_Scalar]:
    # every item here has a candidate: of an empty group `reduceat` would take a neighbour's value
    return ufunc.reduceat(values, offsets[:-1]) if len(offsets) > 1 else values[:0]


def _has_any(values: Mask, offsets: Positions) -> Mask:
    return np.asarray(_reduce_groups(np.logical_or, values, offsets), bool)


def _find_first_lowest(ranks: npt.NDArray[np.integer[Any]], offsets: Positions) -> Positions:
    """Return per item its first pair of the lowest rank."""
    if len(offsets) <= 1:
        return np.zeros(0, np.int64)
    sizes = np.diff(offsets)
    lowest = _reduce_groups(np.minimum, ranks, offsets).repeat(sizes)
    positions = np.where(ranks == lowest, np.arange(len(ranks)), len(ranks))
    return np.asarray(_reduce_groups(np.minimum, positions, offsets))


def _to_mask(rows: Positions, like: Positions) -> Mask:
    mask = np.zeros(len(like), bool)
    mask[rows] = True
    return mask


def group_findings(code: str, field: str, rows: Positions, values: Texts, expected: Texts) -> Findings:
    """Report one issue per pair of values, on its first row, with the number of rows it stands for.

    Args:
        code: of the issue.
        field: its column.
        rows: the rows, ascending.
        values: the sheet's value, one per row.
        expected: the catalog's value, one per row.
    """
    sheet_values, catalog_values = values.dictionary_encode(), expected.dictionary_encode()
    pairs = (
        sheet_values.indices.to_numpy().astype(np.int64) * len(catalog_values.dictionary)
        + catalog_values.indices.to_numpy()
    )
    _, first, counts = np.unique(pairs, return_index=True, return_counts=True)
    order = np.argsort(first)
    first, counts = first[order], counts[order]
    indices = pa.array(first)
    return Findings(
        code,
        "items",
        field,
        rows[first],
        values=pc.take(values, indices),
        facts={"expected": pc.take(expected, indices)},
        row_counts=counts,
    )
