"""Paths and zips from which nothing can be read: each is refused in one sentence that says why."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.rights import give_up_root

from pipeline.errors import SourceError
from pipeline.read import ReadLimits
from pipeline.read.files.api_answers import is_json
from pipeline.read.files.input_files import read_blobs

CSV = b"invoice_ref,amount\n" + b"R1,10.00\n" * 50


def link_to_itself(folder: Path) -> Path:
    (folder / "loop.csv").symlink_to("loop.csv")
    return folder / "loop.csv"


def pack(folder: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(folder / "pair.zip", "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return folder / "pair.zip"


def zip_nothing(folder: Path) -> Path:
    return pack(folder, {})


def zip_notes_only(folder: Path) -> Path:
    return pack(folder, {"notes.md": b"nothing"})


def zip_a_way_out(folder: Path) -> Path:
    return pack(folder, {"../items.csv": CSV})


def zip_with_password(folder: Path) -> Path:
    """Bit 0 of a member's flags says that it is encrypted, in the directory of the zip too."""
    path = pack(folder, {"items.csv": CSV})
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(signature) + offset] |= 1
    path.write_bytes(content)
    return path


def zip_a_damaged_member(folder: Path) -> Path:
    path = pack(folder, {"items.csv": CSV})
    content = path.read_bytes()
    start = content.index(b"items.csv") + len(b"items.csv")
    path.write_bytes(content[:start] + b"\xff" * 8 + content[start + 8 :])
    return path


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (link_to_itself, "loop.csv cannot be read: too many levels of symbolic links"),
        (zip_nothing, "pair.zip holds no workbook and no CSV file"),
        (zip_notes_only, "pair.zip holds no workbook and no CSV file"),
        (zip_a_way_out, "pair.zip holds a part with a path outside the file"),
        (zip_with_password, "pair.zip is protected with a password"),
        (zip_a_damaged_member, "pair.zip/items.csv is damaged; zip the files again"),
    ],
)
def test_a_path_that_gives_no_file_is_refused_with_the_reason(
    tmp_path: Path, make: Callable[[Path], Path], sentence: str
) -> None:
    with pytest.raises(SourceError, match=re.escape(sentence)):
        list(read_blobs(make(tmp_path), ReadLimits()))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("mine.csv", "mine.csv may not be read by you; ask its owner for permission"),
        ("pair", "The folder pair cannot be read: permission denied"),
    ],
)
def test_a_path_without_permission_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, sentence: str
) -> None:
    (tmp_path / "mine.csv").write_bytes(CSV)
    (tmp_path / "pair").mkdir()
    (tmp_path / name).chmod(0)
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)  # a path from here needs no right to the folders above
    with give_up_root(), pytest.raises(SourceError, match=re.escape(sentence)):
        list(read_blobs(Path(name), ReadLimits()))
    (tmp_path / name).chmod(0o700)


def test_what_cannot_be_read_is_no_saved_answer(tmp_path: Path) -> None:
    assert not is_json(tmp_path)
    assert not is_json(tmp_path / "absent.json")
