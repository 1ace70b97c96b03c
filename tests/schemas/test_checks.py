"""pandera carries the rules: without any one check of a compiled schema, some fault would pass."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandera.errors import SchemaErrors

from schemas import cell_facts, pandera_schemas, rules
from schemas.arrow.columns import DECIMAL
from schemas.arrow.frames import to_series
from schemas.catalog import ACCOUNT_KEYS
from schemas.cell_facts import KIND_SUFFIX
from schemas.cell_kinds import CellKind
from schemas.fields import Field, Kind, Projection
from schemas.notation.dates import DateNotation
from schemas.notation.parsing import STORAGE_TYPES
from schemas.rule import RuleSettings
from schemas.rules import RULES
from schemas.tables import TABLES
from schemas.targets import bxb, zuora, zuora_drafts

TABLE = zuora.build_zuora_projection().bind(TABLES, {})
EVERY = {table.name: table for table in TABLES}
"""Every table with the fields of every target."""

TEXTUAL = (Kind.TEXT, Kind.IDENTIFIER, Kind.CHOICE, Kind.CURRENCY)
DIGITS = (Kind.NUMBER, Kind.MONEY)


def _expected(field: Field) -> list[str]:
    """The checks a declaration stands for, stated a second time."""
    when = {
        "E201": field.required,
        "E212": field.kind in TEXTUAL,
        "E213": field.kind in TEXTUAL,
        "E217": field.kind is Kind.IDENTIFIER,
        "E208": field.max_length is not None,
        "E211": field.pattern is not None,
        "E202": field.kind in DIGITS,
        "E203": field.kind in DIGITS,
        "E205": field.kind in (Kind.DATE, Kind.DATETIME),
        "E210": field.kind is Kind.BOOLEAN,
        "E209": field.kind is Kind.CHOICE,
        "E220": field.kind is Kind.CURRENCY,
    }
    return [code for code, applies in when.items() if applies]


def _violation(code: str, field: Field) -> str:
    """A text that fails the check and, where that can be, no other."""
    return {
        "E201": "",
        "E212": "a\x07b",
        "E213": "a\N{SLIGHTLY SMILING FACE}b",
        "E217": "1E+16",
        "E208": "x" * ((field.max_length or 0) + 1),
        "E211": "g h",
        "E202": "ten",
        "E203": "1" * 16,
        "E205": "2026-02-30",
        "E210": "perhaps",
        "E209": "another",
        "E220": "EURO",
    }[code]


IMPLIED = {
    ("E202", "E203"),  # what is no number has no digits to count
    ("E212", "E211"),  # a hidden character or an emoji fits no pattern and is no choice
    ("E213", "E211"),
    ("E217", "E211"),  # no pattern allows the plus
    ("E212", "E209"),
    ("E213", "E209"),
    ("E212", "E220"),
    ("E213", "E220"),
}
"""A check, and one that catches the same cells after it."""

TEXT_CASES = [(table, field, code) for table in TABLE for field in TABLE[table] for code in _expected(field)]


def _ids(cases: list[Any]) -> list[str]:
    return [f"{table}.{getattr(field, 'name', field)}.{code}" for table, field, code, *_ in cases]


def _text_schema(field: Field, table: str, *suffixes: str) -> pandera.DataFrameSchema:
    fact_columns = [field.name + suffix for suffix in suffixes]
    return pandera_schemas.build_text_schema(
        TABLE[table], [field.name], fact_columns, allow_astral=False, date_notation=DateNotation()
    )


def _without(schema: pandera.DataFrameSchema, column: str, name: str) -> pandera.DataFrameSchema:
    """The schema less one check of a column."""
    kept = [check for check in schema.columns[column].checks if check.name != name]
    assert len(kept) == len(schema.columns[column].checks) - 1
    return schema.update_column(column, checks=kept)


def _codes(schema: pandera.DataFrameSchema, frame: pd.DataFrame) -> list[str]:
    return [
        failure.code for failure in pandera_schemas.iter_failures(schema, frame) if list(failure.rows) == [0]
    ]


def _cells(field: Field, text: str) -> pd.DataFrame:
    """The text, and below it a cell that holds."""
    return pd.DataFrame({field.name: [text, field.example or "x"]}, dtype="string[pyarrow]")


@pytest.mark.parametrize("table", TABLE)
def test_a_text_schema_has_exactly_the_checks_that_the_fields_declare(table: str) -> None:
    names = [field.name for field in TABLE[table]]
    fact_columns = [name + suffix for name in names for suffix in cell_facts.FACT_SUFFIXES]
    schema = pandera_schemas.build_text_schema(
        TABLE[table], names, fact_columns, allow_astral=False, date_notation=DateNotation()
    )
    for field in TABLE[table]:
        compiled = [check.name for check in schema.columns[field.name].checks]
        assert compiled == [f"{code} {field.name}" for code in _expected(field)]
        held = [check.name for check in schema.columns[field.name + KIND_SUFFIX].checks]
        assert held == [f"{code} {field.name}" for code in ("E214", "E215", "E216")]
        for suffix, code in _told_beside(field).items():
            assert [check.name for check in schema.columns[field.name + suffix].checks] == [
                f"{code} {field.name}"
            ]


@pytest.mark.parametrize(("table", "field", "code"), TEXT_CASES, ids=_ids(TEXT_CASES))
def test_only_its_own_check_stands_between_a_text_and_the_payload(
    table: str, field: Field, code: str
) -> None:
    schema, cells = _text_schema(field, table), _cells(field, _violation(code, field))
    assert _codes(schema, cells)[0] == code
    left = _codes(_without(schema, field.name, f"{code} {field.name}"), cells)
    assert code not in left
    assert all((code, implied) in IMPLIED for implied in left)


WRONG_KIND = {
    Kind.TEXT: (CellKind.DATE, CellKind.TIME),
    Kind.IDENTIFIER: (CellKind.DATE, CellKind.TIME, CellKind.BOOLEAN),
    Kind.NUMBER: (CellKind.DATE, CellKind.TIME, CellKind.BOOLEAN),
    Kind.MONEY: (CellKind.DATE, CellKind.TIME, CellKind.BOOLEAN),
    Kind.DATE: (CellKind.NUMBER, CellKind.TIME, CellKind.BOOLEAN),
    Kind.DATETIME: (CellKind.NUMBER, CellKind.TIME, CellKind.BOOLEAN),
    Kind.BOOLEAN: (CellKind.DATE, CellKind.TIME),
    Kind.CHOICE: (CellKind.NUMBER, CellKind.DATE, CellKind.TIME, CellKind.BOOLEAN),
    Kind.CURRENCY: (CellKind.NUMBER, CellKind.DATE, CellKind.TIME, CellKind.BOOLEAN),
}
HELD_CASES = [
    (table, field, code, held)
    for table in TABLE
    for field in TABLE[table]
    for code, held in [
        ("E214", CellKind.ERROR),
        ("E215", CellKind.FORMULA),
        *(("E216", kind) for kind in WRONG_KIND[field.kind]),
    ]
]


@pytest.mark.parametrize(("table", "field", "code", "held"), HELD_CASES)
def test_only_its_own_check_stands_between_a_cell_and_the_payload(
    table: str, field: Field, code: str, held: int
) -> None:
    column = field.name + KIND_SUFFIX
    schema = _text_schema(field, table, KIND_SUFFIX)
    cells = _cells(field, field.example or "x").assign(
        **{column: to_series(pa.array([held, CellKind.TEXT], pa.uint8()))}
    )
    assert _codes(schema, cells)[0] == code
    assert _codes(_without(schema, column, f"{code} {field.name}"), cells) == []


@pytest.mark.parametrize("field", TABLE["items"].fields, ids=lambda field: field.name)
def test_every_other_kind_of_cell_can_be_read(field: Field) -> None:
    held = sorted(
        {CellKind.BLANK, CellKind.TEXT, CellKind.NUMBER, CellKind.DATE, CellKind.TIME, CellKind.BOOLEAN}
        - set(WRONG_KIND[field.kind])
    )
    column = field.name + KIND_SUFFIX
    frame = pd.DataFrame({field.name: [field.example or "x"] * len(held)}, dtype="string[pyarrow]")
    frame[column] = to_series(pa.array(held, pa.uint8()))
    assert list(pandera_schemas.iter_failures(_text_schema(field, "items", KIND_SUFFIX), frame)) == []


def _told_beside(field: Field) -> dict[str, str]:
    textual = field.kind in (Kind.IDENTIFIER, Kind.TEXT)
    return {cell_facts.MERGED_SUFFIX: "E222", cell_facts.SHOWN_SUFFIX: "E219" if textual else "E218"}


BESIDE_CASES = [
    (table, field, code, suffix)
    for table in TABLE
    for field in TABLE[table]
    for suffix, code in _told_beside(field).items()
]


@pytest.mark.parametrize(("table", "field", "code", "suffix"), BESIDE_CASES)
def test_only_its_own_check_stands_between_a_cell_that_is_seen_otherwise_and_the_payload(
    table: str, field: Field, code: str, suffix: str
) -> None:
    column = field.name + suffix
    schema = _text_schema(field, table, suffix)
    cells = _cells(field, field.example or "x").assign(**{column: to_series(pa.array(["B4:B6", ""]))})
    assert _codes(schema, cells) == [code]
    assert _codes(_without(schema, column, f"{code} {field.name}"), cells) == []


# -- values and rules ----------------------------------------------------------------------------------

DATES = [
    (table, field) for table in TABLE for field in TABLE[table] if field.kind in (Kind.DATE, Kind.DATETIME)
]


@pytest.mark.parametrize(("table", "field"), DATES, ids=[f"{t}.{f.name}" for t, f in DATES])
@pytest.mark.parametrize("far", [date(1899, 12, 31), date(2200, 1, 1)])
def test_only_one_check_stands_between_a_date_that_is_far_away_and_the_payload(
    table: str, field: Field, far: date
) -> None:
    schema = pandera_schemas.build_value_schema(TABLE[table], [field.name], [], RuleSettings())
    stored = pa.array([far, None], pa.date32()).cast(STORAGE_TYPES[field.kind])
    values = pd.DataFrame({field.name: to_series(stored)})
    assert _codes(schema, values) == ["E207"]
    assert _codes(_without(schema, field.name, f"E207 {field.name}"), values) == []


@pytest.mark.parametrize("edge", [date(1900, 1, 1), date(2199, 12, 31)])
def test_the_first_and_the_last_date_allowed_are_allowed(edge: date) -> None:
    schema = pandera_schemas.build_value_schema(TABLE["invoices"], ["invoice_date"], [], RuleSettings())
    assert (
        list(
            pandera_schemas.iter_failures(schema, pd.DataFrame({"invoice_date": to_series(pa.array([edge]))}))
        )
        == []
    )


_D = Decimal
SOUND: dict[str, dict[str, Any]] = {
    "invoices": {
        "invoice_ref": "R1",
        "account_number": "A1",
        "invoice_date": date(2026, 1, 1),
        "due_date": date(2026, 1, 1),
        "item_count": 1,
        "ref_twice": False,
        "number_twice": False,
        "total": _D(0),
        "effective_currency": "EUR",
        "new_bill_to": False,
        **{f"{key}_known": True for key in ACCOUNT_KEYS},
        "accounts_agree": True,
        "account_unknown": False,
        "customer": "c",
        "currency_usual": True,
        "invoice_key": "K1",
        "key_twice": False,
        "says_more": True,
    },
    "items": {
        "invoice_ref": "R1",
        "charge_name": "Day",
        "amount": _D("9.99"),
        "service_start_date": date(2026, 1, 1),
        "service_end_date": date(2026, 1, 1),
        "has_invoice": True,
        "digits": 2,
        "product": _D("9.99"),
        "product_fits": True,
        "amount_known": True,
        "priced_later": False,
        "item_no_twice": False,
        "amount_mark_fits": True,
        "unit_price_mark_fits": True,
        "effective_amount": _D("9.99"),
        "has_taxes": False,
        "action": "Change",
        "item_id": "i",
        "item_id_twice": False,
        "says_more": True,
    },
    "discounts": {
        "invoice_ref": "R1",
        "item_no": "1",
        "discount_amount": _D("-0.01"),
        "discount_name": "Loyalty",
        "has_invoice": True,
        "has_item": True,
        "digits": 2,
        "discount_amount_mark_fits": True,
        "unit_price_mark_fits": True,
        "place": 10,
        "twice": False,
    },
    "taxes": {
        "invoice_ref": "R1",
        "item_no": "1",
        "tax_amount": _D("0.01"),
        "exempt_amount": _D(0),
        "has_invoice": True,
        "has_item": True,
        "has_discount": None,
        "digits": 2,
        "tax_amount_mark_fits": True,
        "exempt_amount_mark_fits": True,
        "place": 5,
        "twice": False,
    },
    "rates": {"invoice_ref": "R1", "rate_currency": "USD", "has_invoice": True, "place": 2, "twice": False},
    "contacts": {
        "invoice_ref": "R1",
        "contact_role": "Bill-to",
        "has_invoice": True,
        "twice": False,
        "given_otherwise": False,
    },
}
HANGING = ("discounts", "taxes", "rates", "contacts")
FACTS = {
    "item_count": pa.int64(),
    "ref_twice": pa.bool_(),
    "number_twice": pa.bool_(),
    "total": DECIMAL,
    "effective_currency": pa.string(),
    "has_invoice": pa.bool_(),
    "digits": pa.int8(),
    "product": DECIMAL,
    "product_fits": pa.bool_(),
    "amount_known": pa.bool_(),
    "priced_later": pa.bool_(),
    "item_no_twice": pa.bool_(),
    "amount_mark_fits": pa.bool_(),
    "unit_price_mark_fits": pa.bool_(),
    "effective_amount": DECIMAL,
    **{f"{name}_mark_fits": pa.bool_() for name in ("discount_amount", "tax_amount", "exempt_amount")},
    "new_bill_to": pa.bool_(),
    **{f"{key}_known": pa.bool_() for key in ACCOUNT_KEYS},
    "accounts_agree": pa.bool_(),
    "account_unknown": pa.bool_(),
    "customer": pa.string(),
    "currency_usual": pa.bool_(),
    "has_taxes": pa.bool_(),
    **{name: pa.bool_() for name in ("key_twice", "item_id_twice", "says_more")},
    "has_item": pa.bool_(),
    "has_discount": pa.bool_(),
    "place": pa.int64(),
    "twice": pa.bool_(),
    "given_otherwise": pa.bool_(),
}
CHARGED = ("product_rate_plan_charge_id", "catalog_sku")
ADDED = {"action": "Add", "item_id": None, "unit_price": _D("9.99")}
OF_CHANGES = {"invoices": {"due_date": None}}
"""What makes the sound row of a new invoice one of a change."""

FAULTS: dict[tuple[str, str, str], dict[str, Any]] = {
    ("invoices", "E301", ""): {"account_number": None},
    **{("invoices", "E413", key): {key: "A9", f"{key}_known": False} for key in ACCOUNT_KEYS},
    ("invoices", "E414", ""): {"accounts_agree": False},
    ("invoices", "E415", ""): {"customer": None},
    ("invoices", "W411", "currency"): {"currency": "EUR", "currency_usual": False},
    ("invoices", "E351", ""): {"total": _D("100000000")},
    ("invoices", "E307", "invoice_ref"): {"ref_twice": True},
    ("invoices", "E316", "invoice_number"): {"invoice_number": "N1", "number_twice": True},
    ("invoices", "E314", "currency"): {"effective_currency": None},
    ("invoices", "E305", "due_date"): {"due_date": date(2025, 12, 31)},
    ("invoices", "E317", "invoice_ref"): {"invoice_ref": "R 1"},
    ("invoices", "E309", ""): {"item_count": 0},
    ("invoices", "E310", ""): {"item_count": 1001},
    ("invoices", "E311", ""): {"total": _D("-0.01")},
    ("invoices", "E315", "sold_to_same_as_bill_to"): {
        "sold_to_same_as_bill_to": True,
        "sold_to_contact_id": "c",
        "bill_to_contact_id": "b",
    },
    ("invoices", "W301", "sold_to_same_as_bill_to"): {"sold_to_same_as_bill_to": True},
    ("invoices", "E315", "ship_to_same_as_bill_to"): {
        "ship_to_same_as_bill_to": True,
        "ship_to_contact_id": "c",
        "bill_to_contact_id": "b",
    },
    ("invoices", "W301", "ship_to_same_as_bill_to"): {"ship_to_same_as_bill_to": True},
    ("items", "E308", "invoice_ref"): {"has_invoice": False},
    ("items", "E313", "item_no"): {"item_no_twice": True},
    ("items", "E303", "charge_name"): {"charge_name": None},
    ("items", "E302", "amount"): {"amount_known": False},
    ("items", "E221", "amount"): {"amount_mark_fits": False},
    ("items", "E221", "unit_price"): {"unit_price": _D("9.99"), "unit_price_mark_fits": False},
    ("items", "E204", "amount"): {"amount": _D("9.999"), "product": None},
    ("items", "E304", "amount"): {"product": _D("9.98")},
    ("items", "E312", "amount"): {"effective_amount": _D("-0.01")},
    ("items", "E306", "service_end_date"): {"service_end_date": date(2025, 12, 31)},
    ("items", "E325", "tax_code"): {"tax_code": "STD", "has_taxes": True},
    ("items", "E325", "tax_mode"): {"tax_mode": "TaxExclusive", "has_taxes": True},
    **{(table, "E322", "invoice_ref"): {"has_invoice": False} for table in HANGING},
    **{(table, "E320", "item_no"): {"has_item": False} for table in ("discounts", "taxes")},
    ("taxes", "E321", "discount_no"): {"discount_no": "a", "has_discount": False},
    **{
        (table, "E323", ""): {"place": most + 1}
        for table, most in zuora.build_zuora_projection().max_children.items()
    },
    ("discounts", "E324", "discount_no"): {"discount_no": "a", "twice": True},
    ("rates", "E324", "rate_currency"): {"twice": True},
    ("contacts", "E324", "contact_role"): {"twice": True},
    ("discounts", "E204", "discount_amount"): {"discount_amount": _D("-9.999")},
    ("taxes", "E204", "tax_amount"): {"tax_amount": _D("9.999")},
    ("taxes", "E204", "exempt_amount"): {"exempt_amount": _D("9.999")},
    ("discounts", "E326", "discount_amount"): {"discount_amount": _D(0)},
    ("discounts", "E327", "discount_name"): {"discount_name": None},
    ("discounts", "W320", "discount_name"): {"product_rate_plan_charge_id": "c"},
    ("discounts", "W320", "sku"): {
        "discount_name": None,
        "product_rate_plan_charge_id": "c",
        "sku": "S",
    },
    ("items", "E330", "item_id"): {"item_id": None},
    ("items", "E331", "item_id"): {"action": "Add", "unit_price": _D("9.99")},
    ("items", "E332", ""): {"action": "Delete"},
    ("items", "E333", "item_id"): {"item_id_twice": True},
    ("items", "E334", ""): {"says_more": False},
    ("invoices", "E334", ""): {"says_more": False, "item_count": 0},
    **{("items", "E335", name): {name: "c"} for name in (*CHARGED, "booking_reference")},
    ("invoices", "E336", "due_date"): {"due_date": date(2026, 1, 1)},
    ("items", "E337", "amount"): ADDED | {"amount_known": False},
    **{
        ("items", "E337", name): ADDED | {name: None}
        for name in ("service_start_date", "charge_name", "unit_price")
    },
    ("invoices", "E338", "invoice_key"): {"key_twice": True},
    ("items", "E339", "amount"): {"amount": None, "quantity": _D(2)},
    ("contacts", "E328", "contact_role"): {"given_otherwise": True},
    ("discounts", "E221", "discount_amount"): {"discount_amount_mark_fits": False},
    ("discounts", "E221", "unit_price"): {"unit_price": _D(1), "unit_price_mark_fits": False},
    ("taxes", "E221", "tax_amount"): {"tax_amount_mark_fits": False},
    ("taxes", "E221", "exempt_amount"): {"exempt_amount_mark_fits": False},
}
"""By rule, what turns a sound row into one that only this rule stops."""

TERMS = RuleSettings(
    number_pattern="^[a-zA-Z0-9_-]+$",
    number_max_length=16,
    use_reference_as_number=True,
    max_children=zuora.build_zuora_projection().max_children,
    total_limit=_D("100000000"),
)
RULE_CASES = [(rule.table, rule.field, rule.code) for rule in RULES]


def _rows(table: str, *changes: dict[str, Any]) -> pd.DataFrame:
    """Rows like the sound one, each with some changes; every other column is null."""
    types = {field.name: STORAGE_TYPES[field.kind] for field in EVERY[table]}
    names = [*types, *(name for name in FACTS if name in SOUND[table])]
    rows = [SOUND[table] | change for change in changes]
    return pd.DataFrame(
        {name: to_series(pa.array([row.get(name) for row in rows], (types | FACTS)[name])) for name in names}
    )


TAKING = [
    zuora.build_zuora_projection(),
    bxb.build_bxb_projection(),
    zuora_drafts.build_zuora_drafts_projection(by_number=True),
]


def _rule_schema(table: str, code: str, without: str = "") -> pandera.DataFrameSchema:
    """The rules of the first target that has the one in question."""
    applied = rules.select_rules(
        next(projection.rules for projection in TAKING if code in projection.rules), table
    )
    schema = pandera_schemas.build_value_schema(EVERY[table], [], applied, TERMS)
    kept = [check for check in schema.checks if check.name != without]
    assert len(kept) == len(schema.checks) - bool(without)
    return pandera.DataFrameSchema(schema.columns, checks=kept)


def test_every_rule_has_a_row_that_breaks_it() -> None:
    assert set(FAULTS) == {(rule.table, rule.code, rule.field) for rule in RULES}
    assert len(FAULTS) == len(RULES)


@pytest.mark.parametrize("taking", TAKING, ids=lambda projection: projection.target)
def test_a_sound_row_breaks_no_rule(taking: Projection) -> None:
    for table in taking.placements:
        change = OF_CHANGES.get(table, {}) if taking.target == "zuora-drafts" else {}
        schema = pandera_schemas.build_value_schema(
            EVERY[table], [], rules.select_rules(taking.rules, table), TERMS
        )
        assert list(pandera_schemas.iter_failures(schema, _rows(table, change))) == []


@pytest.mark.parametrize(("table", "field", "code"), RULE_CASES, ids=_ids(RULE_CASES))
def test_only_its_own_rule_stands_between_a_row_and_the_payload(table: str, field: str, code: str) -> None:
    change = OF_CHANGES.get(table, {}) if code.startswith("E33") else {}
    rows = _rows(table, change | FAULTS[table, code, field], change)
    failures = list(pandera_schemas.iter_failures(_rule_schema(table, code), rows))
    assert [(failure.code, failure.field, failure.rows.tolist()) for failure in failures] == [
        (code, field, [0])
    ]
    assert list(pandera_schemas.iter_failures(_rule_schema(table, code, f"{code} {field}"), rows)) == []


def test_a_mistake_of_ours_is_no_fault_of_the_data() -> None:
    schema = _text_schema(TABLE["items"]["amount"], "items")
    with pytest.raises(KeyError, match="amount"):
        list(pandera_schemas.iter_failures(schema, pd.DataFrame({"other": ["1"]})))


def test_only_failing_rows_are_named() -> None:
    field = TABLE["items"]["amount"]
    cells = pd.DataFrame({"amount": ["1", "x", "", "2", "y"]}, dtype="string[pyarrow]")
    rows_by_code = {
        failure.code: failure.rows.tolist()
        for failure in pandera_schemas.iter_failures(_text_schema(field, "items"), cells)
    }
    assert rows_by_code == {"E202": [1, 4], "E203": [1, 4]}


def test_a_column_that_repeats_is_judged_like_any_other() -> None:
    field = TABLE["invoices"]["currency"]
    texts = pa.array(["EUR", "EURO", "", "EUR", "EURO"])
    for column in (texts, texts.dictionary_encode()):
        failures = list(
            pandera_schemas.iter_failures(
                _text_schema(field, "invoices"), pd.DataFrame({"currency": to_series(column)})
            )
        )
        assert [(failure.code, failure.rows.tolist()) for failure in failures] == [("E220", [1, 4])]


@pytest.mark.slow
@given(
    st.lists(st.sampled_from(["", "1", "-1.5", "x", "1,5", "12345678901234567", "0.1234567891", "\t", "😀"]))
)
def test_the_failures_are_those_that_pandera_reports(cells: list[str]) -> None:
    field = TABLE["items"]["amount"]
    schema = _text_schema(field, "items")
    frame = pd.DataFrame({"amount": cells}, dtype="string[pyarrow]")
    rows_by_code = {
        failure.code: failure.rows.tolist() for failure in pandera_schemas.iter_failures(schema, frame)
    }
    assert rows_by_code == _told_by_pandera(schema, frame)


def _told_by_pandera(schema: pandera.DataFrameSchema, frame: pd.DataFrame) -> dict[str, list[int]]:
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        outputs = [
            (failure.check.name.partition(" ")[0], failure.check_output) for failure in error.schema_errors
        ]
        return {code: np.flatnonzero(~output).tolist() for code, output in outputs}
    return {}


def test_columns_that_are_all_encoded_alike_with_blanks_are_judged() -> None:
    values = {
        "charge_name": ["a", None],
        "product_rate_plan_charge_id": [None, None],
        "catalog_sku": ["s", None],
    }
    frame = pd.DataFrame(
        {
            name: to_series(pa.array(cells, pa.string()).dictionary_encode(null_encoding="encode"))
            for name, cells in values.items()
        }
    )
    schema = pandera_schemas.build_value_schema(
        TABLE["items"], [], rules.select_rules(["E303"], "items"), RuleSettings()
    )
    assert [
        (failure.code, failure.rows.tolist()) for failure in pandera_schemas.iter_failures(schema, frame)
    ] == [("E303", [1])]
