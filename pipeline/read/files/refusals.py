"""The reasons to refuse a file: each with its sentence and why; the reading page is made of them.

In: the file's name and what was found.
Out: a `SourceError` with one sentence in the reader's language: the file, what is wrong, and what to do next.
Never: refuses without a next step.
"""

from __future__ import annotations

from enum import Enum

from pipeline.errors import SourceError
from pipeline.i18n import translate

NOT_A_WORKBOOK = "no workbook"
"""What `FOREIGN` calls a file that is packed like a workbook but is of no kind that has a name here."""
_SAVE_AGAIN = "save it anew in Excel"
_SAVE_AGAIN_OR_CSV = f"{_SAVE_AGAIN}, or hand it in as CSV"
_SAVE_AS = "save it as .xlsx or CSV"


class Refusal(Enum):
    """A reason to refuse a file: called with the file's name, it is the error to raise.

    Attributes:
        template: the sentence; `{name}` is the file, the other placeholders are details of what was found.
        why: what would go wrong if the file were read.
    """

    def __init__(self, template: str, why: str) -> None:
        self.template, self.why = template, why

    def __call__(self, name: str, **details: object) -> SourceError:
        """Return the error for a file."""
        texts = {placeholder: str(detail) for placeholder, detail in details.items()}
        return SourceError(translate(self.template, name=name, **texts))

    # what it is
    EMPTY = ("{name} is empty; export it again.", "An export that broke off leaves such a file.")
    BLANK_FILE = ("{name} holds nothing but blanks; export it again.", "Nothing in it can be meant.")
    FOREIGN = (
        "{name} is {what}, not a spreadsheet; " + _SAVE_AS + ".",
        "The first bytes tell the kind of a file, not its name.",
    )
    MARKUP = (
        "{name} is a web page or XML, not a spreadsheet; open it in Excel and " + _SAVE_AS + ".",
        "Many systems export a web page under the name .xls; what its cells hold, only Excel decides.",
    )
    MISNAMED = (
        "{name} is named like a workbook but is none; open it in Excel and " + _SAVE_AS + ".",
        "Neither name nor bytes can be trusted then.",
    )
    MISNAMED_PARQUET = (
        "{name} is named like a Parquet file but is none; export it again.",
        "Neither name nor bytes can be trusted then.",
    )
    SAVED_ANSWER = (
        "{name} is a saved answer of an API (JSON), not a spreadsheet; a catalog or an account list is "
        "loaded from it"
        " with catalog load or accounts load.",
        "Invoices are read from sheets alone, in which each cell has an address.",
    )
    NO_DATA_FILE = (
        "{name} is no ordinary file; give a workbook or a CSV file.",
        "A pipe or a device may never end.",
    )
    UNSUPPORTED_ODF = (
        "{name} is an OpenDocument file, but no spreadsheet; save it as .ods, .xlsx or CSV.",
        "A text document has no cells.",
    )
    TOO_OLD = (
        "{name} was written by Excel 4 or older, which is not read; open it in Excel and save it as .xlsx.",
        "Those files do not tell dates from numbers as later ones do.",
    )
    NOTHING_INSIDE = (
        "{name} holds no workbook and no CSV file; give the files themselves.",
        "In a folder or zip only these are looked for.",
    )
    NOT_OURS = (
        "{name} holds nothing that can be imported: {where} the columns of {labels}, like {columns}.",
        "Which column is which is told by the headers; nothing is guessed from values. A mapping may say it.",
    )

    # whether it can be opened
    PROTECTED = (
        "{name} is protected with a password; remove the password in Excel and save it.",
        "What is encrypted cannot be read; a sheet that is only locked against typing can.",
    )
    FORBIDDEN = ("{name} may not be read by you; ask its owner for permission.", "The system says so.")
    UNREADABLE = ("{name} cannot be read: {why}.", "The disk or network says so.")
    CUT_OFF = (
        "{name} is damaged or was not copied completely (no zip directory at its end); copy it again.",
        "The end of a workbook or zip tells what is in it.",
    )
    DAMAGED = (
        "{name} is damaged{why}; open it in Excel, let Excel repair it, and save it.",
        "What a repair makes of it, a person should see before it is billed.",
    )
    DAMAGED_MEMBER = ("{name} is damaged; zip the files again.", "Its checksum is wrong.")
    DAMAGED_PARQUET = (
        "{name} is a damaged Parquet file, or was not copied completely; copy it again.",
        "The end of the file tells what is in it.",
    )
    NO_CELLS = (
        "{name}: the column {label} holds values that are no cells ({what}); leave it out.",
        "A list or a record in a cell has no one value.",
    )
    DISORDERED = (
        "{name} has rows out of order, so the file is damaged; " + _SAVE_AGAIN + ".",
        "Which row is which cannot be told, and readers lose some.",
    )
    OUTSIDE_ROWS = (
        "{name} has cells outside its rows, so the file is damaged; " + _SAVE_AGAIN + ".",
        "Readers put such cells into different rows.",
    )
    LOST = (
        "{name} cell {cell} has a value that cannot be read exactly; save the file anew in Excel.",
        "Two readings of the file disagree about this cell.",
    )

    # whether it is hostile
    ENTITIES = (
        "{name} declares XML entities, which no spreadsheet needs; " + _SAVE_AGAIN + ".",
        "A few bytes of them fill any memory, or fetch other files.",
    )
    SAME_PARTS = (
        "{name} holds two parts of the same name, so it is damaged or forged; save it anew.",
        "Readers differ in which of the two they take, so a person may have seen the other.",
    )
    OUTSIDE = (
        "{name} holds a part with a path outside the file; " + _SAVE_AGAIN + ".",
        "No writer makes such a part by accident.",
    )
    FAR_OUT = (
        "{name} has a cell so far out ({cell}) that the sheet is too large to be read; delete the cells and "
        "columns "
        "outside the table and save it.",
        "A sheet is read as far as its last cell. The setting is sheet_cells.",
    )
    TOO_MANY_SHEETS = (
        "{name} has more than {most} sheets; hand in only the sheets that are meant.",
        "Nobody fills in so many. The setting is file_parts.",
    )
    TOO_MANY_PARTS = (
        "{name} has {count} parts; at most {most} are read.",
        "Nobody needs so many. The setting is file_parts.",
    )
    TOO_LARGE = (
        "{name} holds or unpacks to more than {most} MB; split it.",
        "Bytes are counted while they are unpacked; what the file says of itself is not believed. The "
        "setting is "
        "file_mebibytes.",
    )
    BOMB = (
        "{name} unpacks to more than {most} times its size; it may be a zip bomb.",
        "A sheet of real values packs to a tenth, hardly to a hundredth. The setting is file_ratio.",
    )
    TOO_MANY_ROWS = (
        "{name} holds {rows} rows, more than can be read at once; part it into several files.",
        "It would not fit into memory.",
    )
    TOO_SLOW = (
        "{name} could not be read within {seconds} seconds; " + _SAVE_AGAIN_OR_CSV + ".",
        "A workbook is parsed in a process of its own, whose time is limited. The setting is parser_seconds.",
    )
    TOO_MUCH = (
        "{name} needs more than {most} MB to be read, or is damaged; " + _SAVE_AGAIN_OR_CSV + ".",
        "So is its memory. The setting is parser_mebibytes.",
    )
    DEADLY = (
        "{name} made the parser stop (code {code}); " + _SAVE_AGAIN_OR_CSV + ".",
        "Some damaged files end any process that parses them; here only that process ends, and the next "
        "file goes"
        " on.",
    )

    # whether it is text
    NUL = (
        "{name} holds NUL bytes (the first in line {line}), so it is no text; save it as .xlsx or 'CSV "
        "UTF-8'.",
        "A NUL in a text is damage, or an encoding that is no text at all.",
    )
    HALF = (
        "{name} holds half a character (the first in line {line}), so it is damaged; export it again as "
        "'CSV UTF-8'.",
        "Half of a pair of surrogates stands for nothing; its other half was lost.",
    )
    NOT_ENCODED = (
        "{name} is not valid {title} (line {line} is the first that cannot be read); export it again as "
        "'CSV UTF-8', "
        "or declare its encoding.",
        "Its mark or your declaration says so, and its bytes do not hold to it.",
    )
    NO_ENCODING = (
        "{name} is not written in UTF-8 (line {line} is the first that cannot be read), and no other "
        "encoding makes "
        "sense of it; export it as 'CSV UTF-8', or declare its encoding (--encoding windows-1252).",
        "A letter that is read wrongly is another customer or product.",
    )
    TWO_ENCODINGS = (
        '{name} is not written in UTF-8, and line {line} could be read as "{one}" ({best}) or "{two}" '
        "({other}); "
        "export it as 'CSV UTF-8', or declare its encoding (--encoding {best}).",
        "Both readings make sense, so a person must say which is meant.",
    )
    LONG_CELL = (
        "{name} has a cell of more than {most} characters in row {row}; look for a missing delimiter, line "
        "end or "
        "closing quote.",
        "Rows that a lost quote has swallowed would be lost without a word.",
    )
    OPEN_QUOTE = (
        "{name} has a quote in row {row} that is not closed, or text behind a closing quote; close it, or "
        "double the "
        "quotes inside a value.",
        "Readers differ in where the cell ends.",
    )
