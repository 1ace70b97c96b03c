"""Relations between the parts of a package (Open Packaging Conventions).

In: the name of a part, and the target of a relation.
Out: the part that holds its relations, and the part that the target is.
Never: opens a package. Light: the parser's process loads it.
"""

from __future__ import annotations

import posixpath
from typing import NamedTuple

OFFICE_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT_OFFICE_RELATIONS = "http://purl.oclc.org/ooxml/officeDocument/relationships"
"""Where the types of relations begin, in transitional and in strict workbooks."""

DEFAULT_WORKBOOK_PART = "xl/workbook.xml"
"""Where the workbook lies in all files that do not say where."""


class Relation(NamedTuple):
    """A link from one part to another.

    Attributes:
        id: what XML names it by.
        kind: the last word of its type, like `worksheet`.
        part: the part it leads to.
    """

    id: str
    kind: str
    part: str


def get_relations_path(part: str) -> str:
    """Return the part that holds the relations of another; of the package itself for ""."""
    folder, file = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{file}.rels")


def resolve_target(part: str, target: str) -> str:
    """Return the part that a relation leads to.

    Args:
        part: where the relation starts.
        target: absolute with a leading slash, else relative to the folder of the part.
    """
    if target.startswith("/"):
        return target[1:]
    return posixpath.normpath(posixpath.join(posixpath.dirname(part), target))
