"""Bring the translations up to date with what is said: new texts are put in without a translation, old ones go.

Run it after a text was added or changed, then write what is missing; `tests/test_language.py` tells.
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

from pipeline.catalog.rows import CHARGES, CUSTOMERS
from pipeline.config import SETTINGS, Settings
from pipeline.issues import CATALOGUE
from pipeline.language import ENGLISH, LANGUAGES, catalogue_of
from pipeline.ledger.store import SENTENCES
from pipeline.line import EXIT_CODES
from pipeline.read import parser, refuse, source, xls
from pipeline.report import terminal
from pipeline.report.marked import listing
from pipeline.report.why import WHY
from pipeline.targets import TARGETS
from pipeline.validate import words
from schemas.control import CONTROL
from schemas.fields import Kind
from schemas.tables import TABLES

ROOT = Path(__file__).parent.parent
_SAYING = {"say": 1, "counted": 3, "count_of": 3}
"""Functions that say a text, and how many of their first arguments may be one."""


class Text(NamedTuple):
    """A text to translate: for one, for many where it depends on a number, and where it is said."""

    one: str
    many: str
    where: str


def texts() -> list[Text]:
    """Everything that can be said, each once, in the order of the code."""
    found: dict[tuple[str, str], Text] = {}
    for each in (
        *_of_issues(),
        *_of_declarations(),
        *_of_words(),
        *_of_refusals(),
        *_of_code(),
        *_of_templates(),
    ):
        if each.one:
            found.setdefault((each.one, each.many), each)
    return list(found.values())


def _of_issues() -> Iterator[Text]:
    for kind in CATALOGUE.values():
        for part in ("title", "template", "fix"):
            yield Text(getattr(kind, part), "", f"{kind.code} {part}")
        yield Text(WHY[kind.code], "", f"{kind.code} cause")


def _of_declarations() -> Iterator[Text]:
    """Labels, help and forms, as the targets take them."""
    bound = [target.projection(Settings()).bind(TABLES, {}).values() for target in TARGETS.values()]
    for table in (*TABLES, CONTROL, *(each for some in bound for each in some)):
        yield Text(table.label, "", f"table {table.name}")
        for field in table:
            where = f"field {table.name}.{field.name}"
            yield from (Text(field.label, "", where), Text(field.help, "", where))
            if field.pattern:
                yield Text(field.pattern.words, "", where)
    for kind in Kind:
        yield Text(kind.value, "", "kind")


def _of_words() -> Iterator[Text]:
    """Single words that sentences are filled with."""
    needed = [word for pair in words.NEEDED_WORDS.values() for word in pair]
    for each in (*words.DECIMALS, *words.HELD_WORDS.values(), *needed):
        yield Text(each, "", "pipeline/validate/words.py")
    for each in (
        *listing.CAUSES,
        *listing.LINES,
        *terminal.SHARES,
        *terminal.COUNTED,
        *(each.name for each in TABLES if each.optional),
        *terminal.IGNORED.values(),
        *map(str.upper, EXIT_CODES),
        *SENTENCES.values(),
        *(each.called for each in (CHARGES, CUSTOMERS)),
    ):
        yield Text(each, "", "pipeline/report/terminal.py")


def _of_refusals() -> Iterator[Text]:
    """Why a file is not read, and what it is instead."""
    strangers = (*parser.STRANGERS.values(), *xls.STRANGERS.values(), refuse.NO_WORKBOOK)
    for each in (*(what for _, what in source.FOREIGN), *strangers):
        yield Text(each, "", "what a file is")
    for refusal in refuse.REFUSALS:
        yield Text(refusal.template, "", "pipeline/read/refuse.py")
    for name in dict.fromkeys(name for target in TARGETS.values() for name in target.must_set):
        yield Text(SETTINGS[name].metadata["help"], "", f"setting {name}")


def _of_code() -> Iterator[Text]:
    for path in sorted(ROOT.glob("pipeline/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _SAYING:
                yield from _of_call(node, str(path.relative_to(ROOT)))


def _of_templates() -> Iterator[Text]:
    """The literals of the calls in the templates of pages; of a choice, each is said by a call of its own."""
    for path in sorted(ROOT.glob("pipeline/**/*.html")):
        parsed = jinja2.Environment(autoescape=True).parse(path.read_text("utf-8"))
        for _, name, found in extract_from_ast(parsed, tuple(_SAYING), babel_style=False):
            texts = [each for each in found if each] if isinstance(found, tuple) else [found]
            if texts:
                yield _of_literals(name, texts, str(path.relative_to(ROOT)))


def _of_literals(name: str, literals: Sequence[str], where: str) -> Text:
    """What a function says that is called with these literals."""
    one, many = literals[0], literals[1] if len(literals) > 1 else f"{literals[0]}s"
    if name == "count_of":
        return Text(f"{{count}} {one}", f"{{count}} {many}", where)
    return Text(one, many if name == "counted" else "", where)


def _of_call(node: ast.Call, where: str) -> Iterator[Text]:
    """The literals of a call; of a choice between literals, both."""
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    literals = [list(_literals(each)) for each in node.args[: _SAYING[name]]]
    if name == "say":
        yield from (Text(each, "", where) for each in literals[0])
    elif literals[1:] and all(literals[1:]):
        yield _of_literals(name, [each[0] for each in literals[1:]], where)


def _literals(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*_literals(node.body), *_literals(node.orelse))


def updated(language: str) -> polib.POFile:
    """The translations of a language, with every text there is and no other."""
    path = catalogue_of(language)
    known = {(e.msgid, e.msgid_plural): e for e in polib.pofile(str(path))} if path.exists() else {}
    made = polib.POFile(wrapwidth=110)
    made.metadata = {
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Language": language,
        "Plural-Forms": "nplurals=2; plural=(n != 1);",
    }
    for one, many, where in texts():
        old = known.get((one, many))
        made.append(
            polib.POEntry(
                msgid=one,
                msgid_plural=many,
                msgstr="" if many or not old else old.msgstr,
                msgstr_plural=(old.msgstr_plural if old else {0: "", 1: ""}) if many else {},
                comment=where,
            )
        )
    return made


if __name__ == "__main__":
    for code in LANGUAGES:
        if code != ENGLISH:
            catalogue_of(code).parent.mkdir(parents=True, exist_ok=True)
            made = updated(code)
            made.save(str(catalogue_of(code)))
            missing = made.untranslated_entries()
            sys.stdout.write(f"{code}: {len(made)} texts, {len(missing)} without a translation\n")
