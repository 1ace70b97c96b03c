"""CSV that is written by whole columns."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import pyarrow as pa

from pipeline.report.csv_writer import write_csv


def test_each_kind_of_column_is_written_plainly() -> None:
    written = io.BytesIO()
    columns = {
        "amount": pa.array([Decimal("10.100000000"), None], pa.decimal128(24, 9)),
        "day": pa.array([date(2026, 11, 30), None]),
        "text": pa.array(['say "no"', "=1+1"]),
        "row": pa.array([2, 3]),
    }
    write_csv(columns, written)
    assert written.getvalue().decode().splitlines() == [
        "amount,day,text,row",
        '10.1,2026-11-30,"say ""no""",2',
        ',,"\'=1+1",3',
    ]
