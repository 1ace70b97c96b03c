"""Issues of changes to drafts, each by a rule of `schemas.draft_rules` (codes 33x)."""

from __future__ import annotations

from functools import partial

from pipeline.issues.types import Chapter, IssueType

_issue = partial(IssueType, chapter=Chapter.ROWS)

CHANGE_ISSUES = (
    _issue(
        code="E330",
        slug="item-unnamed",
        title="A change that says not which item it is about",
        template="The item id is blank, so it cannot be told which item of the draft is meant.",
        fix="Fill in the item's id, or make the action Add.",
        cause=(
            "A change or deletion can be made only to an item that is known by its id in the billing system."
        ),
    ),
    _issue(
        code="E331",
        slug="added-with-id",
        title="An item that is added has an id already",
        template="The item is to be added, but {label} is {value}: the draft has it already.",
        fix="Make the action Change, or leave the id blank.",
        cause="A row was copied from an item that exists, and its id stayed.",
    ),
    _issue(
        code="E332",
        slug="deleted-and-changed",
        title="An item is deleted and changed",
        template="The item is to be deleted, but the row says more of it than its id.",
        fix="Leave everything but the item id blank, or make the action Change.",
        cause="The row says delete and gives a new amount as well: one of the two is not meant.",
    ),
    _issue(
        code="E333",
        slug="item-twice",
        title="Two rows are about the same item",
        template="{label} {value} stands twice; an item can be changed or deleted once.",
        fix="Bring both rows together in one, or remove one.",
        cause="Two people changed the same item, or a row was copied and its id stayed.",
    ),
    _issue(
        code="E334",
        slug="nothing-to-change",
        title="A change that changes nothing",
        template="Nothing is given that would change.",
        fix="Fill in what is to change, or remove the row. A blank cell leaves a value as it is.",
        cause="Only the id is filled, so that nothing would be sent but the id.",
    ),
    _issue(
        code="E335",
        slug="only-when-added",
        title="A value that can be given only when an item is added",
        template="{label} is {value}, but an item keeps it from when it was added.",
        fix="Leave the cell blank; or delete the item and add it anew.",
        cause=(
            "The product of an item is chosen when it is added; the billing system does not change it "
            "afterwards."
        ),
    ),
    _issue(
        code="E336",
        slug="both-dates",
        title="Invoice date and due date are changed together",
        template="The invoice date is changed as well; one change may give one of the two dates.",
        fix="Give one of the dates, and the other in a change that is sent later.",
        cause="The billing system takes the invoice date or the due date in one change, never both.",
    ),
    _issue(
        code="E337",
        slug="added-incomplete",
        title="An item that is added lacks something",
        template="{label} is blank, and an item that is added needs it.",
        fix="Fill in {label}; with a charge of the catalog an item needs no charge name and no unit price.",
        cause="An item that is changed keeps what is left blank; one that is added has nothing to keep.",
    ),
    _issue(
        code="E338",
        slug="draft-twice",
        title="Two changes of the same draft",
        template=(
            "The draft {value} stands on more than one row, and which change comes first cannot be told."
        ),
        fix="Bring them together in one change, or hand in the second one later.",
        cause="The same draft stands in two rows, once with a new date and once with a new status, say.",
    ),
    _issue(
        code="E339",
        slug="amount-unsaid",
        title="A changed price without its amount",
        template="The quantity or the unit price changes, but the amount is blank and would stay as it was.",
        fix="Fill in the amount that the item shall have.",
        cause=(
            "The billing system does not compute the amount anew: 2 at 450.00 would go on to cost what 1 did."
        ),
    ),
)
