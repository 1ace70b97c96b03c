"""Make invoices, items and a catalog of any size, with the faults people make and the truth known.

    python -m benchmarks.generate FOLDER [--items N] [--invoices N] [--seed S] [--bad-share X] [--told X]
                                         [--shuffle X] [--ragged]

Written are `invoices.csv`, `items.csv`, `catalog.csv` (headers are the names in `schemas/tables/` and
`schemas/catalog.py`), `expected.json` with the truth, and with `--workbook` the same rows as `book.xlsx`.

Money is computed in whole numbers only: a quantity is held in tenths, a unit price in tenths of the
currency's smallest unit, a total in ten-thousandths. Work is done in chunks of at most 1,000,000 items, so
that memory stays bounded; the same arguments always give the same bytes.

Every code is planted that can fire without a setting, a workbook, an account list or a ledger with a past.
Each faulty invoice carries one designed fault, except those of the kinds named `two_*`. Faulty invoices
stand at odd places of a chunk; a clean one at an even place lends its reference where a reference stands
twice. Orphan items hang on references that no invoice has, or hold a character that nobody sees. Of what is
told and rejects nothing, pairs of clean invoices share an account: the one is very like the other (W801) or
bills the same days (W803), or just not; some prices lie far from the list (W805); `beside` plants the rest.

A row with too many or too few cells (E106), or a line without a cell, makes our reader and those of the
references take another way through the whole file: both stand in it only with `--ragged`.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks import beside
from benchmarks.beside import put

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

CURRENCIES = {"EUR": 2, "USD": 2, "GBP": 2, "JPY": 0, "KWD": 3}
_EUR, _USD = range(2)
CURRENCY_WEIGHTS = (0.4, 0.25, 0.15, 0.1, 0.1)
NO_CURRENCY = "XXX"
SCALE = 4
"""Totals are held in ten-thousandths: one digit more than any currency has, for amounts with too many."""

CHUNK_ITEMS = 1_000_000
MOST_INVOICES = 50
MOST_ITEMS = 1000
ITEMS_PER_GIANT = 20_000
MOST_GIANTS = 5
STRAGGLERS = 100
DAYS_BEFORE = 400
DAY_ZERO = date(2026, 1, 1)
DAYS = tuple((DAY_ZERO + timedelta(days=d)).isoformat() for d in range(-DAYS_BEFORE, 800))
QUOTED = ("comments", "description", "quantity", "unit_price", "amount")
BAD_DATE, FAR_DATE = "31/02/2026", "2226-01-31"
BAD_NUMBERS = ("abc", "1,234,5.0", "12,5", "1.234", "#REF!", "1234567890123456.00", "1.0123456789")
"""As they stand in a sheet; 1.234 is none only where the column has decimals behind a comma."""
DAMAGED = "1.23457E+16"
HIDDEN = "\N{ZERO WIDTH SPACE}"
RAGGED = "\0"
"""Stands in the last cell of a row that is written without it."""
IGNORED_TIMES = 40_000
"""Items for which each kind of row that is no data stands in the file once."""
EMOJI = "Thank you \N{SLIGHTLY SMILING FACE}"

FAULTS: dict[str, tuple[str, ...]] = {
    # the invoice
    "date_blank": ("E201",),
    "date_unreadable": ("E205",),
    "due_unreadable": ("E205",),
    "due_early": ("E305",),
    "account_blank": ("E301",),
    "currency_unknown": ("E220",),
    "currency_blank": ("E314",),
    "comments_long": ("E208",),
    "comments_emoji": ("E213",),
    "comments_control": ("E212",),
    "date_far": ("E207",),
    "due_far": ("E207",),
    "account_damaged": ("E217",),
    "account_hidden": ("E212",),
    "account_decomposed": ("E212",),
    "account_error": ("E214",),
    "due_error": ("E214",),
    "reference_twice": ("E307", "E307"),
    "no_items": ("E309",),
    # one of its items
    "start_blank": ("E201",),
    "start_unreadable": ("E205",),
    "end_unreadable": ("E205",),
    "end_early": ("E306",),
    "quantity_unreadable": ("E202",),
    "quantity_comma": ("E202",),
    "quantity_doubtful": ("E202",),
    "price_unreadable": ("E202",),
    "price_long": ("E203",),
    "amount_unreadable": ("E202",),
    "amount_error": ("E214",),
    "amount_long": ("E203",),
    "amount_missing": ("E302",),
    "amount_decimals": ("E204",),
    "amount_mismatch": ("E304",),
    "description_long": ("E208",),
    "description_emoji": ("E213",),
    "description_control": ("E212",),
    "start_far": ("E207",),
    "end_far": ("E207",),
    "number_twice": ("E313", "E313"),
    "item_negative": ("E312",),
    "sku_blank": ("E303",),
    "sku_damaged": ("E217",),
    "sku_hidden": ("E212",),
    "sku_error": ("E214",),
    "sku_unknown": ("E401",),
    "charge_expired": ("E403",),
    "sku_ambiguous": ("E404",),
    "charge_tiered": ("E405",),
    # all of its items: E312 on each besides
    "total_negative": ("E311",),
    # two faults
    "two_account_total": ("E301", "E311"),
    "two_amount_start": ("E202", "E205"),
    "two_due_sku": ("E305", "E401"),
    # only with --ragged
    "row_ragged": ("E106",),
}
KINDS = tuple(FAULTS)
CLEAN = -1
AMOUNTS_UNREAD = (
    "amount_unreadable", "amount_error", "amount_long", "amount_missing", "two_amount_start", "row_ragged",
)  # fmt: skip
PAIRS = ("twin", "apart", "overlap", "next")
"""What the second of two invoices of an account is to the first; the others are just not told."""
TWIN_DAYS, PERIOD_DAYS = 5, 30
ORPHANS = (("LOST-", "E308"), ("inv-", "E308"), (f"INV-{HIDDEN}", "E212"))
"""How references of items without an invoice begin, and what is said of them."""

_Number = TypeVar("_Number", int, Ints)


@dataclass(frozen=True)
class Plan:
    """What to make.

    Attributes:
        items: rows of `items.csv`.
        invoices: rows of `invoices.csv`.
        seed: the same seed gives the same bytes.
        bad_share: faulty invoices, as a share of the items (0.01: 10,000 faults in 1,000,000 items).
        shuffle: share of the item rows that stand anywhere in the file.
        told: share of the items of which something is told that rejects nothing, for each such thing.
        ragged: rows with a missing cell and lines without any stand in the files.
    """

    items: int = 1_000_000
    invoices: int = 125_000
    seed: int = 1
    bad_share: float = 0.01
    shuffle: float = 0.02
    told: float = 0.0005
    ragged: bool = False

    @property
    def kinds(self) -> int:
        """How many of `KINDS` are planted."""
        return len(KINDS) if self.ragged else len(KINDS) - 1

    def chunks(self) -> Iterator[tuple[int, int, int, int]]:
        """Number, first invoice, invoices and items of each chunk."""
        count = -(-self.items // CHUNK_ITEMS)
        for number in range(count):
            first, end = (self.invoices * n // count for n in (number, number + 1))
            items = self.items * (number + 1) // count - self.items * number // count
            yield number, first, end - first, items


# -- the catalog ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Catalog:
    """SKUs by what becomes of an item that names them; the plain ones come in groups of 20.

    In a group, number 0 has two charges one after the other, number 1 one charge with prices in two
    currencies, number 3 the SKU of number 2 in small letters; the others are as simple as can be.
    """

    plain: int
    special: int

    @classmethod
    def for_items(cls, items: int) -> Catalog:
        """A tenth as many SKUs as items, from 300 to 100,000."""
        total = min(max(items // 10, 300), 100_000)
        special = max(total // 100, 5)
        return cls(plain=(total - 3 * special) // 20 * 20, special=special)

    def sku(self, number: int) -> str:
        """The SKU of a number: plain ones first, then expired, ambiguous and tiered ones."""
        if number >= self.plain:
            kind, rest = divmod(number - self.plain, self.special)
            return f"{('EXPIRED', 'TWOFOLD', 'TIERED')[kind]}-{rest:05d}"
        return f"sku-{number - 1:06d}" if number % 20 == 3 else f"SKU-{number:06d}"

    @staticmethod
    def price(number: _Number) -> _Number:
        """The whole units of a SKU's list price; half a unit comes on top."""
        return 1 + number % 977

    def skus(self) -> list[str]:
        """All of them, by number."""
        return [self.sku(number) for number in range(self.plain + 3 * self.special)]

    def rows(self) -> Iterator[list[str]]:
        """The rows of `catalog.csv`."""
        for number, sku in enumerate(self.skus()):
            model = ("Flat Fee", "Per Unit", "Per Unit Pricing", "Flat Fee Pricing")[number % 4]
            open_ended = ("EUR", model, "2020-01-01", "")
            variants: tuple[tuple[int, tuple[str, str, str, str]], ...] = ((0, open_ended),)
            if number >= self.plain:
                kind = (number - self.plain) // self.special
                variants = (
                    ((0, ("EUR", model, "2020-01-01", "2025-12-31")),),
                    ((0, open_ended), (1, open_ended)),
                    ((0, ("EUR", "Tiered Pricing", "2020-01-01", "")),),
                )[kind]
            elif number % 20 == 0:
                old, new = ("EUR", model, "2020-01-01", "2026-06-30"), ("EUR", model, "2026-07-01", "")
                variants = ((0, old), (1, new))
            elif number % 20 == 1:
                variants = ((0, open_ended), (0, ("USD", *open_ended[1:])))
            for charge, (currency, charge_model, start, end) in variants:
                product = [f"P-{number:06d}", f"Product {number}", sku]
                named = [f"2c92{number * 2 + charge:028x}", f"Charge {number}", "Each"]
                priced = [f"{self.price(number)}.50", currency, charge_model]
                yield [*product, *named, *priced, "STD", "TaxExclusive", "4000", "2400", "4000", start, end]


CATALOG_HEADER = (
    "product_id", "product_name", "sku", "product_rate_plan_charge_id", "charge_name", "uom", "list_price",
    "currency", "charge_model", "tax_code", "tax_mode", "accounting_code", "deferred_revenue_accounting_code",
    "recognized_revenue_accounting_code", "effective_from", "effective_to",
)  # fmt: skip


# -- text, a column at a time ---------------------------------------------------------------------------


def _decimal_text(values: Ints, scale: int) -> pa.Array:
    """Whole numbers as decimals with `scale` digits after the point."""
    size = np.abs(values)
    text = pc.cast(pa.array(size // 10**scale), pa.string())
    if scale:
        rest = pc.utf8_lpad(pc.cast(pa.array(size % 10**scale), pa.string()), scale, "0")
        text = pc.binary_join_element_wise(text, rest, ".")
    sign = pa.array(["", "-"]).take(pa.array((values < 0).astype(np.int8)))
    return pc.binary_join_element_wise(sign, text, "")


def _decimals_text(values: Ints, scales: Ints) -> pa.Array:
    """The same with each value's own scale."""
    texts, places = [], []
    for scale in np.unique(scales).tolist():
        at = np.flatnonzero(scales == scale)
        places.append(at)
        texts.append(_decimal_text(values[at], scale))
    order = np.empty(len(values), np.int64)
    order[np.concatenate(places)] = np.arange(len(values))
    return pa.concat_arrays(texts).take(pa.array(order))


def _days(days: Ints) -> pa.Array:
    return pa.array(DAYS).take(pa.array(days + DAYS_BEFORE))


def _refs(numbers: Ints, prefix: str) -> pa.Array:
    return pc.binary_join_element_wise(
        prefix, pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), 8, "0"), ""
    )


# -- one chunk ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Slots:
    """The invoices of a chunk as numbers, then the groups of orphan items."""

    count: int
    kind: npt.NDArray[np.int16]
    size: Ints
    giant: Mask
    currency: Ints
    lender: Ints
    first: int
    pairs: Ints

    def paired(self, *names: str) -> tuple[Ints, Ints]:
        """Places of the first and of the second invoices of some pairs."""
        kinds = np.arange(len(self.pairs)) % len(PAIRS)
        chosen = self.pairs[np.isin(kinds, [PAIRS.index(name) for name in names])]
        return chosen[:, 0], chosen[:, 1]

    def of(self, *names: str) -> Ints:
        """Places of the invoices that bear one of these faults."""
        return np.flatnonzero(np.isin(self.kind, [KINDS.index(name) for name in names]))


def _slots(rng: np.random.Generator, plan: Plan, first: int, count: int, items: int) -> _Slots:
    """Decide what each invoice of a chunk is: its fault, its number of items, its currency."""
    bad = min(int(items * plan.bad_share), count // 4)
    orphans = bad // plan.kinds + (bad > 0)
    kind = np.full(count + orphans, CLEAN, np.int16)
    odd, even = rng.permutation(np.arange(1, count, 2)), rng.permutation(np.arange(0, count, 2))
    kind[odd[:bad]] = rng.permutation(np.arange(bad) % plan.kinds)
    giants = even[: 2 * min(items // ITEMS_PER_GIANT, MOST_GIANTS)]
    even = even[len(giants) :]

    size = np.ones(len(kind), np.int64)
    is_kind = {name: kind == number for number, name in enumerate(KINDS)}
    size[is_kind["no_items"] | is_kind["reference_twice"]] = 0
    size[is_kind["item_negative"] | is_kind["number_twice"]] = 2
    half = len(giants) // 2
    size[giants[:half]] = MOST_ITEMS + 1 + rng.integers(0, 100, half)
    size[giants[half:]] = MOST_ITEMS
    weights = np.where(size > 0, rng.gamma(0.8, size=len(size)), 0.0)
    lender, even = np.split(even, [int(is_kind["reference_twice"].sum())])
    pairs = even[: 2 * min(int(items * plan.told), len(even) // 4)].reshape(-1, 2)
    weights[giants] = weights[pairs] = 0
    spare = items - int(size.sum())
    if spare < 0:
        raise ValueError(f"{items} items are too few for {count} invoices")
    size += rng.multinomial(spare, weights / weights.sum())

    currency = rng.choice(len(CURRENCIES), len(kind), p=CURRENCY_WEIGHTS)
    currency[np.flatnonzero(is_kind["reference_twice"])] = currency[lender]
    currency[pairs[:, 1]] = currency[pairs[:, 0]]
    giant = np.zeros(len(kind), bool)
    giant[giants[:half]] = True
    return _Slots(count, kind, size, giant, currency, lender, first, pairs)


def _invoice_table(
    rng: np.random.Generator, plan: Plan, slots: _Slots, truth: Truth
) -> tuple[pa.Table, Ints]:
    """The invoice rows, and each one's date as a day."""
    n = slots.count
    days = _invoice_days(rng, slots)
    due_days = days + rng.integers(0, 60, n)
    early = slots.of("due_early", "two_due_sku")
    due_days[early] = days[early] - rng.integers(1, 40, len(early))
    due = _days(due_days)
    blank = np.flatnonzero((rng.random(n) < 0.3) & (slots.kind[:n] == CLEAN))
    accounts = rng.permutation(n)
    accounts[slots.pairs[:, 1]] = accounts[slots.pairs[:, 0]]
    words = pa.array(["", "", "Thank you", 'Net 30, "as agreed"', "Für Ihre Unterlagen £"])
    columns = {
        "invoice_ref": _refs(np.arange(n) + slots.first, "INV-"),
        "account_number": _refs(accounts + slots.first, "A"),
        "invoice_date": _days(days),
        "due_date": put(due, blank, ""),
        "currency": pa.array(list(CURRENCIES)).take(pa.array(slots.currency[:n])),
        "comments": words.take(pa.array(rng.integers(0, len(words), n))),
    }
    for name, column, text in (
        ("date_blank", "invoice_date", ""),
        ("date_unreadable", "invoice_date", BAD_DATE),
        ("due_unreadable", "due_date", BAD_DATE),
        ("account_blank", "account_number", ""),
        ("two_account_total", "account_number", ""),
        ("currency_unknown", "currency", "ZZZ"),
        ("currency_blank", "currency", ""),
        ("comments_long", "comments", "c" * 256),
        ("comments_emoji", "comments", EMOJI),
        ("comments_control", "comments", "Thank\x07you"),
        ("date_far", "invoice_date", FAR_DATE),
        ("due_far", "due_date", FAR_DATE),
        ("account_damaged", "account_number", DAMAGED),
        ("account_error", "account_number", "#N/A"),
        ("due_error", "due_date", "#VALUE!"),
        ("account_hidden", "account_number", f"A{HIDDEN}1"),
        ("account_decomposed", "account_number", "Mu\N{COMBINING DIAERESIS}ller"),
    ):
        columns[column] = put(columns[column], slots.of(name), text)
    refs = columns["invoice_ref"]
    columns["invoice_ref"] = put(refs, slots.of("reference_twice"), refs.take(pa.array(slots.lender)))
    truth.warnings["W201"] += beside.blanks(
        rng, columns, ("account_number", "currency", "comments"), plan.told
    )
    return pa.table(columns), days


def _invoice_days(rng: np.random.Generator, slots: _Slots) -> Ints:
    """Each invoice's date as a day; a twin's is near the other's."""
    days = rng.integers(0, 330, slots.count)
    first, second = slots.paired("twin")
    days[second] = days[first] + rng.integers(0, TWIN_DAYS + 1, len(first))
    first, second = slots.paired("apart")
    days[second] = days[first] + rng.integers(TWIN_DAYS + 1, 40, len(first))
    return days


@dataclass(frozen=True)
class _Items:
    """The items of a chunk as numbers.

    Attributes:
        slot: place of the invoice.
        number: within the invoice, from 1.
        start: of each invoice's items.
        digits: of the invoice's currency.
        tenths: ten times the quantity.
        price: in tenths of the currency's smallest unit.
        amount: in the currency's smallest unit.
        has_amount: whether the sheet gives it.
        has_price: whether the sheet gives it.
        product: which it names, by number.
    """

    slot: Ints
    number: Ints
    start: Ints
    digits: Ints
    tenths: Ints
    price: Ints
    amount: Ints
    has_amount: Mask
    has_price: Mask
    product: Ints


def _round_half_away(values: Ints, unit: int) -> Ints:
    return np.sign(values) * ((np.abs(values) + unit // 2) // unit)


def _chosen(rng: np.random.Generator, slots: _Slots, catalog: Catalog) -> Ints:
    """Which product each item names, by number; items of faulty invoices name simple ones."""
    slot = np.repeat(np.arange(len(slots.size)), slots.size)
    chosen = rng.integers(0, catalog.plain, len(slot))
    simple = (slots.kind != CLEAN)[slot] | (slot >= slots.count)
    chosen = np.where(simple & (chosen % 20 < 2), chosen // 20 * 20 + 4, chosen)
    start = np.cumsum(slots.size) - slots.size
    first, second = (start[places] for places in slots.pairs.T)
    chosen[first] = chosen[second] = chosen[first] // 20 * 20 + 4
    return chosen


def _item_numbers(rng: np.random.Generator, plan: Plan, slots: _Slots, chosen: Ints) -> _Items:
    """Quantities, prices a few percent around the list price, and amounts, ties of either sign among them."""
    slot = np.repeat(np.arange(len(slots.size)), slots.size)
    n = len(slot)
    start = np.cumsum(slots.size) - slots.size
    digits = np.array(list(CURRENCIES.values()))[slots.currency][slot]
    tenths = np.where(rng.random(n) < 0.9, 10 * rng.integers(1, 50, n), rng.integers(5, 500, n))
    price = (10 * Catalog.price(chosen) + 5) * 10**digits
    price += price * rng.integers(-30, 31, n) // 1000
    price -= np.where(rng.random(n) < 0.7, price % 10, 0)
    good = (slots.kind == CLEAN)[slot] & (slot < slots.count)
    far = good & (rng.random(n) < plan.told)
    price[far] = price[far] * 3 // 2
    negative = np.isin(slot, slots.of("total_negative", "two_account_total"))
    tie = np.flatnonzero((rng.random(n) < 0.05) | (negative & (rng.random(n) < 0.5)))
    tenths[tie] = 10 * (2 * rng.integers(0, 10, len(tie)) + 1)
    price[tie] += 5 - price[tie] % 10
    tenths[negative] *= -1
    negative_items = start[slots.of("item_negative")]
    tenths[negative_items], price[negative_items] = -10, 10
    _pair_up(slots, start, tenths, price)
    has_amount = ~(good & (rng.random(n) < 0.1))
    has_price = ~(good & has_amount & (rng.random(n) < 0.03))
    amount = _round_half_away(tenths * price, 100)
    number = np.arange(n) - start[slot] + 1
    return _Items(slot, number, start, digits, tenths, price, amount, has_amount, has_price, chosen)


def _pair_up(slots: _Slots, start: Ints, tenths: Ints, price: Ints) -> None:
    """Give the one item of a second invoice the price and, if it is to look like the first, its quantity."""
    first, second = (start[places] for places in slots.pairs.T)
    price[second], tenths[second] = price[first], tenths[first] + 10
    first, second = (start[places] for places in slots.paired("twin", "apart"))
    tenths[second] = tenths[first]


def _skus(rng: np.random.Generator, items: _Items, catalog: Catalog, at: dict[str, Ints]) -> pa.Array:
    """The products that were chosen, but where the product is the fault."""
    chosen = items.product.copy()
    for kind, name in enumerate(("charge_expired", "sku_ambiguous", "charge_tiered")):
        places = at[name]
        chosen[places] = (
            catalog.plain + kind * catalog.special + rng.integers(0, catalog.special, len(places))
        )
    column = pa.array(catalog.skus()).take(pa.array(chosen))
    unknown = np.sort(np.concatenate([at["sku_unknown"], at["two_due_sku"]]))
    return put(column, unknown, pc.binary_join_element_wise(column.take(pa.array(unknown)), "9", "-"))


def _descriptions(rng: np.random.Generator, n: int) -> pa.Array:
    """Names that repeat, one in five with a number of its own, some blank."""
    products = (
        "Support",
        "Licence, annual",
        'Cable 19" black',
        "Wartung für Geräte",
        "Hosting £",
        "T-Light Holder",
        "NA",
    )
    words = pa.array(
        [f"{product} {n}" if n else product for product in products for n in range(60)]
        + ["", "", "", "", "", ""]
    )
    text = words.take(pa.array(rng.integers(0, len(words), n)))
    numbered = np.flatnonzero(rng.random(n) < 0.2)
    suffix = pc.cast(pa.array(rng.integers(0, 10**9, len(numbered))), pa.string())
    return put(text, numbered, pc.binary_join_element_wise("Order", suffix, " "))


def _service_days(
    rng: np.random.Generator, slots: _Slots, items: _Items, days: Ints
) -> tuple[Ints, Ints, Mask]:
    """First and last day of each item's service, and which last days are blank."""
    n = len(items.slot)
    first_day = np.concatenate([days, rng.integers(0, 300, len(slots.size) - slots.count)])[items.slot]
    last_day = first_day + rng.integers(0, 365, n)
    blank = (rng.random(n) < 0.2) & (slots.kind == CLEAN)[items.slot]
    blank[items.start[slots.pairs]] = False
    blank[items.start[np.concatenate(slots.paired("twin", "apart"))]] = True
    for name, low, high in (("overlap", 0, PERIOD_DAYS), ("next", PERIOD_DAYS + 1, PERIOD_DAYS + 1)):
        earlier, later = (items.start[places] for places in slots.paired(name))
        last_day[earlier] = first_day[earlier] + PERIOD_DAYS
        first_day[later] = first_day[earlier] + rng.integers(low, high + 1, len(earlier))
        last_day[later] = first_day[later] + rng.integers(0, 365, len(earlier))
    return first_day, last_day, blank


def _item_table(
    rng: np.random.Generator, slots: _Slots, items: _Items, catalog: Catalog, days: Ints
) -> tuple[dict[str, pa.Array], Ints, Mask]:
    """The columns of the items, each amount in ten-thousandths, and which amounts cannot be told."""
    n = len(items.slot)
    one_of = {name: _one_item(rng, slots, items, name) for name in KINDS}
    first_day, last_day, blank = _service_days(rng, slots, items, days)
    last_day[one_of["end_early"]] = first_day[one_of["end_early"]] - 1
    amount = items.amount.copy()
    amount[one_of["amount_mismatch"]] += 1
    amounts = _decimals_text(amount, items.digits)
    exact = amount * 10 ** (SCALE - items.digits)
    fine = one_of["amount_decimals"]
    finer = amount[fine] * 10 + rng.integers(1, 10, len(fine))
    exact[fine] = finer * 10 ** (SCALE - items.digits[fine] - 1)
    amounts = put(amounts, fine, _decimals_text(finer, items.digits[fine] + 1)) if len(fine) else amounts
    number = items.number.copy()
    second = items.start[slots.of("number_twice")] + 1
    number[second] = 1
    columns = {
        "invoice_ref": _owners(slots).take(pa.array(items.slot)),
        "item_no": pc.cast(pa.array(number), pa.string()),
        "catalog_sku": _skus(rng, items, catalog, one_of),
        "description": _descriptions(rng, n),
        "quantity": _decimals_text(*_shorter(items.tenths, np.ones(n, np.int64))),
        "unit_price": _decimals_text(*_shorter(items.price, items.digits + 1)),
        "amount": put(amounts, np.flatnonzero(~items.has_amount), ""),
        "service_start_date": _days(first_day),
        "service_end_date": put(_days(last_day), np.flatnonzero(blank), ""),
    }
    columns["unit_price"] = put(columns["unit_price"], np.flatnonzero(~items.has_price), "")
    unread = np.zeros(n, bool)
    unread[np.concatenate([one_of[name] for name in AMOUNTS_UNREAD])] = True
    return _spoil(columns, one_of), exact, unread


def _owners(slots: _Slots) -> pa.Array:
    """The references that the items name."""
    numbers = np.arange(slots.count) + slots.first
    lost = [ORPHANS[at % len(ORPHANS)][0] for at in range(len(slots.size) - slots.count)]
    named = [f"{begin}{number + slots.first:08d}" for number, begin in enumerate(lost)]
    return pa.concat_arrays([_refs(numbers, "INV-"), pa.array(named, pa.string())])


def _with_beside(
    rng: np.random.Generator,
    plan: Plan,
    slots: _Slots,
    items: _Items,
    columns: dict[str, pa.Array],
    truth: Truth,
) -> pa.Table:
    """The item rows with blanks around some values, and texts that look like formulas."""
    faulty = (slots.kind != CLEAN)[items.slot]
    columns["description"] = beside.formulas(rng, columns["description"], plan.told, faulty)
    wide = ("invoice_ref", "catalog_sku", "description", "unit_price")
    truth.warnings["W201"] += beside.blanks(rng, columns, wide, plan.told)
    return pa.table(columns)


def _shorter(values: Ints, scales: Ints) -> tuple[Ints, Ints]:
    """Values and scales without a last digit that is zero."""
    zero = values % 10 == 0
    return np.where(zero, values // 10, values), scales - zero


def _one_item(rng: np.random.Generator, slots: _Slots, items: _Items, name: str) -> Ints:
    """One item of every invoice that bears this fault."""
    places = slots.of(name)
    places = places[slots.size[places] > 0]
    return items.start[places] + (rng.random(len(places)) * slots.size[places]).astype(np.int64)


def _spoil(columns: dict[str, pa.Array], one_of: dict[str, Ints]) -> dict[str, pa.Array]:
    """Write the faults that are a text in a cell."""
    for name, column, text in (
        ("start_blank", "service_start_date", ""),
        ("start_unreadable", "service_start_date", BAD_DATE),
        ("two_amount_start", "service_start_date", BAD_DATE),
        ("end_unreadable", "service_end_date", BAD_DATE),
        ("start_far", "service_start_date", FAR_DATE),
        ("end_far", "service_end_date", FAR_DATE),
        ("quantity_unreadable", "quantity", "abc"),
        ("quantity_comma", "quantity", "12,5"),
        ("quantity_doubtful", "quantity", "1.234"),
        ("price_unreadable", "unit_price", "1,234,5.0"),
        ("price_long", "unit_price", "1.0123456789"),
        ("amount_unreadable", "amount", "1,234,5.0"),
        ("amount_error", "amount", "#REF!"),
        ("amount_long", "amount", "1234567890123456.00"),
        ("two_amount_start", "amount", "abc"),
        ("amount_missing", "amount", ""),
        ("amount_missing", "unit_price", ""),
        ("description_long", "description", "d" * 501),
        ("description_emoji", "description", EMOJI),
        ("description_control", "description", "Support\x07"),
        ("sku_blank", "catalog_sku", ""),
        ("sku_damaged", "catalog_sku", DAMAGED),
        ("sku_hidden", "catalog_sku", f"SKU-000002{HIDDEN}"),
        ("sku_error", "catalog_sku", "#N/A"),
        ("row_ragged", "service_end_date", RAGGED),
    ):
        columns[column] = put(columns[column], one_of[name], text)
    return columns


# -- the truth ------------------------------------------------------------------------------------------


@dataclass
class Truth:
    """What must be found, added up chunk by chunk."""

    invoices: Counter[str] = field(default_factory=Counter)
    items: Counter[str] = field(default_factory=Counter)
    money: dict[str, Counter[str]] = field(default_factory=dict)
    issues: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    _open: tuple[int, int] = (MOST_INVOICES, MOST_ITEMS)

    def add(self, slots: _Slots, items: _Items, exact: Ints, unread: Mask) -> None:
        """Add a chunk."""
        bad = slots.kind != CLEAN
        bad[slots.lender] = True
        bad |= slots.giant
        bad[slots.count :] = True
        rows = np.arange(len(bad)) < slots.count
        self.invoices.update(
            {"in": slots.count, "rejected": int((bad & rows).sum()), "accepted": int((~bad).sum())}
        )
        lost = int(slots.size[bad].sum())
        self.items.update({"in": len(items.slot), "rejected": lost, "accepted": len(items.slot) - lost})
        self._add_issues(slots)
        self._add_warnings(slots, items, bad)
        self._add_money(slots, items, exact, unread, bad)
        for place in np.flatnonzero(~bad).tolist():
            self.digest.update(b"INV-%08d\n" % (place + slots.first))
            self._add_invoice(int(slots.size[place]))

    def _add_invoice(self, size: int) -> None:
        """Next-fit: an invoice that does not fit opens a request; those before it stay as they are."""
        invoices, items = self._open
        if invoices + 1 > MOST_INVOICES or items + size > MOST_ITEMS:
            self.requests += 1
            invoices = items = 0
        self._open = (invoices + 1, items + size)

    def _add_issues(self, slots: _Slots) -> None:
        for number, name in enumerate(KINDS):
            times = int((slots.kind == number).sum())
            self.issues.update({code: times * FAULTS[name].count(code) for code in set(FAULTS[name])})
        self.issues["E312"] += int(slots.size[slots.of("total_negative", "two_account_total")].sum())
        for place, size in enumerate(slots.size[slots.count :].tolist()):
            self.issues[ORPHANS[place % len(ORPHANS)][1]] += size
        self.issues["E310"] += int(slots.giant.sum())

    def _add_warnings(self, slots: _Slots, items: _Items, bad: Mask) -> None:
        """Pairs, and the prices of accepted items that are more than a tenth away from the catalog's."""
        self.warnings["W801"] += len(slots.paired("twin")[0])
        self.warnings["W803"] += len(slots.paired("overlap")[0])
        listed = (10 * Catalog.price(items.product) + 5) * 10**items.digits
        code = slots.currency[items.slot]
        priced = (code == _EUR) | ((code == _USD) & (items.product % 20 == 1))
        far = 10 * np.abs(items.price - listed) > listed
        self.warnings["W805"] += int((priced & far & items.has_price & ~bad[items.slot]).sum())

    def _add_money(self, slots: _Slots, items: _Items, exact: Ints, unread: Mask, bad: Mask) -> None:
        codes = [*CURRENCIES, NO_CURRENCY]
        currency = slots.currency.copy()
        currency[slots.of("currency_unknown", "currency_blank")] = len(CURRENCIES)
        currency[slots.count :] = len(CURRENCIES)
        self.items["amount_unread"] += int(unread.sum())
        for number, code in enumerate(codes):
            mine = (currency[items.slot] == number) & ~unread
            total, lost = int(exact[mine].sum()), int(exact[mine & bad[items.slot]].sum())
            self.money.setdefault(code, Counter()).update(
                {"in": total, "rejected": lost, "accepted": total - lost}
            )

    def as_dict(self) -> dict[str, object]:
        """In the shape of a run's summary."""
        return {
            "invoices": {name: self.invoices[name] for name in ("in", "accepted", "rejected")}
            | {"skipped": 0},
            "items": {name: self.items[name] for name in ("in", "accepted", "rejected")}
            | {"skipped": 0, "amount_unread": self.items["amount_unread"]},
            "money": {
                code: {
                    name: money_text(sums[name], code) for name in ("in", "accepted", "rejected", "skipped")
                }
                for code, sums in self.money.items()
                if any(sums.values())
            },
            "requests": self.requests,
            "issues": {code: count for code, count in sorted(self.issues.items()) if count},
            "warnings": {code: count for code, count in sorted(self.warnings.items()) if count},
            "ignored_rows": {name: self.ignored[name] for name in ("example", "note", "total", "blank")},
            "accepted_sha256": self.digest.hexdigest(),
        }


def money_text(units: int, currency: str) -> str:
    """Ten-thousandths as text, with the currency's digits or more where there are more."""
    whole, rest = divmod(abs(units), 10**SCALE)
    digits = CURRENCIES.get(currency, 2)
    tail = f"{rest:0{SCALE}d}"
    tail = tail[:digits] + tail[digits:].rstrip("0")
    return ("-" if units < 0 else "") + str(whole) + (f".{tail}" if tail else "")


# -- files ----------------------------------------------------------------------------------------------


def generate(folder: Path, plan: Plan, workbook: bool = False) -> dict[str, object]:
    """Write the files of a plan into a folder.

    Args:
        folder: made when it is missing; files of the same names are replaced.
        plan: what to make.
        workbook: also write the rows as `book.xlsx`.

    Returns:
        What stands in `expected.json`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    catalog = Catalog.for_items(plan.items)
    with (folder / "catalog.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(chain([CATALOG_HEADER], catalog.rows()))
    truth = Truth()
    with (folder / "invoices.csv").open("wb") as invoices, (folder / "items.csv").open("wb") as items:
        stragglers = []
        for number, first, count, rows in plan.chunks():
            rng = np.random.default_rng([plan.seed, number])
            slots = _slots(rng, plan, first, count, rows)
            invoice_table, days = _invoice_table(rng, plan, slots, truth)
            numbers = _item_numbers(rng, plan, slots, _chosen(rng, slots, catalog))
            columns, exact, unread = _item_table(rng, slots, numbers, catalog, days)
            truth.add(slots, numbers, exact, unread)
            item_table = _with_beside(rng, plan, slots, numbers, columns, truth)
            item_table, late = _scatter(rng, item_table, plan.shuffle)
            stragglers.append(late)
            if plan.told and not number:
                item_table = beside.with_totals_at_top(item_table, truth.ignored, truth.warnings)
            times = (rows // IGNORED_TIMES + 1) * (plan.told > 0)
            for file, table in ((invoices, invoice_table), (items, item_table)):
                whole = beside.with_rows_that_are_none(rng, table, times, truth.ignored)
                _write(file, whole, plan, number == 0)
        _write(items, pa.concat_tables(stragglers), plan, False)
    expected = {"plan": asdict(plan), **truth.as_dict()}
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")
    if workbook:
        write_workbook(folder)
    return expected


def _scatter(rng: np.random.Generator, table: pa.Table, share: float) -> tuple[pa.Table, pa.Table]:
    """A share of the rows change places; a few are kept for the end of the file."""
    order = np.arange(len(table))
    moved = np.flatnonzero(rng.random(len(table)) < share)
    order[moved] = rng.permutation(moved)
    late = rng.choice(moved, min(STRAGGLERS, len(moved)), replace=False)
    return table.take(pa.array(np.delete(order, late))), table.take(pa.array(order[late]))


def _write(file: BinaryIO, table: pa.Table, plan: Plan, header: bool) -> None:
    """CSV rows with quotes only where they are needed."""
    if header:
        file.write((",".join(table.column_names) + "\n").encode())
    columns = [_quoted(name, table[name].combine_chunks()) for name in table.column_names]
    lines = pc.binary_join_element_wise(*columns, ",")
    if plan.ragged:
        lines = pc.replace_substring(lines, f",{RAGGED}", "")
        lines = pc.replace_substring_regex(lines, "^,*$", "")
    lines = pc.binary_join_element_wise(lines, "\n", "")
    _, offsets, text = lines.buffers()
    ends = np.frombuffer(offsets, np.int32)[[lines.offset, lines.offset + len(lines)]]
    file.write(memoryview(text)[ends[0] : ends[1]] if len(lines) else b"")


def _quoted(name: str, column: pa.Array) -> pa.Array:
    if name not in QUOTED:
        return column
    quoted = pc.binary_join_element_wise('"', pc.replace_substring(column, '"', '""'), '"', "")
    return pc.if_else(pc.match_substring_regex(column, '[",\n]'), quoted, column)


def write_workbook(folder: Path) -> Path:
    """The pair as one workbook: numbers and dates in cells of their kind, whatever is faulty as text."""
    import xlsxwriter

    path = folder / "book.xlsx"
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    date_format = book.add_format({"num_format": "yyyy-mm-dd"})
    for sheet, name in (("Invoices", "invoices.csv"), ("Items", "items.csv")):
        page = book.add_worksheet(sheet)
        with (folder / name).open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            header = next(rows)
            page.write_row(0, 0, header)
            for row, cells in enumerate(rows, 1):
                for column, (field_name, text) in enumerate(zip(header, cells, strict=True)):
                    _write_cell(page, row, column, field_name, text, date_format)
    book.close()
    return path


def _write_cell(page: Any, row: int, column: int, name: str, text: str, date_format: Any) -> None:
    if not text:
        page.write_blank(row, column, None, date_format)  # so that a blank row stands in the file
    elif text != text.strip():
        page.write_string(row, column, text)
    elif name.endswith("_date") and text not in (BAD_DATE, "#VALUE!"):
        page.write_datetime(row, column, date.fromisoformat(text), date_format)
    elif name in ("quantity", "unit_price", "amount") and text not in BAD_NUMBERS:
        page.write_number(row, column, float(text))
    else:
        page.write_string(row, column, text)


def main() -> None:
    """Parse the arguments and generate."""
    parser = argparse.ArgumentParser(prog="benchmarks.generate", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--items", type=int, default=Plan.items)
    parser.add_argument("--invoices", type=int, help="an eighth of the items by default")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--bad-share", type=float, default=Plan.bad_share)
    parser.add_argument("--shuffle", type=float, default=Plan.shuffle)
    parser.add_argument("--told", type=float, default=Plan.told)
    parser.add_argument("--ragged", action="store_true")
    parser.add_argument("--workbook", action="store_true")
    args = parser.parse_args()
    began = time.perf_counter()
    plan = Plan(
        args.items,
        args.invoices or args.items // 8,
        args.seed,
        args.bad_share,
        args.shuffle,
        args.told,
        args.ragged,
    )
    expected = generate(args.folder, plan, args.workbook)
    print(json.dumps({**expected, "seconds": round(time.perf_counter() - began, 2)}, indent=1))


if __name__ == "__main__":
    main()
