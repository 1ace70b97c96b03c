"""Translation of messages (gettext): a text in the code is English and is its own key in the catalogue.

    translate("No invoice was found.")
    translate("The sheet {value} was left out: {reason}.", value=name, reason=why)   filled after the look-up
    translate_count(3, "{count} row", "{count} rows")                                with plural forms
    format_number(Decimal("1234.50"))                                                in German 1.234,50

In: texts and facts.
Out: sentences in the language in use, which `flow` chooses: `with use_language(settings.language)`.
Never: translates issues when they are found: `IssueType` is translated where it is rendered, and labels and
help of declarations in the template. The threads of `process.open_thread_pool` use the caller's language.

To add a text: pass it to `translate`, run `python docs/messages.py`, and write its German in
`locale/de/LC_MESSAGES/invoice-import.po`. A text without a translation stays English.
To add a language: a line in `LANGUAGES` and a folder in `locale`.
"""

from __future__ import annotations

import gettext
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Language(NamedTuple):
    """A language: its own name, its thousands separator and its decimal mark."""

    name: str
    thousands: str
    decimals: str


ENGLISH = "en"
LANGUAGES = {ENGLISH: Language("English", ",", "."), "de": Language("Deutsch", ".", ",")}
"""The languages that can be chosen, by their ISO 639-1 code."""

GETTEXT_DOMAIN = "invoice-import"
LOCALE_FOLDER = Path(__file__).parent / "locale"
PLACEHOLDER = re.compile(r"\{(\w+)\}")
"""A named place in a text that a fact fills."""

_LANGUAGE: ContextVar[str] = ContextVar("language", default=ENGLISH)


def get_language() -> str:
    """Return the code of the language in use."""
    return _LANGUAGE.get()


def set_language(language: str) -> None:
    """Use a language from now on in this thread.

    Args:
        language: a key of `LANGUAGES`.
    """
    _LANGUAGE.set(language)


@contextmanager
def use_language(language: str) -> Iterator[None]:
    """Use a language within a `with` block.

    Args:
        language: a key of `LANGUAGES`.
    """
    token = _LANGUAGE.set(language)
    try:
        yield
    finally:
        _LANGUAGE.reset(token)


def translate(text: str, **facts: str) -> str:
    """Translate a text into the language in use and fill its placeholders.

    Args:
        text: in English, the key of the catalogue.
        **facts: by placeholder; a placeholder without a fact stays as it is.
    """
    return fill_placeholders(_load_translations(get_language()).gettext(text) if text else "", facts)


def translate_count(count: int, singular: str, plural: str, **facts: str) -> str:
    """Translate a text that depends on a number.

    Args:
        count: chooses the plural form; `{count}` in the text is this number as the language writes it.
        singular: the English text for 1.
        plural: the English text for all other numbers.
        **facts: by placeholder.
    """
    return fill_placeholders(
        _load_translations(get_language()).ngettext(singular, plural, count),
        {"count": format_number(count), **facts},
    )


def format_number(number: int | Decimal) -> str:
    """Format a number with the separators of the language in use and with all its decimals."""
    language = LANGUAGES[get_language()]
    # both marks in one pass, so that a comma which became a point does not become a comma again
    return f"{number:,}".translate(str.maketrans(",.", language.thousands + language.decimals))


def fill_placeholders(text: str, facts: dict[str, str]) -> str:
    """Fill the placeholders of a text in one pass, so that braces within a fact are never filled.

    Args:
        text: with placeholders like `{value}`.
        facts: by placeholder.
    """
    return PLACEHOLDER.sub(lambda match: facts.get(match[1], match[0]), text) if facts else text


def locate_translations(language: str) -> Path:
    """Return the path of the gettext catalogue (.po) of a language."""
    return LOCALE_FOLDER / language / "LC_MESSAGES" / f"{GETTEXT_DOMAIN}.po"


@cache
def _load_translations(language: str) -> gettext.NullTranslations:
    """Read the catalogue of a language; English needs none."""
    if language == ENGLISH:
        return gettext.NullTranslations()
    import polib  # noqa: PLC0415 - an English run does not wait for it

    return gettext.GNUTranslations(io.BytesIO(polib.pofile(str(locate_translations(language))).to_binary()))
