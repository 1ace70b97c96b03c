"""Answers of an API that were saved as files: JSON documents, and the sheets that their records make.

In: paths; then, from whoever knows the API, the rows that the documents hold.
Out: a `Document` a file; `RawSheets` like those of any other file, addressed by file and number of the
record.
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
from pipeline.i18n import translate
from pipeline.issues import Findings, Issues, collect_findings
from pipeline.model.sheets import ApiRecord, RawSheets, RawTable, SourceFile, SourceSheet
from pipeline.read.files.input_files import read_blobs
from pipeline.read.files.limits import ReadLimits
from schemas.arrow.columns import Texts, encode_repeats
from schemas.fields import Table

_SNIFFED_BYTES = 4096


class JsonDocument(NamedTuple):
    """A JSON file: where it comes from, and what it holds; numbers are texts."""

    source: SourceFile
    content: Any


def is_json(path: Path) -> bool:
    """Return whether a file begins like a JSON document; a file that cannot be read does not."""
    try:
        with path.open("rb") as file:
            # a byte-order mark or blank lines may come before the document
            return file.read(_SNIFFED_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"["))
    except OSError:
        return False


def read_json_documents(paths: Sequence[Path], limits: ReadLimits) -> list[JsonDocument]:
    """Read JSON files.

    Args:
        paths: of the files.
        limits: how much a file may take.

    Raises:
        NoSuchFileError: a path does not exist.
        SourceError: a file is no JSON.
        UsageError: a file was given twice.
    """
    documents: list[JsonDocument] = []
    for path in paths:
        for blob in read_blobs(path, limits):
            if any(blob.sha256 == document.source.sha256 for document in documents):
                raise UsageError(
                    translate("{name} was given twice, byte for byte; give it once.", name=blob.name)
                )
            source = SourceFile(blob.name, blob.sha256, len(blob.data), notes="JSON")
            documents.append(JsonDocument(source, _parse_json(blob.name, blob.data)))
    return documents


def _parse_json(name: str, data: bytes) -> Any:
    try:
        text = data.decode("utf-8-sig")
        # numbers stay the text they are: a float would lose digits of an amount or an identifier
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=_reject_constant)
    except (ValueError, RecursionError) as error:
        sentence = translate(
            "{name} is no complete JSON document in UTF-8; save the answer again.", name=name
        )
        raise SourceError(sentence) from error


def _reject_constant(text: str) -> Any:
    raise ValueError(text)


def build_record_sheets(
    documents: Sequence[JsonDocument], records: Sequence[ApiRecord], table: Table
) -> tuple[RawSheets, Issues]:
    """Build raw sheets of the rows that documents hold.

    Args:
        documents: the documents.
        records: their rows, in the order of the documents.
        table: what a row is.

    Returns:
        The table, and a warning for each column in which blanks around values were removed.
    """
    document_indices = np.array([record.document_index for record in records], np.int16)
    counts = np.bincount(document_indices, minlength=len(documents)).tolist()
    pairs = zip(documents, counts, strict=True)
    sources = tuple(replace(document.source, rows=count) for document, count in pairs)
    sheets = tuple(
        SourceSheet(source=index, name=source.name, part="", columns=(), header_row=0)
        for index, source in enumerate(sources)
    )
    raw_texts = _collect_columns(records, table)
    trimmed = {name: pc.utf8_trim_whitespace(texts) for name, texts in raw_texts.items()}
    columns = {
        name: pd.arrays.ArrowExtensionArray(pa.chunked_array([encode_repeats(texts)]))
        for name, texts in trimmed.items()
    }
    raw = RawTable(
        name=table.name,
        frame=pd.DataFrame(columns, index=pd.RangeIndex(len(records))),
        kinds={},
        sheets=sheets,
        sheet_indices=document_indices,
        row_numbers=np.array([record.number for record in records], np.int32),
    )
    findings = [*_find_trimmed_blanks(table.name, raw_texts, trimmed)]
    return RawSheets({table.name: raw}, sources, {}), collect_findings(findings)


def _collect_columns(records: Sequence[ApiRecord], table: Table) -> dict[str, Texts]:
    """Return the required columns, and the others that any record fills; "" where a record has no value."""
    columns = {}
    for field in table:
        values = [record.cells.get(field.name) or "" for record in records]
        # an optional column without a value is a column that is not there
        if field.required or any(values):
            columns[field.name] = pa.array(values, pa.string())
    return columns


def _find_trimmed_blanks(
    table: str, raw_texts: Mapping[str, Texts], trimmed: Mapping[str, Texts]
) -> Iterator[Findings]:
    """Yield one warning per column, which stands for all its rows."""
    for name, texts in raw_texts.items():
        rows = np.flatnonzero(pc.not_equal(texts, trimmed[name]).to_numpy(zero_copy_only=False))
        if len(rows):
            yield Findings(
                # one cell stands for the column: the warning counts its rows
                "W201",
                table,
                name,
                rows[:1],
                texts.take(pa.array(rows[:1])),
                row_counts=np.array([len(rows)]),
            )
