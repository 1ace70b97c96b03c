"""The ledger among processes: two writers, killed ones, failing disks. Run as a program it is the writer."""

from __future__ import annotations

import hashlib
import os
import random
import resource
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline import ledger, workspace
from pipeline.errors import BusyError, PipelineError

INVOICES = 60
SYSCALLS = [
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "rename",
    "mkdir",
    "chmod",
    "fchmod",
    "ftruncate",
    "unlink",
]


def run_id(number: int) -> str:
    return f"20261120-1650{number:02}-00000{number}"


def opened(path: Path, busy_seconds: float = 5.0) -> tuple[workspace.Workspace, ledger.Ledger]:
    place = workspace.prepare_workspace(path)
    return place, ledger.Ledger(place.ledger, place.runs, busy_seconds)


def enter(path: Path, number: int, invoices: int = INVOICES) -> None:
    """What the conductor does: orphans first, then a run; the references are always the same."""
    place, books = opened(path)
    with ledger.lock_run_ids(books) as known:
        workspace.remove_orphans(place, known)
    rows = [
        (at, f"INV-{at}", "A", "GBP", "2026-11-20", 1, "1.00", "prepared", "f" * 64, 1, "")
        for at in range(invoices)
    ]
    items = {"position": pa.array(range(invoices), pa.int32()), "amount": pa.array([Decimal(1)] * invoices)}
    name = run_id(number)
    with workspace.fill_run_folder(place, name) as folder:
        folder.write("payloads/0001.json", b"{}" * invoices)
        sha = hashlib.sha256(b"{}" * invoices).hexdigest()

        about = ledger.RunRow(
            run_id=name,
            started="2026-11-20",
            target="t",
            environment="production",
            verdict="accepted",
            catalog_sha256=None,
            settings_sha256=sha,
            manifest_sha256=None,
            summary="{}",
        )
        parquet = ledger.encode_items(pa.table(items))
        with ledger.enter_run(books, name) as writer:
            writer.add_sources([("a.csv", sha, 1, 1)])
            writer.add_invoices(rows)
            writer.add_items(parquet)
            writer.add_requests([(1, "payloads/0001.json", sha, invoices, invoices, "{}")])
            head = writer.finish(about)
            folder.write("summary.json", ledger.add_ledger_head("{}", head))
            folder.publish()


def child(path: Path, number: int, *before: str, invoices: int = INVOICES) -> list[str]:
    return [*before, sys.executable, __file__, str(path), str(number), str(invoices)]


def settle(path: Path) -> set[str]:
    """The next start: nothing is half there, and the ledger works. Returns the runs that are there."""
    place, books = opened(path)
    with ledger.lock_run_ids(books) as known:
        workspace.remove_orphans(place, known)
    assert ledger.verify_ledger(books) == []
    assert {name for name in os.listdir(place.runs) if not name.startswith(".head")} == set(known)
    live = ledger.find_live_by_reference(books, "production", "t", [f"INV-{at}" for at in range(INVOICES)])
    assert len(live) in ({INVOICES} if known else {0})
    if known:
        with pytest.raises(ledger.IdentityTakenError):
            enter(path, 8)
    else:
        enter(path, 9)
    assert ledger.verify_ledger(books) == []
    return set(known)


def test_a_second_writer_waits_and_then_says_so(tmp_path: Path) -> None:
    path = tmp_path / "w"
    _, books = opened(path, busy_seconds=0.3)
    code = (
        "import sys, time; from pathlib import Path; from pipeline import ledger\n"
        "with ledger.lock_run_ids(ledger.Ledger(Path(sys.argv[1]), Path(sys.argv[2]))):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, books.path, books.runs], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        holder.stdout.readline()
        start = time.monotonic()
        with pytest.raises(BusyError, match=r"more than 0\.3 seconds") as caught, ledger.lock_run_ids(books):
            pytest.fail("two at once")
        assert time.monotonic() - start >= 0.3
        assert caught.value.exit_code == 8
        assert ledger.list_run_entries(books) == []  # readers need not wait
        waiting = subprocess.Popen(child(path, 1))
        time.sleep(0.3)
        assert waiting.poll() is None
        holder.stdin.close()
        assert waiting.wait(30) == 0
    assert settle(path) == {run_id(1)}


def test_of_many_writers_at_once_one_takes_each_identity(tmp_path: Path) -> None:
    path = tmp_path / "w"
    writers = [
        subprocess.Popen(child(path, number), stdout=subprocess.PIPE, text=True) for number in range(1, 6)
    ]
    said = [writer.communicate(timeout=60)[0] for writer in writers]
    assert sorted(writer.returncode for writer in writers) == [0, 3, 3, 3, 3]
    assert sum("was prepared by another run" in each for each in said) == 4
    assert len(settle(path)) == 1


def test_readers_beside_a_writer_see_all_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "w"
    _, books = opened(path)
    seen = set()
    with subprocess.Popen(child(path, 1, invoices=20_000)) as writer:
        while writer.poll() is None:
            seen.add(
                len(
                    ledger.find_live_by_reference(
                        books, "production", "t", [f"INV-{at}" for at in range(20_000)]
                    )
                )
            )
    seen.add(
        len(ledger.find_live_by_reference(books, "production", "t", [f"INV-{at}" for at in range(20_000)]))
    )
    assert seen <= {0, 20_000}
    assert ledger.verify_ledger(books) == []
    assert not list(path.glob("ledger.sqlite?*"))


def test_a_writer_killed_at_any_moment(tmp_path: Path) -> None:
    outcomes, chance = [], random.Random(20261120)  # noqa: S311 - no secret, a test that repeats
    start = time.monotonic()
    subprocess.run(child(tmp_path / "whole", 1), check=True, timeout=60)
    whole = time.monotonic() - start
    for attempt in range(12):
        path = tmp_path / str(attempt)
        with subprocess.Popen(child(path, 1)) as writer:
            time.sleep(whole * chance.uniform(0.3, 1.0))
            writer.kill()
        outcomes.append(settle(path))
    assert all(each <= {run_id(1)} for each in outcomes)


def traced(injected: str, log: str = os.devnull) -> list[str]:
    syscall = injected.partition(":")[0]
    return [
        "strace",
        "-f",
        "-qq",
        "-o",
        log,
        "-e",
        f"trace={syscall}",
        "-e",
        f"inject={injected}",
    ]


def injectable() -> bool:
    if shutil.which("strace") is None:
        return False
    tried = subprocess.run([*traced("fsync:signal=KILL:when=1"), "true"], capture_output=True, check=False)
    return tried.returncode == 0


needs_strace = pytest.mark.skipif(not injectable(), reason="needs strace and the right to trace")


@pytest.mark.slow
@needs_strace
@pytest.mark.parametrize("syscall", SYSCALLS)
def test_a_writer_killed_at_every_call(tmp_path: Path, syscall: str) -> None:
    for nth in range(1, 300):
        path = tmp_path / str(nth)
        command = child(path, 1, *traced(f"{syscall}:signal=KILL:when={nth}"))
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert "Error" not in done.stderr
        there = settle(path)
        if done.returncode == 0:
            assert there == {run_id(1)}
            assert nth > 1, "nothing was killed"
            return
    pytest.fail("it never came to an end")


@pytest.mark.slow
@needs_strace
@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
@pytest.mark.parametrize("syscall", SYSCALLS)
def test_a_disk_that_fails_at_every_call(tmp_path: Path, syscall: str, error: str) -> None:
    for nth in range(1, 300):
        path = tmp_path / str(nth)
        log = tmp_path / f"{nth}.log"
        command = child(path, 1, *traced(f"{syscall}:error={error}:when={nth}", str(log)))
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        said = done.stdout + done.stderr
        assert "Traceback" not in said
        assert done.returncode in (0, 3), said
        there = settle(path)
        assert done.returncode or there == {run_id(1)}
        if "(INJECTED)" not in log.read_text():
            assert nth > 1, "nothing failed"
            return
    pytest.fail("it never came to an end")


def test_a_full_disk_is_a_sentence_and_nothing_is_half_written(tmp_path: Path) -> None:
    path = tmp_path / "w"
    _, books = opened(path)
    with ledger.lock_run_ids(books):
        pass

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))

    done = subprocess.run(
        child(path, 1, invoices=5000),
        preexec_fn=small,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 3, done.stderr
    assert done.stdout.startswith(f"The ledger {books.path} cannot ")
    assert ledger.list_run_entries(books) == []
    assert settle(path) == set()


def main(path: str, number: str, invoices: str) -> int:
    try:
        enter(Path(path), int(number), int(invoices))
    except PipelineError as error:
        with suppress(OSError):
            sys.stdout.write(f"{error}\n")
            sys.stdout.flush()
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
