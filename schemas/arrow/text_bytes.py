"""The bytes of a column of text, looked at all together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def get_text_bytes(texts: pa.Array) -> npt.NDArray[np.uint8]:
    """The bytes of all texts together, without a copy.

    Args:
        texts: a string array.
    """
    begin, end = texts.offset, texts.offset + len(texts)
    _, offsets, data = texts.buffers()
    if data is None or not len(texts):
        return np.zeros(0, np.uint8)
    bounds = np.frombuffer(offsets, np.int32)
    return np.frombuffer(data, np.uint8)[bounds[begin] : bounds[end]]


def find_characters(texts: pa.Array, characters: str) -> set[str]:
    """Those of some ASCII characters that occur in any of the texts.

    Args:
        texts: a string array.
        characters: looked for.
    """
    content = get_text_bytes(texts)
    return {character for character in characters if (content == ord(character)).any()}


def find_byte_range(texts: pa.Array) -> tuple[int, int]:
    """The smallest and the largest byte of all texts together; (255, 0) when there is none."""
    content = get_text_bytes(texts)
    return (int(content.min()), int(content.max())) if len(content) else (255, 0)


def match_first_characters(texts: pa.Array, characters: str) -> npt.NDArray[np.bool_]:
    """Which texts begin with one of some ASCII characters; not those that are null.

    Args:
        texts: a string array.
        characters: looked for.
    """
    first_bytes, _ = get_edge_bytes(texts)
    wanted = np.zeros(256, bool)
    wanted[[ord(character) for character in characters]] = True
    return wanted[first_bytes]


def get_edge_bytes(texts: pa.Array) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """The first and the last byte of each text; NUL where it is empty or null, which is part of no text of ours.

    Args:
        texts: a string array.
    """
    begin, end = texts.offset, texts.offset + len(texts)
    _, offsets, data = texts.buffers()
    if data is None or not data.size or not len(texts):
        return np.zeros(len(texts), np.uint8), np.zeros(len(texts), np.uint8)
    bounds = np.frombuffer(offsets, np.int32)[begin : end + 1]
    content, filled = np.frombuffer(data, np.uint8), bounds[1:] > bounds[:-1]
    first_bytes = content[np.minimum(bounds[:-1], len(content) - 1)] * filled
    return first_bytes, content[np.maximum(bounds[1:], 1) - 1] * filled


_MAX_REPLACED_PIECES, _MAX_KEPT_PIECES = 100, 1_000
"""So many pieces of a column are put together piece by piece; of more, each row is copied."""


def replace_rows(texts: pa.Array, rows: npt.NDArray[np.int64], replacements: pa.Array) -> pa.Array:
    """Texts of which some are others; where those are few, what lies between them is copied as a whole.

    Args:
        texts: a string array.
        rows: positions of these, ascending.
        replacements: what they become.
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
    """Some rows of a column, without a copy where few are left out.

    Args:
        column: texts.
        kept: which of them.
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([False], kept, [False])).astype(np.int8)))
    starts, stops = edges[::2].tolist(), edges[1::2].tolist()
    if len(starts) > _MAX_KEPT_PIECES:
        return column.filter(pa.array(kept))
    slices = [column.slice(start, stop - start).chunks for start, stop in zip(starts, stops, strict=True)]
    return pa.chunked_array([chunk for chunks in slices for chunk in chunks], column.type)
