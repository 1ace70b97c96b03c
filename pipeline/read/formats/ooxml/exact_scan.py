"""The exact scan of a sheet's XML, by an XML parser, for sheets that the fast scan does not understand.

In: the stream of a sheet's part.
Out: `SheetFacts` with every cell that has a value.
Never: expands an entity; it is ten times slower than `scan_fast`, which leaves to it what it does not
understand.
"""

from __future__ import annotations

from typing import IO, Any
from xml.sax.handler import ContentHandler

import defusedxml.sax

from pipeline.read.formats.ooxml.sheet_facts import Overlay, SheetFacts, XmlCell
from pipeline.spreadsheet.references import parse_column_letters
from schemas.cell_kinds import CellKind


def scan_exactly(stream: IO[bytes]) -> SheetFacts:
    """Scan a sheet with an XML parser: any way of writing it, at a tenth of the speed of `scan_fast`."""
    handler = _SheetHandler()
    defusedxml.sax.parse(stream, handler, forbid_dtd=True)
    return handler.facts


class _SheetHandler(ContentHandler):
    """Follow rows and cells; one without a reference comes right after the one before."""

    def __init__(self) -> None:
        super().__init__()
        self.facts = SheetFacts()
        self._cells: list[XmlCell] = []
        self._styled_cells: list[tuple[int, int, int]] = []
        # not None says that this scan has listed them
        self.facts.cells, self.facts.styled = self._cells, self._styled_cells
        self._row = self._column = 0
        self._text: list[str] | None = None
        self._type = ""
        self._formula: str | None = None
        self._value: str | None = None
        self._is_inline = self._is_phonetic = False

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 - the interface of xml.sax
        # compared without the prefix, which every writer chooses
        match name.rpartition(":")[2]:
            case "row":
                self._row, self._column = int(attrs.get("r", self._row + 1)), 0
                self.facts.rows.append(self._row)
                self.facts.record_hidden_row(self._row, attrs)
            case "c":
                self._start_cell(attrs.get("r", ""))
                self._type = attrs.get("t", "n")
                if attrs.get("s", "").isdecimal():
                    self._styled_cells.append((self._row - 1, self._column - 1, int(attrs["s"])))
            case "f" | "v" | "t":
                self._text = []
            case "is":
                self._is_inline = True
            case "rPh":
                self._is_phonetic = True
            case "col":
                self.facts.record_hidden_columns(attrs)
            case "mergeCell":
                self.facts.record_merged_range(attrs.get("ref", ""))
            case "filterColumn":
                self.facts.is_filtered = True

    def _start_cell(self, reference: str) -> None:
        letters = reference.rstrip("0123456789")
        self._column = parse_column_letters(letters) + 1 if letters else self._column + 1
        self._formula = self._value = None
        self._is_inline = False

    def characters(self, content: str) -> None:
        if self._text is not None:
            self._text.append(content)

    def endElement(self, name: str) -> None:  # noqa: N802 - the interface of xml.sax
        match name.rpartition(":")[2]:
            case "f":
                self._formula = self._take_text()
            case "v":
                self._value = self._take_text()
            case "t":
                text = self._take_text()
                # a phonetic hint follows the text and is not part of it
                if self._is_inline and not self._is_phonetic:
                    self._value = (self._value or "") + text
            case "rPh":
                self._is_phonetic = False
            case "c":
                self._close_cell()

    def _take_text(self) -> str:
        """Return the characters since the element began, and stop collecting."""
        text, self._text = "".join(self._text or ()), None
        return text

    def _close_cell(self) -> None:
        if (self._value or self._is_inline) and self.facts.valued_rows[-1:] != [self._row]:
            self.facts.valued_rows.append(self._row)
        if self._value and self._value.strip():
            self._cells.append(XmlCell(self._row - 1, self._column - 1, self._type, self._value))
        if self._formula is not None:
            self._close_formula(self._formula)
        elif self._type == "e":
            self.facts.overlays.append(self._make_overlay(CellKind.ERROR, self._value or "#ERROR!"))

    def _close_formula(self, formula: str) -> None:
        """Record a formula by what is stored with it: nothing, an error, or a result."""
        # an empty `v` of a text is a result; without a `v` the formula was never calculated
        is_empty_text = self._type == "str" and self._value is not None
        if not self._value and not is_empty_text:
            self.facts.overlays.append(self._make_overlay(CellKind.FORMULA, f"={formula}"))
        elif self._type == "e":
            self.facts.overlays.append(self._make_overlay(CellKind.ERROR, self._value or "#ERROR!"))
        else:
            self.facts.has_formulas = True
            self.facts.calculated.append(self._make_overlay(CellKind.FORMULA, f"={formula}"))

    def _make_overlay(self, kind: int, text: str) -> Overlay:
        return Overlay(self._row - 1, self._column - 1, kind, text)
