"""Whether an API took or lost what was sent: every documented answer, and answers nobody documented."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.desk import Desk

from pipeline.model.invoices import Request
from pipeline.model.outcomes import InvoiceOutcome, Response
from pipeline.report.issue_table import make_issue_table
from pipeline.result import Result
from pipeline.targets.outcome_issues import build_outcome_issues

CUSTOMER = "0f8fad5b-d9cb-469f-a165-70867728950e"
HTML = b"<html><body>502 Bad Gateway</body></html>"


class Sent:
    """A request of a check, and what answers to it say."""

    def __init__(self, result: Result, number: int = 0) -> None:
        self.assessment = result.assessment
        self.request: Request = list(
            self.assessment.target.build_requests(self.assessment.batches, self.assessment.settings)
        )[number]

    def answered(self, status: int, body: object, **headers: str) -> tuple[InvoiceOutcome, ...]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.assessment.target.read_outcomes(
            self.assessment.batches, self.request, Response(status, headers, raw)
        )

    def states(self, status: int, body: object, **headers: str) -> list[str]:
        return [
            f"{outcome.state} {outcome.cause}".strip() for outcome in self.answered(status, body, **headers)
        ]

    def told(self, outcomes: tuple[InvoiceOutcome, ...]) -> list[tuple[str, str, str]]:
        table = make_issue_table(build_outcome_issues(outcomes), self.assessment.raw, self.assessment.tables)
        return [(row["code"], row["cell"], row["message"]) for row in table.to_pylist()]


@pytest.fixture
def batch(desk: Desk) -> Sent:
    """Three invoices of the first target in one request; in the sheet a rejected one stands between them."""
    rows = [desk.invoice("R1"), desk.invoice("R2", currency="???"), desk.invoice("R3"), desk.invoice("R4")]
    lines = [desk.item("R3"), desk.item("R1"), desk.item("R2"), desk.item("R3"), desk.item("R4")]
    return Sent(desk.check_book(rows, [line | {"amount": 10} for line in lines]))


@pytest.fixture
def single(desk: Desk) -> Sent:
    """An invoice of the first target in a request of its own."""
    return Sent(desk.check([desk.invoice()], [desk.item()], request="single"))


@pytest.fixture
def one_off(desk: Desk) -> Sent:
    rows = [
        {"invoice_ref": "R1", "customer_id": CUSTOMER, "currency": "EUR"},
        {"invoice_ref": "R2", "customer_id": CUSTOMER, "currency": "EUR"},
    ]
    item = {"description": "Day", "quantity": 1, "unit_price": 10}
    lines = [{"invoice_ref": ref} | item for ref in ("R2", "R1", "R2")]
    result = desk.check_book(rows, lines, target="bxb", money_unit="major")
    assert result.verdict == "accepted"
    return Sent(result, 1)


def created(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"id{number}", "invoiceNumber": f"INV{number}", "success": True, "currency": "EUR"} | more


def refused(code: object, message: str = "no", **more: Any) -> dict[str, Any]:
    return {"success": False, "processId": "CA", "reasons": [{"code": code, "message": message}]} | more


class TestZuora:
    def test_success_at_the_top_is_not_believed(self, batch: Sent) -> None:
        """Zuora's documented answer: the second of the invoices failed, and the whole says success."""
        message = "No account is found with accountNumber A1."
        answer = {
            "invoices": [created(1), refused(58490020, message, objectIndex=1), created(3)],
            "success": True,
        }
        outcomes = batch.answered(200, answer)
        assert [(outcome.state, outcome.id, outcome.number) for outcome in outcomes] == [
            ("created", "id1", "INV1"), ("refused", "", ""), ("created", "id3", "INV3"),
        ]  # fmt: skip
        assert outcomes[1].cause == "data"
        assert batch.told(outcomes) == [
            ("E361", "B4", f'The billing system refused "A1": {message} (58490020).')
        ]

    def test_a_reason_about_an_item_leads_to_its_cell(self, batch: Sent) -> None:
        answer = {
            "invoices": [
                created(1),
                refused("58490020", "invoiceItems[1].amount is invalid", objectIndex=1),
                created(3),
            ],
            "success": True,
        }  # fmt: skip
        ((code, cell, _),) = batch.told(batch.answered(200, answer))
        assert (code, cell) == ("E361", "C5")  # the second item of R3 stands in row 5

    @pytest.mark.parametrize(
        "answer",
        [
            {"invoices": [created(1)], "success": True},
            {"invoices": [created(1), created(2), created(3), created(4)], "success": True},
            {"invoices": [created(1), created(2), refused(58490020, objectIndex=1)], "success": True},
            {"invoices": [created(1), None, created(3)], "success": True},
            {"success": True},
            [],
            b"{",
            b"",
            HTML,
            b"null",
        ],
    )
    def test_an_answer_that_tells_not_of_each_leaves_all_in_doubt(self, batch: Sent, answer: object) -> None:
        assert batch.states(200, answer) == ["in doubt"] * 3

    @pytest.mark.parametrize(
        ("code", "state"),
        [
            (58490010, "refused access"),
            (90000011, "refused access"),
            (58490020, "refused data"),
            ("58490030", "refused data"),
            (58490040, "refused data"),
            (53100050, "refused busy"),
            (50000070, "refused busy"),
            (58490060, "in doubt"),
            (58490061, "in doubt"),
            (58490099, "in doubt"),
            ("strange", "in doubt"),
            (None, "in doubt"),
        ],
    )
    def test_categories(self, batch: Sent, code: object, state: str) -> None:
        assert batch.states(200, refused(code, requestId="x")) == [state] * 3
        several = refused(58490020)
        several["reasons"].append({"code": code, "message": "and"})
        worst = "refused data" if state in ("refused data", "refused busy") else state
        assert batch.states(200, several) == [worst] * 3

    def test_no_reasons(self, batch: Sent) -> None:
        assert batch.states(200, {"success": False}) == ["in doubt"] * 3

    @pytest.mark.parametrize(
        ("status", "body", "state"),
        [
            (400, refused(58490020), "refused data"),
            (400, HTML, "refused data"),
            (401, refused(90000011), "refused access"),
            (403, refused(58490010), "refused access"),
            (404, HTML, "refused access"),
            (408, HTML, "in doubt"),
            (409, refused(53100050), "refused busy"),
            (409, {"message": "idempotency key in use"}, "in doubt"),
            (413, HTML, "refused data"),
            (422, {"message": "mismatch"}, "refused access"),
            (429, refused(50000070), "refused busy"),
            (429, b"", "refused busy"),
            (302, b"", "refused access"),
            (500, refused(58490060), "in doubt"),
            (500, {"reasons": [{"code": 58490020, "message": "x"}]}, "in doubt"),
            (502, HTML, "in doubt"),
            (503, b"", "in doubt"),
            (504, HTML, "in doubt"),
            (100, b"", "in doubt"),
            (599, b"\xff\xfe", "in doubt"),
        ],
    )
    def test_statuses(self, batch: Sent, status: int, body: object, state: str) -> None:
        assert batch.states(status, body) == [state] * 3

    def test_no_answer(self, batch: Sent) -> None:
        outcomes = batch.assessment.target.read_outcomes(batch.assessment.batches, batch.request, None)
        assert {outcome.state for outcome in outcomes} == {"in doubt"}
        assert [code for code, _, _ in batch.told(outcomes)] == ["E364"] * 3

    def test_an_invoice_that_is_there_but_not_as_sent(self, batch: Sent) -> None:
        answer = {"invoices": [created(1), created(2, currency="USD"), created(3)], "success": True}
        assert batch.states(200, answer) == ["created", "in doubt", "created"]

    def test_in_one_transaction_one_refusal_leaves_no_certainty(self, batch: Sent) -> None:
        body = batch.request.body.replace(b'"useSingleTransaction":false', b'"useSingleTransaction":true')
        batch.request = batch.request._replace(body=body)
        answer = {"invoices": [created(1), refused(58490020, objectIndex=1), created(3)], "success": True}
        assert batch.states(200, answer) == ["in doubt", "refused data", "in doubt"]

    def test_one_by_one(self, single: Sent) -> None:
        assert single.states(200, created(1)) == ["created"]
        assert single.states(200, {"success": True}) == ["in doubt"]
        assert single.states(200, refused(58490020)) == ["refused data"]
        assert single.states(200, {"invoices": [created(1)], "success": True}) == ["created"]
        assert single.states(200, {"invoices": [created(1, currency="USD")]}) == ["in doubt"]


class TestOneOff:
    @staticmethod
    def made(**more: Any) -> dict[str, Any]:
        sound = {
            "id": "6d1", "invoice_number": "INV-20261121-0001", "customer_id": CUSTOMER.upper(),
            "currency": "EUR", "line_items": [{}, {}], "total_cents": "20.0000",
        }  # fmt: skip
        return sound | more

    def test_created(self, one_off: Sent) -> None:
        (outcome,) = one_off.answered(200, self.made())
        assert (outcome.invoice, outcome.state, outcome.id, outcome.number) == (
            1, "created", "6d1", "INV-20261121-0001",
        )  # fmt: skip

    @pytest.mark.parametrize(
        "more",
        [
            {"total_cents": "2000.0000"}, {"total_cents": None}, {"total_cents": "NaN"}, {"currency": "USD"},
            {"customer_id": "x"}, {"line_items": [{}]}, {"line_items": None}, {"id": None}, {"id": ""},
        ],
    )  # fmt: skip
    def test_an_invoice_that_is_not_what_was_sent_is_in_doubt(self, one_off: Sent, more: Any) -> None:
        assert one_off.states(200, self.made(**more)) == ["in doubt"]

    def test_every_fault_of_a_422_has_its_place(self, one_off: Sent) -> None:
        """The shape observed: all faults of the body at once, lines counted from 0."""
        detail = [
            {
                "type": "decimal_parsing",
                "loc": ["body", "line_items", 1, "unit_price"],
                "msg": "bad",
                "input": "x",
            },
            {"type": "uuid_parsing", "loc": ["body", "customer_id"], "msg": "no uuid", "input": "y"},
            {"type": "missing", "loc": ["body"], "msg": "Field required", "input": {}},
            {"type": "odd", "loc": ["body", "line_items", 7, "quantity"], "msg": "where?"},
            {"type": "odd", "loc": None, "msg": "nowhere"},
        ]
        outcomes = one_off.answered(422, {"detail": detail})
        assert [outcome.state for outcome in outcomes] == ["refused"]
        cells = sorted((cell, message) for _, cell, message in one_off.told(outcomes))
        assert cells == [
            ("", 'The billing system refused "R2": Field required (missing).'),
            ("", 'The billing system refused "R2": nowhere (odd).'),
            ("", 'The billing system refused "R2": where? (odd).'),
            ("B3", f'The billing system refused "{CUSTOMER}": no uuid (uuid_parsing).'),
            ("D4", 'The billing system refused "10": bad (decimal_parsing).'),
        ]

    def test_an_unknown_customer_may_be_a_missing_key(self, one_off: Sent) -> None:
        outcomes = one_off.answered(404, {"detail": "Customer not found"})
        ((code, cell, message),) = one_off.told(outcomes)
        assert (code, cell) == ("E361", "B3")
        assert "or the API key is missing or mistyped" in message

    @pytest.mark.parametrize(
        ("status", "body", "state"),
        [
            (307, b"", "refused access"),
            (400, {"detail": "There was an error parsing the body"}, "refused access"),
            (401, {"detail": "Invalid API key"}, "refused access"),
            (404, {"detail": "Not Found"}, "refused access"),
            (405, {"detail": "Method Not Allowed"}, "refused access"),
            (422, HTML, "refused data"),
            (422, {"detail": []}, "refused data"),
            (429, b"", "refused busy"),
            (200, HTML, "in doubt"),
            (200, [], "in doubt"),
            (201, {"id": "x"}, "in doubt"),
            (204, b"", "in doubt"),
            (500, b"Internal Server Error", "in doubt"),
            (502, HTML, "in doubt"),
        ],
    )
    def test_statuses(self, one_off: Sent, status: int, body: object, state: str) -> None:
        assert one_off.states(status, body) == [state]

    def test_no_answer(self, one_off: Sent) -> None:
        (outcome,) = one_off.assessment.target.read_outcomes(
            one_off.assessment.batches, one_off.request, None
        )
        assert outcome.state == "in doubt"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["success", "invoices", "reasons", "code", "message", "objectIndex", "id", "detail", "loc"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.slow
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(status=st.integers(100, 599), body=_JSON | st.binary(max_size=30))
def test_whatever_comes_back_each_invoice_has_one_outcome_and_nothing_breaks(
    batch: Sent, single: Sent, one_off: Sent, status: int, body: object
) -> None:
    for sent in (batch, single, one_off):
        outcomes = sent.answered(status, body)
        assert [outcome.invoice for outcome in outcomes] == list(sent.request.invoices)
        for outcome in outcomes:
            assert (outcome.state == "created") == bool(outcome.id)
            assert outcome.state == "created" or outcome.reasons
            assert outcome.state != "created" or status // 100 == 2
            assert (outcome.state == "refused") == bool(outcome.cause)
        sent.told(outcomes)


# -- permissions ---------------------------------------------------------------------------------------

WITH, WITHOUT = (f"Create Standalone Invoice {word} Product Catalog" for word in ("With", "Without"))


@pytest.mark.parametrize(
    ("charges", "needed"),
    [
        (["c1", "c2"], ["Modify Invoice", WITH]),
        (["", ""], ["Modify Invoice", WITHOUT]),
        (["c1", ""], ["Modify Invoice", WITH, WITHOUT]),
    ],
)
def test_a_mixed_invoice_needs_both_permissions(desk: Desk, charges: list[str], needed: list[str]) -> None:
    lines = [desk.item(product_rate_plan_charge_id=charge) for charge in charges]
    result = desk.check([desk.invoice()], lines)
    assert result.summary["permissions"] == needed


def test_only_what_is_accepted_needs_permissions(desk: Desk) -> None:
    rows = [desk.invoice("R1"), desk.invoice("R2", currency="???")]
    lines = [desk.item("R1"), desk.item("R2", product_rate_plan_charge_id="c1")]
    assert desk.check(rows, lines).summary["permissions"] == ["Modify Invoice", WITHOUT]
    assert desk.check(rows[1:], lines[1:]).summary["permissions"] == []
