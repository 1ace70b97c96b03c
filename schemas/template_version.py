"""The version of a template: a short name that changes whenever a field or a limit of it changes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from schemas.fields import Field, Table


def compute_template_version(target: str, tables: Mapping[str, Table]) -> str:
    """Compute the version of the template of a target, like `target-3f9a2c1b`.

    Args:
        target: its name.
        tables: as the target takes them, by name.
    """
    # the order of the attributes is part of the hash: another one would rename every template
    content = [(name, _list_table_limits(table)) for name, table in tables.items()]
    return f"{target}-{hashlib.sha256(repr(content).encode()).hexdigest()[:8]}"


def _list_table_limits(table: Table) -> list[tuple[object, ...]]:
    return [_list_limits(field) for field in table]


def _list_limits(field: Field) -> tuple[object, ...]:
    return (
        field.name,
        field.label,
        field.kind.value,
        field.required,
        field.max_length,
        field.choices,
        field.fraction_digits,
    )
