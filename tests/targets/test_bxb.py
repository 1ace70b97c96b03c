"""bxb: one invoice a request, decimals as strings, every trap of the server guarded before sending."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.command_line import DATA, PRODUCTS, SAMPLE, Ran, invoice_import, one_sentence
from support.desk import Desk
from support.golden_files import agrees, scrubbed, scrubbed_summary

from pipeline.settings import Settings
from pipeline.targets import TARGETS
from pipeline.targets.bxb.one_off_invoices import BXB_INVOICES

ONE_OFF = DATA / "one_off"
CUSTOMER = "0f8fad5b-d9cb-469f-a165-70867728950e"
BXB = {"target": "bxb", "money_unit": "major"}

_DECIMAL = {"type": "string", "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$"}
_UUID = {"type": "string", "pattern": r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["customer_id", "currency", "line_items"],
    "properties": {
        "customer_id": _UUID,
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "due_date": {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T00:00:00Z$"},
        "billing_entity_id": _UUID,
        "line_items": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["description", "quantity", "unit_price", "amount"],
                "properties": {
                    "description": {"type": "string", "minLength": 1},
                    "quantity": _DECIMAL,
                    "unit_price": _DECIMAL,
                    "amount": _DECIMAL,
                    "charge_id": _UUID,
                    "metric_code": {"type": "string", "minLength": 1},
                },
            },
        },
    },
}
"""What the server was observed to take and do as meant: stricter than its own schema."""


def invoice(ref: str = "R1", **cells: Any) -> dict[str, Any]:
    sound = {"invoice_ref": ref, "customer_id": CUSTOMER, "currency": "EUR"} | cells
    return {name: cell for name, cell in sound.items() if cell is not None}


def item(ref: str = "R1", **cells: Any) -> dict[str, Any]:
    sound = {"invoice_ref": ref, "description": "Day", "quantity": "2", "unit_price": "450.00"} | cells
    return {name: cell for name, cell in sound.items() if cell is not None}


def bodies(result: Any) -> list[dict[str, Any]]:
    assessment = result.assessment
    parsed = [
        json.loads(request.body)
        for request in assessment.target.build_requests(assessment.batches, assessment.settings)
    ]
    for body in parsed:
        jsonschema.validate(body, SCHEMA)
    return parsed


def test_a_full_sheet_becomes_a_full_request(desk: Desk) -> None:
    full = invoice(due_date="2026-12-31", billing_entity_id=CUSTOMER.upper())
    line = item(amount="900", charge_uuid=CUSTOMER, metric_code="api_calls", item_no="1")
    result = desk.check([full], [line], **BXB)
    assert desk.told(result) == []
    assert bodies(result) == [
        {
            "customer_id": CUSTOMER,
            "currency": "EUR",
            "due_date": "2026-12-31T00:00:00Z",
            "billing_entity_id": CUSTOMER.upper(),
            "line_items": [
                {
                    "description": "Day", "quantity": "2", "unit_price": "450", "amount": "900",
                    "charge_id": CUSTOMER, "metric_code": "api_calls",
                }
            ],
        }
    ]  # fmt: skip


def test_one_request_an_invoice(desk: Desk) -> None:
    result = desk.check([invoice("R1"), invoice("R2")], [item("R2"), item("R1"), item("R2")], **BXB)
    assessment = result.assessment
    requests = list(BXB_INVOICES.build_requests(assessment.batches, assessment.settings))
    assert [(request.number, request.method, request.path) for request in requests] == [
        (1, "POST", "/v1/invoices/one_off"), (2, "POST", "/v1/invoices/one_off"),
    ]  # fmt: skip
    assert [list(request.invoices) for request in requests] == [[0], [1]]
    assert [len(body["line_items"]) for body in bodies(result)] == [1, 2]


@pytest.mark.parametrize(
    ("currency", "price", "sent"),
    [("EUR", "12.50", "1250"), ("EUR", "0.004", "0.4"), ("JPY", "7", "7"), ("KWD", "1.5", "1500")],
)
def test_minor_units(desk: Desk, currency: str, price: str, sent: str) -> None:
    lines = [item(quantity="1000", unit_price=price)]
    result = desk.check([invoice(currency=currency)], lines, target="bxb", money_unit="minor")
    (body,) = bodies(result)
    (line,) = body["line_items"]
    assert (line["quantity"], line["unit_price"]) == ("1000", sent)
    assert Decimal(line["amount"]) == 1000 * Decimal(sent)


def test_the_unit_of_money_is_never_guessed(desk: Desk) -> None:
    files = desk.pair([invoice()], [item()])
    ran = invoice_import("check", *files, "--target", "bxb", workspace=desk.workspace)
    assert (ran.code, one_sentence(ran)) == (2, True)
    assert "needs the setting money_unit, which has no default" in ran.err
    assert invoice_import("template", "--target", "bxb", "-o", desk.folder / "t").code == 0


@pytest.mark.parametrize(
    ("unit", "total", "code"),
    [
        ("major", "99999999.99", []),
        ("major", "100000000", ["E351"]),
        ("minor", "999999.99", []),
        ("minor", "1000000", ["E351"]),
    ],
)
def test_a_total_that_the_server_cannot_store(desk: Desk, unit: str, total: str, code: list[str]) -> None:
    lines = [item(quantity="1", unit_price=total)]
    assert desk.codes(desk.check([invoice()], lines, target="bxb", money_unit=unit)) == code


@pytest.mark.parametrize("column", ["unit_price", "amount"])
def test_a_price_in_another_currency_is_refused(desk: Desk, column: str) -> None:
    line = item(quantity="1", unit_price="450", amount="450") | {column: "$ 450"}
    assert desk.codes(desk.check([invoice()], [line], decimal="point", **BXB)) == ["E221"]


def test_a_negative_total_has_the_same_bound(desk: Desk) -> None:
    lines = [item(quantity="-1", unit_price="100000000")]
    assert desk.codes(desk.check([invoice()], lines, **BXB, allow_negative_items=True)) == ["E351"]
    lines = [item(quantity="-1", unit_price="10")]
    (body,) = bodies(desk.check([invoice()], lines, **BXB, allow_negative_items=True))
    assert body["line_items"][0]["amount"] == "-10"


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"amount": "1"}, "E304"),
        ({"description": ""}, "E201"),
        ({"quantity": ""}, "E201"),
        ({"unit_price": "1,50"}, "E202"),
        ({"unit_price": "1e3"}, "E202"),
        ({"charge_uuid": "402890555a87d7f5015a88c613c5001e"}, "E211"),
        ({"description": "a\x01b"}, "E212"),
    ],
)
def test_what_the_server_would_take_in_silence_is_an_error(
    desk: Desk, cells: dict[str, Any], code: str
) -> None:
    assert code in desk.codes(desk.check([invoice()], [item(**cells)], **BXB))


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"customer_id": "globex"}, "E211"),
        ({"customer_id": ""}, "E415"),
        ({"currency": "usd"}, "E220"),
        ({"currency": ""}, "E314"),
        ({"due_date": "46000"}, "E205"),
        ({"due_date": "31/01/2026"}, "E205"),
        ({"billing_entity_id": "main"}, "E211"),
        ({"tax_code": "STD"}, "E104"),
        ({"invoice_number": "INV-1"}, "E352"),
    ],
)
def test_invoices_that_could_not_be_sent_as_meant(desk: Desk, cells: dict[str, Any], code: str) -> None:
    assert desk.codes(desk.check([invoice(**cells)], [item()], **BXB)) == [code]


def test_a_serial_in_a_due_date_cell_of_a_workbook_is_refused(desk: Desk) -> None:
    assert desk.codes(
        desk.check_book([invoice(due_date=46000)], [item(quantity=2, unit_price=450)], **BXB)
    ) == ["E216"]


def test_customers_are_looked_up_in_the_account_list(desk: Desk) -> None:
    desk.accounts(
        {
            "account_number": "A1",
            "customer_id": CUSTOMER,
            "customer_external_id": "globex",
            "currency": "JPY",
        },
        {"account_number": "A2", "name": "Hooli"},
    )
    rows = [
        {"invoice_ref": "R1", "customer_external_id": "globex"},
        {"invoice_ref": "R2", "account_number": "A1"},
        {"invoice_ref": "R3", "account_number": "A2"},
        {"invoice_ref": "R4", "customer_external_id": "globx"},
    ]
    result = desk.check(rows, [item(f"R{n}") for n in (1, 2, 3, 4)], **BXB, default_currency="EUR")
    assert desk.codes(result) == ["E413", "E415"]
    assert [(body["customer_id"], body["currency"]) for body in bodies(result)] == [(CUSTOMER, "JPY")] * 2
    assert any("the account list has none" in message for message in result.issues["message"])


def test_without_a_list_an_external_id_cannot_be_resolved_and_that_is_said(desk: Desk) -> None:
    rows = [{"invoice_ref": "R1", "customer_external_id": "globex", "currency": "EUR"}]
    result = desk.check(rows, [item()], **BXB)
    assert list(result.issues["message"]) == [
        'The invoice "R1" gives no customer id, and no account list is loaded to look it up.'
    ]


def test_a_sheet_of_another_target_says_what_is_missing_and_what_is_not_sent(tmp_path: Path) -> None:
    invoice_import("catalog", "load", PRODUCTS, workspace=tmp_path / "w")
    ran = invoice_import(
        "check", SAMPLE, "--target", "bxb", "--money-unit", "major", workspace=tmp_path / "w"
    )
    assert ran.code == 3
    assert "E415  Whom the invoice bills cannot be told" in ran.out
    assert 'no place for the column "Tax code" of Items; without it something else would be billed' in ran.out
    assert 'no place for the column "Service start date *" of Items: what stands in it is not sent' in ran.out


def test_a_blank_column_without_a_place_is_no_matter(desk: Desk) -> None:
    assert desk.codes(desk.check([invoice(comments="")], [item(tax_code="", uom="")], **BXB)) == []


def test_the_resolved_customer_is_no_content(desk: Desk) -> None:
    """The same sheet is the same invoice, whatever the account list says of its customer by then."""
    rows, lines = [{"invoice_ref": "R1", "account_number": "A1", "currency": "EUR"}], [item()]
    desk.accounts({"account_number": "A1", "customer_id": CUSTOMER})
    assert desk.run(rows, lines, **BXB).verdict == "accepted"
    desk.accounts({"account_number": "A1", "customer_id": CUSTOMER[::-1].replace("-", "")[:8] + CUSTOMER[8:]})
    assert desk.run(rows, lines, **BXB).verdict == "duplicate"


def test_limits() -> None:
    assert TARGETS["bxb"] is BXB_INVOICES
    assert BXB_INVOICES.get_limits(Settings()).invoices == 1


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=20).filter(
    lambda text: text.strip() == text and not text.startswith(("'", "#"))
)
LINES = st.lists(
    st.tuples(TEXT, st.decimals("0", "99", places=3), st.decimals("0", "99", places=4)),
    min_size=1,
    max_size=4,
)


@pytest.mark.slow
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINES, min_size=1, max_size=4), st.sampled_from(["EUR", "JPY", "KWD"]), st.booleans())
def test_any_valid_sheet_gives_payloads_that_fit_with_the_same_total(
    desk: Desk, invoices: list[Any], currency: str, minor: bool
) -> None:
    rows = [invoice(f"R{n}", currency=currency) for n in range(len(invoices))]
    lines = [
        item(f"R{n}", description=text, quantity=f"{quantity:f}", unit_price=f"{price:f}")
        for n, drawn_lines in enumerate(invoices)
        for text, quantity, price in drawn_lines
    ]
    result = desk.check(rows, lines, target="bxb", money_unit="minor" if minor else "major")
    assert desk.codes(result) in ([], ["W201"])
    requests = bodies(result)
    unit = Decimal(10) ** {"EUR": 2, "JPY": 0, "KWD": 3}[currency] if minor else 1
    sent = sum(Decimal(line["amount"]) for body in requests for line in body["line_items"])
    assert sent == result.totals["in"][currency] * unit
    assert [[line["description"] for line in body["line_items"]] for body in requests] == [
        [text for text, _, _ in drawn_lines] for drawn_lines in invoices
    ]


# -- the sample ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("one_off") / "workspace"


@pytest.fixture(scope="module")
def ran(place: Path) -> Ran:
    assert invoice_import("accounts", "load", ONE_OFF / "accounts.csv", workspace=place).code == 0
    file = ONE_OFF / "invoices.xlsx"
    return invoice_import("run", file, "--target", "bxb", "--money-unit", "major", workspace=place)


@pytest.mark.slow
def test_what_the_sample_shows(ran: Ran, place: Path) -> None:
    assert (ran.code, ran.err) == (4, "")
    assert agrees("one_off/terminal.txt", scrubbed(ran.out, place))
    (folder,) = (place / "runs").glob("2*")
    for path in sorted(folder.glob("payloads/*.json")):
        assert agrees(f"one_off/{path.name}", path.read_text("utf-8"))
    assert agrees(
        "one_off/summary.json", scrubbed_summary((folder / "summary.json").read_text("utf-8"), place)
    )


def test_the_sample_is_what_its_maker_makes(tmp_path: Path) -> None:
    import runpy

    import openpyxl

    maker = runpy.run_path(str(DATA / "make.py"))
    assert (ONE_OFF / "accounts.csv").read_text("utf-8") == maker["ACCOUNTS"]
    maker["workbook"](maker["ONE_OFF_INVOICES"], maker["ONE_OFF_ITEMS"]).save(tmp_path / "made.xlsx")
    book, rebuilt = (
        openpyxl.load_workbook(path) for path in (ONE_OFF / "invoices.xlsx", tmp_path / "made.xlsx")
    )
    assert {name: list(book[name].values) for name in book.sheetnames} == {
        name: list(rebuilt[name].values) for name in rebuilt.sheetnames
    }


@pytest.mark.parametrize("column", ["description", "quantity", "unit_price"])
def test_a_mandatory_column_that_is_missing_is_told(column: str, desk: Desk) -> None:
    """Nothing is accepted then, and no request is made of the column that is not there."""
    sound = {"invoice_ref": "R1", "description": "Day", "quantity": "1", "unit_price": "10", "amount": "10"}
    invoices = [{"invoice_ref": "R1", "customer_id": CUSTOMER, "currency": "EUR"}]
    result = desk.run(invoices, [{name: cell for name, cell in sound.items() if name != column}], **BXB)
    assert result.verdict == "rejected"
    assert "E103" in desk.codes(result)
    assert desk.payloads(result) == []
