"""The ledger in one process: what it records, refuses, tells and notices."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipeline import ledger, workspace
from pipeline.errors import BusyError, LedgerError, UsageError, WorkspaceError

AT = "2026-11-20T16:50:00Z"
SHA = "a" * 64


def run_id(number: int) -> str:
    return f"20261120-1650{number:02}-00000{number}"


@pytest.fixture
def place(tmp_path: Path) -> workspace.Workspace:
    return workspace.prepare_workspace(tmp_path / "w")


@pytest.fixture
def books(place: workspace.Workspace) -> ledger.Ledger:
    return ledger.Ledger(place.ledger, place.runs, busy_seconds=0.2)


def invoice(position: int, ref: str, state: str = "prepared", content: str = "1") -> ledger.InvoiceRow:
    prepared = state == "prepared"
    return ledger.InvoiceRow(
        position=position,
        ref=ref,
        account="A1",
        currency="GBP",
        invoice_date="2026-11-20",
        item_count=2,
        amount="10.30",
        state=state,
        fingerprint=hashlib.sha256(content.encode()).hexdigest(),
        request=1 if prepared else None,
        reasons="" if prepared else "E301",
    )


def about_run(number: int, environment: str, manifest: str | None, summary: str) -> ledger.RunRow:
    return ledger.RunRow(
        run_id=run_id(number),
        started=AT,
        target="t",
        environment=environment,
        verdict="accepted",
        catalog_sha256=None,
        settings_sha256=SHA,
        manifest_sha256=manifest,
        summary=summary,
    )


def item_table(invoices: list[ledger.InvoiceRow]) -> pa.Table:
    """Two items each prepared invoice; some columns dictionary-encoded."""
    positions = [row.position for row in invoices if row.state == "prepared" for _ in range(2)]
    products, amounts = ["P1", None], [Decimal("10.10"), Decimal("0.20")]
    half = len(positions) // 2
    return pa.table(
        {
            "position": pa.array(positions, pa.int32()),
            "product_name": pa.array(products * half, pa.string()).dictionary_encode(),
            "unit_price": pa.array(["10.10", "0.20"] * half, pa.string()),
            "amount": pa.array(amounts * half, pa.decimal128(24, 9)),
            "service_start_date": pa.array([date(2026, 1, 1)] * len(positions), pa.date32()),
        }
    )


def enter(
    place: workspace.Workspace,
    books: ledger.Ledger,
    number: int,
    invoices: list[ledger.InvoiceRow],
    environment: str = "production",
) -> str:
    """A run of one request, as the conductor enters it."""
    name, summary = run_id(number), orjson.dumps({"run_id": run_id(number), "seconds": 0.1}).decode()
    with workspace.fill_run_folder(place, name) as folder:
        if any(row.state == "prepared" for row in invoices):
            folder.write("payloads/0001.json", b"{}")
        folder.write("payloads/manifest.json", b"[]")
        shas = [hashlib.sha256(content).hexdigest() for content in (b"{}", b"[]")]
        prepared = sum(row.state == "prepared" for row in invoices)

        requests = [ledger.RequestRow(1, "payloads/0001.json", shas[0], prepared, 2 * prepared, "{}")]
        with ledger.enter_run(books, name) as writer:
            writer.add_sources([ledger.SourceRow("a\udcff.csv", SHA, 1, 2)])
            writer.add_invoices([tuple(vars(row).values()) for row in invoices])
            writer.add_items(ledger.encode_items(item_table(invoices)) if prepared else None)
            writer.add_requests(requests if prepared else [])
            head = writer.finish(about_run(number, environment, shas[1], summary))
            folder.write("summary.json", ledger.add_ledger_head(summary, head))
            folder.publish()
    return name


def tampered(books: ledger.Ledger, *statements: str) -> None:
    """Changes the ledger as somebody with an SQLite shell would."""
    with closing(sqlite3.connect(books.path, isolation_level=None)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, sql in triggers:
            connection.execute(sql)


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    return {
        str(path): (
            path.stat().st_mtime_ns,
            path.stat().st_mode,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in [folder, *folder.rglob("*")]
    }


def test_an_absent_ledger_reads_as_empty_and_stays_absent(books: ledger.Ledger) -> None:
    assert ledger.find_live_by_reference(books, "production", "t", ["A"]) == {}
    assert ledger.find_rejected(books, "production", "t", ["A"]) == {}
    assert (
        ledger.list_run_entries(books)
        == ledger.verify_ledger(books)
        == ledger.list_invoices(books, "x")
        == []
    )
    for act in (
        lambda: ledger.read_run(books, "x"),
        lambda: ledger.read_items(books, "x"),
        lambda: ledger.withdraw_run(books, "x", AT),
    ):
        with pytest.raises(UsageError, match="no run x"):
            act()
    assert not books.path.exists()


def test_a_run_is_recorded(place: workspace.Workspace, books: ledger.Ledger) -> None:
    name = enter(place, books, 1, [invoice(0, "A"), invoice(1, "B", "rejected"), invoice(2, "C", "skipped")])
    assert ledger.verify_ledger(books) == []
    live = ledger.find_live_by_reference(books, "production", "t", ["A", "B", "C", "D"])
    assert live == {"A": ledger.LiveInvoice(invoice(0, "A").fingerprint, name, "prepared")}
    assert (
        ledger.find_live_by_reference(books, "sandbox", "t", ["A"])
        == ledger.find_live_by_reference(books, "production", "u", ["A"])
        == {}
    )
    (entry,) = ledger.list_run_entries(books)
    assert dict(entry.states) == {"prepared": 1, "rejected": 1, "skipped": 1}
    with pytest.raises(UsageError, match="no run x"):
        ledger.read_run(books, "x")
    shown = ledger.read_run(books, name)
    assert shown.sources[0].name == r"a\udcff.csv"
    assert [request.number for request in shown.requests] == [1]
    assert [row.ref for row in ledger.list_invoices(books, name)] == ["A", "B", "C"]
    items = ledger.read_items(books, name)
    assert items.to_pylist() == [
        {
            "position": 0, "ref": "A", "account": "A1", "currency": "GBP", "request": 1, "state": "prepared",
            "product_name": product, "unit_price": amount, "amount": Decimal(amount),
            "service_start_date": date(2026, 1, 1),
        }
        for product, amount in (("P1", "10.10"), (None, "0.20"))
    ]  # fmt: skip
    assert pa.types.is_dictionary(items.schema.field("product_name").type)
    assert items.schema.field("amount").type == pa.decimal128(24, 9)


def test_items_follow_their_invoices(place: workspace.Workspace, books: ledger.Ledger) -> None:
    name = enter(place, books, 1, [invoice(0, "A", "rejected"), invoice(1, "B"), invoice(2, "C")])
    assert ledger.read_items(books, name)["ref"].to_pylist() == ["B", "B", "C", "C"]
    ledger.withdraw_run(books, name, AT)
    assert set(ledger.read_items(books, name)["state"].to_pylist()) == {"withdrawn"}
    none = ledger.read_items(books, enter(place, books, 2, [invoice(0, "A", "rejected")]))
    assert (len(none), none.column_names[:2]) == (0, ["position", "ref"])
    with pytest.raises(UsageError, match="no run x"):
        ledger.read_items(books, "x")
    tampered(books, "UPDATE items SET parquet = x'00'")
    with pytest.raises(LedgerError, match="cannot be read"):
        ledger.read_items(books, name)


def test_dictionaries_that_repeat_or_hold_null_are_written_as_what_they_say(
    place: workspace.Workspace, books: ledger.Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    indices = pa.array([2, None], pa.int32())
    first = pa.DictionaryArray.from_arrays(indices, pa.array(["x", "x", "y", None]))
    second = pa.DictionaryArray.from_arrays(pa.array([3, 0], pa.int32()), pa.array(["x", "x", "y", None]))
    packed = ledger.encode_items
    monkeypatch.setattr(
        ledger,
        "encode_items",
        lambda table: packed(table.append_column("said", pa.chunked_array([first, second]))),
    )
    name = enter(place, books, 1, [invoice(0, "A"), invoice(1, "B")])
    assert ledger.read_items(books, name)["said"].to_pylist() == ["y", None, None, "x"]
    assert ledger.verify_ledger(books) == []


def test_the_same_items_are_the_same_bytes() -> None:
    invoices = [invoice(number, f"A{number}") for number in range(1000)]
    assert ledger.encode_items(item_table(invoices)) == ledger.encode_items(item_table(invoices))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda table: table.slice(1), "invoice A0 "),
        (lambda table: table.slice(0, 0), "invoice A0 "),
        (lambda table: pa.concat_tables([table, table.slice(0, 1)]), "invoice A0 "),
        (lambda table: pa.concat_tables([table.slice(1), table.slice(3, 1)]), "invoice A1 "),
        (lambda table: table.set_column(3, "amount", pc.add(table["amount"], 1)), "invoice A0 "),
        (
            lambda table: table.set_column(
                0, "position", pa.array([7, *table["position"].to_pylist()[1:]], pa.int32())
            ),
            "1 items",
        ),
        (lambda table: table.drop(["amount"]), "cannot be read"),
        (lambda table: table.drop(["position"]), "cannot be read"),
        (lambda table: table.set_column(3, "amount", table["product_name"]), "cannot be read"),
    ],
)
def test_items_that_do_not_add_up_are_told(
    place: workspace.Workspace,
    books: ledger.Ledger,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Any], Any],
    sentence: str,
) -> None:
    packed = ledger.encode_items
    monkeypatch.setattr(ledger, "encode_items", lambda table: packed(change(table)))
    enter(place, books, 1, [invoice(number, f"A{number}") for number in range(3)])
    faults = ledger.verify_ledger(books)
    assert any(sentence in fault for fault in faults)
    assert not any("not those that were entered" in fault for fault in faults)


def test_items_without_their_invoice_are_not_read(
    place: workspace.Workspace, books: ledger.Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = ledger.encode_items
    monkeypatch.setattr(ledger, "encode_items", lambda table: packed(table.drop(["position"])))
    name = enter(place, books, 1, [invoice(0, "A")])
    with pytest.raises(LedgerError, match="a column is missing or twice there"):
        ledger.read_items(books, name)


def test_unreadable_items_are_a_fault(place: workspace.Workspace, books: ledger.Ledger) -> None:
    name = enter(place, books, 1, [invoice(0, "A")])
    with closing(sqlite3.connect(books.path)) as connection:
        whole: bytes = connection.execute("SELECT parquet FROM items").fetchone()[0]
    for cut in [
        b"",
        b"PAR1",
        whole[:-1],
        whole[: len(whole) // 2],
        b"\0" * len(whole),
        whole[:4] + whole[9:],
    ]:
        tampered(books, f"UPDATE items SET parquet = x'{cut.hex()}'")
        faults = ledger.verify_ledger(books)
        assert f"The entries of the run {name} are not those that were entered." in faults
    for at in range(0, len(whole), 29):
        tampered(books, f"UPDATE items SET parquet = x'{(whole[:at] + b'~!~' + whole[at + 3 :]).hex()}'")
        assert ledger.verify_ledger(books)


def test_a_run_under_another_name_is_refused(place: workspace.Workspace, books: ledger.Ledger) -> None:
    with pytest.raises(ValueError, match="calls itself"), ledger.enter_run(books, run_id(2)) as writer:
        writer.finish(about_run(1, "production", None, "{}"))
    assert ledger.list_run_entries(books) == []


def test_rows_of_a_run_that_is_not_finished_are_not_kept(books: ledger.Ledger) -> None:
    with pytest.raises(LedgerError), ledger.enter_run(books, run_id(1)) as writer:
        writer.add_invoices([tuple(vars(invoice(0, "A")).values())])
    assert ledger.list_run_entries(books) == []
    assert ledger.verify_ledger(books) == []


def test_rows_beyond_one_statement(place: workspace.Workspace, books: ledger.Ledger) -> None:
    rows = [
        invoice(number, f"A{number:05}", "rejected" if number % 3 else "prepared") for number in range(4321)
    ]
    name = enter(place, books, 1, rows)
    assert [row.position for row in ledger.list_invoices(books, name)] == list(range(4321))
    assert ledger.verify_ledger(books) == []


def test_the_latest_rejection_is_told(place: workspace.Workspace, books: ledger.Ledger) -> None:
    enter(place, books, 1, [invoice(0, "A", "rejected", "1")])
    enter(place, books, 2, [invoice(0, "A", "rejected", "2")])
    latest = invoice(0, "A", "rejected", "2").fingerprint
    assert ledger.find_rejected(books, "production", "t", ["A", "B"]) == {"A": latest}
    assert ledger.find_rejected(books, "sandbox", "t", ["A"]) == {}


def test_an_identity_is_taken_once(place: workspace.Workspace, books: ledger.Ledger) -> None:
    enter(place, books, 1, [invoice(0, "A")])
    with pytest.raises(ledger.IdentityTakenError, match="A and 1 more") as caught:
        enter(place, books, 2, [invoice(0, "A"), invoice(1, "B"), invoice(2, "B")])
    assert caught.value.refs == ("A", "B")
    assert [run.run_id for run in ledger.list_run_entries(books)] == [run_id(1)]
    assert not (place.runs / run_id(2)).exists()
    enter(place, books, 2, [invoice(0, "A", "skipped")])
    enter(place, books, 3, [invoice(0, "A")], environment="sandbox")
    assert ledger.verify_ledger(books) == []


def test_the_same_run_is_not_entered_twice(place: workspace.Workspace, books: ledger.Ledger) -> None:
    enter(place, books, 1, [invoice(0, "A")])
    shutil.rmtree(place.runs / run_id(1))
    with pytest.raises(LedgerError, match="is in the ledger already"):
        enter(place, books, 1, [invoice(0, "B")])


def test_discard_frees_the_identity(place: workspace.Workspace, books: ledger.Ledger) -> None:
    name = enter(place, books, 1, [invoice(0, "A"), invoice(1, "B"), invoice(2, "C", "rejected")])
    assert ledger.withdraw_run(books, name, AT) == (2, 4, {"GBP": Decimal("20.60")})
    assert ledger.find_live_by_reference(books, "production", "t", ["A", "B"]) == {}
    assert dict(ledger.list_run_entries(books)[0].states) == {"rejected": 1, "withdrawn": 2}
    with pytest.raises(LedgerError, match="nothing left to withdraw"):
        ledger.withdraw_run(books, name, AT)
    with pytest.raises(UsageError, match="no run nonesuch"):
        ledger.withdraw_run(books, "nonesuch", AT)
    enter(place, books, 2, [invoice(0, "A", content="2")])
    assert ledger.find_live_by_reference(books, "production", "t", ["A"])["A"].run_id == run_id(2)
    assert ledger.verify_ledger(books) == []


@pytest.mark.parametrize("table", ["runs", "sources", "invoices", "items", "requests", "events"])
def test_the_ledger_only_grows(place: workspace.Workspace, books: ledger.Ledger, table: str) -> None:
    enter(place, books, 1, [invoice(0, "A")])
    with closing(sqlite3.connect(books.path)) as connection:
        for statement in (f"UPDATE {table} SET run_id = run_id", f"DELETE FROM {table}"):
            with pytest.raises(sqlite3.IntegrityError, match="only grows"):
                connection.execute(statement)


def test_a_failing_publish_leaves_nothing(place: workspace.Workspace, books: ledger.Ledger) -> None:
    (place.runs / run_id(1)).mkdir()
    with pytest.raises(WorkspaceError, match="exists already"):
        enter(place, books, 1, [invoice(0, "A")])
    assert ledger.list_run_entries(books) == []
    assert ledger.find_live_by_reference(books, "production", "t", ["A"]) == {}


def test_files_are_the_owners_alone(place: workspace.Workspace, books: ledger.Ledger) -> None:
    before = os.umask(0)
    try:
        with ledger.lock_run_ids(books):
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in place.path.glob("ledger*")}
        enter(place, books, 1, [invoice(0, "A")])
    finally:
        os.umask(before)
    assert set(modes) == {"ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE((place.runs / ".head").stat().st_mode) == 0o600
    assert not list(place.path.glob("ledger.sqlite?*"))


def test_reading_changes_nothing(place: workspace.Workspace, books: ledger.Ledger) -> None:
    name = enter(place, books, 1, [invoice(0, "A")])
    before = snapshot(place.path)
    assert set(ledger.find_live_by_reference(books, "production", "t", ["A"])) == {"A"}
    assert ledger.read_run(books, name).run.run_id == name
    assert ledger.list_run_entries(books)
    assert ledger.verify_ledger(books) == []
    assert snapshot(place.path) == before


def test_reading_needs_no_right_to_write(place: workspace.Workspace, books: ledger.Ledger) -> None:
    enter(place, books, 1, [invoice(0, "A")])
    for path in [books.path, place.runs, place.path]:
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        before = snapshot(place.path)
        assert set(ledger.find_live_by_reference(books, "production", "t", ["A"])) == {"A"}
        assert snapshot(place.path) == before
    finally:
        place.path.chmod(0o700)
        place.runs.chmod(0o700)


def test_what_a_killed_writer_left_is_read_without_touching_it(
    place: workspace.Workspace, books: ledger.Ledger, tmp_path: Path
) -> None:
    enter(place, books, 1, [invoice(0, "A")])
    with closing(sqlite3.connect(books.path, isolation_level=None)) as writer:
        writer.execute("DELETE FROM live")  # committed, and only in the -wal
        left = tmp_path / "left"
        shutil.copytree(place.path, left)
    copied = ledger.Ledger(left / "ledger.sqlite", left / "runs")
    before = snapshot(left)
    assert before[str(left / "ledger.sqlite-wal")][2]
    assert ledger.find_live_by_reference(copied, "production", "t", ["A"]) == {}
    assert snapshot(left) == before
    with ledger.lock_run_ids(copied):  # while this process writes, it is asked where it is
        assert ledger.find_live_by_reference(copied, "production", "t", ["A"]) == {}


TAMPERING: dict[str, str] = {
    "amount": "UPDATE invoices SET amount = '10.31'",
    "items": "UPDATE items SET parquet = x'00' WHERE run_id LIKE '%1'",
    "other items": "UPDATE items SET parquet = (SELECT parquet FROM items WHERE run_id LIKE '%1')",
    "items gone": "DELETE FROM items WHERE run_id LIKE '%1'",
    "items of no run": "INSERT INTO items SELECT 'x', parquet FROM items LIMIT 1",
    "verdict": "UPDATE runs SET verdict = 'rejected'",
    "source": "UPDATE sources SET size = 7",
    "request": "UPDATE requests SET sha256 = 'b'",
    "row gone": "DELETE FROM invoices WHERE ref = 'B'",
    "row added": "INSERT INTO sources SELECT run_id, 'x', sha256, 1, 1 FROM sources",
    "row of no run": "INSERT INTO sources VALUES ('x', 'x', 'x', 1, 1)",
    "event changed": "UPDATE events SET at = '2020' WHERE seq = 1",
    "first event gone": "DELETE FROM events WHERE seq = 1",
    "last event gone": "DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)",
    "all events gone": "DELETE FROM events",
    "identity freed": "DELETE FROM live",
    "identity held": "INSERT INTO live SELECT environment, target, 'Z', 1 FROM runs LIMIT 1",
    "trigger gone": "CREATE TRIGGER other BEFORE INSERT ON live BEGIN SELECT 1; END",
}


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_is_noticed(place: workspace.Workspace, books: ledger.Ledger, what: str) -> None:
    enter(place, books, 1, [invoice(0, "A"), invoice(1, "B")])
    enter(place, books, 2, [invoice(0, "C")])
    ledger.withdraw_run(books, run_id(2), AT)
    assert ledger.verify_ledger(books) == []
    tampered(books, TAMPERING[what])
    assert ledger.verify_ledger(books)


def test_a_note_that_says_nothing_stops_whoever_asks(
    place: workspace.Workspace, books: ledger.Ledger
) -> None:
    enter(place, books, 1, [invoice(0, "A")])
    (place.runs / ".head").write_bytes(b"{}")
    with pytest.raises(LedgerError, match=r"\.head, which tells whether the ledger is whole, cannot be read"):
        ledger.list_run_entries(books)


def test_billed_periods_of_items_that_are_gone_or_not_whole(
    place: workspace.Workspace, books: ledger.Ledger
) -> None:
    enter(place, books, 1, [invoice(0, "A")])
    live = ledger.find_live_by_account(books, "production", "t", pa.array(["A1"]))
    with pytest.raises(LedgerError, match=r"The items of the run .* cannot be read"):
        ledger.read_billed_periods(books, live)
    tampered(books, "DELETE FROM items")
    assert len(ledger.read_billed_periods(books, live)) == 0


def test_one_thread_writes_and_another_waits_no_longer_than_told(books: ledger.Ledger) -> None:
    with ledger.lock_run_ids(books), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: ledger.lock_run_ids(books).__enter__())
        with pytest.raises(BusyError):
            waiting.result()


def change(path: str, content: bytes) -> Callable[[Path], Any]:
    return lambda folder: (folder / path).write_bytes(content)


@pytest.mark.parametrize(
    "act",
    [
        change("payloads/0001.json", b"{ }"),
        change("payloads/manifest.json", b"{}"),
        change("payloads/0002.json", b"{}"),
        change("summary.json", b"{}"),
        change("summary.json", b"not json"),
        lambda folder: (folder / "payloads/0001.json").unlink(),
        shutil.rmtree,
        lambda folder: folder.rename(folder.with_name(run_id(9))),
    ],
)
def test_a_changed_run_folder_is_noticed(
    place: workspace.Workspace, books: ledger.Ledger, act: Callable[[Path], Any]
) -> None:
    act(place.runs / enter(place, books, 1, [invoice(0, "A")]))
    assert ledger.verify_ledger(books)


@pytest.mark.parametrize("later", ["run", "discard"])
def test_yesterdays_copy_is_refused(
    place: workspace.Workspace, books: ledger.Ledger, tmp_path: Path, later: str
) -> None:
    name = enter(place, books, 1, [invoice(0, "A")])
    shutil.copy(books.path, tmp_path / "copy")
    if later == "run":
        enter(place, books, 2, [invoice(0, "B")])
    else:
        ledger.withdraw_run(books, name, AT)
    shutil.copy(tmp_path / "copy", books.path)
    assert "lacks entries" in ledger.verify_ledger(books)[0]
    with pytest.raises(LedgerError, match="lacks entries"):
        ledger.find_live_by_reference(books, "production", "t", ["A"])
    with pytest.raises(LedgerError, match="lacks entries"), ledger.lock_run_ids(books):
        pytest.fail("no orphan may be removed now")


def test_yesterdays_copy_is_noticed_without_the_note(
    place: workspace.Workspace, books: ledger.Ledger, tmp_path: Path
) -> None:
    enter(place, books, 1, [invoice(0, "A")])
    shutil.copy(books.path, tmp_path / "copy")
    enter(place, books, 2, [invoice(0, "B")])
    shutil.copy(tmp_path / "copy", books.path)
    (place.runs / ".head").unlink()
    assert ledger.verify_ledger(books) == [f"The ledger does not know the run of the folder {run_id(2)}."]


def test_a_lost_ledger_is_not_taken_for_an_empty_one(
    place: workspace.Workspace, books: ledger.Ledger
) -> None:
    enter(place, books, 1, [invoice(0, "A")])
    books.path.unlink()
    for act in (lambda: ledger.list_run_entries(books), lambda: enter(place, books, 2, [invoice(0, "A")])):
        with pytest.raises(LedgerError, match="is gone"):
            act()
    assert not books.path.exists()


@pytest.mark.parametrize(
    "content", [b"", b"PK\3\4 no database at all" * 100, b"SQLite format 3\0" + b"x" * 5000]
)
def test_a_file_that_is_no_ledger_is_a_sentence(books: ledger.Ledger, content: bytes) -> None:
    books.path.write_bytes(content)
    for act in (lambda: ledger.list_run_entries(books), lambda: ledger.lock_run_ids(books).__enter__()):
        with pytest.raises(LedgerError, match=r"is not a ledger|is damaged"):
            act()
    assert books.path.read_bytes() == content


def test_a_foreign_database_and_another_version_are_sentences(books: ledger.Ledger) -> None:
    with ledger.lock_run_ids(books):
        pass
    for pragma, sentence in (("user_version = 99", "has version 99"), ("application_id = 1", "not a ledger")):
        with closing(sqlite3.connect(books.path)) as connection:
            connection.execute(f"PRAGMA {pragma}")
        with pytest.raises(LedgerError, match=sentence):
            ledger.list_run_entries(books)


def test_damage_inside_is_noticed(place: workspace.Workspace, books: ledger.Ledger) -> None:
    enter(place, books, 1, [invoice(number, f"A{number}") for number in range(500)])
    content = bytearray(books.path.read_bytes())
    size = int.from_bytes(content[16:18], "big")
    unnoticed = []
    for page in range(size, len(content), size):
        changed = bytes(content[:page]) + b"\xff" * 512 + bytes(content[page + 512 :])
        books.path.write_bytes(changed)
        if not ledger.verify_ledger(books):
            unnoticed.append(page)
    assert unnoticed == []
