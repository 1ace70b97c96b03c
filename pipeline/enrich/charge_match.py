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

from pipeline.i18n import translate
from pipeline.issues import Findings
from pipeline.model.indices import Mask, Positions
from pipeline.model.valid import ValidSheets
from schemas.arrow.columns import arrow_column, decode_dictionary, merge_chunks
from schemas.catalog import USABLE_CHARGE_MODELS

NO_MATCH, UNKNOWN_KEY = -1, -2
_MAX_NAMED = 5
"""Charges or validities named in one sentence."""


@dataclass(frozen=True)
class ChargeMatches:
    """What became of each item's key.

    Attributes:
        candidates: the catalog rows, by kind and key.
        names_charge: items that name a charge id; the others name a SKU or nothing.
        group_of_item: per item its group of candidates; `NONE` without a key, `UNKNOWN` without a candidate.
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

    def get_column(self, name: str) -> Any:
        """A catalog column, a row an item; null where no charge was chosen; text is dictionary-encoded."""
        values = merge_chunks(self.candidates[name])
        if pa.types.is_string(values.type):
            return pa.DictionaryArray.from_arrays(self._candidate_indices, values, safe=False)
        return pc.take(values, self._candidate_indices)

    @cached_property
    def _candidate_indices(self) -> Any:
        """The chosen rows as indices: one array for all columns, so that what they say can be written as one."""
        return pa.array(self.candidate_of_item.astype(np.int32), mask=self.candidate_of_item < 0)

    def find_unknown(self, kind: str) -> Positions:
        """Items whose key has no candidate."""
        return np.flatnonzero((self.group_of_item == UNKNOWN_KEY) & (self.names_charge == (kind == "charge")))

    def find_other_sku(self, skus: Any) -> Positions:
        """Items whose SKU is not that of the charge they name."""
        named: Positions = np.flatnonzero(self.names_charge)
        charge_skus, item_skus = (
            decode_dictionary(pc.take(values, pa.array(named))) for values in (self.get_column("sku"), skus)
        )
        is_same = pc.fill_null(pc.equal(item_skus, charge_skus), True).to_numpy(zero_copy_only=False)
        return np.asarray(named[~is_same])

    def iter_faults(self, by_charge: bool) -> Iterator[tuple[str, Positions, dict[str, Any]]]:
        """Code, items and facts of what could not be chosen, among items that name a charge or a SKU."""
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
        """The charges that could be meant: one of another model would be the next error."""
        start, stop = self.group_starts[group], self.group_starts[group + 1]
        usable_flags = _is_usable(self.candidates.slice(start, stop - start))
        names = (
            f"{candidate['product_rate_plan_charge_id']} ({candidate['charge_name'] or translate('no name')})"
            for candidate, is_usable in zip(self._list_candidates(group), usable_flags, strict=True)
            if is_usable
        )
        return _join_first(dict.fromkeys(names))


def _join_first(texts: Any) -> str:
    all_texts = list(texts)
    shown = ", ".join(all_texts[:_MAX_NAMED])
    rest = len(all_texts) - _MAX_NAMED
    return translate("{listed} and {count} more", listed=shown, count=str(rest)) if rest > 0 else shown


def match_charges(
    valid: ValidSheets, candidates: pa.Table, item_skus: Any, item_charges: Any
) -> ChargeMatches:
    """Choose each item's charge.

    A charge must be valid on the service start date. Where charges of a usable model and others share a SKU,
    only the usable ones can be meant. Of several rows of the one charge the row in the invoice's currency is
    taken, else the first.

    Args:
        valid: typed sheets.
        candidates: catalog rows, those of one kind and key together.
        item_skus: catalog SKU, an item.
        item_charges: charge id, an item; it goes before the SKU.
    """
    names_charge = pc.is_valid(item_charges).to_numpy(zero_copy_only=False)
    starts, group_of_item = _group_candidates(candidates, names_charge, item_skus, item_charges)
    matched_items = np.flatnonzero(group_of_item >= 0)
    sizes = (starts[1:] - starts[:-1])[group_of_item[matched_items]]
    # one pair an item and candidate, an item's pairs together
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    pairs = (
        starts[group_of_item[matched_items]].repeat(sizes)
        + np.arange(offsets[-1])
        - offsets[:-1].repeat(sizes)
    )
    days = _get_service_days(valid)[matched_items]
    is_valid = _is_valid_on(candidates, pairs, days.repeat(sizes))
    is_usable = _is_usable(candidates)[pairs]
    has_valid, has_usable = _has_any(is_valid, offsets), _has_any(is_valid & is_usable, offsets)
    is_possible = is_valid & is_usable
    charge_codes = _encode_charges(candidates)[pairs]
    lowest = _reduce_groups(
        np.minimum, np.where(is_possible, charge_codes, charge_codes.max(initial=0) + 1), offsets
    )
    highest = _reduce_groups(np.maximum, np.where(is_possible, charge_codes, -1), offsets)
    has_several = has_usable & (lowest != highest)
    is_ambiguous = has_several & (
        days != _EARLIEST_DAY
    )  # on a day that could be read, one of them may be valid alone
    ranks = np.where(is_possible, 0, 2) + ~_has_same_currency(
        valid, candidates, pairs, matched_items.repeat(sizes)
    )
    best = _find_first_lowest(ranks, offsets)
    candidate_of_item = np.full(len(group_of_item), NO_MATCH)
    candidate_of_item[matched_items] = np.where(
        has_usable & ~has_several, pairs[best] if len(pairs) else NO_MATCH, NO_MATCH
    )
    return ChargeMatches(
        candidates, names_charge, group_of_item, starts, candidate_of_item,
        _to_mask(matched_items[~has_valid], group_of_item), _to_mask(matched_items[has_valid & ~has_usable], group_of_item),
        _to_mask(matched_items[is_ambiguous], group_of_item),
    )  # fmt: skip


def _group_candidates(
    candidates: pa.Table, names_charge: Mask, skus: Any, charges: Any
) -> tuple[Positions, Positions]:
    """Where each group of candidates starts, and each item's group."""
    kind, key = merge_chunks(candidates["kind"]), merge_chunks(candidates["key"])
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
    """The service start date as days; the smallest number where it is unknown."""
    if "service_start_date" not in valid.items:
        return np.full(len(valid.items), _EARLIEST_DAY, np.int32)
    return _to_days(arrow_column(valid.items["service_start_date"]), _EARLIEST_DAY)


_EARLIEST_DAY = np.iinfo(np.int32).min
_LATEST_DAY = np.iinfo(np.int32).max


def _to_days(dates: Any, missing: int) -> npt.NDArray[np.int32]:
    return np.asarray(pc.fill_null(pc.cast(dates, pa.int32()), missing).to_numpy())


def _is_valid_on(candidates: pa.Table, pairs: Positions, days: npt.NDArray[np.int32]) -> Mask:
    """Whether the candidate is valid on the day, both ends included; an unknown day rules out none."""
    begins = _to_days(merge_chunks(candidates["effective_from"]), _EARLIEST_DAY)[pairs]
    ends = _to_days(merge_chunks(candidates["effective_to"]), _LATEST_DAY)[pairs]
    return np.asarray(((begins <= days) & (days <= ends)) | (days == _EARLIEST_DAY))


def _is_usable(candidates: pa.Table) -> Mask:
    models = pc.utf8_lower(pc.utf8_trim_whitespace(merge_chunks(candidates["charge_model"])))
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


def _reduce_groups(ufunc: np.ufunc, values: Any, offsets: Positions) -> Any:
    return ufunc.reduceat(values, offsets[:-1]) if len(offsets) > 1 else np.zeros(0, np.int64)


def _has_any(values: Mask, offsets: Positions) -> Mask:
    return np.asarray(_reduce_groups(np.logical_or, values, offsets), bool)


def _find_first_lowest(ranks: Any, offsets: Positions) -> Positions:
    """Per item the place of its first pair of the lowest rank."""
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


def group_findings(code: str, field: str, rows: Positions, values: Any, expected: Any) -> Findings:
    """One issue for each pair of values: the first row bears it, with the number of rows it stands for.

    Args:
        code: of the issue.
        field: its column.
        rows: the rows.
        values: the sheet's value, a row.
        expected: the catalog's value, a row.
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
        pc.take(values, indices),
        {"expected": pc.take(expected, indices)},
        counts,
    )
