"""The fields of a table as a table in Markdown, for the pages of targets and templates.

In: a table as a target takes it, and the key of each field in the payload.
Out: lines of Markdown.
Never: states a limit of its own: all are those of the declarations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.template.field_limits import describe_limits
from schemas.fields import Field, Table

_MARKDOWN_PIPE = str.maketrans({"|": r"\|", "\n": " "})


def render_fields_table(table: Table, keys: Mapping[str, str] | None = None) -> str:
    """Return a table's fields as a table in Markdown.

    Args:
        table: as a target takes it.
        keys: field name to its key in the request; None leaves that column out.
    """
    heads = ["column", "in a workbook", "must be filled", "holds", "limits", "example"]
    heads[2:2] = [] if keys is None else ["in the request"]
    lines = [_format_table_row(heads), _format_table_row(["---"] * len(heads))]
    for field in table:
        cells = _describe_field(field)
        cells[2:2] = [] if keys is None else [f"`{keys[field.name]}`" if field.name in keys else ""]
        lines.append(_format_table_row(cells))
    return "\n".join(lines) + "\n"


def _describe_field(field: Field) -> list[str]:
    return [
        f"`{field.name}`",
        field.label,
        "yes" if field.required else "",
        field.help.translate(_MARKDOWN_PIPE),
        ", ".join(describe_limits(field)).translate(_MARKDOWN_PIPE),
        field.example.translate(_MARKDOWN_PIPE),
    ]


def _format_table_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")
