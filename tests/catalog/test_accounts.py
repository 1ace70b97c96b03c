"""The account list: loaded whole or not at all, and what invoices are held against."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.command_line import invoice_import
from support.desk import Desk

from pipeline.catalog import (
    CUSTOMERS,
    build_snapshot,
    find_snapshot,
    get_current_snapshot,
    list_snapshots,
    look_up_accounts,
)
from pipeline.errors import CatalogError, UsageError
from pipeline.flow import load_accounts
from pipeline.model.sheets import SourceFile

GLOBEX = "0f8fad5b-d9cb-469f-a165-70867728950e"
INITECH = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
LIST = (
    {
        "account_number": "A1",
        "account_id": "id-1",
        "customer_id": GLOBEX,
        "customer_external_id": "globex",
        "name": "Globex",
        "currency": "EUR",
    },
    {
        "account_number": "A2",
        "account_id": "id-2",
        "customer_id": INITECH.upper(),
        "customer_external_id": "initech",
        "name": "Initech",
        "currency": "JPY",
    },
    {"account_number": "A3", "name": "Hooli"},
)


@pytest.fixture
def listed(desk: Desk) -> Desk:
    """A desk with an account list."""
    load = desk.accounts(*LIST)
    assert load.issues.to_pylist() == []
    assert load.snapshot is not None
    return desk


def messages(result: Any) -> list[str]:
    return list(result.issues["message"])


class TestLoading:
    def test_what_is_told(self, desk: Desk) -> None:
        file = desk.csv("accounts", LIST)
        ran = invoice_import("accounts", "load", file, workspace=desk.workspace)
        assert (ran.code, ran.err) == (0, "")
        sha256 = get_current_snapshot(desk.workspace / "accounts", CUSTOMERS).sha256[:12]
        assert ran.out == f"Loaded 3 accounts; account list {sha256} is in use.\n"
        info = invoice_import("accounts", "info", workspace=desk.workspace)
        assert "3 with account number, 2 with account id, 2 with customer external id, 2 with" in info.out
        facts = json.loads(
            invoice_import("accounts", "info", "--format", "json", workspace=desk.workspace).out
        )
        assert (facts["accounts"], facts["customer_id"], facts["currency"]) == (3, 2, 2)
        again = invoice_import("accounts", "load", file, "--format", "json", workspace=desk.workspace)
        loaded = json.loads(again.out)
        assert (loaded["rows"], loaded["duplicates"], loaded["accounts"]["sha256"][:12]) == (3, 0, sha256)
        listed = json.loads(
            invoice_import("accounts", "list", "--format", "json", workspace=desk.workspace).out
        )
        assert [(snapshot["accounts"], snapshot["in_use"]) for snapshot in listed] == [(3, True)]

    def test_what_is_told_of_rows_that_repeat_and_of_nothing(self, desk: Desk) -> None:
        none = invoice_import("accounts", "list", workspace=desk.workspace)
        assert (none.code, none.out) == (0, "None was loaded yet.\n")
        file = desk.csv("accounts", [*LIST, LIST[0]])
        ran = invoice_import("accounts", "load", file, workspace=desk.workspace)
        assert "1 row repeats another exactly and counts once." in ran.out

    def test_a_workbook_does_as_well(self, desk: Desk) -> None:
        from openpyxl import Workbook

        book = Workbook()
        book.active.title = "Accounts"
        for row in (["Account number", "Customer id", "Name"], ["00123", GLOBEX, "Globex"]):
            book.active.append(row)
        book.save(desk.folder / "customers.xlsx")
        load = load_accounts(desk.folder / "customers.xlsx", workspace=desk.workspace)
        assert load.snapshot.counts["account_number"] == 1
        assert desk.codes(desk.check([desk.invoice(account_number="00123")], [desk.item()])) == []

    def test_each_key_belongs_to_one_account(self, desk: Desk) -> None:
        load = desk.accounts(
            LIST[0],
            {"account_number": "A9", "customer_id": GLOBEX.upper()},
            {"account_number": "A9"},
            LIST[0],
        )
        assert (load.snapshot, load.duplicates) == (None, 1)
        cells = [(issue["code"], issue["column"], issue["row"]) for issue in load.issues.to_pylist()]
        assert cells == [
            ("E412", "customer_id", 2),
            ("E412", "account_number", 3),
            ("E412", "customer_id", 3),
            ("E412", "account_number", 4),
        ]
        assert get_current_snapshot(desk.workspace / "accounts", CUSTOMERS) is None

    def test_a_fault_keeps_the_list_in_use(self, listed: Desk) -> None:
        before = get_current_snapshot(listed.workspace / "accounts", CUSTOMERS)
        file = listed.csv("accounts", [{"account_number": "A1", "customer_id": "globex"}])
        ran = invoice_import("accounts", "load", file, workspace=listed.workspace)
        assert ran.code == 3
        assert "must be a UUID" in ran.out
        assert get_current_snapshot(listed.workspace / "accounts", CUSTOMERS) == before

    def test_earlier_lists_stay_and_can_be_asked(self, listed: Desk) -> None:
        first = get_current_snapshot(listed.workspace / "accounts", CUSTOMERS)
        listed.accounts({"account_number": "A1"})
        folder = listed.workspace / "accounts"
        assert {snapshot.sha256 for snapshot in list_snapshots(folder, CUSTOMERS)} == {
            first.sha256,
            get_current_snapshot(folder, CUSTOMERS).sha256,
        }
        assert find_snapshot(folder, first.sha256[:8].upper(), CUSTOMERS) == first
        lines = invoice_import("accounts", "list", workspace=listed.workspace).out.splitlines()
        assert sorted(line[0] for line in lines) == [" ", "*"]
        ran = invoice_import("accounts", "info", first.sha256[:12], workspace=listed.workspace)
        assert ran.out.startswith(f"Account list {first.sha256[:12]}, loaded ")

    @pytest.mark.parametrize(
        ("name", "message"), [("no hash", "names no"), ("abc", "names no"), ("0" * 12, "is no")]
    )
    def test_a_list_that_is_not_there(self, listed: Desk, name: str, message: str) -> None:
        with pytest.raises(UsageError, match=message):
            find_snapshot(listed.workspace / "accounts", name, CUSTOMERS)

    def test_without_a_list(self, desk: Desk) -> None:
        ran = invoice_import("accounts", "info", workspace=desk.workspace)
        assert (ran.code, ran.err) == (
            3, "Error: No account list is loaded: invoice-import accounts load FILE.\n",
        )  # fmt: skip

    def test_damage_is_a_sentence(self, listed: Desk) -> None:
        snapshot = get_current_snapshot(listed.workspace / "accounts", CUSTOMERS)
        snapshot.path.write_bytes(snapshot.path.read_bytes()[:9000])
        with pytest.raises(CatalogError, match=r"account list .* is damaged .* accounts load FILE"):
            look_up_accounts(snapshot, {})

    def test_a_list_in_the_place_of_another_is_damage(self, listed: Desk) -> None:
        first = get_current_snapshot(listed.workspace / "accounts", CUSTOMERS)
        second = listed.accounts({"account_number": "A1"}).snapshot
        second.path.replace(first.path)
        with pytest.raises(CatalogError, match=r"account list .* is damaged"):
            look_up_accounts(first, {})

    def test_a_catalog_is_no_account_list(self, tmp_path: Path) -> None:
        import pyarrow as pa

        load = build_snapshot(
            pa.table({"account_number": ["A1"]}), tmp_path, SourceFile("x", "", 0), CUSTOMERS
        )
        with pytest.raises(CatalogError, match="no catalog"):
            get_current_snapshot(tmp_path)
        assert load.snapshot is not None


class TestAccounts:
    def test_known_accounts_are_fine(self, listed: Desk) -> None:
        result = listed.check([listed.invoice(account_id="id-1")], [listed.item()])
        assert listed.codes(result) == []
        snapshot = get_current_snapshot(listed.workspace / "accounts", CUSTOMERS)
        assert result.summary["accounts"] == {"sha256": snapshot.sha256, "accounts": 3}

    def test_an_unknown_account_names_the_nearest(self, listed: Desk) -> None:
        result = listed.check_book([listed.invoice(account_number="a1")], [listed.item()])
        assert listed.told(result) == [("E413", "account_number", 2)]
        assert messages(result) == [
            'The account list has no account_number "a1". Did you mean A1 (Globex; only upper and lower case differ)?'
        ]

    def test_case_counts_in_account_numbers(self, listed: Desk) -> None:
        assert listed.codes(listed.check([listed.invoice(account_number="a1")], [listed.item()])) == ["E413"]

    def test_number_and_id_must_agree(self, listed: Desk) -> None:
        result = listed.check([listed.invoice(account_id="id-2")], [listed.item()])
        assert listed.codes(result) == ["E414"]
        assert messages(result) == [
            'The invoice "R1" names different accounts: Account number "A1" is Globex; Account id "id-2" is Initech.'
        ]

    def test_a_blank_currency_is_the_accounts(self, listed: Desk) -> None:
        rows = [listed.invoice(currency=""), listed.invoice("R2", currency="", account_number="A2")]
        result = listed.check(rows, [listed.item(), listed.item("R2", amount="7")], default_currency="USD")
        assert listed.codes(result) == []
        assert result.summary["money"]["JPY"]["accepted"] == "7"
        assert [invoice["currency"] for invoice in listed.sent(result)] == ["EUR", "JPY"]

    def test_an_account_without_currency_leaves_it_to_the_default(self, listed: Desk) -> None:
        rows = [listed.invoice(currency="", account_number="A3")]
        assert listed.codes(listed.check(rows, [listed.item()])) == ["E314"]
        result = listed.check(rows, [listed.item()], default_currency="USD")
        assert [invoice["currency"] for invoice in listed.sent(result)] == ["USD"]

    def test_the_accounts_currency_counts_decimals(self, listed: Desk) -> None:
        rows = [listed.invoice(currency="", account_number="A2")]
        assert listed.codes(listed.check(rows, [listed.item(amount="7.50")])) == ["E204"]

    def test_another_currency_is_told(self, listed: Desk) -> None:
        result = listed.check([listed.invoice(currency="USD")], [listed.item()])
        assert (result.verdict, messages(result)) == (
            "accepted", ['currency is "USD", but the account is billed in EUR.'],
        )  # fmt: skip

    def test_without_a_list_nothing_is_checked_and_that_is_said(self, desk: Desk) -> None:
        files = desk.pair([desk.invoice(account_number="nobody")], [desk.item()])
        ran = invoice_import("check", *files, workspace=desk.workspace)
        assert ran.code == 0
        assert "Accounts: no list is loaded, so no account was checked.\n" in ran.out

    def test_the_run_records_which_list_it_was(self, listed: Desk) -> None:
        result = listed.run([listed.invoice()], [listed.item()])
        stored = json.loads(
            (listed.workspace / "runs" / result.summary["run_id"] / "summary.json").read_text("utf-8")
        )
        assert (
            stored["accounts"]["sha256"]
            == get_current_snapshot(listed.workspace / "accounts", CUSTOMERS).sha256
        )

    def test_many_accounts_in_one_look_up(self, desk: Desk) -> None:
        desk.accounts(*({"account_number": f"A{n}", "currency": "EUR"} for n in range(3000)))
        invoices = [desk.invoice(f"R{n}", account_number=f"A{n}", currency="") for n in range(0, 6000, 2)]
        result = desk.check(invoices, [desk.item(invoice["invoice_ref"]) for invoice in invoices])
        assert desk.codes(result) == ["E314"] * 1500 + ["E413"] * 1500
        assert result.summary["invoices"]["accepted"] == 1500
