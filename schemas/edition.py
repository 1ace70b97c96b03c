"""The edition of a template: a short name that changes whenever what it holds changes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from schemas.fields import Table


def edition(target: str, tables: Mapping[str, Table]) -> str:
    """The name of the template of a target, like `target-3f9a2c1b`: other fields or limits, another name.

    Args:
        target: its name.
        tables: as the target takes them, by name.
    """
    told = [
        (
            name,
            [
                (f.name, f.label, f.kind.value, f.required, f.max_length, f.choices, f.fraction_digits)
                for f in table
            ],
        )
        for name, table in tables.items()
    ]
    return f"{target}-{hashlib.sha256(repr(told).encode()).hexdigest()[:8]}"
