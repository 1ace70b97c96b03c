"""Templates and generated pages: what is in the repository is what the declarations tell."""

from __future__ import annotations

import csv
import io
import json
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

import pipeline
from pipeline.errors import PipelineError, UsageError
from pipeline.issues import CATALOGUE
from pipeline.reference.explain import explain_issue
from pipeline.settings import Settings
from pipeline.targets import TARGETS
from pipeline.template import bind_target_tables, build_csv_template, describe_limits, write_template
from schemas.tables import INVOICES, ITEMS, TABLES
from schemas.tables.common import EXAMPLE_REF

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def maker() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "docs" / "make.py"))


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    texts: dict[str, str] = runpy.run_path(str(ROOT / "docs" / "make.py"))["pages"]()
    return texts


@pytest.mark.slow
def test_every_generated_file_is_as_the_declarations_tell(pages: dict[str, str]) -> None:
    stale = [path for path, text in pages.items() if (ROOT / path).read_text("utf-8") != text]
    assert not stale, "make docs writes them anew"


def test_nothing_else_lies_in_the_templates(pages: dict[str, str]) -> None:
    there = {str(path.relative_to(ROOT)) for path in (ROOT / "templates").rglob("*") if path.is_file()}
    books = {f"templates/{target}/invoices.xlsx" for target in TARGETS}
    assert there == {path for path in pages if path.startswith("templates/")} | books


def test_every_workbook_is_as_the_declarations_tell(maker: dict[str, Any]) -> None:
    parts = maker["parts"]
    stale = [
        path
        for path, book in maker["workbooks"]().items()
        if parts((ROOT / path).read_bytes()) != parts(book)
    ]
    assert not stale, "make docs writes them anew"


@pytest.mark.parametrize("target", list(TARGETS))
def test_every_field_of_a_target_is_told(target: str, pages: dict[str, str]) -> None:
    for table in bind_target_tables(Settings(target=target)).values():
        assert not [
            f.name for f in table if f"\n| `{f.name}` | {f.label} |" not in pages["templates/README.md"]
        ]


_GOLDEN = {"zuora": "sample/payloads", "bxb": "one_off"}


@pytest.mark.parametrize("name", list(TARGETS))
def test_every_target_has_a_page_with_its_sample(name: str, pages: dict[str, str]) -> None:
    page = pages[f"docs/targets/{name}.md"]
    target, bound = TARGETS[name], bind_target_tables(Settings(target=name))
    projection = target.get_projection(Settings(target=name))
    for table in bound.values():
        for field in table:
            key = projection.get_payload_keys(table.name, {}).get(field.name)
            assert f"\n| `{field.name}` | {field.label} | {f'`{key}` ' if key else ''}| " in page
    assert all(f"[{code}](" in page for code in projection.rules)
    assert all(f"\n- {check}\n" in page for check in target.api_only_checks)
    body = json.loads(re.findall("```json\n(.*?)```", page, re.DOTALL)[0])
    assert body
    if name in _GOLDEN:
        golden = ROOT / "tests" / "golden" / _GOLDEN[name] / "0001.json"
        assert body == json.loads(golden.read_text("utf-8"))


def test_every_link_of_the_generated_pages_leads_somewhere(pages: dict[str, str]) -> None:
    def anchors(path: Path) -> set[str]:
        heads = re.findall("^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
        plain = [re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading) for heading in heads]
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}

    for page, text in pages.items():
        for path, anchor in re.findall(r"\]\(([^)#:]*)#?([^)]*)\)", text):
            there = (ROOT / page).parent / path if path else ROOT / page
            assert there.exists(), f"{page}: {path}"
            assert not anchor or anchor in anchors(there), f"{page}: {path}#{anchor}"


def test_every_issue_is_told(pages: dict[str, str]) -> None:
    for code, kind in CATALOGUE.items():
        assert f"\n### {code} {kind.slug}: {kind.title}\n" in pages["docs/issues.md"]
        assert kind.fix.partition("{")[0] in explain_issue(kind)
        assert "{" not in explain_issue(kind), "a hole is nothing to show a person"


def test_the_example_row_is_recognised_and_left_out(tmp_path: Path) -> None:
    files = write_template(tmp_path, workspace=tmp_path / "none")
    assert [path.name for path in files] == [f"{table.name}.csv" for table in TABLES]
    result = pipeline.check(*files, workspace=tmp_path / "none")
    assert result.summary["ignored_rows"]["example"] == len(TABLES)
    assert result.summary["issues"] == {"E102": 2}
    assert not (tmp_path / "none").exists()


OTHERWISE = {"taxes": ("tax_code", "tax_mode"), "contacts": ("bill_to_contact_id",)}
"""What may not stand in the pair where a sheet of its own says it."""


@pytest.mark.parametrize("form", ["csv", "t.xlsx"])
@pytest.mark.parametrize("target", list(TARGETS))
def test_a_new_template_of_any_target_holds_examples_alone(target: str, form: str, tmp_path: Path) -> None:
    files = write_template(tmp_path / form, workspace=tmp_path / "none", target=target)
    result = pipeline.check(*files, workspace=tmp_path / "none", target=target, money_unit="major")
    assert result.summary["ignored_rows"]["example"] == len(bind_target_tables(Settings(target=target)))
    assert (result.summary["invoices"]["in"], result.summary["items"]["in"]) == (0, 0)


@pytest.mark.parametrize("beside", [table.name for table in TABLES if table.optional])
def test_examples_pass_the_checks(beside: str, tmp_path: Path) -> None:
    """The example row of each table, once it is no example any more."""
    files = write_template(tmp_path, workspace=tmp_path / "none")
    for path in files:
        header, *rows = csv.reader(io.StringIO(path.read_text("utf-8").replace(EXAMPLE_REF, "R1")))
        blank = OTHERWISE.get(beside, ()) if path.stem in ("invoices", "items") else ()
        rows = [["" if n in blank else cell for n, cell in zip(header, row, strict=True)] for row in rows]
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *rows])
    chosen = [path for path in files if path.stem in ("invoices", "items", beside)]
    result = pipeline.check(*chosen, workspace=tmp_path / "none")
    assert result.summary["sheets"][beside]["accepted"] == 1
    assert (result.summary["issues"], result.summary["warnings"]) == ({}, {"W402": 1})  # no catalog is loaded


def test_custom_fields_of_the_settings_are_in_the_template(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('[custom_fields.items]\nRegion__c = "text"\n')
    _, items, *_ = write_template(tmp_path / "new" / "folder", workspace=tmp_path)
    assert next(csv.reader(io.StringIO(items.read_text("utf-8"))))[-1] == "Region__c"


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        write_template(tmp_path, workspace=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["items.csv"]
    assert (tmp_path / "items.csv").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PipelineError, match="cannot be written"):
        write_template(tmp_path / "file" / "folder", workspace=tmp_path)


def test_an_unknown_target_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no target nobody"):
        write_template(tmp_path / "new", workspace=tmp_path, target="nobody")
    assert not (tmp_path / "new").exists()


def test_a_template_is_plain_csv() -> None:
    for table in (INVOICES, ITEMS):
        header, example = csv.reader(io.StringIO(build_csv_template(table)))
        assert header == [f.name for f in table]
        assert example[0] == EXAMPLE_REF
        assert len(example) == len(header)


def test_limits_are_told_in_words() -> None:
    assert list(describe_limits(INVOICES["invoice_number"])) == [
        "identifier, at most 32 characters",
        "letters a-z, digits, - and _",
    ]
    assert list(describe_limits(INVOICES["status"])) == ["Draft or Posted"]
    assert list(describe_limits(ITEMS["quantity"])) == ["number, 15 digits before the point, 9 after it"]
