"""The reader over 209 odd and broken files, against the golden table; and `check` over the same files.

`tests/corpus.py` says how the table is made. Each difference from another reader stands there with its
reason.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest
from support import corpus
from support.command_line import invoice_import

from pipeline import check
from pipeline.errors import PipelineError
from pipeline.read import read_raw_sheets
from pipeline.read.formats.parser_process import ParserProcess

pytestmark = pytest.mark.slow

SHARED = Path(os.environ.get("SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
CORPUS = SHARED / "messy"
REFUSED = ("reject file", "reject: enc", "reject: empty", "clean error")
needs_corpus = pytest.mark.skipif(
    not CORPUS.exists(), reason="the corpus of odd files is not there: set SHARED_DATA"
)


@pytest.fixture(scope="module")
def parser() -> Iterator[ParserProcess]:
    with ParserProcess(corpus.LIMITS) as process:
        yield process


def test_every_difference_from_another_reader_is_explained() -> None:
    lines = corpus.golden()
    assert len({line["file"] for line in lines}) == 209
    assert not [line["file"] for line in lines if line["difference"] and not line["because"]]
    assert not [line["file"] for line in lines if line["because"] and not line["difference"]]


@needs_corpus
def test_the_reader_makes_of_each_file_what_the_golden_table_says(parser: ParserProcess) -> None:
    golden = defaultdict(list)
    for line in corpus.golden():
        golden[line["file"]].append({name: line[name] for name in corpus.OURS})
    files = [case["file"] for case in corpus.manifest(CORPUS)]
    assert set(files) == set(golden)
    assert not {name for name in files if corpus.ours(CORPUS, name, parser) != golden[name]}


@needs_corpus
def test_what_a_good_importer_refuses_is_refused_with_its_own_sentence() -> None:
    refused = {line["file"]: line["refused"] for line in corpus.golden() if line["refused"]}
    expected = [case for case in corpus.manifest(CORPUS) if case["expected"].startswith(REFUSED)]
    # xlrd reads what calamine cannot: two that made a parser ask for too much, one with a lost relation
    good = {
        "tafia+calamine/OOM_alloc.xls",
        "tafia+calamine/OOM_alloc2.xls",
        "roo-rb+roo/file_item_error.xlsx",
    }
    assert not [case["file"] for case in expected if case["file"] not in refused and case["file"] not in good]
    locked = [case["file"] for case in expected if "encrypted" in case["expected"]]
    assert locked
    assert all("protected with a password" in refused[name] for name in locked)
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in refused.values())


@needs_corpus
def test_check_ends_in_a_verdict_or_one_sentence_for_each_file(
    parser: ParserProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare = import_module("pipeline.flow.assess")  # the package gives the function of that name
    monkeypatch.setattr(
        prepare, "read_raw_sheets", partial(read_raw_sheets, parser=parser)
    )  # one warm child for all
    ends = Counter(_end(CORPUS / case["file"], tmp_path) for case in corpus.manifest(CORPUS))
    assert not ends[""]
    assert set(ends) <= {"rejected", "a sentence"}


def _end(path: Path, workspace: Path) -> str:
    """How a check ends; "" when its sentence is none."""
    try:
        return check(path, workspace=workspace / "none").verdict
    except PipelineError as error:
        return "a sentence" if path.name in str(error) and "\n" not in str(error) else ""


@needs_corpus
def test_the_most_hostile_end_in_exit_3_and_one_sentence(tmp_path: Path) -> None:
    names = (
        "tafia+calamine/issue_594_dos.ods",
        "apache+poi/poc-xmlbomb.xlsx",
        "python-excel+xlrd/corrupted_error.xls",
    )
    for name in names:
        ran = invoice_import("check", CORPUS / name, workspace=tmp_path / "workspace")
        assert (ran.code, ran.out) == (3, "")
        assert Path(name).name in ran.err
        assert "Traceback" not in ran.err
