"""Stage 1: the bytes of a text file -> the text, when only one reading makes sense.

In: bytes, and the encoding that the person declares, if any.
Out: the text as UTF-8, and the encoding's name; or a refusal that shows both readings.
Never: takes the likelier of two readings that differ.

What is certain: a byte-order mark; valid UTF-8; UTF-16 and UTF-32 by where their zeros stand. The rest are code
pages of one byte. A reading is possible when every word with such a byte could stand in one of the languages
the code page was made for, and is certain when all possible readings are the same text.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence

import pyarrow as pa

from pipeline.read import refuse

_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
_WIDE = (("utf-32-le", "UTF-32"), ("utf-32-be", "UTF-32"), ("utf-16-le", "UTF-16"), ("utf-16-be", "UTF-16"))
_SAMPLE = 1 << 16
_HALF = re.compile("[\ud800-\udfff]")
_WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")

_SIGNS = "€£§©®™°²³¹½¼¾±·–—…‘’‚“”„«»¿¡•×÷‰ªº\xa0\xad"
_JOINTS = "’\xad–·"
_ALONE = "àèéóøåöő"
"""Letters that are words by themselves."""
_LATIN = "\u024f"
_OLD = {"mac-roman", "cp850", "cp852"}
"""Pages of other systems than Windows: their small letters lie where Windows has quotes and dashes."""
_LOW = re.compile(rb"[\x80-\x9f]")
_WEST = ("äöüß", "àâæçéèêëîïôœùûüÿ", "áéíñóúüªº", "ãõáâàçéêíóôúüªº", "àèéìíîòóùúªº", "ëïéèêöüáóíú", "æøåéèêòóôü",
         "åäöéüà", "ðþýáéíóúöæ", "çàèéíïòóúü", "áéíóúàèìòù", "äöüõšž", "åäöšž")  # fmt: skip
_CENTRE = ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž", "äöüß", "ëç")
_TURKISH, _BALTIC = ("çğıöşüâîû",), ("ąčęėįšųūž", "āčēģīķļņšūž", "äöüõšž")
_RUSSIAN = (
    "абвгдежзийклмнопрстуфхцчшщъыьэюяё",
    "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "абвгдђежзијклљмнњопрстћуфхцчџш",
)
_GREEK, _HEBREW = ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",), ("אבגדהוזחטיךכלםמןנסעףפץצקרשת",)
PAGES: Mapping[str, tuple[str, Sequence[str]]] = {
    "windows-1252": ("cp1252", _WEST),
    "windows-1250": ("cp1250", _CENTRE),
    "windows-1251": ("cp1251", _RUSSIAN),
    "windows-1253": ("cp1253", _GREEK),
    "windows-1254": ("cp1254", _TURKISH),
    "windows-1255": ("cp1255", _HEBREW),
    "windows-1257": ("cp1257", _BALTIC),
    "iso-8859-2": ("iso8859-2", _CENTRE),
    "iso-8859-15": ("iso8859-15", _WEST),
    "iso-8859-7": ("iso8859-7", _GREEK),
    "koi8-r": ("koi8-r", _RUSSIAN[:1]),
    "mac-roman": ("mac-roman", _WEST),
    "cp850": ("cp850", _WEST),
    "cp852": ("cp852", _CENTRE),
}
"""Code pages that are told apart, by the name a person declares; the first that reads a text names it."""


def as_utf8(name: str, data: bytes, declared: str = "") -> tuple[str, bytes]:
    """The encoding's name, and the text in UTF-8 without a byte-order mark.

    Raises:
        SourceError: the bytes are no text in the declared encoding, or could be read in two ways.
    """
    if declared:
        return declared, _declared(name, data, declared)
    for mark, encoding, title in _MARKS:
        if data.startswith(mark):
            return title, _decoded(name, data[len(mark) :], encoding, title)
    if b"\0" in data:
        return _wide(name, data)
    if _is_utf8(data):
        return "UTF-8", data
    _refuse_halves(name, data)
    return _code_page(name, data)


def _is_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8; decoding them would take twenty times as long, and their size again."""
    ends = pa.array([0, len(data)], pa.int64()).buffers()[1]
    try:
        pa.LargeStringArray.from_buffers(1, ends, pa.py_buffer(data)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _refuse_halves(name: str, data: bytes) -> None:
    """Refuse bytes in which all that is wrong with UTF-8 are halves of surrogate pairs."""
    try:
        text = data.decode(errors="surrogatepass")
    except UnicodeDecodeError:
        return
    line = next(at for at, each in enumerate(text.split("\n"), 1) if _HALF.search(each))
    raise refuse.HALF(name, line=line)


def _declared(name: str, data: bytes, declared: str) -> bytes:
    mark = next((each for each, own, _ in _MARKS if own.startswith(declared) and data.startswith(each)), b"")
    encoding = next((each for own, each, _ in _MARKS if own == mark), declared)
    return _decoded(name, data[len(mark) :], encoding, declared)


def _decoded(name: str, data: bytes, encoding: str, title: str) -> bytes:
    try:
        text = data.decode(encoding)
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        line = data.count(b"\n", 0, start) + 1
        raise refuse.NOT_ENCODED(name, title=title, line=line) from error
    if "\0" in text:
        raise refuse.NUL(name, line=text.count("\n", 0, text.index("\0")) + 1)
    return text.encode(errors="surrogatepass") if encoding != "utf-8" else data


def _wide(name: str, data: bytes) -> tuple[str, bytes]:
    """UTF-16 or UTF-32 without a mark: read in one way it is mostly plain letters, in the other hardly any."""
    for encoding, title in _WIDE:
        try:
            text = data.decode(encoding)
        except UnicodeError:
            continue
        sample = text[:_SAMPLE]
        plain = sum("\t" <= each < "\x7f" for each in sample)
        if "\0" not in text and 3 * plain >= len(sample):
            return title, text.encode()
    raise refuse.NUL(name, line=data.count(b"\n", 0, data.index(b"\0")) + 1)


def _code_page(name: str, data: bytes) -> tuple[str, bytes]:
    """The text under the one code page that makes sense of all its words."""
    words = sorted(set(_WORD.findall(data)))
    readings = _readings(words, together=False) or _readings(words, together=True)
    if not readings:
        line = data.count(b"\n", 0, _first_bad(data)) + 1
        raise refuse.NO_ENCODING(name, line=line)
    best, *others = readings
    for other in others:
        for word, one, two in zip(words, readings[best], readings[other], strict=True):
            if one != two:
                line = data.count(b"\n", 0, data.index(word)) + 1
                raise refuse.TWO_ENCODINGS(name, line=line, one=one, best=best, two=two, other=other)
    return best, data.decode(PAGES[best][0]).encode()


def _first_bad(data: bytes) -> int:
    """Where the bytes stop being UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    return len(data)


def _readings(words: Sequence[bytes], *, together: bool) -> dict[str, list[str]]:
    """The words under each code page that makes sense of all: in one language, or in all of the page together."""
    readings: dict[str, list[str]] = {}
    low = any(_LOW.search(word) for word in words)
    for title, (encoding, languages) in PAGES.items():
        if title in _OLD and not low:
            continue
        try:
            read = [word.decode(encoding) for word in words]
        except UnicodeDecodeError:
            continue
        if _sensible(title, read, ("".join(languages),) if together else languages):
            readings[title] = read
    return readings


def _sensible(title: str, words: Sequence[str], languages: Sequence[str]) -> bool:
    """Whether the letters of all words are those of one language, and stand as letters stand in words."""
    if not all(map(_well_formed, words)):
        return False
    letters = {each for word in words for each in word.lower() if each.isalpha() and each > "\x7f"}
    if not letters and title in {*_OLD, "koi8-r"}:  # signs alone tell nothing
        return False
    return any(letters <= {*own, *own.upper().lower()} for own in languages)


def _well_formed(word: str) -> bool:
    """Whether no sign stands inside a word, no capital behind a small letter, and no two scripts in one."""
    high = [each for each in word if each > "\x7f" and each.isalpha()]
    if any(each > _LATIN for each in high) and any(each.isalpha() and each < "\x80" for each in word):
        return False
    if len(word) == 1 and high:
        return word.lower() in _ALONE
    return all(
        _stands_well(word[at - 1 : at] if at else "", letter, word[at + 1 : at + 2])
        for at, letter in enumerate(word)
        if letter > "\x7f"
    )


def _stands_well(before: str, letter: str, after: str) -> bool:
    if not letter.isalpha():
        return letter in _SIGNS and not (before.isalpha() and after.isalpha() and letter not in _JOINTS)
    return not (letter.isupper() and before.isalpha() and (before.islower() or after.islower()))


__all__ = ["PAGES", "as_utf8"]
