"""Issues of single cells: missing, unreadable, too long, out of range (codes 2xx)."""

from __future__ import annotations

from functools import partial

from pipeline.issues.types import Chapter, CopyLoss, IssueType

_issue = partial(IssueType, chapter=Chapter.CELLS)

CELL_ISSUES = (
    _issue(
        code="E201",
        slug="value-missing",
        title="A mandatory value is missing",
        template="{label} is blank.",
        fix="Fill in {label}.",
        cause="A cell that every row needs was left blank, or holds nothing but blanks.",
    ),
    _issue(
        code="E202",
        slug="number-unreadable",
        title="Not a number",
        template="{label} is not a number that can be read without guessing: {value}.{readings}",
        fix="Write the number like {example}, or declare how the sheets write numbers (setting decimal).",
        cause=(
            "1.234 is one thousand two hundred and thirty-four to some and one and a bit to others; nothing "
            "is guessed."
        ),
    ),
    _issue(
        code="E203",
        slug="number-too-long",
        title="A number has too many digits",
        template=(
            "{label} has more than {integer_digits} digits before or {fraction_digits} after the point: "
            "{value}."
        ),
        fix=(
            "Round the value itself (in Excel with ROUND), not only what the cell shows, and look whether it "
            "is right."
        ),
        cause=(
            "A quotient was pasted as it came, like 33.3333333333333, or a number has more digits than can "
            "be kept."
        ),
    ),
    _issue(
        code="E204",
        slug="too-many-decimals",
        title="An amount has more decimals than its currency",
        template="{label} is {value}, but {currency} has {decimals}; with those it shows as {shown}.",
        fix="Type the amount with {decimals}: what a cell shows is not what it holds.",
        cause=(
            "A cell shows 9.99 but holds 9.994, because a formula computed it: the invoice would say one "
            "thing and the books another."
        ),
    ),
    _issue(
        code="E205",
        slug="date-unreadable",
        title="Not a date",
        template="{label} is not a date that can be read without guessing: {value}.{readings}",
        fix="Use a date cell, or write the date as yyyy-mm-dd{declared}.",
        cause=(
            '03/04/2026 is 3 April in Europe and March 4 in America; or the cell holds words, like "end of '
            'month".'
        ),
    ),
    _issue(
        code="E207",
        slug="date-implausible",
        title="A date is far away",
        template="{label} is {value}; only {earliest} to {latest} is allowed.",
        fix="Correct the date.",
        cause="A year was mistyped, like 2206 for 2026, or a number was taken for a date.",
    ),
    _issue(
        code="E208",
        slug="text-too-long",
        title="A text is too long",
        template="{label} has {length} characters; {max_length} are allowed: {value}.",
        fix="Shorten the text.",
        cause=(
            "A description was pasted that is longer than the billing system stores; it would cut it off or "
            "refuse it."
        ),
    ),
    _issue(
        code="E209",
        slug="choice-unknown",
        title="Not one of the choices",
        template="{label} is {value}; allowed are {choices}.{near}",
        fix="Take one of the choices.",
        cause='The word is another than the billing system\'s, like "Final" for "Posted".',
    ),
    _issue(
        code="E210",
        slug="not-yes-or-no",
        title="Not yes or no",
        template="{label} is {value}; yes or no is needed.",
        fix="Write yes or no.",
        cause='The cell says something between, like "maybe" or "x".',
    ),
    _issue(
        code="E211",
        slug="form-wrong",
        title="A value has the wrong form",
        template="{label} is {value}; it must be {form}.",
        fix="Correct the value.",
        cause="An identifier was cut off or mixed up, like a UUID without its last block.",
    ),
    _issue(
        code="E212",
        slug="control-character",
        title="A hidden character",
        template="{label} holds a character that cannot be seen or tells nothing apart: {value}.",
        fix="Type the value anew instead of pasting it.",
        cause=(
            "Text pasted from a web page or a PDF brings characters along that cannot be seen, like a "
            "zero-width space."
        ),
    ),
    _issue(
        code="E213",
        slug="character-unsupported",
        title="A character the billing system cannot store",
        template="{label} holds a character outside the basic plane (an emoji, say): {value}.",
        fix="Remove the character.",
        cause="The billing system stores three bytes a character; an emoji needs four.",
    ),
    _issue(
        code="E214",
        slug="error-cell",
        title="A cell shows an error",
        template="{label} shows the error {value}.",
        fix="Repair the formula in Excel and save.",
        cause="A formula failed: a look-up that found nothing shows #N/A, a division by zero #DIV/0!.",
    ),
    _issue(
        code="E215",
        slug="formula-without-value",
        title="A formula without a value",
        template="{label} holds a formula that was not calculated when the file was saved: {value}.",
        fix="Open the file in Excel, let it calculate (press F9), and save; or type the value.",
        cause=(
            "A program wrote the formula and nothing has computed it since, or Excel calculates only when "
            "asked and was not."
        ),
    ),
    _issue(
        code="E216",
        slug="cell-type-wrong",
        title="A cell of the wrong type",
        template="{label} needs {needed}, but the cell holds {held}: {value}.{readings}",
        fix="Set the cell's format to {format} and type the value anew.",
        cause=(
            "A spreadsheet took what was typed for something else: 3-4 became a date, a date became a text."
        ),
        fact_names={"readings": "serial_readings"},
    ),
    _issue(
        code="E217",
        slug="identifier-damaged",
        title="An identifier damaged by Excel",
        template="{label} holds a number whose last digits are already lost: {value}.",
        fix="Format the column as text and enter the identifier anew from its source.",
        cause="A spreadsheet keeps 15 digits of a number: 12345678901234567 became 12345678901234500.",
    ),
    _issue(
        code="E218",
        slug="shown-otherwise",
        title="A cell shows another number than it holds",
        template='{label} shows "{shown}", but the cell holds {value}.',
        fix=(
            "Type the value that is meant: in Excel round the value itself (ROUND), not only what the cell "
            "shows."
        ),
        cause="A number format rounds for the eye: the cell shows 10.00 and holds 9.996.",
        lost_if=CopyLoss.REWRITTEN,
    ),
    _issue(
        code="E219",
        slug="identifier-shown-otherwise",
        title="A cell shows digits that it does not hold",
        template='{label} shows "{shown}", but the cell holds {value}.',
        fix="Format the column as text and type the value as it is meant.",
        cause="A number format puts zeros in front: the cell shows 00123 and holds 123.",
        lost_if=CopyLoss.REWRITTEN,
    ),
    _issue(
        code="E220",
        slug="currency-unknown",
        title="Not a currency",
        template="{label} is {value}, which is no ISO 4217 code in use.{near}",
        fix="Write the three letters of the currency, like EUR.",
        cause=(
            'A name or sign stands for the code, like "EURO" or "US$", or the currency is no longer in use.'
        ),
    ),
    _issue(
        code="E221",
        slug="currency-contradicted",
        title="A cell in another currency than its invoice",
        template="{label} is {value}, but the invoice is in {currency}.",
        fix="Correct the value or the invoice's currency.",
        cause="The cell shows $ while the invoice says EUR: one of the two is not what was meant.",
    ),
    _issue(
        code="E222",
        slug="cell-merged",
        title="A cell that is merged with another",
        template="{label} is part of the merged cells {merged}, which hold a value only in their first cell.",
        fix="Unmerge the cells and type the value into each cell that it is meant for.",
        cause=(
            "One cell was stretched over several rows, to look like a heading; only the first of them holds "
            "the value."
        ),
        lost_if=CopyLoss.REWRITTEN,
    ),
    _issue(
        code="W201",
        slug="blanks-trimmed",
        title="Blanks around a value were removed",
        template="{label} had blanks around the value {value}.",
        fix="Nothing has to be done; the value is used without them.",
        cause="The value was copied from an export that fills its columns up with blanks.",
    ),
)
