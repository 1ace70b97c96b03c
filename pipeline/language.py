"""The reader's language: a text stands in the code in English, and is looked up by that when it is said.

    say("No invoice was found.")
    say("The sheet {value} was left out: {reason}.", value=name, reason=why)    holes are filled after the look-up
    counted(3, "{count} row", "{count} rows")                                   one or many, as the language has it
    figure(Decimal("1234.50"))                                                  1,234.50, in German 1.234,50

Any room may call these. The conductor says which language is spoken: `with speaking(settings.language)`; threads
know it when they are taken from `threads(n)`. The texts of the catalogue of issues are said where they are
rendered, from `IssueType`; those of the declarations (labels, help) in the template.

To add a text: say it, run `python docs/messages.py`, and write its German in
`locale/de/LC_MESSAGES/invoice-import.po`. A text without a translation is said in English.
To add a language: a line in `LANGUAGES` and a folder in `locale`.
"""

from __future__ import annotations

import gettext
import io
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Language(NamedTuple):
    """How a language writes: its own name, what parts thousands, what parts decimals."""

    name: str
    thousands: str
    decimals: str


ENGLISH = "en"
LANGUAGES = {ENGLISH: Language("English", ",", "."), "de": Language("Deutsch", ".", ",")}
"""Every language that can be spoken, by its code."""

DOMAIN = "invoice-import"
LOCALE = Path(__file__).parent / "locale"
HOLE = re.compile(r"\{(\w+)\}")
"""A place in a text that a fact fills."""

SIDE_BY_SIDE = min(8, os.cpu_count() or 1)
"""Columns that a stage works on at once: Arrow's kernels let go of the interpreter meanwhile."""

_SPOKEN: ContextVar[str] = ContextVar("language", default=ENGLISH)


def spoken() -> str:
    """The code of the language in use."""
    return _SPOKEN.get()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak a language for a while."""
    token = _SPOKEN.set(language)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def threads(count: int = SIDE_BY_SIDE) -> ThreadPoolExecutor:
    """A pool whose threads speak the language in use."""
    return ThreadPoolExecutor(count, initializer=_SPOKEN.set, initargs=(spoken(),))


def say(text: str, **facts: str) -> str:
    """A text in the language in use, its holes filled; a hole without a fact stays."""
    return filled(_texts(spoken()).gettext(text) if text else "", facts)


def counted(count: int, one: str, many: str, **facts: str) -> str:
    """A text that depends on a number; `{count}` is the number as the language writes it."""
    return filled(_texts(spoken()).ngettext(one, many, count), {"count": figure(count), **facts})


def figure(number: int | Decimal) -> str:
    """A number as a person of this language reads it, with all its decimals."""
    own = LANGUAGES[spoken()]
    return f"{number:,}".translate(str.maketrans(",.", own.thousands + own.decimals))


def filled(text: str, facts: dict[str, str]) -> str:
    """A text with its holes filled in one pass: what a fact brings is never taken for a hole."""
    return HOLE.sub(lambda hole: facts.get(hole[1], hole[0]), text) if facts else text


def words(language: str, text: str) -> str:
    """A text without holes in a language that need not be the one in use."""
    return _texts(language).gettext(text) if text else ""


def catalogue_of(language: str) -> Path:
    """The file with the texts of a language."""
    return LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"


@cache
def _texts(language: str) -> gettext.NullTranslations:
    """The texts of a language; English needs none."""
    if language == ENGLISH:
        return gettext.NullTranslations()
    import polib  # noqa: PLC0415 - only who speaks another language waits for it

    return gettext.GNUTranslations(io.BytesIO(polib.pofile(str(catalogue_of(language))).to_binary()))
