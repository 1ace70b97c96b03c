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


def any_begins(texts: pa.Array, characters: str) -> bool:
    """Whether any text begins with one of some ASCII characters.

    Args:
        texts: a string array.
        characters: looked for.
    """
    start, stop = texts.offset, texts.offset + len(texts)
    _, offsets, data = texts.buffers()
    if data is None or not len(texts):
        return False
    ends = np.frombuffer(offsets, np.int32)[start : stop + 1]
    wanted = np.zeros(256, bool)
    wanted[[ord(each) for each in characters]] = True
    return bool(wanted[np.frombuffer(data, np.uint8)[ends[:-1][ends[1:] > ends[:-1]]]].any())
