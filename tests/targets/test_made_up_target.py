"""A third billing API costs one projection, one module and one line of the registry; no field is edited."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.command_line import PRODUCTS, SAMPLE, invoice_import
from support.desk import Desk

import pipeline
from pipeline.json_columns import JsonObjects
from pipeline.model.invoices import Batches, Request, RequestLimits
from pipeline.model.outcomes import InvoiceOutcome, InvoiceState, Response
from pipeline.settings import Settings
from pipeline.targets import TARGETS
from pipeline.targets.target import Target
from pipeline.template import write_template
from schemas.arrow.frames import arrow_column
from schemas.fields import Placement, Projection
from schemas.tables import TABLES

# -- the projection, as it would stand in schemas/ -----------------------------------------------------

BILLS = Projection(
    "thirdly",
    {
        "invoices": (
            Placement("invoice_ref", "reference"),
            Placement("account_number", "payer", required=True),
            Placement("currency", "currency"),
            Placement("due_date", "payable_until", required=True),
        ),
        "items": (
            Placement("invoice_ref", None),
            Placement("description", "text", required=True, max_length=20),
            Placement("amount", "sum", required=True),
        ),
    },
    rules=("E204", "E307", "E308", "E309", "E310", "E314"),
    forbidden=("tax_code",),
    max_items=3,
)

# -- the module, as it would stand in pipeline/targets/ ------------------------------------------------


def _requests(batches: Batches, _: Settings) -> Iterator[Request]:
    keys, frame = BILLS.get_payload_keys("invoices", {}), batches.invoices.sheets.valid.invoices
    heads = JsonObjects({key: arrow_column(frame[name]) for name, key in keys.items() if name in frame})
    keys, frame = BILLS.get_payload_keys("items", {}), batches.invoices.sheets.items
    lines = JsonObjects({key: arrow_column(frame[name]) for name, key in keys.items() if name in frame})
    number = 0
    for group in batches.iter_groups(min_items=1000):
        texts = lines.encode_arrays(pa.array(group.item_rows), group.item_offsets)
        bodies = heads.encode_objects(pa.array(group.invoice_rows), lines=texts)
        for batch, body in zip(group.batches, bodies, strict=True):
            number += 1
            yield Request(number, "POST", "/bills", body.as_buffer().to_pybytes(), batch.invoices)


def _outcomes(_: Batches, request: Request, response: Response | None) -> tuple[InvoiceOutcome, ...]:
    state = InvoiceState.CREATED if response and response.status == 201 else InvoiceState.IN_DOUBT
    return tuple(InvoiceOutcome(invoice, state) for invoice in request.invoices)


THIRDLY = Target(
    name="thirdly",
    title="Thirdly: bills",
    get_limits=lambda _: RequestLimits(1, 3),
    get_projection=lambda _: BILLS,
    build_requests=_requests,
    read_outcomes=_outcomes,
)

# ------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one line of the registry."""
    monkeypatch.setitem(TARGETS, "thirdly", THIRDLY)


def bill(ref: str = "R1", **cells: Any) -> dict[str, Any]:
    return {"invoice_ref": ref, "account_number": "A1", "currency": "EUR", "due_date": "2026-12-31"} | cells


def line(ref: str = "R1", **cells: Any) -> dict[str, Any]:
    return {"invoice_ref": ref, "description": "Day", "amount": "10.50"} | cells


def test_a_sheet_becomes_its_requests(desk: Desk) -> None:
    result = desk.check(
        [bill("R1"), bill("R2")], [line("R2"), line("R1"), line("R2", amount="1")], target="thirdly"
    )
    assert (result.verdict, desk.codes(result)) == ("accepted", [])
    head = {"payer": "A1", "currency": "EUR", "payable_until": "2026-12-31"}
    assert desk.payloads(result) == [
        {"reference": "R1", **head, "lines": [{"text": "Day", "sum": Decimal("10.5")}]},
        {
            "reference": "R2",
            **head,
            "lines": [{"text": "Day", "sum": Decimal("10.5")}, {"text": "Day", "sum": Decimal(1)}],
        },
    ]
    desk.run([bill("R1")], [line("R1")], target="thirdly")
    assert desk.run([bill("R1")], [line("R1")], target="thirdly").verdict == "duplicate"


def test_a_rejected_invoice_before_an_accepted_one_shifts_nothing(desk: Desk) -> None:
    """Rows of the sheet and positions among the accepted invoices part ways as soon as one is left out."""
    result = desk.run([bill("R1", due_date=""), bill("R2")], [line("R1"), line("R2")], target="thirdly")
    assert result.verdict == "partial"
    (request,) = TARGETS["thirdly"].build_requests(result.assessment.batches, result.assessment.settings)
    assert list(request.invoices) == [0], "the first accepted invoice, in the second row of the sheet"
    (manifest_file,) = desk.workspace.glob("**/payloads/manifest.json")
    manifest = json.loads(manifest_file.read_bytes())
    assert [listed["invoice_refs"] for listed in manifest["requests"]] == [["R2"]]


def test_what_it_tightens_is_checked(desk: Desk) -> None:
    rows = [line(description="x" * 21), line(amount=""), line(amount="1.234"), line()]
    result = desk.check([bill(due_date="")], rows, target="thirdly")
    assert desk.codes(result) == ["E201", "E201", "E204", "E208", "E310"]


def test_a_sheet_of_another_target_says_what_is_missing_and_what_would_not_be_sent(tmp_path: Path) -> None:
    invoice_import("catalog", "load", PRODUCTS, workspace=tmp_path)
    result = pipeline.check(SAMPLE, workspace=tmp_path, target="thirdly")
    findings = set(zip(result.issues["code"], result.issues["value"], strict=True))
    assert {("E352", "Tax code"), ("W412", "Comments"), ("W412", "Catalog SKU")} <= findings
    assert "E201" in set(result.issues["code"])  # invoices without a due date


def test_its_template_is_handed_in_again(desk: Desk, tmp_path: Path) -> None:
    (book,) = write_template(tmp_path / "new.xlsx", workspace=tmp_path / "none", target="thirdly")
    result = pipeline.check(book, workspace=tmp_path / "none", target="thirdly")
    assert set(result.summary["issues"]) == {"E102"}


def test_it_edits_no_field() -> None:
    bound = BILLS.bind(TABLES, {})
    declared = {table.name: table for table in TABLES}
    for name, table in bound.items():
        assert {field.name for field in table} <= {field.name for field in declared[name]}
