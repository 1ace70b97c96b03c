"""The workspace: private, local, and run folders whole or not at all."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.desk import Desk
from support.rights import give_up_root

from pipeline import workspace
from pipeline.errors import WorkspaceError
from pipeline.workspace import disk

RUN = "20261120-165000-3f9a1c"


@pytest.fixture
def place(tmp_path: Path) -> workspace.Workspace:
    return workspace.prepare_workspace(tmp_path / "w")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_reading_makes_nothing(tmp_path: Path) -> None:
    absent = workspace.open_workspace(tmp_path / "w")
    assert not absent.path.exists()
    assert absent.ledger.name == "ledger.sqlite"


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_everything_is_the_owners_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        place = workspace.prepare_workspace(tmp_path / "w")
        with workspace.fill_run_folder(place, RUN) as folder:
            folder.write("payloads/0001.json", b"{}")
            folder.prepare_path("other.csv").write_text("x") if umask != 0o777 else None
            published = folder.publish()
    finally:
        os.umask(before)
    folders = [place.path, place.runs, place.catalog, published, published / "payloads"]
    assert {mode(path) for path in folders} == {0o700}
    assert {mode(path) for path in published.rglob("*") if path.is_file()} == {0o600}


def test_run_ids_sort_by_time_and_differ() -> None:
    early = datetime(2026, 11, 20, 18, 50, tzinfo=timezone(timedelta(hours=2)))
    first, second = workspace.generate_run_id(early), workspace.generate_run_id(early + timedelta(seconds=1))
    assert first.startswith("20261120-165000-")
    assert first < second
    assert workspace.generate_run_id(early) != first


@pytest.mark.parametrize("count", [3, 200])
def test_a_folder_appears_whole(place: workspace.Workspace, count: int) -> None:
    with workspace.fill_run_folder(place, RUN) as folder:
        for number in range(count):
            folder.write(f"payloads/{number:04}.json", b"{}")
        assert names(place.runs) == [f".{RUN}.partial"]
        assert folder.publish() == place.runs / RUN
    assert names(place.runs) == [RUN]
    assert len(names(place.runs / RUN / "payloads")) == count


def test_a_folder_left_unpublished_leaves_no_trace(place: workspace.Workspace) -> None:
    with workspace.fill_run_folder(place, RUN) as folder:
        folder.write("a", b"")
    assert names(place.runs) == []

    def full() -> None:
        with workspace.fill_run_folder(place, RUN) as folder:
            folder.write("a", b"")
            raise OSError(28, "No space left on device")

    with pytest.raises(WorkspaceError, match="no space left"):
        full()
    assert names(place.runs) == []


def test_a_failed_flush_leaves_no_trace(place: workspace.Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("pipeline.workspace.disk.flush_path", fail)
    with (
        pytest.raises(WorkspaceError, match="input/output error"),
        workspace.fill_run_folder(place, RUN) as folder,
    ):
        folder.publish()
    assert names(place.runs) == []


def test_flushing_that_fails_early_leaves_no_run(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(root: Path, handle: int) -> bool:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipeline.workspace.run_folder.flush_file_system", fail)
    with pytest.raises(WorkspaceError, match="no space left"):
        desk.run([desk.invoice("R1")], [desk.item("R1")])
    monkeypatch.undo()
    assert names(desk.workspace / "runs") == []
    assert desk.run([desk.invoice("R1")], [desk.item("R1")]).verdict == "accepted"


def test_a_full_disk_is_a_sentence(place: workspace.Workspace) -> None:
    code = (
        "import resource, sys; from pathlib import Path; from pipeline import errors, workspace\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        f"    with workspace.fill_run_folder(workspace.Workspace(Path(sys.argv[1])), {RUN!r}) as folder:\n"
        "        folder.write('big', b'x' * 5000)\n"
        "except errors.WorkspaceError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, place.path], capture_output=True, text=True, check=True, timeout=60
    )
    assert "big: file too large." in done.stdout
    assert names(place.runs) == []


def test_orphans_go_and_living_folders_stay(place: workspace.Workspace) -> None:
    code = (
        "import sys, time; from pathlib import Path; from pipeline import workspace\n"
        f"folder = workspace.RunFolder(Path(sys.argv[1]), {RUN!r}); folder.write('a/b', b'1')\n"
        "print('filling', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, place.runs], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        known, unknown, dead = (f"20250101-000000-00000{digit}" for digit in "123")
        for name in (known, unknown, f".{dead}.partial", "archive"):
            (place.runs / name).mkdir()
        assert workspace.remove_orphans(place, {known}) == (dead, unknown)
        assert names(place.runs) == [f".{RUN}.partial", known, "archive"]
        child.send_signal(signal.SIGKILL)
    assert workspace.remove_orphans(place, {known}) == (RUN,)
    assert names(place.runs) == [known, "archive"]


def test_something_in_the_way_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for reach in (workspace.open_workspace, workspace.prepare_workspace):
        with pytest.raises(WorkspaceError, match="is not a folder"):
            reach(tmp_path / "file")
    with pytest.raises(WorkspaceError):
        workspace.prepare_workspace(tmp_path / "file" / "below")
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "runs").write_text("")
    with pytest.raises(WorkspaceError, match="in the way"):
        workspace.prepare_workspace(tmp_path / "w")


def test_a_published_name_is_never_overwritten(place: workspace.Workspace) -> None:
    (place.runs / RUN).mkdir()
    with (
        pytest.raises(WorkspaceError, match="exists already"),
        workspace.fill_run_folder(place, RUN) as folder,
    ):
        folder.publish()
    assert names(place.runs) == [RUN]


MOUNTS = r"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
41 27 0:50 / /mnt/the\040share rw shared:1 - cifs //host/share rw
42 27 0:51 / /srv rw - nfs4 host:/srv rw
43 42 8:1 / /srv/local rw - xfs /dev/sdb rw
44 27 0:52 / /over rw - ext4 /dev/sdc rw
45 44 0:53 / /over rw - fuse.sshfs me@host: rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me/w", "ext4"),
        ("/mnt/the share/w", "cifs"),
        ("/srv/w", "nfs4"),
        ("/srvx/w", "ext4"),
        ("/srv/local/w", "xfs"),
        ("/over/w", "fuse.sshfs"),
    ],
)
def test_the_file_system_is_that_of_the_nearest_mount(path: str, kind: str) -> None:
    assert workspace.detect_file_system(Path(path), MOUNTS) == kind


def test_a_network_mount_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.workspace.paths.detect_file_system", lambda path: "nfs4")
    with pytest.raises(WorkspaceError, match=r"network mount \(nfs4\)"):
        workspace.prepare_workspace(tmp_path / "w")
    assert names(tmp_path) == []


def test_without_a_list_of_mounts_the_file_system_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "_MOUNTS_FILE", tmp_path / "absent")
    assert workspace.detect_file_system(tmp_path) == ""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such call")
@pytest.mark.parametrize(
    ("kind", "release", "library", "is_flushed"),
    [
        ("ext4", "6.1.0", SimpleNamespace(syncfs=lambda handle: 0), True),
        ("tmpfs", "6.1.0", SimpleNamespace(syncfs=lambda handle: 0), False),
        ("ext4", "5.7.19", SimpleNamespace(syncfs=lambda handle: 0), False),
        ("ext4", "6.1.0", SimpleNamespace(), False),
    ],
    ids=["as it should be", "another file system", "an older kernel", "another C library"],
)
def test_a_file_system_is_flushed_in_one_call_only_where_that_reports_errors(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    release: str,
    library: object,
    is_flushed: bool,
) -> None:
    monkeypatch.setattr(disk, "detect_file_system", lambda path: kind)
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(release=release))
    monkeypatch.setattr("ctypes.CDLL", lambda name, use_errno: library)
    assert disk.flush_file_system(tmp_path, 0) is is_flushed


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such call")
def test_a_disk_that_fails_while_it_is_flushed_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "detect_file_system", lambda path: "ext4")
    with pytest.raises(OSError, match="Bad file descriptor"):
        disk.flush_file_system(tmp_path, -1)


def test_a_workspace_that_may_not_be_written_is_a_sentence(
    place: workspace.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.path.parent.chmod(0o755)
    place.path.chmod(0o755)
    place.runs.chmod(0o500)
    monkeypatch.chdir(place.path.parent)  # a path from here needs no right to the folders above
    with give_up_root(), pytest.raises(WorkspaceError, match=r"The workspace folder w.* cannot be written"):
        workspace.prepare_workspace("w")


def test_run_ids_are_utc() -> None:
    assert workspace.generate_run_id(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)).startswith("20260102-030405-")
