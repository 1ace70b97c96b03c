"""Write what the declarations tell: the templates and their page, the issues, the settings.

Run it with `make docs` after a change; `tests/test_template.py` holds them equal.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import NamedTuple

import pipeline
from pipeline.flow import load_accounts, load_catalog
from pipeline.reference.field_docs import render_fields_table
from pipeline.reference.issues_page import build_issues_page
from pipeline.reference.reading_page import build_reading_page
from pipeline.reference.target_page import render_target_page
from pipeline.settings import SETTINGS, Settings
from pipeline.targets import TARGETS
from pipeline.template import (
    bind_target_tables,
    build_csv_template,
    build_template,
)
from schemas.tables.common import EXAMPLE_REF, NOTE_MARK, TOTAL_WORDS

ROOT = Path(__file__).parent.parent
_BLOCK = "<!-- settings -->\n"


class Sample(NamedTuple):
    """The sample of a target: a workbook, what is loaded before, and settings."""

    file: str
    catalog: str = ""
    accounts: str = ""
    settings: Mapping[str, str] = MappingProxyType({})


SAMPLES = {
    "zuora": Sample("data/invoices.xlsx", catalog="data/products.csv"),
    "zuora-drafts": Sample("data/drafts/invoices.xlsx", catalog="data/products.csv"),
    "bxb": Sample(
        "data/one_off/invoices.xlsx", accounts="data/one_off/accounts.csv", settings={"money_unit": "major"}
    ),
}
"""Samples by target, for its page; the page of a target without one shows the example of its template."""

_TEMPLATES = f"""\
# Templates

For each target a workbook to fill, for each table a CSV file, and the columns of both.
`invoice-import template` writes the workbook with the custom fields of your settings and with lists of your
catalog, `template -o DIR` the CSV files. A workbook has one sheet for each table; its headers may be
the column's name or the words under "in a workbook", in any case and order, with or without a ` *`.

Columns that you don't need may be left out; blank cells are blank. A column that is not listed here is an
error, unless its header starts with `{NOTE_MARK}`: then it is a note. Left out by name are the row whose
reference is `{EXAMPLE_REF}`, rows that start with `{NOTE_MARK}`, blank rows, and rows that start with
{", ".join(f'"{word}"' for word in TOTAL_WORDS[:3])} (or the like) and hold only numbers besides.

Save CSV as UTF-8; the delimiter may be a comma, a semicolon or a tab. Numbers have a point before the
decimals and nothing else. Dates are date cells or `yyyy-mm-dd`. Type references, account numbers and other
identifiers into cells that are formatted as text, so that the spreadsheet keeps `00123` as it is.
"""


def render_settings_table() -> str:
    """Every setting with its default, as a table in Markdown."""
    rows = [
        f"| `{setting.name}` | {_format_default(setting.name)} | {_describe_setting(setting.name)} |"
        for setting in fields(Settings)
    ]
    return "\n".join(["| setting | default | what it decides |", "| --- | --- | --- |", *rows]) + "\n"


def _format_default(name: str) -> str:
    value = getattr(Settings(), name)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`" if value not in ("", {}) else ""


def _describe_setting(name: str) -> str:
    return str(SETTINGS[name].metadata["help"]).replace("|", r"\|")


def render_target(name: str) -> str:
    """The page of a target, with what its sample becomes."""
    sample = SAMPLES.get(name, Sample(f"templates/{name}"))
    with TemporaryDirectory() as workspace:
        for load, file in ((load_catalog, sample.catalog), (load_accounts, sample.accounts)):
            if file:
                load(ROOT / file, workspace=workspace)
        files = [ROOT / sample.file] if name in SAMPLES else _write_examples(name, Path(workspace))
        checked = pipeline.check(*files, workspace=workspace, target=name, **sample.settings)
    return render_target_page(checked.assessment, sample.file)


def _write_examples(name: str, folder: Path) -> list[Path]:
    """The example rows of a target's template, as rows that count."""
    files = []
    for table in bind_target_tables(Settings(target=name)).values():
        files.append(folder / f"{table.name}.csv")
        files[-1].write_text(build_csv_template(table).replace(EXAMPLE_REF, "2026-0001"), "utf-8")
    return files


def pages() -> dict[str, str]:
    """Every generated file: its path within the repository, and its text."""
    texts, templates_page = {}, [_TEMPLATES]
    for name, target in TARGETS.items():
        templates_page.append(f"\n## `{name}`: {target.title}\n\n[The workbook]({name}/invoices.xlsx)\n")
        for table in bind_target_tables(Settings(target=name)).values():
            texts[f"templates/{name}/{table.name}.csv"] = build_csv_template(table)
            templates_page.append(f"\n### {table.label}: [{table.name}.csv]({name}/{table.name}.csv)\n\n")
            templates_page.append(render_fields_table(table))
        texts[f"docs/targets/{name}.md"] = render_target(name)
    texts["templates/README.md"] = "".join(templates_page)
    texts["docs/issues.md"] = build_issues_page()
    texts["docs/reading.md"] = build_reading_page()
    readme = (ROOT / "README.md").read_text("utf-8")
    texts["README.md"] = re.sub(
        f"{_BLOCK}.*?{_BLOCK}",
        lambda _: f"{_BLOCK}{render_settings_table()}{_BLOCK}",
        readme,
        flags=re.DOTALL,
    )
    return texts


def workbooks() -> dict[str, bytes]:
    """The workbook of every target: its path within the repository, and its bytes."""
    return {f"templates/{name}/invoices.xlsx": build_template(Settings(target=name)) for name in TARGETS}


def parts(book: bytes) -> dict[str, bytes]:
    """What a workbook is made of; how it is packed is no matter."""
    with zipfile.ZipFile(io.BytesIO(book)) as package:
        return {part_name: package.read(part_name) for part_name in package.namelist()}


if __name__ == "__main__":
    for path, book in workbooks().items():
        if not (ROOT / path).exists() or parts((ROOT / path).read_bytes()) != parts(book):
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_bytes(book)
    for path, text in pages().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, "utf-8", newline="")
