"""The detection of a text file's encoding, which succeeds only when one reading makes sense.

In: bytes, and the encoding that the person declares, if any.
Out: the text as UTF-8, and the encoding's name; or a refusal that shows both readings.
Never: takes the likelier of two readings that differ.

What is certain: a byte-order mark; valid UTF-8; UTF-16 and UTF-32 by the positions of their zero bytes. The
rest are code pages of one byte. A reading is possible when every word with such a byte could be of one of the
languages the code page was made for, and is certain when all possible readings are the same text.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence

import pyarrow as pa

from pipeline.read.files.refusals import Refusal

# UTF-32 before UTF-16, whose little-endian mark is the beginning of the other's
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
_WIDE_ENCODINGS = (
    ("utf-32-le", "UTF-32"),
    ("utf-32-be", "UTF-32"),
    ("utf-16-le", "UTF-16"),
    ("utf-16-be", "UTF-16"),
)
_SAMPLE_CHARACTERS = 1 << 16
_HALF_SURROGATE = re.compile("[\ud800-\udfff]")
_NON_ASCII_WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")

_SIGNS = "€£§©®™°²³¹½¼¾±·–—…‘’‚“”„«»¿¡•×÷‰ªº\xa0\xad"
_WORD_JOINERS = "’\xad–·"
_ONE_LETTER_WORDS = "àèéóøåöő"
"""Letters that are words by themselves."""
_LAST_LATIN = "\u024f"
_DOS_AND_MAC_PAGES = {"mac-roman", "cp850", "cp852"}
"""Pages of other systems than Windows: their small letters lie where Windows has quotes and dashes."""
_LOW_BYTE = re.compile(rb"[\x80-\x9f]")
_WEST = ("äöüß", "àâæçéèêëîïôœùûüÿ", "áéíñóúüªº", "ãõáâàçéêíóôúüªº", "àèéìíîòóùúªº", "ëïéèêöüáóíú",
         "æøåéèêòóôü", "åäöéüà", "ðþýáéíóúöæ", "çàèéíïòóúü", "áéíóúàèìòù", "äöüõšž", "åäöšž")  # fmt: skip
_CENTRAL = ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž", "äöüß", "ëç")
_TURKISH, _BALTIC = ("çğıöşüâîû",), ("ąčęėįšųūž", "āčēģīķļņšūž", "äöüõšž")
_RUSSIAN = (
    "абвгдежзийклмнопрстуфхцчшщъыьэюяё",
    "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "абвгдђежзијклљмнњопрстћуфхцчџш",
)
_GREEK, _HEBREW = ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",), ("אבגדהוזחטיךכלםמןנסעףפץצקרשת",)
CODE_PAGES: Mapping[str, tuple[str, Sequence[str]]] = {
    "windows-1252": ("cp1252", _WEST),
    "windows-1250": ("cp1250", _CENTRAL),
    "windows-1251": ("cp1251", _RUSSIAN),
    "windows-1253": ("cp1253", _GREEK),
    "windows-1254": ("cp1254", _TURKISH),
    "windows-1255": ("cp1255", _HEBREW),
    "windows-1257": ("cp1257", _BALTIC),
    "iso-8859-2": ("iso8859-2", _CENTRAL),
    "iso-8859-15": ("iso8859-15", _WEST),
    "iso-8859-7": ("iso8859-7", _GREEK),
    "koi8-r": ("koi8-r", _RUSSIAN[:1]),
    "mac-roman": ("mac-roman", _WEST),
    "cp850": ("cp850", _WEST),
    "cp852": ("cp852", _CENTRAL),
}
"""Code pages that are distinguished, by the name a person declares; the first that reads a text names it."""


def decode_to_utf8(name: str, data: bytes, declared_encoding: str = "") -> tuple[str, bytes]:
    """Detect the encoding of a text, and convert the text to UTF-8.

    Args:
        name: the file's name, for sentences.
        data: its bytes.
        declared_encoding: what the person says it is; "" detects it.

    Returns:
        The encoding's name, and the text in UTF-8 without a byte-order mark.

    Raises:
        SourceError: the bytes are no text in the declared encoding, or could be read in two ways.
    """
    if declared_encoding:
        return declared_encoding, _decode_declared(name, data, declared_encoding)
    for byte_order_mark, encoding, title in _BYTE_ORDER_MARKS:
        if data.startswith(byte_order_mark):
            return title, _decode_text(name, data[len(byte_order_mark) :], encoding, title)
    if b"\0" in data:
        return _decode_wide(name, data)
    if _is_utf8(data):
        return "UTF-8", data
    _refuse_half_surrogates(name, data)
    return _decode_code_page(name, data)


def _is_utf8(data: bytes) -> bool:
    """Return whether the bytes are UTF-8; decoding them takes twenty times as long, and their size again."""
    # the whole file as one Arrow string over the bytes as they lie: nothing is copied or decoded
    offsets = pa.array([0, len(data)], pa.int64()).buffers()[1]
    try:
        pa.LargeStringArray.from_buffers(1, offsets, pa.py_buffer(data)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _refuse_half_surrogates(name: str, data: bytes) -> None:
    """Refuse bytes in which all that is wrong with UTF-8 are halves of surrogate pairs."""
    # takes halves of pairs and nothing else: whatever is wrong besides fails here and is no such fault
    try:
        text = data.decode(errors="surrogatepass")
    except UnicodeDecodeError:
        return
    line_number = next(
        number for number, line in enumerate(text.split("\n"), 1) if _HALF_SURROGATE.search(line)
    )
    raise Refusal.HALF(name, line=line_number)


def _decode_declared(name: str, data: bytes, declared_encoding: str) -> bytes:
    # where `utf-16` is declared, the mark tells the byte order
    byte_order_mark = next(
        (
            known_mark
            for known_mark, known_encoding, _ in _BYTE_ORDER_MARKS
            if known_encoding.startswith(declared_encoding) and data.startswith(known_mark)
        ),
        b"",
    )
    encoding = next(
        (
            known_encoding
            for known_mark, known_encoding, _ in _BYTE_ORDER_MARKS
            if known_mark == byte_order_mark
        ),
        declared_encoding,
    )
    return _decode_text(name, data[len(byte_order_mark) :], encoding, declared_encoding)


def _decode_text(name: str, data: bytes, encoding: str, title: str) -> bytes:
    try:
        text = data.decode(encoding)
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        line = data.count(b"\n", 0, start) + 1
        raise Refusal.NOT_ENCODED(name, title=title, line=line) from error
    if "\0" in text:
        raise Refusal.NUL(name, line=text.count("\n", 0, text.index("\0")) + 1)
    # what was UTF-8 stays as it is; decoding it was the check
    return text.encode(errors="surrogatepass") if encoding != "utf-8" else data


def _decode_wide(name: str, data: bytes) -> tuple[str, bytes]:
    """Decode UTF-16 or UTF-32 without a mark: in the right byte order a third or more is plain ASCII."""
    for encoding, title in _WIDE_ENCODINGS:
        try:
            text = data.decode(encoding)
        except UnicodeError:
            continue
        sample = text[:_SAMPLE_CHARACTERS]
        plain_count = sum("\t" <= character < "\x7f" for character in sample)
        if "\0" not in text and 3 * plain_count >= len(sample):
            return title, text.encode()
    raise Refusal.NUL(name, line=data.count(b"\n", 0, data.index(b"\0")) + 1)


def _decode_code_page(name: str, data: bytes) -> tuple[str, bytes]:
    """Decode under the one code page that makes sense of all words with bytes beyond ASCII."""
    # each distinct word once: the columns of a sheet repeat few
    words = sorted(set(_NON_ASCII_WORD.findall(data)))
    readings = _find_readings(words, is_mixed=False) or _find_readings(words, is_mixed=True)
    if not readings:
        line = data.count(b"\n", 0, _find_first_invalid(data)) + 1
        raise Refusal.NO_ENCODING(name, line=line)
    best, *rivals = readings
    for rival in rivals:
        for word, best_reading, rival_reading in zip(words, readings[best], readings[rival], strict=True):
            if best_reading != rival_reading:
                line = data.count(b"\n", 0, data.index(word)) + 1
                raise Refusal.TWO_ENCODINGS(
                    name, line=line, one=best_reading, best=best, two=rival_reading, other=rival
                )
    return best, data.decode(CODE_PAGES[best][0]).encode()


def _find_first_invalid(data: bytes) -> int:
    """Return where the bytes stop being UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    return len(data)  # uncovered: nobody asks for bytes that are UTF-8


def _find_readings(words: Sequence[bytes], *, is_mixed: bool) -> dict[str, list[str]]:
    """Return the words under each code page that makes sense of all: in one language, or in all together."""
    readings: dict[str, list[str]] = {}
    has_low_bytes = any(_LOW_BYTE.search(word) for word in words)
    for title, (encoding, languages) in CODE_PAGES.items():
        # these pages have small letters among those bytes; without one they are not meant
        if title in _DOS_AND_MAC_PAGES and not has_low_bytes:
            continue
        try:
            decoded = [word.decode(encoding) for word in words]
        except UnicodeDecodeError:
            continue
        if _is_sensible(title, decoded, ("".join(languages),) if is_mixed else languages):
            readings[title] = decoded
    return readings


def _is_sensible(title: str, words: Sequence[str], languages: Sequence[str]) -> bool:
    """Return whether all words' letters are of one language, and are placed as letters are in words."""
    if not all(map(_is_well_formed, words)):
        return False
    characters = set("".join(words).lower())
    letters = {character for character in characters if character.isalpha() and character > "\x7f"}
    if not letters and title in {*_DOS_AND_MAC_PAGES, "koi8-r"}:  # signs alone tell nothing
        return False
    return any(letters <= {*alphabet, *alphabet.upper().lower()} for alphabet in languages)


def _is_well_formed(word: str) -> bool:
    """Return whether a word has no sign inside, no capital after a small letter, and one script."""
    foreign_letters = [character for character in word if character > "\x7f" and character.isalpha()]
    if _has_mixed_scripts(word, foreign_letters):
        return False
    if len(word) == 1 and foreign_letters:
        return word.lower() in _ONE_LETTER_WORDS
    neighbours = zip(("", *word), word, (*word[1:], ""), strict=False)
    return all(
        _can_stand_between(before, letter, after) for before, letter, after in neighbours if letter > "\x7f"
    )


def _has_mixed_scripts(word: str, foreign_letters: Sequence[str]) -> bool:
    if not any(letter > _LAST_LATIN for letter in foreign_letters):
        return False
    return any(character.isalpha() and character < "\x80" for character in word)


def _can_stand_between(before: str, letter: str, after: str) -> bool:
    if not letter.isalpha():
        return letter in _SIGNS and not (before.isalpha() and after.isalpha() and letter not in _WORD_JOINERS)
    return not (letter.isupper() and before.isalpha() and (before.islower() or after.islower()))


__all__ = ["CODE_PAGES", "decode_to_utf8"]
