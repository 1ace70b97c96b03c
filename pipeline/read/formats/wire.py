"""The protocol between the parser process and its worker: frames of bytes, and grids as Arrow tables.

In: bytes, or a grid.
Out: a frame is 8 bytes of length, little-endian, and as many bytes; a grid is facts as JSON and an Arrow
table.
Never: copies a column: what crosses the pipe are the buffers of the arrays.
"""

from __future__ import annotations

from typing import IO, Any

import numpy as np
import pyarrow as pa

from pipeline.read.grid import Grid

OUT_OF_MEMORY = 12
"""The exit code of a worker whose memory ends while it sends the sheets that its answer announced."""


def read_frame(stream: IO[bytes]) -> bytes | None:
    """Read one frame; None when the other side has closed or died."""
    length_bytes = stream.read(8)
    if len(length_bytes) < 8:  # nothing more comes from the other side
        return None
    size = int.from_bytes(length_bytes, "little")
    body = stream.read(size)
    return body if len(body) == size else None


def write_frame(stream: IO[bytes], body: bytes | memoryview) -> None:
    """Write one frame."""
    stream.write(len(body).to_bytes(8, "little"))
    stream.write(body)


def encode_grid(grid: Grid) -> tuple[dict[str, Any], pa.Table]:
    """Return a grid's facts, ready for JSON, and cells: texts c0, ..., kinds k0, ..., displayed s0, ..."""
    columns: dict[str, Any] = {f"c{position}": column for position, column in enumerate(grid.columns)}
    columns |= {f"k{position}": kinds for position, kinds in grid.kinds.items()}
    columns |= {f"s{position}": texts for position, texts in grid.displayed.items()}
    columns["row"] = pa.array(grid.row_numbers, pa.int32())
    if grid.hidden_rows is not None:
        columns["hidden"] = pa.array(grid.hidden_rows)
    if grid.cell_counts is not None:
        columns["cells"] = pa.array(grid.cell_counts, pa.int32())
    description = {
        "name": grid.name,
        "part": grid.part,
        "columns": len(grid.columns),
        "blank_after": grid.blank_after,
        "notes": grid.notes,
        "is_hidden": grid.is_hidden,
        "hidden_columns": sorted(grid.hidden_columns),
        "is_filtered": grid.is_filtered,
        "is_patchable": grid.is_patchable,
        "merges": grid.merges.tolist(),
    }
    return description, pa.table(columns)


def decode_grid(description: dict[str, Any], frame: bytes) -> Grid:
    """Return the grid of its facts and its table in Arrow's stream format."""
    with pa.ipc.open_stream(pa.py_buffer(frame)) as reader:
        table = reader.read_all()
    present = set(table.column_names)
    positions = range(description["columns"])
    return Grid(
        name=description["name"],
        part=description["part"],
        columns=tuple(table[f"c{position}"] for position in positions),
        row_numbers=table["row"].to_numpy(),
        kinds={
            position: table[f"k{position}"].to_numpy().astype(np.uint8)
            for position in positions
            if f"k{position}" in present
        },
        blank_after=description["blank_after"],
        cell_counts=table["cells"].to_numpy() if "cells" in present else None,
        notes=description["notes"],
        is_hidden=description["is_hidden"],
        hidden_rows=table["hidden"].to_numpy() if "hidden" in present else None,
        hidden_columns=frozenset(description["hidden_columns"]),
        is_filtered=description["is_filtered"],
        is_patchable=description["is_patchable"],
        # an empty list has no second dimension
        merges=np.array(description["merges"], np.int32).reshape(-1, 4),
        displayed={position: table[f"s{position}"] for position in positions if f"s{position}" in present},
    )
