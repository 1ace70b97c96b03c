"""Update the translations: new texts are put in without a translation, old ones go.

Run it after a text was added or changed, then write what is missing; `tests/test_i18n.py` tells.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import jinja2
import polib
from jinja2.ext import extract_from_ast

from pipeline.acceptance.assessment import EXIT_CODES
from pipeline.catalog.snapshot_kinds import CHARGES, CUSTOMERS
from pipeline.i18n import ENGLISH, LANGUAGES, locate_translations
from pipeline.issues import CATALOGUE
from pipeline.ledger.sqlite_connection import SQLITE_ERROR_TEXTS
from pipeline.read.files import input_files
from pipeline.read.files.refusals import NOT_A_WORKBOOK, Refusal
from pipeline.read.formats import parser_worker, xls
from pipeline.report import catalog_text, ledger_text, sentences
from pipeline.report.marked import issues_sheet
from pipeline.settings import SETTINGS, Settings
from pipeline.targets import TARGETS
from pipeline.validate import issue_facts
from schemas.control import CONTROL
from schemas.fields import Kind
from schemas.tables import TABLES

ROOT = Path(__file__).parent.parent
_TRANSLATORS = {"translate": 1, "translate_count": 3, "format_count": 3}
"""Functions that say a text, and how many of their first arguments may be one."""


class Text(NamedTuple):
    """A text to translate: for one, for many where it depends on a number, and where it is said."""

    one: str
    many: str
    where: str


def texts() -> list[Text]:
    """Everything that can be said, each once, in the order of the code."""
    unique: dict[tuple[str, str], Text] = {}
    for text in (
        *_iterate_issues(),
        *_iterate_declarations(),
        *_iterate_words(),
        *_iterate_refusals(),
        *_iterate_code(),
        *_iterate_templates(),
    ):
        if text.one:
            unique.setdefault((text.one, text.many), text)
    return list(unique.values())


def _iterate_issues() -> Iterator[Text]:
    for issue_type in CATALOGUE.values():
        for part in ("title", "template", "fix", "cause"):
            yield Text(getattr(issue_type, part), "", f"{issue_type.code} {part}")


def _iterate_declarations() -> Iterator[Text]:
    """Labels, help and forms, as the targets take them."""
    bound = [target.get_projection(Settings()).bind(TABLES, {}).values() for target in TARGETS.values()]
    for table in (*TABLES, CONTROL, *(target_table for tables in bound for target_table in tables)):
        yield Text(table.label, "", f"table {table.name}")
        for field in table:
            location = f"field {table.name}.{field.name}"
            yield from (Text(field.label, "", location), Text(field.help, "", location))
            if field.pattern:
                yield Text(field.pattern.description, "", location)
    for kind in Kind:
        yield Text(kind.value, "", "kind")


def _iterate_words() -> Iterator[Text]:
    """Single words that sentences are filled with."""
    needed = [word for pair in issue_facts.NEEDED_WORDS.values() for word in pair]
    for word in (*issue_facts.DECIMALS_WORDS, *issue_facts.HELD_WORDS.values(), *needed):
        yield Text(word, "", "pipeline/validate/issue_facts.py")
    for word in (
        *issues_sheet.CAUSE_HEADERS,
        *issues_sheet.ISSUE_HEADERS,
        *sentences.SHARES,
        *sentences.COUNTED_RECORDS,
        *ledger_text.STATES,
        *ledger_text.RUN_COLUMNS,
        *catalog_text.ACCOUNT_KEY_NAMES.values(),
        *(heading for _, heading in catalog_text.CATALOG_COLUMNS),
        *(table.name for table in TABLES if table.optional),
        *sentences.IGNORED_NOUNS.values(),
        *map(str.upper, EXIT_CODES),
        *SQLITE_ERROR_TEXTS.values(),
        *(snapshot_kind.title for snapshot_kind in (CHARGES, CUSTOMERS)),
    ):
        yield Text(word, "", "pipeline/report/sentences.py")


def _iterate_refusals() -> Iterator[Text]:
    """Why a file is not read, and what it is instead."""
    strangers = (
        *parser_worker.FOREIGN_FOLDERS.values(),
        *xls.FOREIGN_STREAMS.values(),
        NOT_A_WORKBOOK,
    )
    for description in (*(what for _, what in input_files.FOREIGN_SIGNATURES), *strangers):
        yield Text(description, "", "what a file is")
    for refusal in Refusal:
        yield Text(refusal.template, "", "pipeline/read/refuse.py")
    for name in dict.fromkeys(name for target in TARGETS.values() for name in target.required_settings):
        yield Text(SETTINGS[name].metadata["help"], "", f"setting {name}")


def _iterate_code() -> Iterator[Text]:
    for path in sorted(ROOT.glob("pipeline/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in _TRANSLATORS
            ):
                yield from _iterate_call(node, str(path.relative_to(ROOT)))


def _iterate_templates() -> Iterator[Text]:
    """The literals of the calls in the templates of pages; of a choice, each is said by a call of its own."""
    for path in sorted(ROOT.glob("pipeline/**/*.html")):
        parsed = jinja2.Environment(autoescape=True).parse(path.read_text("utf-8"))
        for _, name, strings in extract_from_ast(parsed, tuple(_TRANSLATORS), babel_style=False):
            texts = [string for string in strings if string] if isinstance(strings, tuple) else [strings]
            if texts:
                yield _make_text(name, texts, str(path.relative_to(ROOT)))


def _make_text(name: str, literals: Sequence[str], location: str) -> Text:
    """What a function says that is called with these literals."""
    singular, plural = literals[0], literals[1] if len(literals) > 1 else f"{literals[0]}s"
    if name == "format_count":
        return Text(f"{{count}} {singular}", f"{{count}} {plural}", location)
    return Text(singular, plural if name == "translate_count" else "", location)


def _iterate_call(node: ast.Call, location: str) -> Iterator[Text]:
    """The literals of a call; of a choice between literals, both."""
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    literals = [list(_iterate_literals(argument)) for argument in node.args[: _TRANSLATORS[name]]]
    if name == "translate":
        yield from (Text(literal, "", location) for literal in literals[0])
    elif literals[1:] and all(literals[1:]):
        yield _make_text(name, [argument_literals[0] for argument_literals in literals[1:]], location)


def _iterate_literals(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*_iterate_literals(node.body), *_iterate_literals(node.orelse))


def update_translations(language: str) -> polib.POFile:
    """The translations of a language, with every text there is and no other."""
    path = locate_translations(language)
    known = {(e.msgid, e.msgid_plural): e for e in polib.pofile(str(path))} if path.exists() else {}
    translations = polib.POFile(wrapwidth=110)
    translations.metadata = {
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Language": language,
        "Plural-Forms": "nplurals=2; plural=(n != 1);",
    }
    for singular, plural, location in texts():
        entry = known.get((singular, plural))
        translations.append(
            polib.POEntry(
                msgid=singular,
                msgid_plural=plural,
                msgstr="" if plural or not entry else entry.msgstr,
                msgstr_plural=(entry.msgstr_plural if entry else {0: "", 1: ""}) if plural else {},
                comment=location,
            )
        )
    return translations


if __name__ == "__main__":
    for code in LANGUAGES:
        if code != ENGLISH:
            locate_translations(code).parent.mkdir(parents=True, exist_ok=True)
            translations = update_translations(code)
            translations.save(str(locate_translations(code)))
            missing = translations.untranslated_entries()
            sys.stdout.write(f"{code}: {len(translations)} texts, {len(missing)} without a translation\n")
