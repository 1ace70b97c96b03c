"""The bytes of a column of text, looked at all together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def content_of(texts: pa.Array) -> npt.NDArray[np.uint8]:
    """The bytes of all texts together, without a copy.

    Args:
        texts: a string array.
    """
    start, stop = texts.offset, texts.offset + len(texts)
    _, offsets, data = texts.buffers()
    if data is None or not len(texts):
        return np.zeros(0, np.uint8)
    ends = np.frombuffer(offsets, np.int32)
    return np.frombuffer(data, np.uint8)[ends[start] : ends[stop]]


def occurring(texts: pa.Array, characters: str) -> set[str]:
    """Those of some ASCII characters that occur in any of the texts.

    Args:
        texts: a string array.
        characters: looked for.
    """
    content = content_of(texts)
    return {each for each in characters if (content == ord(each)).any()}


def byte_range(texts: pa.Array) -> tuple[int, int]:
    """The smallest and the largest byte of all texts together; (255, 0) when there is none."""
    content = content_of(texts)
    return (int(content.min()), int(content.max())) if len(content) else (255, 0)


def begins(texts: pa.Array, characters: str) -> npt.NDArray[np.bool_]:
    """Which texts begin with one of some ASCII characters; not those that are null.

    Args:
        texts: a string array.
        characters: looked for.
    """
    first, _ = edges(texts)
    wanted = np.zeros(256, bool)
    wanted[[ord(each) for each in characters]] = True
    return wanted[first]


def edges(texts: pa.Array) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """The first and the last byte of each text; NUL where it is empty or null, which is part of no text of ours.

    Args:
        texts: a string array.
    """
    start, stop = texts.offset, texts.offset + len(texts)
    _, offsets, data = texts.buffers()
    if data is None or not data.size or not len(texts):
        return np.zeros(len(texts), np.uint8), np.zeros(len(texts), np.uint8)
    ends = np.frombuffer(offsets, np.int32)[start : stop + 1]
    letters, filled = np.frombuffer(data, np.uint8), ends[1:] > ends[:-1]
    first = letters[np.minimum(ends[:-1], len(letters) - 1)] * filled
    return first, letters[np.maximum(ends[1:], 1) - 1] * filled


_REPLACED, _LEFT = 100, 1_000
"""So many pieces of a column are put together piece by piece; of more, each row is copied."""


def replaced(texts: pa.Array, rows: npt.NDArray[np.int64], others: pa.Array) -> pa.Array:
    """Texts of which some are others; where those are few, what lies between them is copied as a whole.

    Args:
        texts: a string array.
        rows: positions of these, ascending.
        others: what they become.
    """
    if len(rows) > _REPLACED:
        place = np.arange(len(texts))
        place[rows] = len(texts) + np.arange(len(rows))
        return pa.concat_arrays([texts, others]).take(pa.array(place))
    pieces, start = [], 0
    for number, row in enumerate(rows.tolist()):
        pieces += [texts[start:row], others[number : number + 1]]
        start = row + 1
    return pa.concat_arrays([*pieces, texts[start:]])


def left(column: pa.ChunkedArray, some: npt.NDArray[np.bool_]) -> pa.ChunkedArray:
    """Some rows of a column, without a copy where few are left out.

    Args:
        column: texts.
        some: which of them.
    """
    edge = np.flatnonzero(np.diff(np.concatenate(([False], some, [False])).astype(np.int8)))
    starts, stops = edge[::2].tolist(), edge[1::2].tolist()
    if len(starts) > _LEFT:
        return column.filter(pa.array(some))
    pieces = [column.slice(a, b - a).chunks for a, b in zip(starts, stops, strict=True)]
    return pa.chunked_array([each for piece in pieces for each in piece], column.type)
