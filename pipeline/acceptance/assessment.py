"""The assessment: everything known at the end of a check, as reports, records and notebooks need it.

In: nothing; these are records.
Out: `Assessment` and its verdict.
Never: computes anything but the verdict.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.acceptance.balance import Balance
from pipeline.acceptance.control_totals import ControlResult
from pipeline.issues import Issues
from pipeline.model.enriched import EnrichedSheets
from pipeline.model.indices import Mask
from pipeline.model.invoices import Batches
from pipeline.model.sheets import RawSheets
from pipeline.settings import Settings
from pipeline.targets.target import Target
from schemas.fields import Table

EXIT_CODES = {"accepted": 0, "rejected": 3, "partial": 4, "unbalanced": 7, "duplicate": 9}
"""Exit code by verdict."""

DEFAULT_WORKSPACE = Path("invoice-import")
"""The workspace when none is named."""


@dataclass(frozen=True)
class UsedCatalog:
    """The snapshot that items were looked up in."""

    sha256: str
    charges: int


NO_CONTROL = ControlResult()
"""The result without control totals."""


@dataclass(frozen=True)
class UsedAccounts:
    """The snapshot that accounts were looked up in."""

    sha256: str
    accounts: int


def format_run_argument(run_id: str, workspace: Path) -> str:
    """Format a run as an argument of `discard`, with its workspace unless that is the default one."""
    option = "" if workspace == DEFAULT_WORKSPACE else f" --workspace {shlex.quote(str(workspace))}"
    return f"{run_id}{option}"


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """Everything known at the end of a check.

    Attributes:
        settings: in effect.
        target: the billing API and operation.
        tables: the declarations as the target takes them, by name.
        raw: the sheets as read.
        sheets: enriched sheets, all rows.
        issues: everything found.
        rejected: one boolean per invoice.
        skipped: one boolean per invoice.
        batches: the accepted invoices.
        balance: what came in against what became of it.
        catalog: the snapshot used; None when none is loaded.
        accounts: the account list used; None when none is loaded: then no account was checked.
        control: the preparer's control totals against the actual ones.
        new_accounts: accounts of accepted invoices that the ledger has no live invoice of.
    """

    settings: Settings
    target: Target
    tables: Mapping[str, Table]
    raw: RawSheets
    sheets: EnrichedSheets
    issues: Issues
    rejected: Mask
    skipped: Mask
    batches: Batches
    balance: Balance
    catalog: UsedCatalog | None
    accounts: UsedAccounts | None = None
    control: ControlResult = NO_CONTROL
    new_accounts: Sequence[str] = ()

    @property
    def verdict(self) -> str:
        """accepted, partial, rejected, unbalanced or duplicate, by the balance alone."""
        balance = self.balance
        if balance.differences or not self.control.is_passed:
            return "unbalanced"
        has_faults = balance.rejected.invoices or balance.rejected.items or any(self.issues.errors)
        if balance.accepted.invoices:
            return "partial" if has_faults else "accepted"
        return "duplicate" if balance.skipped.invoices and not has_faults else "rejected"
