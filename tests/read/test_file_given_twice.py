"""A file counts once, however often it is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.read import read_raw_sheets
from schemas.tables import ITEMS

CSV = "invoice_ref,charge_name,amount,service_start_date\nA1,Work,12.50,2026-01-01\n"


@pytest.mark.parametrize("second_name", ["items.csv", "copy of items.csv"])
def test_the_same_bytes_are_refused_a_second_time(tmp_path: Path, second_name: str) -> None:
    for name in {"items.csv", second_name}:
        (tmp_path / name).write_text(CSV)
    with pytest.raises(UsageError, match="byte for byte; give it once"):
        read_raw_sheets([tmp_path / "items.csv", tmp_path / second_name], {"items": ITEMS})
