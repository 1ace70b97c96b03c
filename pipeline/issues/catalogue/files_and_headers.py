"""Issues of files, sheets, headers and rows as a whole (codes 1xx)."""

from __future__ import annotations

from functools import partial

from pipeline.issues.types import Chapter, CopyLoss, IssueType, Scope

_issue = partial(IssueType, chapter=Chapter.FILES)

FILE_ISSUES = (
    _issue(
        code="E101",
        slug="sheet-missing",
        title="A sheet is missing",
        template="No sheet has the columns of {table}; what was read: {found}.",
        fix="Hand in a sheet or CSV file {table} with at least the columns {columns}.",
        cause=(
            "The file has one sheet only, or the headers of the other are not recognised, for example "
            "because the first rows are a letterhead."
        ),
        scope=Scope.FILE,
    ),
    _issue(
        code="E102",
        slug="sheet-empty",
        title="A sheet has no rows",
        template="{table} has a header but no rows below it.",
        fix="Fill in at least one row, or hand in the right file.",
        cause=(
            "A template was handed in unfilled, or an export found nothing: only the row EXAMPLE stands in "
            "it."
        ),
        scope=Scope.FILE,
    ),
    _issue(
        code="E103",
        slug="column-missing",
        title="A mandatory column is missing",
        template="The column {label} is missing in {table}.",
        fix="Add a column headed {label}.",
        cause='A column was deleted or renamed: without "Invoice date", for example, no invoice has a date.',
        scope=Scope.FILE,
    ),
    _issue(
        code="E104",
        slug="column-unknown",
        title="A column is unknown",
        template="The column {value} is not known in {table}.{near}",
        fix="Correct the header, or start it with # to have the column ignored.",
        cause='A header is misspelt, like "Ammount", or a column was added for the preparer\'s own use.',
        scope=Scope.FILE,
    ),
    _issue(
        code="E105",
        slug="column-twice",
        title="A column stands twice",
        template="The column {value} stands twice in {table}: in {first} and in {second}.",
        fix="Remove one, or start its header with # to have it ignored.",
        cause=(
            'Two headers mean the same field, like "Amount" and "Item amount": which of the two counts '
            "cannot be told."
        ),
        scope=Scope.FILE,
    ),
    _issue(
        code="E106",
        slug="row-ragged",
        title="A row has too many or too few cells",
        template="This row has {cells} cells where the header has {expected}.",
        fix="Look for a missing or surplus delimiter, or a value with a delimiter that needs quotes.",
        cause=(
            "In a CSV file a comma within a value, like Miller, Inc., ends the cell unless the value stands "
            "in quotes."
        ),
        lost_if=CopyLoss.REWRITTEN,
    ),
    _issue(
        code="E107",
        slug="sheet-ambiguous",
        title="Several sheets could be the one",
        template="{value} could be {table}, and so could {others}.",
        fix="Name the right sheet {table}, or hand in only the right file.",
        cause=(
            'A copy of the sheet is in the workbook, like "Items (2)", or several files of one kind were '
            "handed in."
        ),
        scope=Scope.FILE,
    ),
    _issue(
        code="E110",
        slug="invoice-disagrees",
        title="Rows of one invoice disagree",
        template="{label} is {value} here, but {other} in {cell}, which belongs to the same invoice.",
        fix="Give every row of the invoice the same value, or leave the cell blank in all rows but one.",
        cause=(
            "In a flat sheet the invoice's columns repeat on each of its rows; one row says 30 November, "
            "say, and the next 1 December."
        ),
        lost_if=CopyLoss.SPLIT,
    ),
    _issue(
        code="E111",
        slug="marker-wrong",
        title="A row that does not say what it starts",
        template="The columns that mark where an invoice and an item start make no sense in this row.",
        fix=(
            "Write TRUE where an invoice or item starts and leave the mark blank in further rows of the same "
            "invoice; every row needs an item."
        ),
        cause=(
            "A flat sheet marks with TRUE where an invoice and an item start; a row with neither belongs to "
            "nothing."
        ),
        lost_if=CopyLoss.SPLIT,
    ),
    _issue(
        code="E112",
        slug="row-hidden",
        title="A row is hidden",
        template="This row is hidden ({how}): who looks at the sheet does not see it.",
        fix=(
            "Show all rows and look whether the row is meant; delete it if not. The setting hidden_rows = "
            "read takes hidden rows as they are."
        ),
        cause=(
            "A filter was left on, or rows were folded away: they would be billed without anybody having "
            "seen them."
        ),
        lost_if=CopyLoss.REWRITTEN,
    ),
    _issue(
        code="E113",
        slug="sheet-hidden",
        title="A hidden sheet has rows",
        template=(
            "The sheet {value} is hidden, and no sheet that can be seen has rows of {table}: without it "
            "something else would be billed."
        ),
        fix=(
            "Show the sheet (right-click any tab, Unhide) if its rows are meant, delete it if not; if Excel "
            "does not list it there, who made the file has to show it. The setting hidden_sheets takes such "
            "sheets as they are (read) or leaves them out (ignore)."
        ),
        cause=(
            "Last month's discounts were hidden instead of deleted, or the sheet was tidied away before the "
            "file was handed in; nobody who looks at it can tell."
        ),
        scope=Scope.SHEET,
    ),
    _issue(
        code="W105",
        slug="sheet-hidden-read",
        title="A hidden sheet was read",
        template="The sheet {value} is hidden and was read as {table}, as the settings say.",
        fix="Nothing has to be done; the setting is hidden_sheets.",
        cause=(
            "The sheet was hidden to keep the workbook tidy, and the setting hidden_sheets takes it like any "
            "other."
        ),
        scope=Scope.FILE,
    ),
    _issue(
        code="W102",
        slug="row-hidden-read",
        title="Hidden rows were read",
        template="Hidden rows ({how}) were read like any other, as the settings say.",
        fix="Nothing has to be done; the setting is hidden_rows.",
        cause=(
            "A filter was left on, or rows were folded away, and the setting hidden_rows takes them as they "
            "are."
        ),
    ),
    _issue(
        code="W103",
        slug="column-hidden",
        title="A hidden column was read",
        template="The column {value} of {table} is hidden, but what stands in it was read.",
        fix="Nothing has to be done if that is right; else delete the column, or start its header with #.",
        cause="A column was hidden to make the sheet easier to read; what stands in it counts all the same.",
    ),
    _issue(
        code="W104",
        slug="total-differs",
        title="A totals row is not the sum of the rows above it",
        template="The totals row says {value} under {header}, but the rows above it sum up to {sum}.",
        fix=(
            "Look for rows that are missing, surplus or left out of the formula; the totals row itself is "
            "not imported."
        ),
        cause=(
            "A row was added below the sum, or the sum was typed: it says 900.00, say, where the rows make "
            "950.00."
        ),
    ),
    _issue(
        code="W101",
        slug="sheet-left-out",
        title="A sheet was left out",
        template="The sheet {value} looks like {table} but was left out: {reason}.",
        fix="Nothing has to be done if that is right; else copy its rows into the sheet {table}.",
        cause=(
            "A workbook holds a pivot, a copy or a hidden sheet with the same headers; one sheet alone feeds "
            "each table."
        ),
        scope=Scope.FILE,
    ),
)
