"""Changes to draft invoices: given cells change, blank cells stay, and what cannot be meant is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson
import pytest
from support.command_line import invoice_import
from support.desk import Desk

from pipeline.model.outcomes import InvoiceState, Response
from pipeline.result import Result
from pipeline.targets.zuora.drafts import ZUORA_DRAFTS

DRAFT, OTHER = "8ad09be48db5aba7018db604776d4854", "8ad09be48db5aba7018db604776d4855"
ITEM, SECOND = "8ad097b4909708e001909b41bb085d38", "8ad097b4909708e001909b41bb085d39"
NEW = {"charge_name": "Day", "unit_price": "10", "amount": "10.00", "service_start_date": "2026-11-01"}


def draft(ref: str = "C1", key: str = DRAFT, **cells: Any) -> dict[str, Any]:
    return {"invoice_ref": ref, "invoice_key": key, "currency": "EUR"} | cells


def added(ref: str = "C1", **cells: Any) -> dict[str, Any]:
    return {"invoice_ref": ref, "action": "Add"} | NEW | cells


def changed(item: str = ITEM, **cells: Any) -> dict[str, Any]:
    return {"invoice_ref": "C1", "action": "change", "item_id": item} | cells


def deleted(item: str = ITEM, **cells: Any) -> dict[str, Any]:
    return {"invoice_ref": "C1", "action": "DELETE", "item_id": item} | cells


def check(desk: Desk, drafts: list[dict[str, Any]], items: list[dict[str, Any]], **flags: Any) -> Result:
    return desk.check(drafts, items, target="zuora-drafts", **flags)


def test_many_drafts_in_one_request_are_named_by_their_id(desk: Desk) -> None:
    drafts = [draft(comments="late", due_date="2026-12-31", auto_pay="no"), draft("C2", OTHER)]
    result = check(desk, drafts, [added("C2"), changed(amount="5"), deleted(SECOND)])
    assert (result.verdict, desk.codes(result)) == ("accepted", [])
    assessment = result.assessment
    (request,) = ZUORA_DRAFTS.build_requests(assessment.batches, assessment.settings)
    assert (request.method, request.path) == ("PUT", "/v1/invoices")
    assert desk.payloads(result) == [
        {
            "invoices": [
                {
                    "id": DRAFT, "autoPay": False, "comments": "late", "dueDate": "2026-12-31",
                    "invoiceItems": [{"id": ITEM, "amount": Decimal(5)}, {"id": SECOND, "delete": True}],
                },
                {
                    "id": OTHER,
                    "invoiceItems": [
                        {
                            "chargeName": "Day", "unitPrice": Decimal(10), "amount": Decimal(10),
                            "serviceStartDate": "2026-11-01",
                        }
                    ],
                },
            ]
        }
    ]  # fmt: skip


def test_one_by_one_a_draft_may_be_named_by_its_number(desk: Desk) -> None:
    result = check(desk, [draft(key="INV00000034")], [deleted()], request="single")
    (request,) = ZUORA_DRAFTS.build_requests(result.assessment.batches, result.assessment.settings)
    assert (request.method, request.path) == ("PUT", "/v1/invoices/INV00000034")
    assert orjson.loads(request.body) == {"invoiceItems": [{"id": ITEM, "delete": True}]}


@pytest.mark.parametrize("key", ["INV/../x", "a?b", "a b"])
def test_a_key_can_lead_nowhere_else(desk: Desk, key: str) -> None:
    assert desk.codes(check(desk, [draft(key=key)], [deleted()], request="single")) == ["E211"]


def test_a_number_where_only_an_id_is_taken_says_what_helps(desk: Desk) -> None:
    result = check(desk, [draft(key="INV00000034")], [deleted()])
    assert desk.told(result) == [("E211", "invoice_key", 2)]
    assert "--request single" in result.issues["message"][0]


def test_the_header_alone_may_change(desk: Desk) -> None:
    file = desk.csv("invoices", [draft(comments="late")])
    result = desk.checked(file, target="zuora-drafts")
    assert (result.verdict, desk.codes(result)) == ("accepted", [])
    assert desk.payloads(result) == [{"invoices": [{"id": DRAFT, "comments": "late"}]}]
    assert list(result.invoices["amount"]) == [Decimal(0)]


def test_an_amount_that_is_added_may_be_computed(desk: Desk) -> None:
    result = check(desk, [draft()], [added(amount="", quantity="3", unit_price="1.115")])
    (body,) = desk.payloads(result)
    assert body["invoices"][0]["invoiceItems"][0]["amount"] == Decimal("3.35")


def test_an_item_is_added_from_the_catalog(desk: Desk) -> None:
    desk.catalog(desk.charge("SUP", "c1"))
    item = {"invoice_ref": "C1", "action": "Add", "amount": "100", "service_start_date": "2024-07-11"}
    result = check(desk, [draft()], [item | {"catalog_sku": "SUP"}])
    assert desk.codes(result) == []
    (body,) = desk.payloads(result)
    assert body["invoices"][0]["invoiceItems"] == [
        {"productRatePlanChargeId": "c1", "amount": Decimal(100), "serviceStartDate": "2024-07-11"}
    ]


def test_the_books_hold_what_the_sheet_says_and_nothing_is_unread(desk: Desk) -> None:
    items = [added(), changed(amount="5"), changed(SECOND, description="x"), deleted("a" * 32)]
    result = check(desk, [draft()], items)
    assert desk.codes(result) == []
    assert result.summary["money"]["EUR"]["accepted"] == "15.00"
    assert result.summary["items"]["amount_unread"] == 0
    unread = check(desk, [draft()], [changed(amount="five")])
    assert unread.summary["items"]["amount_unread"] == 1


@pytest.mark.parametrize(
    ("items", "issues"),
    [
        ([changed("", amount="1")], [("E330", "item_id", 2)]),
        ([added(item_id=ITEM)], [("E331", "item_id", 2)]),
        ([deleted(description="x")], [("E332", "", 2)]),
        ([deleted(amount="0")], [("E332", "", 2)]),
        ([deleted(), changed(amount="1")], [("E333", "item_id", 2), ("E333", "item_id", 3)]),
        ([changed()], [("E334", "", 2)]),
        ([changed(booking_reference="b")], [("E335", "booking_reference", 2)]),
        ([changed(product_rate_plan_charge_id="c")], [("E335", "product_rate_plan_charge_id", 2)]),
        ([added(amount="")], [("E337", "amount", 2)]),
        ([added(service_start_date="")], [("E337", "service_start_date", 2)]),
        ([added(charge_name="")], [("E337", "charge_name", 2)]),
        ([added(unit_price="")], [("E337", "unit_price", 2)]),
        ([changed(quantity="2")], [("E339", "Amount", 2)]),
        ([changed(quantity="2", unit_price="5", amount="11")], [("E304", "amount", 2)]),
        ([changed(amount="1") | {"action": ""}], [("E201", "action", 2)]),
        ([changed("7", amount="1")], [("E211", "item_id", 2)]),
    ],
)
def test_an_item_that_cannot_be_meant_is_refused(desk: Desk, items: list[Any], issues: list[Any]) -> None:
    result = check(desk, [draft()], items)
    assert [issue for issue in desk.told(result) if issue[0].startswith("E")] == issues


@pytest.mark.parametrize(
    ("drafts", "codes"),
    [
        ([draft()], ["E334"]),
        ([draft(comments="x", invoice_date="2026-11-01", due_date="2026-12-01")], ["E336"]),
        ([draft(comments="x"), draft("C2", comments="y")], ["E338", "E338"]),
        ([draft(comments="x"), draft(key=OTHER, comments="y")], ["E307", "E307"]),
        ([draft(comments="x", currency="")], ["E314"]),
        ([draft(comments="x", status="Posted")], ["E352"]),
        ([draft(comments="x", account_number="A1")], ["E352"]),
        ([draft(comments="x", payment_term="Net 30")], ["E352"]),
    ],
)
def test_a_draft_that_cannot_be_meant_is_refused(desk: Desk, drafts: list[Any], codes: list[str]) -> None:
    file = desk.csv("invoices", drafts)
    assert desk.codes(desk.checked(file, target="zuora-drafts")) == codes


def test_a_change_has_an_identity_of_its_own(desk: Desk) -> None:
    def run(ref: str, **cells: Any) -> Result:
        return desk.run([draft(ref)], [changed(**cells) | {"invoice_ref": ref}], target="zuora-drafts")

    assert run("C1", description="x").verdict == "accepted"
    assert run("C1", description="x").verdict == "duplicate"
    assert run("C2", description="x").verdict == "accepted"  # the same change may be meant again
    silent = run("C1", description="x", amount="0")
    assert desk.codes(silent) == ["E501"]  # a blank amount is not an amount of nothing


@pytest.mark.slow
def test_the_ledger_holds_when_only_a_header_changes(desk: Desk) -> None:
    rows = [draft(comments="late"), draft("C2", OTHER)]
    assert desk.run(rows, [added("C2")], target="zuora-drafts").verdict == "accepted"
    ran = invoice_import("ledger", "verify", workspace=desk.workspace)
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize("target", ["zuora", "bxb"])
def test_changes_are_never_taken_for_new_invoices(target: str, desk: Desk) -> None:
    rows = [draft(account_number="A1", invoice_date="2026-11-30")]
    result = desk.check(rows, [added(item_id=ITEM)], target=target, money_unit="major")
    refused = result.issues[result.issues["code"] == "E352"]
    assert sorted(refused["value"]) == ["action", "invoice_key", "item_id"]


def test_who_sends_it_needs_what_is_added(desk: Desk) -> None:
    def needed(*items: dict[str, Any]) -> tuple[str, ...]:
        return ZUORA_DRAFTS.list_permissions(
            check(desk, [draft(comments="x")], list(items)).assessment.batches
        )

    assert needed(deleted()) == ("Modify Invoice",)
    assert needed(deleted(), added()) == (
        "Modify Invoice", "Create Standalone Invoice Without Product Catalog",
    )  # fmt: skip


class TestAnswers:
    """What an answer says of the changes."""

    def outcomes(self, desk: Desk, drafts: int, status: int, body: Any) -> list[Any]:
        keys = [f"{number:032x}" for number in range(drafts)]
        rows = [draft(f"C{at}", key, comments="x") for at, key in enumerate(keys)]
        result = check(desk, rows, [changed("a" * 32, amount="1") | {"invoice_ref": "C0"}])
        (request,) = ZUORA_DRAFTS.build_requests(result.assessment.batches, result.assessment.settings)
        answer = None if status == 0 else Response(status, {}, orjson.dumps(body))
        assert list(request.invoices) == list(range(drafts))
        return list(ZUORA_DRAFTS.read_outcomes(result.assessment.batches, request, answer))

    def test_one_word_for_all(self, desk: Desk) -> None:
        outcomes = self.outcomes(desk, 2, 200, {"success": True})
        assert [outcome.state for outcome in outcomes] == [InvoiceState.CREATED] * 2

    def test_one_draft_has_its_id(self, desk: Desk) -> None:
        (outcome,) = self.outcomes(desk, 1, 200, {"success": True, "id": DRAFT, "number": "INV1"})
        assert (outcome.state, outcome.id, outcome.number) == (InvoiceState.CREATED, DRAFT, "INV1")

    def test_a_refusal_of_one_is_certain_and_leads_to_its_item(self, desk: Desk) -> None:
        reason = {"code": 58490030, "message": "invoiceItems[0].amount is wrong"}
        (outcome,) = self.outcomes(desk, 1, 200, {"success": False, "reasons": [reason]})
        assert outcome.state is InvoiceState.REFUSED
        assert (outcome.reasons[0].table, outcome.reasons[0].field) == ("items", "amount")

    def test_a_refusal_of_many_leaves_open_what_was_done(self, desk: Desk) -> None:
        body = {"success": False, "reasons": [{"code": 58490030, "message": "No."}]}
        outcomes = self.outcomes(desk, 2, 200, body)
        assert [outcome.state for outcome in outcomes] == [InvoiceState.IN_DOUBT] * 2
        assert "not documented" in outcomes[0].reasons[0].message

    @pytest.mark.parametrize(("status", "body"), [(0, None), (200, []), (200, {}), (500, {}), (502, "x")])
    def test_no_word_is_no_word(self, desk: Desk, status: int, body: Any) -> None:
        assert [outcome.state for outcome in self.outcomes(desk, 2, status, body)] == [
            InvoiceState.IN_DOUBT
        ] * 2

    def test_wrong_credentials_change_nothing(self, desk: Desk) -> None:
        body = {"reasons": [{"code": 90000011, "message": "Authentication failed"}]}
        assert [outcome.state for outcome in self.outcomes(desk, 2, 401, body)] == [InvoiceState.REFUSED] * 2


def test_a_period_of_an_account_that_the_sheet_does_not_name_is_no_question(desk: Desk) -> None:
    lines = [added(service_end_date="2026-11-30"), changed(service_end_date="2026-11-30")]
    assert check(desk, [draft()], lines).verdict == "accepted"
