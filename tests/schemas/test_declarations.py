"""The declarations: each stands by itself, and what derives from them agrees."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pandas as pd
import pytest

import schemas
from pipeline.issues import CATALOGUE
from pipeline.settings import Settings
from pipeline.targets import TARGETS
from schemas import checks, pandera_schemas, rules
from schemas.arrow.frames import to_series
from schemas.catalog import ACCOUNTS, CATALOG
from schemas.currencies import CURRENCY_DIGITS
from schemas.fields import Field, Kind, Pattern, Placement, Projection, Table
from schemas.notation.dates import DateNotation
from schemas.notation.parsing import STORAGE_TYPES, parse_texts
from schemas.rule import RuleSettings
from schemas.tables import INVOICES, ITEMS, TABLES
from schemas.targets import zuora

DECLARED = {table.name: table for table in TABLES}
BOUND = zuora.build_zuora_projection().bind(TABLES, {})
EVERY_TABLE = {
    **BOUND,
    "declared invoices": INVOICES,
    "declared items": ITEMS,
    "catalog": CATALOG,
    "accounts": ACCOUNTS,
}
FIELDS = [(where, field) for where, table in EVERY_TABLE.items() for field in table]


@pytest.mark.parametrize(("where", "field"), FIELDS, ids=[f"{w}.{f.name}" for w, f in FIELDS])
def test_an_example_passes_every_check_of_its_field(where: str, field: Field) -> None:
    table = EVERY_TABLE[where].replace_fields([field])
    cells = pd.DataFrame({field.name: [field.example]}, dtype="string[pyarrow]")
    schema = pandera_schemas.build_text_schema(
        table, [field.name], [], allow_astral=False, date_notation=DateNotation()
    )
    assert list(pandera_schemas.iter_failures(schema, cells)) == []
    values = pd.DataFrame({field.name: to_series(_typed(field))})
    schema = pandera_schemas.build_value_schema(table, [field.name], [], RuleSettings())
    assert list(pandera_schemas.iter_failures(schema, values)) == []


def _typed(field: Field):
    import pyarrow as pa

    return parse_texts(field.kind, pa.array([field.example or None], pa.string()), DateNotation())


@pytest.mark.parametrize("table", EVERY_TABLE.values(), ids=EVERY_TABLE)
def test_every_field_is_explained_once(table: Table) -> None:
    names = [field.name for field in table]
    labels = [field.label for field in table]
    assert len(set(names)) == len(names)
    assert len(set(labels)) == len(labels)
    assert all(field.help.endswith(".") for field in table)
    assert set(table.key) <= set(names)


def test_tables_form_a_tree() -> None:
    names = {table.name for table in TABLES}
    assert {table.name: table.parent for table in TABLES} == {
        "invoices": None,
        "items": "invoices",
        "discounts": "items",
        "taxes": "items",
        "rates": "invoices",
        "contacts": "invoices",
    }
    assert all(table.parent in names for table in TABLES if table.parent)


def test_every_kind_is_stored_and_held_by_some_field() -> None:
    assert set(STORAGE_TYPES) == set(Kind) == {field.kind for table in TABLES for field in table}


def test_every_placement_names_a_declared_field_once() -> None:
    for table in TABLES:
        placed = [placement.field for placement in zuora.build_zuora_projection().placements[table.name]]
        assert len(set(placed)) == len(placed)
        assert set(placed) <= set(table.fields_by_name)
        keys = [
            placement.payload_key
            for placement in zuora.build_zuora_projection().placements[table.name]
            if placement.payload_key
        ]
        assert len(set(keys)) == len(keys)


def test_a_placement_of_an_undeclared_field_is_a_mistake() -> None:
    with pytest.raises(KeyError, match="no_such_field"):
        Projection("t", {"items": (Placement("no_such_field", "key"),)}).bind(TABLES, {})


def test_the_catalog_owns_fields_of_items() -> None:
    owned = zuora.build_zuora_projection().catalog_fields
    assert len(owned) == 8
    assert set(owned) <= set(ITEMS.fields_by_name)
    assert set(owned) <= set(CATALOG.fields_by_name)
    for name in owned:
        assert CATALOG[name].kind is ITEMS[name].kind
        assert CATALOG[name].choices == ITEMS[name].choices


# -- a projection may only tighten ---------------------------------------------------------------------

TEXT = Field("f", "F", Kind.TEXT, help="A field.", example="x", max_length=10, choices=("A", "B"))


def test_a_projection_tightens() -> None:
    form = Pattern("^[AB]$", "A or B")
    tight = Placement("f", "f", required=True, max_length=5, choices=("A",), pattern=form).tighten(TEXT)
    assert (tight.required, tight.max_length, tight.choices, tight.pattern) == (True, 5, ("A",), form)


def test_a_projection_that_says_nothing_changes_nothing() -> None:
    assert Placement("f", "f").tighten(TEXT) == TEXT


@pytest.mark.parametrize(
    ("placement", "field"),
    [
        (Placement("f", "f", max_length=11), TEXT),
        (Placement("f", "f", choices=("A", "C")), TEXT),
        (Placement("f", "f", pattern=Pattern("^x$", "x")), INVOICES["template_id"]),
    ],
    ids=["longer", "another choice", "another pattern"],
)
def test_a_projection_may_not_loosen(placement: Placement, field: Field) -> None:
    with pytest.raises(ValueError, match="a projection may not"):
        placement.tighten(field)


def test_a_mandatory_field_stays_mandatory() -> None:
    assert Placement("invoice_ref", None, required=False).tighten(ITEMS["invoice_ref"]).required


def test_the_length_of_an_invoice_number_is_the_tenants() -> None:
    def most(length: int) -> int | None:
        return zuora.build_zuora_projection(length).bind(TABLES, {})["invoices"]["invoice_number"].max_length

    assert (most(16), most(32)) == (16, 32)
    with pytest.raises(ValueError, match="lengthen"):
        most(33)


def test_custom_fields_ride_where_the_target_lets_them() -> None:
    custom = {"items": (Field("Region__c", "Region", Kind.TEXT, help="Own.", example=""),)}
    assert "Region__c" in zuora.build_zuora_projection().bind(TABLES, custom)["items"]
    assert zuora.build_zuora_projection().get_payload_keys("items", custom)["Region__c"] == "Region__c"
    closed = Projection("t", {"items": (Placement("amount", "amount"),)})
    assert [field.name for field in closed.bind(TABLES, custom)["items"]] == ["amount"]
    assert closed.get_payload_keys("items", custom) == {"amount": "amount"}


# -- codes ---------------------------------------------------------------------------------------------


def test_every_rule_a_projection_names_is_declared_and_the_other_way_round() -> None:
    declared = {rule.code for rule in rules.RULES}
    named = {code for target in TARGETS.values() for code in target.get_projection(Settings()).rules}
    assert named == declared
    assert declared <= set(CATALOGUE)


def test_every_check_code_is_in_the_catalogue() -> None:
    codes = {
        check.code
        for _, field in FIELDS
        for check in (
            *checks.iter_text_checks(field, allow_astral=False, date_notation=DateNotation()),
            *checks.iter_value_checks(field),
        )
    }
    assert codes <= set(CATALOGUE)


def test_every_rule_reads_declared_columns() -> None:
    for rule in rules.RULES:
        assert set(rule.inputs) <= set(DECLARED[rule.table].fields_by_name)
        assert rule.field == "" or rule.field in DECLARED[rule.table]
        # a rule for several columns is told where it is made
        maker = rule.predicate.__qualname__.partition(".")[0]
        assert getattr(sys.modules[rule.predicate.__module__], maker).__doc__


def test_codes_and_slugs_are_unique_and_levels_follow_the_letter() -> None:
    slugs = [kind.slug for kind in CATALOGUE.values()]
    assert len(set(slugs)) == len(slugs)
    assert all(re.fullmatch(r"[EW][1-8][0-9]{2}", code) for code in CATALOGUE)
    assert all(re.fullmatch(r"[a-z-]+", slug) for slug in slugs)
    assert {kind.level.value for kind in CATALOGUE.values()} == {"error", "warning"}


def test_schemas_import_nothing_from_the_pipeline() -> None:
    for path in Path(schemas.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.split(".")[0] == "pipeline" for name in names), path.name


def test_currencies_have_the_digits_of_iso_4217() -> None:
    digits = {
        "EUR": 2,
        "USD": 2,
        "GBP": 2,
        "CHF": 2,
        "HUF": 2,
        "JPY": 0,
        "KRW": 0,
        "ISK": 0,
        "KWD": 3,
        "CLF": 4,
    }
    assert {code: CURRENCY_DIGITS[code] for code in digits} == digits
    assert all(re.fullmatch("[A-Z]{3}", code) for code in CURRENCY_DIGITS)
    assert not {"XXX", "XTS", "DEM", "HRK", "ZZZ"} & set(CURRENCY_DIGITS)


@pytest.mark.parametrize("declared", ["dd/mm", "dd/mm/yy", "dd/dd/yyyy", "dd/mm/yyyy/mm", "tt.mm.yyyy"])
def test_a_date_format_needs_day_month_and_year_once(declared: str) -> None:
    with pytest.raises(ValueError, match="no date format"):
        DateNotation(declared)


@pytest.mark.parametrize("target", list(TARGETS))
def test_no_target_leaves_out_a_rule_that_guards_money(target: str) -> None:
    projection = TARGETS[target].get_projection(Settings(target=target))
    placed = {
        table: {placement.field for placement in placements}
        for table, placements in projection.placements.items()
    }
    guards = [rule for rule in rules.RULES if rule.code in ("E204", "E221", "E304")]
    assert guards
    for rule in guards:
        if set(rule.inputs) <= placed.get(rule.table, set()):
            assert rule.code in projection.rules
