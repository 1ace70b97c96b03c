"""The first half of check and run, which no ledger can change: read, validate, enrich.

In: paths of files, a workspace, the settings.
Out: `Validated`, then `Enriched`.
Never: asks the ledger; changes the workspace.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.compute as pc

from pipeline import catalog, enrich
from pipeline.acceptance.assessment import UsedAccounts, UsedCatalog
from pipeline.acceptance.control_totals import Expectation
from pipeline.catalog import Catalog, KeyKind
from pipeline.enrich import EnrichOptions
from pipeline.errors import UsageError
from pipeline.flow.expectations import (
    Expectations,
    add_control_files,
    gather_expectations,
    split_control_issues,
)
from pipeline.i18n import translate
from pipeline.issues import Issues
from pipeline.model.enriched import AccountAnswers, CatalogAnswers, EnrichedSheets
from pipeline.model.sheets import RawSheets
from pipeline.model.valid import ValidSheets
from pipeline.process import open_thread_pool, release_memory
from pipeline.read import ReadLimits, ReadOptions, load_optional_mapping, read_raw_sheets
from pipeline.read.layout.mapping import SheetMapping
from pipeline.settings import SETTINGS, Settings, parse_setting
from pipeline.targets import get_target
from pipeline.targets.target import Target
from pipeline.validate import load_pandera, validate
from pipeline.validate.requirements import Requirements
from pipeline.workspace import Workspace
from schemas.arrow.columns import Texts, decode_dictionary
from schemas.arrow.frames import arrow_column
from schemas.catalog import ACCOUNT_KEYS
from schemas.control import CONTROL
from schemas.fields import Table
from schemas.notation.dates import DateNotation
from schemas.notation.numbers import NumberNotation
from schemas.rule import RuleSettings
from schemas.tables import TABLES
from schemas.template_version import compute_template_version

Progress = Callable[[str], None]
_MEBIBYTE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Validated:
    """What is known after validation, and what the catalog answered meanwhile.

    Attributes:
        settings: in effect, what a mapping file declares included.
        target: the billing API and operation.
        requirements: what the sheets were validated against.
        raw: the sheets as read.
        valid: the sheets as validated, all rows.
        issues: found so far.
        knowledge: what the catalog says of the items' keys; None when no catalog is loaded.
        catalog: the snapshot that was asked; likewise.
        accounts: the account list that was asked; None when none is loaded.
        expectations: what the preparer expects.
    """

    settings: Settings
    target: Target
    requirements: Requirements
    raw: RawSheets
    valid: ValidSheets
    issues: Issues
    knowledge: CatalogAnswers | None
    catalog: UsedCatalog | None
    accounts: UsedAccounts | None
    expectations: Expectations


@dataclass(frozen=True)
class Enriched:
    """What is known after enrichment: all that does not depend on the ledger.

    Attributes:
        validated: what was known before.
        sheets: the enriched sheets, all rows.
        mismatches: issues that enrichment found.
    """

    validated: Validated
    sheets: EnrichedSheets
    mismatches: Issues

    @property
    def issues(self) -> Issues:
        """Everything found so far."""
        return self.validated.issues + self.mismatches


def assess_files(
    files: Sequence[str | Path],
    workspace: Workspace,
    settings: Settings,
    progress: Progress,
    expected: Sequence[Expectation] = (),
) -> Validated:
    """Read the files, and validate them while the catalog is asked.

    Args:
        files: workbooks, CSV pairs, folders or zips.
        workspace: with the catalog and the account list; it need not exist.
        settings: in effect.
        progress: called with what is being done.
        expected: on the command line.

    Raises:
        PipelineError: a file or the catalog cannot be read, or a setting is missing or contradicts the
        mapping.
    """
    if not files:
        raise UsageError(translate("No file was given: name a workbook, or a pair of CSV files."))
    target = get_target(settings)
    _require_settings(target, settings)
    mapping = load_optional_mapping(settings.mapping, _build_requirements(target, settings).tables)
    settings = _apply_mapping(settings, mapping)
    # anew, since the mapping may have declared how dates and numbers are written
    requirements = _build_requirements(target, settings)
    progress("reading")
    raw, read_issues = _read_sheets(files, requirements, settings, mapping)
    sheet_issues, control_issues = split_control_issues(read_issues)
    release_memory()
    progress("checking and looking up the catalog")
    account_answers, used_accounts = _look_up_accounts(raw, workspace)
    requirements = replace(requirements, accounts=account_answers)
    with open_thread_pool(1) as pool:
        catalog_answer = pool.submit(_look_up_catalog, raw, workspace)
        valid, cell_issues = validate(raw, requirements)
        knowledge, used_catalog = catalog_answer.result()
    release_memory()
    template_version = compute_template_version(target.name, requirements.tables)
    return Validated(
        settings=settings,
        target=target,
        requirements=requirements,
        raw=raw,
        valid=valid,
        issues=sheet_issues + cell_issues,
        knowledge=knowledge,
        catalog=used_catalog,
        accounts=used_accounts,
        expectations=gather_expectations(raw, control_issues, expected, requirements, template_version),
    )


def enrich_validated(validated: Validated, progress: Progress) -> Enriched:
    """Look up what the validated items are in the catalog's answers, and fill in what it knows.

    Args:
        validated: by `assess_files`.
        progress: called with what is being done.
    """
    progress("tying items to the catalog")
    requirements = validated.requirements
    options = EnrichOptions(
        requirements.projection.catalog_fields,
        requirements.rule_settings,
        validated.settings.catalog_price,
    )
    sheets, mismatches = enrich.enrich_items(validated.valid, validated.knowledge, options)
    release_memory()
    return Enriched(validated, sheets, mismatches)


def _read_sheets(
    files: Sequence[str | Path], requirements: Requirements, settings: Settings, mapping: SheetMapping | None
) -> tuple[RawSheets, Issues]:
    """Read the target's tables and the Control sheet, while pandera is imported by another thread."""
    tables = {**requirements.tables, CONTROL.name: CONTROL}
    with open_thread_pool(1) as pool:
        pool.submit(load_pandera)
        return read_raw_sheets(
            add_control_files(files),
            tables,
            build_read_limits(settings),
            options=build_read_options(settings),
            mapping=mapping,
        )


def _require_settings(target: Target, settings: Settings) -> None:
    """Raise when a setting is missing that the target requires: none is guessed."""
    for name in target.required_settings:
        if not getattr(settings, name):
            raise UsageError(
                translate(
                    "The target {target} needs the setting {name}, which has no default: {help}. Give it as"
                    " {flag}, or in settings.toml.",
                    target=target.name,
                    name=name,
                    help=translate(SETTINGS[name].metadata["help"]),
                    flag=f"--{name.replace('_', '-')}",
                )
            )


def _apply_mapping(settings: Settings, mapping: SheetMapping | None) -> Settings:
    """Return the settings with the notation that the mapping file declares.

    Raises:
        UsageError: a setting contradicts the mapping; which of the two is right only a person knows.
    """
    if mapping is None:
        return settings
    mapped = {name: getattr(mapping, name) for name in ("decimal", "date_format") if getattr(mapping, name)}
    for name, value in mapped.items():
        if (setting := getattr(settings, name)) not in ("", value):
            raise UsageError(
                translate(
                    "The mapping {mapping} says {name} is {value}, but the setting says {setting}.",
                    mapping=mapping.name,
                    name=name,
                    value=value,
                    setting=str(setting),
                )
            )
    return replace(
        settings, **{name: parse_setting(name, value, f"in {mapping.name}") for name, value in mapped.items()}
    )


def _build_requirements(target: Target, settings: Settings) -> Requirements:
    """Return what the sheets are validated against, under these settings."""
    projection = target.get_projection(settings)
    tables = projection.bind(TABLES, settings.custom_fields)
    return Requirements(
        projection=projection,
        tables=tables,
        date_format=DateNotation(settings.date_format),
        rule_settings=_build_rule_settings(target, settings, tables["invoices"]),
        default_currency=settings.default_currency,
        catalog_prices=settings.catalog_price,
        number_format=NumberNotation(settings.decimal),
    )


def _build_rule_settings(target: Target, settings: Settings, invoices: Table) -> RuleSettings:
    """Return what the settings and the target say of rules.

    Args:
        target: the billing API and operation.
        settings: in effect.
        invoices: the declaration of the invoices as the target takes them.
    """
    projection = target.get_projection(settings)
    number_field = invoices.fields_by_name.get("invoice_number")
    return RuleSettings(
        allow_negative_items=settings.allow_negative_items,
        amount_tolerance=settings.amount_tolerance,
        mismatch_is_warning=settings.amount_mismatch == "warning",
        max_items=min(projection.max_items, target.get_limits(settings).items),
        number_pattern=number_field.pattern.regex if number_field and number_field.pattern else "",
        number_max_length=number_field.max_length or 0 if number_field else 0,
        use_reference_as_number=settings.invoice_number == "ref",
        total_limit=projection.total_limit,
        in_minor_units=settings.money_unit == "minor",
        max_children=projection.max_children,
    )


def build_read_limits(settings: Settings) -> ReadLimits:
    """Return how much of this machine a file may take, as the settings say."""
    return ReadLimits(
        memory=settings.parser_mebibytes * _MEBIBYTE,
        seconds=settings.parser_seconds,
        unpacked=settings.file_mebibytes * _MEBIBYTE,
        ratio=settings.file_ratio,
        members=settings.file_parts,
        area=settings.sheet_cells,
        kept_rows=settings.marked_rows,
    )


def build_read_options(settings: Settings) -> ReadOptions:
    """Return what the settings say of how files are written."""
    return ReadOptions(settings.encoding, settings.delimiter, settings.hidden_rows, settings.hidden_sheets)


def _look_up_accounts(
    raw: RawSheets, workspace: Workspace
) -> tuple[AccountAnswers | None, UsedAccounts | None]:
    """Ask the account list what the invoices' keys mean."""
    snapshot = catalog.get_current_snapshot(workspace.accounts, catalog.CUSTOMERS)
    if snapshot is None:
        return None, None
    frame = raw.tables["invoices"].frame
    keys: dict[str, Texts] = {}
    for name in ACCOUNT_KEYS:
        if name in frame:
            texts = pc.unique(decode_dictionary(arrow_column(frame[name])))
            keys[name] = texts.filter(pc.not_equal(texts, ""))
    answers = catalog.look_up_accounts(snapshot, keys)
    return answers, UsedAccounts(snapshot.sha256, snapshot.rows)


def _look_up_catalog(
    raw: RawSheets, workspace: Workspace
) -> tuple[CatalogAnswers | None, UsedCatalog | None]:
    """Ask the catalog what the items' keys mean, before validation shows which of them can be read."""
    snapshot = catalog.get_current_snapshot(workspace.catalog)
    if snapshot is None:
        return None, None
    keys = enrich.collect_catalog_keys(raw)
    with catalog.open_catalog(snapshot) as opened_catalog:
        candidates = opened_catalog.lookup(keys.skus, keys.charges)
        suggestions = {
            **_suggest_names(opened_catalog, "sku", candidates.unknown_skus),
            **_suggest_names(opened_catalog, "charge", candidates.unknown_charges),
        }
        known_free_skus = opened_catalog.filter_known_skus(keys.free_skus)
    knowledge = CatalogAnswers(candidates.table, suggestions, known_free_skus)
    return knowledge, UsedCatalog(snapshot.sha256, snapshot.charges)


def _suggest_names(opened_catalog: Catalog, kind: KeyKind, unknown: Texts) -> dict[tuple[str, str], str]:
    """Return the nearest names of unknown keys, as text."""
    return {
        (kind, key): catalog.format_suggestions(key, suggestions)
        for key, suggestions in opened_catalog.suggest_keys(unknown, kind).items()
    }
