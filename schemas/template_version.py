"""The edition of a template: a short name that changes whenever what it holds changes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from schemas.fields import Table


def compute_template_version(target: str, tables: Mapping[str, Table]) -> str:
    """The name of the template of a target, like `target-3f9a2c1b`: other fields or limits, another name.

    Args:
        target: its name.
        tables: as the target takes them, by name.
    """
    content = [
        (
            name,
            [
                (
                    field.name,
                    field.label,
                    field.kind.value,
                    field.required,
                    field.max_length,
                    field.choices,
                    field.fraction_digits,
                )
                for field in table
            ],
        )
        for name, table in tables.items()
    ]
    return f"{target}-{hashlib.sha256(repr(content).encode()).hexdigest()[:8]}"
