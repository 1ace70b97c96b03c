"""The first half of the line, which no ledger can change: read, validate, enrich."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import catalog, enrich
from pipeline.catalog import Catalog, Kind
from pipeline.config import SETTINGS, Settings, read_setting
from pipeline.control import Expected
from pipeline.enrich import Ways
from pipeline.errors import UsageError
from pipeline.flow.expect import Expectations, expectations, split, with_sidecars
from pipeline.issues import Issues
from pipeline.language import say, threads
from pipeline.line import AccountsUsed, CatalogUsed
from pipeline.memory import hand_back
from pipeline.model import AccountAnswers, EnrichedSheets, Knowledge, RawSheets, ValidSheets
from pipeline.read import Declared, ReadLimits, mapping_of, read
from pipeline.read.mapping import SheetMapping
from pipeline.targets import of as target_of
from pipeline.targets.target import Target
from pipeline.validate import validate, warm_up
from pipeline.validate.demands import Demands
from pipeline.workspace import Workspace
from schemas.catalog import ACCOUNT_KEYS
from schemas.columns import cells_of, plain
from schemas.control import CONTROL
from schemas.dates import DateFormat
from schemas.edition import edition
from schemas.numbers import NumberFormat
from schemas.tables import TABLES
from schemas.terms import Terms

Progress = Callable[[str], None]
_MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Judged:
    """The line up to validation, and what the catalog answered meanwhile."""

    settings: Settings
    target: Target
    demands: Demands
    raw: RawSheets
    valid: ValidSheets
    issues: Issues
    knowledge: Knowledge | None
    catalog: CatalogUsed | None
    accounts: AccountsUsed | None
    asked: Expectations


@dataclass(frozen=True)
class Prepared(Judged):
    """The line up to enrichment: what does not depend on the ledger."""

    sheets: EnrichedSheets


def judge(
    files: Sequence[str | Path],
    place: Workspace,
    chosen: Settings,
    progress: Progress,
    expected: Sequence[Expected] = (),
) -> Judged:
    """Read, and validate while the catalog is asked."""
    if not files:
        raise UsageError(say("No file was given: name a workbook, or a pair of CSV files."))
    target = target_of(chosen)
    _all_set(target, chosen)
    mapping = mapping_of(chosen.mapping, _demands(target, chosen).tables)
    chosen = _as_mapped(chosen, mapping)
    demands = _demands(target, chosen)
    progress("reading")
    wanted = {**demands.tables, CONTROL.name: CONTROL}
    with threads(1) as beside:
        beside.submit(warm_up)
        raw, found = read(
            with_sidecars(files), wanted, limits(chosen), declared=declared(chosen), mapping=mapping
        )
    unread, of_control = split(found)
    hand_back()
    progress("checking and looking up the catalog")
    answers, list_used = _accounts(raw, place)
    demands = replace(demands, accounts=answers)
    with threads(1) as beside:
        answer = beside.submit(_knowledge, raw, place)
        valid, faults = validate(raw, demands)
        knowledge, used = answer.result()
    hand_back()
    asked = expectations(raw, of_control, expected, demands, edition(target.name, demands.tables))
    return Judged(chosen, target, demands, raw, valid, unread + faults, knowledge, used, list_used, asked)


def prepare(judged: Judged, progress: Progress) -> Prepared:
    """Enrich what was judged."""
    progress("tying items to the catalog")
    owned = judged.demands.projection.owned_by_catalog
    ways = Ways(owned, judged.demands.terms, judged.settings.catalog_price)
    sheets, mismatches = enrich.enrich(judged.valid, judged.knowledge, ways)
    hand_back()
    told = vars(judged) | {"issues": judged.issues + mismatches}
    return Prepared(**told, sheets=sheets)


def _all_set(target: Target, chosen: Settings) -> None:
    """Refuse to guess a setting that the target must be told."""
    for name in target.must_set:
        if not getattr(chosen, name):
            raise UsageError(
                say(
                    "The target {target} needs the setting {name}, which has no default: {help}. Give it as {flag},"
                    " or in settings.toml.",
                    target=target.name,
                    name=name,
                    help=say(SETTINGS[name].metadata["help"]),
                    flag=f"--{name.replace('_', '-')}",
                )
            )


def _as_mapped(chosen: Settings, mapping: SheetMapping | None) -> Settings:
    """The settings with what the mapping says of its file; a contradiction is for a person to solve."""
    if mapping is None:
        return chosen
    told = {each: getattr(mapping, each) for each in ("decimal", "date_format") if getattr(mapping, each)}
    for name, value in told.items():
        if (setting := getattr(chosen, name)) not in ("", value):
            raise UsageError(
                say(
                    "The mapping {mapping} says {name} is {value}, but the setting says {setting}.",
                    mapping=mapping.name,
                    name=name,
                    value=value,
                    setting=str(setting),
                )
            )
    return replace(
        chosen, **{name: read_setting(name, value, f"in {mapping.name}") for name, value in told.items()}
    )


def _demands(target: Target, chosen: Settings) -> Demands:
    """What the sheets are held against, under these settings."""
    projection = target.projection(chosen)
    tables = projection.bind(TABLES, chosen.custom_fields)
    number = tables["invoices"].by_name.get("invoice_number")
    terms = Terms(
        allow_negative_items=chosen.allow_negative_items,
        amount_tolerance=chosen.amount_tolerance,
        most_items=min(projection.most_items, target.limits(chosen).items),
        number_form=number.pattern.regex if number and number.pattern else "",
        number_length=number.max_length or 0 if number else 0,
        ref_is_number=chosen.invoice_number == "ref",
        total_below=projection.total_below,
        minor_units=chosen.money_unit == "minor",
        most=projection.most,
    )
    mismatch = "W304" if chosen.amount_mismatch == "warning" else "E304"
    return Demands(
        projection,
        tables,
        DateFormat(chosen.date_format),
        terms,
        chosen.default_currency,
        mismatch,
        chosen.catalog_price,
        numbers=NumberFormat(chosen.decimal),
    )


def limits(chosen: Settings) -> ReadLimits:
    """How much of this machine a file may take, as the settings say."""
    return ReadLimits(
        memory=chosen.parser_mebibytes * _MEBIBYTE,
        seconds=chosen.parser_seconds,
        unpacked=chosen.file_mebibytes * _MEBIBYTE,
        ratio=chosen.file_ratio,
        members=chosen.file_parts,
        area=chosen.sheet_cells,
        kept=chosen.marked_rows,
    )


def declared(chosen: Settings) -> Declared:
    """What the settings say of how files are written."""
    return Declared(chosen.encoding, chosen.delimiter, chosen.hidden_rows, chosen.hidden_sheets)


def _accounts(raw: RawSheets, place: Workspace) -> tuple[AccountAnswers | None, AccountsUsed | None]:
    """Ask the account list what the invoices' keys mean."""
    snapshot = catalog.current(place.accounts, catalog.CUSTOMERS)
    if snapshot is None:
        return None, None
    frame = raw.tables["invoices"].frame
    keys = {name: pc.unique(plain(cells_of(frame[name]))) for name in ACCOUNT_KEYS if name in frame}
    answers = catalog.answers(snapshot, {name: _given(each) for name, each in keys.items()})
    return answers, AccountsUsed(snapshot.sha256, snapshot.rows)


def _given(texts: Any) -> Any:
    """The texts that are not blank."""
    return texts.filter(pc.not_equal(texts, ""))


def _knowledge(raw: RawSheets, place: Workspace) -> tuple[Knowledge | None, CatalogUsed | None]:
    """Ask the catalog what the items' keys mean, before it is known which of them can be read."""
    snapshot = catalog.current(place.catalog)
    if snapshot is None:
        return None, None
    keys = enrich.keys(raw)
    with catalog.opened(snapshot) as opened:
        found = opened.lookup(keys.skus, keys.charges)
        near = _near(opened, "sku", found.unknown_skus) | _near(opened, "charge", found.unknown_charges)
        knowledge = Knowledge(found.table, near, opened.known_skus(keys.free_skus))
    return knowledge, CatalogUsed(snapshot.sha256, snapshot.charges)


def _near(opened: Catalog, kind: Kind, unknown: pa.Array) -> dict[tuple[str, str], str]:
    """The nearest names of unknown keys, in words."""
    return {(kind, key): catalog.in_words(key, some) for key, some in opened.nearest(unknown, kind).items()}
