"""Search and replacement in the UTF-8 bytes of a text column, without a string per cell.

In: string arrays, slices of longer ones too.
Out: bytes, masks of rows, or the column with some rows replaced or left out.
Never: writes into a buffer, or knows a character beyond ASCII.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.arrow.columns import Texts


def get_text_bytes(texts: Texts) -> npt.NDArray[np.uint8]:
    """Return the bytes of all texts together, without a copy.

    Args:
        texts: a string array.
    """
    # a slice shares the buffers of the whole column and begins at its offset
    begin, end = texts.offset, texts.offset + len(texts)
    _, offsets, data = texts.buffers()
    if data is None or not len(texts):
        return np.zeros(0, np.uint8)
    bounds = np.frombuffer(offsets, np.int32)
    return np.frombuffer(data, np.uint8)[bounds[begin] : bounds[end]]


def find_characters(texts: Texts, characters: str) -> set[str]:
    """Return those of the given ASCII characters that occur in any of the texts.

    Args:
        texts: a string array.
        characters: searched for, ASCII.
    """
    content = get_text_bytes(texts)
    return {character for character in characters if (content == ord(character)).any()}


def find_byte_range(texts: Texts) -> tuple[int, int]:
    """Return the smallest and the largest byte of all texts together; (255, 0) when there is none."""
    content = get_text_bytes(texts)
    return (int(content.min()), int(content.max())) if len(content) else (255, 0)


def match_first_characters(texts: Texts, characters: str) -> npt.NDArray[np.bool_]:
    """Return which texts begin with one of the given ASCII characters; null does not.

    Args:
        texts: a string array.
        characters: searched for, ASCII.
    """
    first_bytes, _ = get_edge_bytes(texts)
    wanted = np.zeros(256, bool)
    wanted[[ord(character) for character in characters]] = True
    return wanted[first_bytes]


def get_edge_bytes(texts: Texts) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return the first and the last byte of each text; 0 where it is empty or null: no text holds NUL.

    Args:
        texts: a string array.
    """
    begin, end = texts.offset, texts.offset + len(texts)
    _, offsets, data = texts.buffers()
    if data is None or not data.size or not len(texts):
        return np.zeros(len(texts), np.uint8), np.zeros(len(texts), np.uint8)
    bounds = np.frombuffer(offsets, np.int32)[begin : end + 1]
    content, filled = np.frombuffer(data, np.uint8), bounds[1:] > bounds[:-1]
    if texts.null_count:  # a null may keep the bytes of the text that it was
        filled &= texts.is_valid().to_numpy(zero_copy_only=False)
    # an empty text has no byte of its own: that of a neighbour is multiplied by 0
    first_bytes = content[np.minimum(bounds[:-1], len(content) - 1)] * filled
    return first_bytes, content[np.maximum(bounds[1:], 1) - 1] * filled


_MAX_REPLACED_PIECES, _MAX_KEPT_PIECES = 100, 1_000
"""Up to so many slices a column is put together by slices; with more, copying row by row is faster."""


def replace_rows(texts: Texts, rows: npt.NDArray[np.int64], replacements: Texts) -> Texts:
    """Replace the texts of some rows; where these are few, the slices between them are copied as a whole.

    Args:
        texts: a string array.
        rows: row numbers, ascending.
        replacements: one per row number.
    """
    if len(rows) > _MAX_REPLACED_PIECES:
        order = np.arange(len(texts))
        order[rows] = len(texts) + np.arange(len(rows))
        return pa.concat_arrays([texts, replacements]).take(pa.array(order))
    pieces, start = [], 0
    for index, row in enumerate(rows.tolist()):
        pieces += [texts[start:row], replacements[index : index + 1]]
        start = row + 1
    return pa.concat_arrays([*pieces, texts[start:]])


def keep_rows(column: pa.ChunkedArray, kept: npt.NDArray[np.bool_]) -> pa.ChunkedArray:
    """Return some rows of a column, without a copy where few are left out.

    Args:
        column: texts.
        kept: which rows are kept, one per row.
    """
    # 1 where a run of kept rows begins, -1 behind its end
    edges = np.flatnonzero(np.diff(np.concatenate(([False], kept, [False])).astype(np.int8)))
    starts, stops = edges[::2].tolist(), edges[1::2].tolist()
    if len(starts) > _MAX_KEPT_PIECES:
        return column.filter(pa.array(kept))
    chunks: list[Texts] = []
    for start, stop in zip(starts, stops, strict=True):
        chunks += column.slice(start, stop - start).chunks
    return pa.chunked_array(chunks, column.type)
