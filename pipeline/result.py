"""The result of a check or run: verdict, totals, and frames to look closer.

In: an assessment and its summary.
Out: `Result`, `CatalogLoad`.
Never: reads a file, prints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from pipeline.acceptance.assessment import Assessment
from pipeline.i18n import use_language
from pipeline.report import invoice_table
from pipeline.report.issue_table import make_issue_table
from schemas.arrow.columns import decode_dictionary

if TYPE_CHECKING:
    from pipeline.catalog import Snapshot


@dataclass(frozen=True)
class Result:
    """The result of a check or run. Frames are Arrow-backed and made when they are first asked for.

    Attributes:
        assessment: all that is known when the stages are done.
        summary: counts and money, as `summary.json` has them.
        exit_code: what the command would exit with.
    """

    assessment: Assessment
    summary: Mapping[str, Any]
    exit_code: int

    @property
    def verdict(self) -> str:
        """accepted, partial, rejected, unbalanced or duplicate."""
        return self.assessment.verdict

    @cached_property
    def invoices(self) -> pd.DataFrame:
        """One row per invoice: its state, its cells, its request and the codes against it."""
        return _to_frame(invoice_table.make_invoice_table(self.assessment))

    @cached_property
    def items(self) -> pd.DataFrame:
        """One row per item, as in `ledger.csv`: state, invoice, charge, what will be billed, row."""
        columns = invoice_table.make_item_columns(
            self.assessment, invoice_table.make_invoice_table(self.assessment)
        )
        return _to_frame(pa.table({name: decode_dictionary(column) for name, column in columns.items()}))

    @cached_property
    def issues(self) -> pd.DataFrame:
        """One row per issue, as in `issues.csv`: code, level, place, value, message, fix."""
        with use_language(self.assessment.settings.language):
            return _to_frame(
                make_issue_table(self.assessment.issues, self.assessment.raw, self.assessment.tables)
            )

    @cached_property
    def totals(self) -> pd.DataFrame:
        """One row per currency: in, accepted, rejected, skipped, as Decimal."""
        money: dict[str, dict[str, Decimal]] = {}
        for currency, shares in self.summary["money"].items():
            money[currency] = {share: Decimal(text) for share, text in shares.items()}
        return pd.DataFrame.from_dict(
            money, orient="index", columns=["in", "accepted", "rejected", "skipped"]
        )


@dataclass(frozen=True)
class CatalogLoad:
    """What became of a price list or an account list.

    Attributes:
        snapshot: the catalog or account list in use from now on; None when the list has faults.
        rows: rows of the list.
        duplicates: rows that repeat another cell by cell; they count once.
        issues: one row per issue, as in `issues.csv`.
    """

    snapshot: Snapshot | None
    rows: int
    duplicates: int
    issues: pa.Table


def _to_frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame
