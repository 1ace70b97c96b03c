"""Stage 1: the sentences of refusals that several readers give; all name the file and what to do.

In: the file's name and what was found.
Out: a `SourceError`.
Never: says less than what to do next.
"""

from __future__ import annotations

from pipeline.errors import SourceError


def protected(name: str) -> SourceError:
    """The file is encrypted."""
    return SourceError(f"{name} is protected with a password; remove the password in Excel and save it.")


def damaged(name: str, why: str = "") -> SourceError:
    """The file is broken."""
    reason = f" ({why})" if why else ""
    return SourceError(f"{name} is damaged{reason}; open it in Excel, let Excel repair it, and save it.")


def far_out(name: str, cell: str) -> SourceError:
    """A cell lies so far from A1 that the sheet would fill the memory."""
    return SourceError(
        f"{name} has a cell so far out ({cell}) that the sheet is too large to be read; "
        "delete the cells and columns outside the table and save it."
    )


def too_many_sheets(name: str, most: int) -> SourceError:
    """Nobody fills in so many sheets."""
    return SourceError(f"{name} has more than {most} sheets; hand in only the sheets that are meant.")


def no_workbook(name: str, what: str) -> SourceError:
    """The file is of another kind, whatever its name."""
    return SourceError(f"{name} is {what}, not a spreadsheet; save it as .xlsx or CSV.")
