"""Stage 1, for answers of an API that were saved as files: JSON documents, and the sheet their rows make.

In: paths; then, from whoever knows the API, the rows that the documents hold.
Out: a `Document` a file; `RawSheets` like those of any other file, addressed by file and number of the record.
Never: reads a number as a binary fraction, takes a document for a sheet, or knows an API.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import SourceError, UsageError
from pipeline.issues import Findings, Issues, found
from pipeline.language import say
from pipeline.model import RawSheets, RawTable, Record, Sheet, Source
from pipeline.read.limits import ReadLimits
from pipeline.read.source import blobs
from schemas.columns import compact
from schemas.fields import Table

_HEAD = 4096


class Document(NamedTuple):
    """A JSON file: where it comes from, and what it holds; numbers are texts."""

    source: Source
    content: Any


def is_json(path: Path) -> bool:
    """Whether a file begins like a JSON document; a file that cannot be read does not."""
    try:
        with path.open("rb") as file:
            return file.read(_HEAD).lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"["))
    except OSError:
        return False


def documents(paths: Sequence[Path], limits: ReadLimits) -> list[Document]:
    """Read JSON files.

    Args:
        paths: of the files.
        limits: how much a file may take.

    Raises:
        NoSuchFileError: a path does not exist.
        SourceError: a file is no JSON.
        UsageError: a file was given twice.
    """
    known: list[Document] = []
    for path in paths:
        for blob in blobs(path, limits):
            if any(blob.sha256 == each.source.sha256 for each in known):
                raise UsageError(say("{name} was given twice, byte for byte; give it once.", name=blob.name))
            source = Source(blob.name, blob.sha256, len(blob.data), notes="JSON")
            known.append(Document(source, _parsed(blob.name, blob.data)))
    return known


def _parsed(name: str, data: bytes) -> Any:
    try:
        text = data.decode("utf-8-sig")
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        said = say("{name} is no complete JSON document in UTF-8; save the answer again.", name=name)
        raise SourceError(said) from error


def _no_number(text: str) -> Any:
    raise ValueError(text)


def tabled(known: Sequence[Document], records: Sequence[Record], table: Table) -> tuple[RawSheets, Issues]:
    """The rows that documents hold, as the sheets of a file would be.

    Args:
        known: the documents.
        records: their rows, in the order of the documents.
        table: what a row is.

    Returns:
        The table, and a warning for each column in which blanks around values were removed.
    """
    number = np.array([each.document for each in records], np.int16)
    counts = np.bincount(number, minlength=len(known)).tolist()
    sources = tuple(replace(each.source, rows=count) for each, count in zip(known, counts, strict=True))
    fields = [each for each in table if each.required or any(row.cells.get(each.name) for row in records)]
    sheets = tuple(Sheet(at, each.name, "", (), 0) for at, each in enumerate(sources))
    told = {
        each.name: pa.array([row.cells.get(each.name) or "" for row in records], pa.string())
        for each in fields
    }
    trimmed = {name: pc.utf8_trim_whitespace(texts) for name, texts in told.items()}
    frame = pd.DataFrame(
        {
            name: pd.arrays.ArrowExtensionArray(pa.chunked_array([compact(each)]))
            for name, each in trimmed.items()
        },
        index=pd.RangeIndex(len(records)),
    )
    rows = np.array([each.number for each in records], np.int32)
    raw = RawTable(table.name, frame, {}, sheets, number, rows)
    return RawSheets({table.name: raw}, sources, {}), found([*_blanks(table.name, told, trimmed)])


def _blanks(table: str, told: Mapping[str, Any], trimmed: Mapping[str, Any]) -> Iterator[Findings]:
    """One warning a column, standing for all its rows."""
    for name, texts in told.items():
        rows = np.flatnonzero(pc.not_equal(texts, trimmed[name]).to_numpy(zero_copy_only=False))
        if len(rows):
            yield Findings(
                "W201", table, name, rows[:1], texts.take(pa.array(rows[:1])), counts=np.array([len(rows)])
            )
