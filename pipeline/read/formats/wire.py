"""Stage 1: how parent and child talk: a frame is 8 bytes of length, little-endian, and as many bytes."""

from __future__ import annotations

from typing import IO


def read_frame(stream: IO[bytes]) -> bytes | None:
    """One frame; None when the other side has closed or died."""
    length_bytes = stream.read(8)
    if len(length_bytes) < 8:
        return None
    size = int.from_bytes(length_bytes, "little")
    body = stream.read(size)
    return body if len(body) == size else None


def write_frame(stream: IO[bytes], body: bytes | memoryview) -> None:
    """Send one frame."""
    stream.write(len(body).to_bytes(8, "little"))
    stream.write(body)
