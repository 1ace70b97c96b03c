"""The ledger among processes: two writers, killed ones, failing disks. Its `main` is the writer.

Writers are forked from a server that imported everything: a process of its own for each, which is killed,
traced and made to fail at every system call of its work, and at none of the thousands of its imports.
"""

from __future__ import annotations

import hashlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from support.fork_server import ForkServer, Ran

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


@pytest.fixture(scope="module")
def writers() -> Iterator[ForkServer]:
    server = ForkServer(f"{Path(__file__).stem}:main", folders=[Path(__file__).parent, *map(Path, sys.path)])
    yield server
    server.close()


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


def test_a_second_writer_waits_and_then_says_so(tmp_path: Path, writers: ForkServer) -> None:
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
        waiting = writers.start(path, 1)
        time.sleep(0.3)
        assert writers.poll(waiting.pid) is None
        holder.stdin.close()
        assert writers.wait(waiting, 30).code == 0
    assert settle(path) == {run_id(1)}


def test_of_many_writers_at_once_one_takes_each_identity(tmp_path: Path, writers: ForkServer) -> None:
    path = tmp_path / "w"
    started = [writers.start(path, number) for number in range(1, 6)]
    finished = [writers.wait(writer, 60) for writer in started]
    assert sorted(writer.code for writer in finished) == [0, 3, 3, 3, 3]
    assert sum("was prepared by another run" in writer.out for writer in finished) == 4
    assert len(settle(path)) == 1


def test_readers_beside_a_writer_see_all_or_nothing(tmp_path: Path, writers: ForkServer) -> None:
    path = tmp_path / "w"
    _, books = opened(path)
    refs = [f"INV-{at}" for at in range(20_000)]
    seen = {len(ledger.find_live_by_reference(books, "production", "t", refs))}
    writer = writers.start(path, 1, 20_000)
    while writers.poll(writer.pid) is None:
        seen.add(len(ledger.find_live_by_reference(books, "production", "t", refs)))
    seen.add(len(ledger.find_live_by_reference(books, "production", "t", refs)))
    assert writers.wait(writer).code == 0
    assert seen == {0, 20_000}
    assert ledger.verify_ledger(books) == []
    assert not list(path.glob("ledger.sqlite?*"))


def test_a_writer_killed_at_any_moment(tmp_path: Path, writers: ForkServer) -> None:
    outcomes, chance = [], random.Random(20261120)  # noqa: S311 - no secret, a test that repeats
    start = time.monotonic()
    assert writers.run(tmp_path / "whole", 1).code == 0
    whole = time.monotonic() - start
    for attempt in range(12):
        path = tmp_path / str(attempt)
        writer = writers.start(path, 1)
        time.sleep(whole * chance.uniform(0.0, 1.0))
        os.kill(writer.pid, signal.SIGKILL)
        writers.wait(writer)
        outcomes.append(settle(path))
    assert all(outcome <= {run_id(1)} for outcome in outcomes)


def run_injected(writers: ForkServer, path: Path, injected: str, log: str = os.devnull) -> Ran:
    """Run a writer under strace, which attaches before the first call and does something at a call."""
    syscall = injected.partition(":")[0]
    writer = writers.start(path, 1, stopped=True)
    command = ["strace", "-f", "-qq", "-o", log, "-e", f"trace={syscall}", "-e", f"inject={injected}"]
    with subprocess.Popen([*command, "-p", str(writer.pid)], stderr=subprocess.PIPE, text=True) as strace:
        try:
            while not _is_traced(writer.pid):
                if strace.poll() is not None:
                    raise RuntimeError(strace.stderr.read() if strace.stderr else "")
                time.sleep(0.002)
        except RuntimeError:
            os.kill(writer.pid, signal.SIGKILL)
            writers.wait(writer)
            raise
        os.kill(writer.pid, signal.SIGCONT)
        ran = writers.wait(writer, 60)
        strace.wait(10)
    return ran


def _is_traced(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    return "\nTracerPid:\t0\n" not in status


@pytest.fixture(scope="module")
def traced(writers: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> ForkServer:
    """The server, where its processes may be traced."""
    if shutil.which("strace") is None:
        pytest.skip("needs strace")
    try:
        run_injected(writers, tmp_path_factory.mktemp("tried") / "w", "fsync:signal=KILL:when=1")
    except RuntimeError as error:
        pytest.skip(f"needs the right to trace: {error}")
    return writers


@pytest.mark.slow
@pytest.mark.parametrize("syscall", SYSCALLS)
def test_a_writer_killed_at_every_call(tmp_path: Path, traced: ForkServer, syscall: str) -> None:
    for nth in range(1, 300):
        path = tmp_path / str(nth)
        done = run_injected(traced, path, f"{syscall}:signal=KILL:when={nth}")
        assert done.code in (0, -signal.SIGKILL), done
        assert "Error" not in done.err
        there = settle(path)
        if done.code == 0:
            assert there == {run_id(1)}
            assert nth > 1, "nothing was killed"
            return
    pytest.fail("it never came to an end")


@pytest.mark.slow
@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
@pytest.mark.parametrize("syscall", SYSCALLS)
def test_a_disk_that_fails_at_every_call(
    tmp_path: Path, traced: ForkServer, syscall: str, error: str
) -> None:
    for nth in range(1, 300):
        path = tmp_path / str(nth)
        log = tmp_path / f"{nth}.log"
        done = run_injected(traced, path, f"{syscall}:error={error}:when={nth}", str(log))
        output = done.out + done.err
        assert "Traceback" not in output
        assert done.code in (0, 3), output
        there = settle(path)
        assert done.code or there == {run_id(1)}
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
        [sys.executable, __file__, str(path), "1", "5000"],
        preexec_fn=small,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 3, done.stderr
    assert done.stdout.startswith(f"The ledger {books.path} cannot ")
    assert ledger.list_run_entries(books) == []
    assert settle(path) == set()


def main() -> int:
    path, *numbers = sys.argv[1:]
    try:
        enter(Path(path), *map(int, numbers))
    except PipelineError as error:
        with suppress(OSError):
            sys.stdout.write(f"{error}\n")
            sys.stdout.flush()
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
