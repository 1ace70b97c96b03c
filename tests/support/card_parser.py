"""A parser for a made-up format, as it would stand in `pipeline/read/formats/`: a sheet per card."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import zip_longest

import numpy as np
import pyarrow as pa

from pipeline.read.files.refusals import Refusal
from pipeline.read.formats import FormatInput
from pipeline.read.formats.parsed_sheet import ParsedSheet
from pipeline.read.grid import Grid

MAGIC = b"%CARDS\n"


def read_cards(file: FormatInput) -> Iterator[Grid]:
    """Read a sheet from each card; a card called `fatal` ends the process, as a broken parser would."""
    for number, card in enumerate(file.data.removeprefix(MAGIC).decode().split("\n\n"), 1):
        title, *lines = card.strip("\n").split("\n")
        if title == "fatal":
            os._exit(3)
        if not lines:
            raise Refusal.BLANK_FILE(file.name)
        columns = zip_longest(*(line.split("|") for line in lines), fillvalue="")
        yield ParsedSheet(
            name=title,
            part=f"card{number}",
            texts=[pa.array(column, pa.string()) for column in columns],
            kinds={},
            rows=np.arange(1, len(lines) + 1),
            notes=f"cards in process {os.getpid()}",
        ).to_grid()
