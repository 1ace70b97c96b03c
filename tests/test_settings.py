"""Settings: flags over environment over file over defaults; each is checked, and no mistake is silent."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support.desk import Desk

from pipeline.errors import UsageError
from pipeline.settings import ENVIRONMENT_PREFIX, SETTINGS, Settings, load_settings
from schemas.fields import Kind


def _from_toml(folder: Path, text: str) -> Settings:
    file = folder / "settings.toml"
    file.write_text(text, encoding="utf-8")
    return load_settings({}, {}, file)


def test_flags_go_over_the_environment_over_the_file_over_defaults(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    assert load_settings({}, {}, file).default_currency == ""
    file.write_text('default_currency = "EUR"\n', encoding="utf-8")
    assert load_settings({}, {}, file).default_currency == "EUR"
    environment = {ENVIRONMENT_PREFIX + "DEFAULT_CURRENCY": "USD", "OTHER": "x"}
    assert load_settings({}, environment, file).default_currency == "USD"
    assert load_settings({"default_currency": None}, environment, file).default_currency == "USD"
    assert load_settings({"default_currency": "JPY"}, environment, file).default_currency == "JPY"


def test_defaults_pass_their_own_check() -> None:
    for setting in fields(Settings):
        assert setting.metadata["help"]
        value = getattr(Settings(), setting.name)
        assert setting.metadata["parse"](value) == value


def test_a_text_from_the_environment_is_read_like_a_value_of_the_file(tmp_path: Path) -> None:
    written = {"ALLOW_NEGATIVE_ITEMS": "yes", "AMOUNT_TOLERANCE": "0.02", "INVOICE_NUMBER_LENGTH": "32"}
    from_environment = load_settings(
        {}, {ENVIRONMENT_PREFIX + name: value for name, value in written.items()}
    )
    from_file = _from_toml(
        tmp_path, 'allow_negative_items = true\namount_tolerance = "0.02"\ninvoice_number_length = 32\n'
    )
    assert from_environment == from_file
    assert from_file.amount_tolerance == Decimal("0.02")


def test_an_unknown_setting_suggests_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"dafault_currency in settings\.toml is not known\. Did you mean default_c"
    ):
        _from_toml(tmp_path, 'dafault_currency = "EUR"')
    with pytest.raises(UsageError, match="on the command line is not known"):
        load_settings({"nonsense": 1}, {})
    with pytest.raises(UsageError, match="default_curency in the environment is not known"):
        load_settings({}, {ENVIRONMENT_PREFIX + "DEFAULT_CURENCY": "EUR"})


WRONG = [
    ("default_currency", "eur"),
    ("default_currency", "EURO"),
    ("default_currency", "ZZZ"),  # three letters, and no currency
    ("date_format", "dd/mm"),
    ("date_format", "d/m/yyyy"),
    ("date_format", "dd/dd/mm/yyyy"),
    ("date_format", "yyyy-dd-mm"),  # would turn ISO dates and date cells around
    ("policy", "all"),
    ("mapping", 5),
    ("batch_order", "Sheet"),
    ("amount_mismatch", "ignore"),
    ("amount_tolerance", "-0.01"),
    ("amount_tolerance", "nan"),
    ("amount_tolerance", "a cent"),
    ("amount_tolerance", 0.01),
    ("amount_tolerance", "0.0000000001"),
    ("amount_tolerance", "1e15"),
    ("allow_negative_items", "perhaps"),
    ("invoice_number", "uuid"),
    ("invoice_number_field", "ImportRef"),
    ("invoice_number_length", 0),
    ("invoice_number_length", 33),
    ("invoice_number_length", True),
    ("invoice_number_length", "16.0"),
    ("environment", "pro duction"),
    ("ledger_seconds", -1),
    ("custom_fields", "Region__c"),
    ("custom_fields", {"items": {"Region": "text"}}),
    ("custom_fields", {"items": {"Region__c": "colour"}}),
    ("custom_fields", {"items": {"Region__c": {"kind": "text", "colour": "red"}}}),
    ("custom_fields", {"items": {"Region__c": {"max_length": 0}}}),
    ("custom_fields", {"items": {"Region__c": {"kind": "choice", "choices": "A"}}}),
    ("custom_fields", {"items": {"Region__c": {"kind": "choice"}}}),  # nothing could be chosen
    ("custom_fields", {"items": {"Region__c": {"kind": "text", "choices": ["A"]}}}),  # anything could
    ("custom_fields", {"item": {"Region__c": "text"}}),  # the sheet is called items
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_value_that_makes_no_sense_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=f"The setting {name} on the command line is "):
        load_settings({name: value}, {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("default_currency", "KWD"),
        ("date_format", "dd.mm.yyyy"),
        ("date_format", "yyyy-mm-dd"),
        ("amount_tolerance", "0.000000001"),
        ("environment", "prod-eu.1"),
    ],
)
def test_a_value_that_makes_sense_is_taken(name: str, value: str) -> None:
    expected = Decimal(value) if name == "amount_tolerance" else value
    assert getattr(load_settings({name: value}, {}), name) == expected


def test_a_file_that_is_no_toml_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"The settings in .* cannot be read"):
        _from_toml(tmp_path, "default_currency = EUR")
    (tmp_path / "settings.toml").write_bytes(b'environment = "\xff"')
    with pytest.raises(UsageError, match="cannot be read"):
        load_settings({}, {}, tmp_path / "settings.toml")


def test_a_custom_field_is_declared_in_a_line_or_in_a_table(tmp_path: Path) -> None:
    custom_fields = _from_toml(
        tmp_path,
        """
        [custom_fields.items]
        Region__c = "text"
        [custom_fields.invoices.Class__c]
        kind = "choice"
        choices = ["A", "B"]
        label = "Class"
        required = true
        """,
    ).custom_fields
    (region,), (kind,) = custom_fields["items"], custom_fields["invoices"]
    assert (region.name, region.label, region.kind, region.required) == (
        "Region__c",
        "Region__c",
        Kind.TEXT,
        False,
    )
    assert (kind.label, kind.kind, kind.choices, kind.required) == ("Class", Kind.CHOICE, ("A", "B"), True)


def test_the_hash_is_that_of_the_effective_settings(tmp_path: Path) -> None:
    plain = Settings().sha256
    assert load_settings({}, {}).sha256 == plain
    assert (
        load_settings({"policy": "whole-invoices"}, {ENVIRONMENT_PREFIX + "BATCH_ORDER": "sheet"}).sha256
        == plain
    )
    changes = [{"policy": "all-or-nothing"}, {"amount_tolerance": "0.01"}, {"environment": "sandbox"}]
    changes.append({"custom_fields": {"items": {"Region__c": "text"}}})
    assert len({plain, *(load_settings(change, {}).sha256 for change in changes)}) == 5


def test_the_hash_of_fields_of_ones_own_is_that_of_earlier_versions() -> None:
    """The ledger holds it: a run of last month and one of today with the same settings have the same."""
    items = {
        "Region__c": "text",
        "N__c": {"kind": "number", "label": "Num", "required": True, "max_length": 9},
        "C__c": {"kind": "choice", "choices": ["a", "b"]},
    }
    fields = {"items": items, "invoices": {"D__c": "date", "B__c": "yes or no"}}
    assert load_settings({"custom_fields": fields}, {}).sha256 == (
        "39712e646b1debb80eca2767c4fc246bb247167082e99a233af4679b912725a4"
    )


@pytest.mark.parametrize("name", sorted(set(SETTINGS) - {"target", "mapping"}))
def test_every_setting_can_be_given_by_its_name_in_capitals(name: str) -> None:
    with pytest.raises(UsageError, match=f"The setting {name} in the environment"):
        load_settings({}, {ENVIRONMENT_PREFIX + name.upper(): "no value of any setting"})


def test_the_smallest_tolerance_reaches_the_rule(desk: Desk) -> None:
    item = desk.item(amount="1.00", quantity="1", unit_price="1.01")
    assert desk.codes(desk.check([desk.invoice()], [item], amount_tolerance="0.010000000")) == ["W807"]
    assert desk.codes(desk.check([desk.invoice()], [item], amount_tolerance="0.009999999")) == ["E304"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("environment", ""),
        ("environment", "default\n"),
        ("invoice_number_field", ""),
        ("invoice_number_field", "A__c\n"),
        ("default_currency", ["EUR"]),
        ("custom_fields", {"items": "text"}),
        ("custom_fields", {"items": {"R__c\n": "text"}}),
        ("custom_fields", {"items": {"Region__c": "text", "region__c": "text"}}),
        ("amount_tolerance", "1_0"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=name):
        load_settings({name: value}, {})


def test_a_variable_set_to_nothing_is_not_given() -> None:
    assert load_settings({}, {"INVOICE_IMPORT_ENVIRONMENT": ""}) == load_settings({}, {})


def test_the_field_for_the_reference_is_none_that_the_sheet_fills(tmp_path: Path) -> None:
    text = """
    invoice_number = "custom"
    invoice_number_field = "Ref__c"
    [custom_fields.invoices]
    Ref__c = "text"
    """
    with pytest.raises(UsageError, match="names Ref__c, which the sheet fills as a custom field of its own"):
        _from_toml(tmp_path, text)
