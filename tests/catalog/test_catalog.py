"""The product catalog: loading, snapshots, look-ups, on real files."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from pipeline.catalog import Catalog, Snapshot, build_snapshot, get_current_snapshot, open_catalog
from pipeline.catalog.snapshot_kinds import CATALOG_SCHEMA, cast_rows, hash_rows
from pipeline.errors import CatalogError
from pipeline.model.sheets import SourceFile

SOURCE = SourceFile("products.csv", "ab" * 32, 123)


def row(sku: str, charge: str, **cells: Any) -> dict[str, Any]:
    cells = {"charge_model": "Per Unit", "list_price": "1.00", "currency": "EUR"} | cells
    for name in ("effective_from", "effective_to"):
        if isinstance(cells.get(name), str):
            cells[name] = date.fromisoformat(cells[name])
    cells["list_price"] = None if cells["list_price"] is None else Decimal(cells["list_price"])
    return {"sku": sku, "product_rate_plan_charge_id": charge, **cells}


def table(*rows: dict[str, Any]) -> pa.Table:
    names = [name for name in CATALOG_SCHEMA.names if any(name in cells for cells in rows)]
    schema = pa.schema([CATALOG_SCHEMA.field(name) for name in names])
    return pa.Table.from_pylist(list(rows), schema=schema)


def load(folder: Path, *rows: dict[str, Any]) -> Snapshot:
    build = build_snapshot(table(*rows), folder, SOURCE)
    assert build.contradictions == ()
    assert build.snapshot is not None
    return build.snapshot


def keys(*values: str | None) -> pa.Array:
    return pa.array(values, pa.string())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "it's a catalog"


@pytest.fixture
def three(folder: Path) -> Snapshot:
    return load(
        folder,
        row("A", "c1", product_name="Apple", effective_from="2026-01-01", effective_to="2026-12-31"),
        row("A", "c1", product_name="Apple", currency="USD", list_price="1.25"),
        row("A", "c2", product_name="Apple", list_price=None, currency=None),
        row("B", "c3", product_name="Pear", charge_model="Tiered"),
    )


class TestLoad:
    def test_counts(self, three: Snapshot) -> None:
        assert (three.rows, three.charges, three.products, three.prices) == (4, 3, 2, 3)
        assert (three.source, three.source_sha256) == (SOURCE.name, SOURCE.sha256)
        assert three.path.name == f"{three.sha256[:16]}.duckdb"

    def test_current(self, folder: Path, three: Snapshot) -> None:
        assert get_current_snapshot(folder) == three

    def test_nothing_loaded_yet(self, folder: Path) -> None:
        assert get_current_snapshot(folder) is None
        assert not folder.exists()

    def test_only_the_snapshot_and_the_pointer_are_left(self, folder: Path, three: Snapshot) -> None:
        assert sorted(path.name for path in folder.iterdir()) == sorted([three.path.name, "current"])

    def test_readable_by_the_owner_alone(self, folder: Path, three: Snapshot) -> None:
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert three.path.exists()

    def test_same_content_same_snapshot(self, folder: Path) -> None:
        rows = [row("A", "c1"), row("B", "c2"), row("C", "c3")]
        first = load(folder, *rows)
        before = (first.path.stat().st_ino, first.path.stat().st_mtime_ns, first.path.read_bytes())
        again = load(folder, *reversed(rows))
        assert again == first
        assert (again.path.stat().st_ino, again.path.stat().st_mtime_ns, again.path.read_bytes()) == before

    def test_blank_and_absent_columns_are_the_same(self, tmp_path: Path) -> None:
        first = load(tmp_path / "1", row("A", "c1"))
        assert load(tmp_path / "2", row("A", "c1", uom=None, effective_to=None)).sha256 == first.sha256

    @pytest.mark.parametrize(
        "changed",
        [
            row("a", "c1"),
            row("A", "C1"),
            row("A", "c1", list_price="1.000000001"),
            row("A", "c1", list_price=None),
            row("A", "c1", uom="1.00"),
            row("A", "c1", product_name="x"),
            row("A", "c1", charge_name="x"),
            row("A", "c1", effective_from="2026-01-01"),
            row("A", "c1", effective_to="2026-01-01"),
        ],
    )
    def test_other_content_other_hash(self, changed: dict[str, Any]) -> None:
        hashes = {
            hash_rows(cast_rows(table(charge)).to_batches()).sha256 for charge in (row("A", "c1"), changed)
        }
        assert len(hashes) == 2

    def test_cells_cannot_be_shifted_into_each_other(self) -> None:
        first = row("A", "c1", charge_name="x", uom="uom=1:y")
        second = row("A", "c1", charge_name="xuom=7:uom=1:y")
        hashes = {hash_rows(cast_rows(table(charge)).to_batches()).sha256 for charge in (first, second)}
        assert len(hashes) == 2

    def test_hash_knows_no_batches(self) -> None:
        rows = cast_rows(table(*(row(f"S{n}", f"c{n}") for n in range(10))))
        assert hash_rows(rows.to_batches(max_chunksize=3)).sha256 == hash_rows(rows.to_batches()).sha256

    def test_hash_stays(self) -> None:
        """A snapshot is known by it in ledgers: it may not change from one release to the next."""
        rows = cast_rows(table(row("A", "c1", list_price="0.000000001", effective_from="2026-01-01")))
        cells = "sku=1:Aproduct_rate_plan_charge_id=2:c1list_price=1:1currency=3:EURcharge_model=8:Per Unit"
        digest = hashlib.sha256(f"{cells}effective_from=10:2026-01-01".encode()).digest()
        expected = hashlib.sha256(b"invoice-import catalog 1\n" + digest).hexdigest()
        assert hash_rows(rows.to_batches()).sha256 == expected

    def test_duplicates_count_once(self, folder: Path) -> None:
        build = build_snapshot(
            table(row("A", "c1"), row("B", "c2"), row("A", "c1"), row("A", "c1")), folder, SOURCE
        )
        assert build.duplicates.tolist() == [2, 3]
        assert build.snapshot is not None
        assert build.snapshot.rows == 2
        assert build.snapshot.sha256 == load(folder, row("B", "c2"), row("A", "c1")).sha256

    def test_no_rows(self, folder: Path) -> None:
        with pytest.raises(CatalogError, match="no rows"):
            build_snapshot(table(row("A", "c1")).slice(0, 0), folder, SOURCE)
        assert not folder.exists()

    def test_contradictions_write_nothing(self, folder: Path, three: Snapshot) -> None:
        build = build_snapshot(table(row("A", "c1"), row("B", "c1")), folder, SOURCE)
        assert build.snapshot is None
        assert [contradiction.field for contradiction in build.contradictions] == ["sku"]
        assert get_current_snapshot(folder) == three

    def test_not_validated(self, folder: Path) -> None:
        with pytest.raises(ValueError, match="no columns of a catalog"):
            build_snapshot(pa.table({"price_list": ["x"]}), folder, SOURCE)
        with pytest.raises(ValueError, match="mandatory"):
            build_snapshot(table(row("A", "c1", charge_model=None)), folder, SOURCE)

    def test_types_of_pandas_are_taken(self, folder: Path) -> None:
        frame = table(row("A", "c1"), row("B", "c2")).to_pandas(types_mapper=_arrow_types)
        build = build_snapshot(pa.Table.from_pandas(frame, preserve_index=False), folder, SOURCE)
        assert build.snapshot == load(folder, row("A", "c1"), row("B", "c2"))

    def test_folder_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        with pytest.raises(CatalogError, match="cannot be written"):
            build_snapshot(table(row("A", "c1")), tmp_path / "file", SOURCE)

    def test_disk_full_leaves_what_was(
        self, folder: Path, three: Snapshot, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(number: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(CatalogError, match="No space left"):
            build_snapshot(table(row("Z", "c9")), folder, SOURCE)
        assert get_current_snapshot(folder) == three
        assert sorted(path.name for path in folder.iterdir()) == sorted([three.path.name, "current"])

    def test_remains_of_killed_loads_are_swept(self, folder: Path, three: Snapshot) -> None:
        old, new = folder / ".load-old", folder / ".load-new"
        for path in (old, new):
            path.mkdir()
            (path / "catalog.duckdb.wal").write_text("x")
        os.utime(old, (0, 0))
        load(folder, row("Z", "c9"))
        assert not old.exists()
        assert new.exists()
        assert three.path.exists()

    def test_a_pointer_that_a_killed_load_left_goes_as_well(self, folder: Path, three: Snapshot) -> None:
        leftover = folder / ".load-old"
        leftover.write_text("")
        os.utime(leftover, (0, 0))
        load(folder, row("Z", "c9"))
        assert not leftover.exists()

    def test_a_catalog_that_cannot_be_put_in_use_is_a_sentence(self, folder: Path) -> None:
        (folder / "current").mkdir(parents=True)
        with pytest.raises(CatalogError, match="cannot be written to"):
            build_snapshot(table(row("A", "c1")), folder, SOURCE)
        assert [path.suffix for path in folder.iterdir() if path.name != "current"] == [".duckdb"]

    def test_a_catalog_that_lacks_rows_is_damaged(self, folder: Path, three: Snapshot) -> None:
        with duckdb.connect(str(three.path)) as connection:
            connection.execute("DELETE FROM charges WHERE product_rate_plan_charge_id = 'c3'")
        with pytest.raises(CatalogError, match="is damaged"):
            get_current_snapshot(folder)

    def test_written_for_both_lines_of_duckdb(self, three: Snapshot) -> None:
        with duckdb.connect() as plain:
            plain.execute(f"ATTACH '{str(three.path).replace(chr(39), chr(39) * 2)}' AS c (READ_ONLY)")
            tags = plain.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 'c'").fetchall()
        assert tags[0][0]["storage_version"].startswith("v1.5.0")


class TestDamage:
    def test_missing_file(self, folder: Path, three: Snapshot) -> None:
        three.path.unlink()
        with pytest.raises(CatalogError, match="is missing; load it again: invoice-import catalog load"):
            get_current_snapshot(folder)
        with pytest.raises(CatalogError, match="is missing"), open_catalog(three):
            pass

    @pytest.mark.parametrize("bytes_", [b"", b"not a database" * 1000])
    def test_no_database(self, folder: Path, three: Snapshot, bytes_: bytes) -> None:
        three.path.write_bytes(bytes_)
        with pytest.raises(CatalogError, match="damaged or no catalog; load it again"):
            get_current_snapshot(folder)
        with pytest.raises(CatalogError, match="damaged or no catalog"), open_catalog(three):
            pass

    def test_some_other_database(self, folder: Path, three: Snapshot) -> None:
        three.path.unlink()
        duckdb.connect(str(three.path)).close()
        with pytest.raises(CatalogError, match="damaged or no catalog"):
            get_current_snapshot(folder)

    @pytest.mark.slow
    def test_flipped_and_cut_bytes_are_noticed_or_harmless(self, folder: Path) -> None:
        snapshot = load(folder, *(row(f"S{n}", f"c{n}") for n in range(5000)))
        whole = snapshot.path.read_bytes()
        with open_catalog(snapshot) as catalog:
            right = catalog.lookup(keys("S7", "S4999"), keys()).table
        for place in range(100, len(whole), len(whole) // 40):
            for bad in (whole[:place], whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]):
                snapshot.path.write_bytes(bad)
                try:
                    with open_catalog(snapshot) as catalog:
                        assert catalog.lookup(keys("S7", "S4999"), keys()).table == right
                except CatalogError:
                    pass

    def test_a_load_heals(self, folder: Path, three: Snapshot) -> None:
        damaged = load(folder, row("A", "c1"))
        damaged.path.write_bytes(b"x")
        again = load(folder, row("A", "c1"))
        assert get_current_snapshot(folder) == again
        assert three.path.exists()

    @pytest.mark.parametrize("text", ["", "../../etc/passwd", "ab" * 31, "Zz" * 32, "\xff"])
    def test_pointer_that_points_nowhere(self, folder: Path, three: Snapshot, text: str) -> None:
        (folder / "current").write_text(text, "utf-8")
        with pytest.raises(CatalogError, match="load it again"):
            get_current_snapshot(folder)
        assert three.path.exists()

    def test_snapshot_under_the_name_of_another(self, folder: Path, three: Snapshot) -> None:
        newer = load(folder, row("Z", "c9"))
        newer.path.write_bytes(three.path.read_bytes())
        with pytest.raises(CatalogError, match="not the one"):
            get_current_snapshot(folder)
        with pytest.raises(CatalogError, match="damaged"), open_catalog(newer):
            pass


class TestLookup:
    def test_all_candidates_in_order(self, three: Snapshot) -> None:
        with open_catalog(three) as catalog:
            lookup = catalog.lookup(keys("B", "A", "X", "A", None), keys("c1", "nope"))
        shown = [
            (charge["kind"], charge["key"], charge["product_rate_plan_charge_id"], charge["currency"])
            for charge in lookup.table.to_pylist()
        ]
        assert shown == [
            ("charge", "c1", "c1", "USD"),
            ("charge", "c1", "c1", "EUR"),
            ("sku", "A", "c1", "USD"),
            ("sku", "A", "c1", "EUR"),
            ("sku", "A", "c2", None),
            ("sku", "B", "c3", "EUR"),
        ]
        assert lookup.unknown_skus.to_pylist() == ["X"]
        assert lookup.unknown_charges.to_pylist() == ["nope"]
        assert lookup.table.column_names == ["kind", "key", *CATALOG_SCHEMA.names]
        assert lookup.table.select(CATALOG_SCHEMA.names).schema.types == CATALOG_SCHEMA.types

    def test_nothing_asked(self, three: Snapshot) -> None:
        with open_catalog(three) as catalog:
            lookup = catalog.lookup(keys(), keys(None))
            assert (len(lookup), lookup.unknown_skus.to_pylist(), lookup.unknown_charges.to_pylist()) == (
                0,
                [],
                [],
            )
            assert catalog.filter_known_skus(keys()).to_pylist() == []
            assert catalog.suggest_keys(keys(), "sku") == {}

    @pytest.mark.parametrize(
        "asked",
        [
            pa.chunked_array([["M"], ["m", "M"]]),
            pa.array(["M", "m", "M"], pa.large_string()),
            pa.array(["M", "m", None, "M"]).dictionary_encode(),
            pa.chunked_array([pa.array(["M"]).dictionary_encode(), pa.array(["m"]).dictionary_encode()]),
        ],
    )
    def test_kinds_of_arrays(self, folder: Path, asked: Any) -> None:
        with open_catalog(load(folder, row("M", "c1"))) as catalog:
            lookup = catalog.lookup(asked, keys())
            assert (len(lookup), lookup.unknown_skus.to_pylist()) == (1, ["m"])
            assert catalog.filter_known_skus(asked).to_pylist() == ["M"]

    def test_case_and_blanks_count(self, folder: Path) -> None:
        snapshot = load(folder, row("M", "c1"), row("m", "c2"), row("A 1", "c3"), row("straße", "c4"))
        with open_catalog(snapshot) as catalog:
            lookup = catalog.lookup(
                keys("M", "a 1", "A  1", "A 1", "strasse", "STRASSE", "straße"), keys("C1")
            )
        assert lookup.table["product_rate_plan_charge_id"].to_pylist() == ["c3", "c1", "c4"]
        assert lookup.unknown_skus.to_pylist() == ["a 1", "A  1", "strasse", "STRASSE"]
        assert lookup.unknown_charges.to_pylist() == ["C1"]

    def test_decimals_survive_exactly(self, folder: Path) -> None:
        prices = ["0.000000001", "999999999999999.999999999", "-0.125", "10.10", "1E+3"]
        snapshot = load(folder, *(row(f"S{n}", f"c{n}", list_price=price) for n, price in enumerate(prices)))
        with open_catalog(snapshot) as catalog:
            charges = catalog.lookup(keys(*(f"S{n}" for n in range(5))), keys()).table
        assert charges["list_price"].to_pylist() == [Decimal(price) for price in prices]
        assert charges.schema.field("list_price").type == pa.decimal128(24, 9)

    def test_dates_survive(self, folder: Path) -> None:
        snapshot = load(folder, row("A", "c1", effective_from="1900-01-01", effective_to="2199-12-31"))
        with open_catalog(snapshot) as catalog:
            charge = catalog.lookup(keys("A"), keys()).table.to_pylist()[0]
            info = catalog.get_info()
        assert (charge["effective_from"], charge["effective_to"]) == (date(1900, 1, 1), date(2199, 12, 31))
        assert (info.earliest, info.latest) == (date(1900, 1, 1), date(2199, 12, 31))

    @pytest.mark.parametrize(
        "nasty",
        [
            "'; DROP TABLE catalog.charges; --",
            "\"; ATTACH 'x.duckdb'; --",
            "read_csv('/etc/passwd')",
            "$text",
            "?",
            "100%_\\",
            "a\nb\tc\x00d",
            "🍏",
        ],
    )
    def test_cells_are_only_values(self, folder: Path, nasty: str) -> None:
        snapshot = load(
            folder, row(nasty, nasty + "1", product_name=nasty, charge_name=nasty), row("B", "c2")
        )
        with open_catalog(snapshot) as catalog:
            assert catalog.lookup(keys(nasty), keys(nasty + "1")).table["sku"].to_pylist() == [nasty, nasty]
            assert catalog.filter_known_skus(keys(nasty, "no")).to_pylist() == [nasty]
            assert catalog.suggest_keys(keys(nasty + "x"), "sku")[nasty + "x"][0] == (nasty, nasty)
            assert catalog.search(nasty)["sku"].to_pylist() == [nasty]
            assert catalog.get_info().snapshot.rows == 2

    def test_info(self, three: Snapshot) -> None:
        with open_catalog(three) as catalog:
            info = catalog.get_info()
        assert info.snapshot == three
        assert dict(info.currencies) == {"": 0, "EUR": 2, "USD": 1}
        assert dict(info.models) == {"Per Unit": 2, "Tiered": 1}
        assert (info.earliest, info.latest) == (date(2026, 1, 1), date(2026, 12, 31))

    def test_readers_keep_their_snapshot(self, folder: Path, three: Snapshot) -> None:
        with open_catalog(three) as catalog:
            newer = load(folder, row("A", "c9"))
            same = load(folder, row("A", "c9"))
            assert newer == same == get_current_snapshot(folder)
            assert catalog.filter_known_skus(keys("B")).to_pylist() == ["B"]
            with open_catalog(newer) as newer_catalog:
                assert newer_catalog.filter_known_skus(keys("A", "B")).to_pylist() == ["A"]
            assert catalog.lookup(keys("B"), keys()).table["product_name"].to_pylist() == ["Pear"]

    def test_readers_in_other_processes(self, folder: Path, three: Snapshot) -> None:
        script = (
            "import sys, pathlib, pyarrow as pa\n"
            "from pipeline.catalog import get_current_snapshot, open_catalog\n"
            "with open_catalog(get_current_snapshot(pathlib.Path(sys.argv[1]))) as catalog:\n"
            "    print(catalog.filter_known_skus(pa.array(['A', 'B'])).to_pylist())\n"
        )
        with open_catalog(three):
            done = subprocess.run(
                [sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=True
            )
        assert json.loads(done.stdout.replace("'", '"')) == ["A", "B"]

    def test_reading_writes_nothing(self, folder: Path, three: Snapshot) -> None:
        def seen() -> list[tuple[str, int, bytes]]:
            return [
                (path.name, path.stat().st_mtime_ns, path.read_bytes()) for path in sorted(folder.iterdir())
            ]

        before = seen()
        for path in folder.iterdir():
            path.chmod(0o400)
        folder.chmod(0o500)
        try:
            snapshot = get_current_snapshot(folder)
            assert snapshot == three
            with open_catalog(snapshot) as catalog:
                catalog.lookup(keys("A"), keys("c1"))
                catalog.suggest_keys(keys("AA"), "sku")
                catalog.search("apple")
            assert seen() == before
        finally:
            folder.chmod(0o700)


class TestLockDown:
    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT * FROM read_csv('{file}')",
            "SELECT * FROM read_text('{file}')",
            "SELECT * FROM '{file}'",
            "SELECT * FROM glob('/*')",
            "COPY (SELECT 1) TO '{file}.out'",
            "ATTACH '{file}.duckdb'",
            "EXPORT DATABASE '{file}.out'",
            "INSTALL httpfs",
            "LOAD httpfs",
            "CREATE PERSISTENT SECRET s (TYPE s3)",
            "SET enable_external_access = true",
            "SET memory_limit = '20GB'",
            "SET lock_configuration = false",
            "DELETE FROM catalog.charges",
            "DROP TABLE catalog.charges",
            "INSERT INTO catalog.about SELECT * FROM catalog.about",
            "SELECT * FROM a_python_variable",
        ],
    )
    def test_nothing_else_can_be_reached(self, three: Snapshot, tmp_path: Path, sql: str) -> None:
        file = tmp_path / "secret.csv"
        file.write_text("a\n1\n")
        a_python_variable = pa.table({"a": [1]})
        assert len(a_python_variable) == 1
        with open_catalog(three) as catalog, pytest.raises(duckdb.Error):
            _connection(catalog).execute(sql.format(file=file)).fetchall()
        assert not list(tmp_path.glob("secret.csv.*"))

    def test_limits_hold(self, three: Snapshot) -> None:
        with open_catalog(three, "123MiB") as catalog:
            rows = _connection(catalog).execute("SELECT name, value FROM duckdb_settings()").fetchall()
        names = (
            "memory_limit",
            "lock_configuration",
            "enable_external_access",
            "autoload_known_extensions",
            "autoinstall_known_extensions",
            "allow_community_extensions",
            "allow_persistent_secrets",
        )
        shown = {name: value for name, value in rows if name in names}
        assert shown.pop("memory_limit") == "123.0 MiB"
        assert shown.pop("lock_configuration") == "true"
        assert set(shown.values()) == {"false"}
        assert len(shown) == 5

    def test_too_little_memory_is_told(self, folder: Path) -> None:
        count = 50_000
        names = pa.array([f"product number {n} {'x' * 100}" for n in range(count)])
        many = pa.table(
            {
                "sku": pa.array([f"S{n}" for n in range(count)]),
                "product_rate_plan_charge_id": pa.array([f"c{n}" for n in range(count)]),
                "product_name": names,
                "charge_model": pa.array(["Flat Fee"] * count),
            }
        )
        snapshot = build_snapshot(many, folder, SOURCE).snapshot
        assert snapshot is not None
        with (
            open_catalog(snapshot, "1MB") as catalog,
            pytest.raises(CatalogError, match="needs more memory"),
        ):
            catalog.lookup(many["sku"], keys())

    def test_a_mistake_of_ours_is_no_damage(self, three: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pipeline.catalog.lookup._KNOWN_SQL", "SELEKT")
        with open_catalog(three) as catalog, pytest.raises(duckdb.ProgrammingError):
            catalog.filter_known_skus(keys("A"))


@pytest.mark.slow
def test_hundred_thousand_keys_within_little_memory(folder: Path) -> None:
    count = 100_000
    numbers = np.arange(count)
    many = pa.table(
        {
            "sku": pa.array([f"SKU-{n:06d}" for n in numbers // 2]),
            "product_rate_plan_charge_id": pa.array([f"{n:032x}" for n in numbers]),
            "charge_model": pa.array(["Per Unit"] * count),
        }
    )
    snapshot = build_snapshot(many, folder, SOURCE, memory="100MB").snapshot
    assert snapshot is not None
    assert (snapshot.charges, snapshot.products) == (count, count // 2)
    with open_catalog(snapshot, "100MB") as catalog:
        lookup = catalog.lookup(many["sku"], many["product_rate_plan_charge_id"])
    assert len(lookup) == 2 * count
    assert lookup.table["key"].to_pylist() == sorted(lookup.table["key"].to_pylist()[:count]) + sorted(
        lookup.table["key"].to_pylist()[count:]
    )


def _arrow_types(type_: pa.DataType) -> Any:
    import pandas as pd

    return pd.ArrowDtype(type_)


def _connection(catalog: Catalog) -> duckdb.DuckDBPyConnection:
    return catalog._connection
