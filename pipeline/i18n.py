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

GETTEXT_DOMAIN = "invoice-import"
LOCALE_FOLDER = Path(__file__).parent / "locale"
PLACEHOLDER = re.compile(r"\{(\w+)\}")
"""A place in a text that a fact fills."""

MAX_THREADS = min(8, os.cpu_count() or 1)
"""Columns that a stage works on at once: Arrow's kernels let go of the interpreter meanwhile."""

_LANGUAGE: ContextVar[str] = ContextVar("language", default=ENGLISH)


def get_language() -> str:
    """The code of the language in use."""
    return _LANGUAGE.get()


@contextmanager
def use_language(language: str) -> Iterator[None]:
    """Speak a language for a while."""
    token = _LANGUAGE.set(language)
    try:
        yield
    finally:
        _LANGUAGE.reset(token)


def open_thread_pool(thread_count: int = MAX_THREADS) -> ThreadPoolExecutor:
    """A pool whose threads speak the language in use."""
    return ThreadPoolExecutor(thread_count, initializer=_LANGUAGE.set, initargs=(get_language(),))


def translate(text: str, **facts: str) -> str:
    """A text in the language in use, its holes filled; a hole without a fact stays."""
    return fill_placeholders(_load_translations(get_language()).gettext(text) if text else "", facts)


def translate_count(count: int, singular: str, plural: str, **facts: str) -> str:
    """A text that depends on a number; `{count}` is the number as the language writes it."""
    return fill_placeholders(
        _load_translations(get_language()).ngettext(singular, plural, count),
        {"count": format_number(count), **facts},
    )


def format_number(number: int | Decimal) -> str:
    """A number as a person of this language reads it, with all its decimals."""
    language = LANGUAGES[get_language()]
    return f"{number:,}".translate(str.maketrans(",.", language.thousands + language.decimals))


def fill_placeholders(text: str, facts: dict[str, str]) -> str:
    """A text with its holes filled in one pass: what a fact brings is never taken for a hole."""
    return PLACEHOLDER.sub(lambda match: facts.get(match[1], match[0]), text) if facts else text


def translate_to(language: str, text: str) -> str:
    """A text without holes in a language that need not be the one in use."""
    return _load_translations(language).gettext(text) if text else ""


def locate_translations(language: str) -> Path:
    """The file with the texts of a language."""
    return LOCALE_FOLDER / language / "LC_MESSAGES" / f"{GETTEXT_DOMAIN}.po"


@cache
def _load_translations(language: str) -> gettext.NullTranslations:
    """The texts of a language; English needs none."""
    if language == ENGLISH:
        return gettext.NullTranslations()
    import polib  # noqa: PLC0415 - only who speaks another language waits for it

    return gettext.GNUTranslations(io.BytesIO(polib.pofile(str(locate_translations(language))).to_binary()))
