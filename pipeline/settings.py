"""Settings: flags over `INVOICE_IMPORT_*` over the workspace's `settings.toml` over defaults.

Each setting is declared once, as a field of `Settings`; its flag, the name of its environment variable, its
check and its documentation derive from that declaration. No secret is a setting.

In: flags, the process environment, the path of a `settings.toml`.
Out: one frozen `Settings`, every value checked.
Never: opens a workspace, reads a sheet, ignores a setting that it does not know.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError
from pipeline.i18n import ENGLISH, LANGUAGES, translate
from schemas.currencies import CURRENCY_DIGITS
from schemas.fields import Field, Kind
from schemas.notation.encodings import DELIMITERS, ENCODINGS
from schemas.notation.number_forms import DECIMAL_MARKS
from schemas.tables import TABLES

ENVIRONMENT_PREFIX = "INVOICE_IMPORT_"
_OTHER_VARIABLES = {ENVIRONMENT_PREFIX + "WORKSPACE", ENVIRONMENT_PREFIX + "DEBUG"}
CUSTOM_NAME_REGEX = re.compile(r"^[A-Za-z][A-Za-z0-9_]*__c$")
_DATE_NOTATION_REGEX = re.compile(
    r"^(?!yyyy-dd-mm$)"  # it would turn ISO dates around
    r"(?=.*dd)(?=.*mm)(?=.*yyyy)(dd|mmm?|yyyy)[./ -](dd|mmm?|yyyy)[./ -](dd|mmm?|yyyy)$|^serial(-1904)?$"
)


def _parse_text(value: object) -> str:
    """Return the value if it is text."""
    if not isinstance(value, str):
        raise ValueError(translate("a text is needed"))
    return value


def _make_choice_parser(*choices: str) -> Callable[[object], str]:
    """Return a parser that accepts the given texts."""

    def parse(value: object) -> str:
        if value not in choices:
            raise ValueError(
                translate("one of {choices} is needed", choices=", ".join(filter(None, choices)))
            )
        return str(value)

    return parse


def _parse_flag(value: object) -> bool:
    """Return a boolean, from TOML or from one of the usual words for true and false."""
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "yes", "1", "false", "no", "0"):
        return str(value).lower() in ("true", "yes", "1")
    raise ValueError(translate("true or false is needed"))


def _make_integer_parser(minimum: int, maximum: int) -> Callable[[object], int]:
    """Return a parser for whole numbers within bounds, both included."""

    def parse(value: object) -> int:
        if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,9}", str(value)):
            raise ValueError(translate("a whole number is needed"))
        if not minimum <= int(str(value)) <= maximum:
            raise ValueError(
                translate(
                    "a whole number from {least} to {most} is needed", least=str(minimum), most=str(maximum)
                )
            )
        return int(str(value))

    return parse


def _parse_decimal(value: object) -> Decimal:
    """Return an exact decimal; a float is refused because it has lost its digits already."""
    if isinstance(value, float) or not re.fullmatch(r"[0-9]{1,30}(\.[0-9]{1,30})?", str(value)):
        raise ValueError(translate('a number not below zero is needed, in quotes, like "0.01"'))
    number = Decimal(str(value))
    if number >= 10**15 or number != round(number, 9):
        raise ValueError(translate("at most 15 digits before the point and 9 after it are needed"))
    return number


def _parse_date(value: object) -> str:
    """Return a date as ISO text; TOML gives a `date` where the file has no quotes."""
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ValueError(translate("a date is needed, like 2026-10-31")) from None


def _make_pattern_parser(pattern: re.Pattern[str], describe: Callable[[], str]) -> Callable[[object], str]:
    """Return a parser for text that matches a pattern as a whole; `describe` says what is needed."""

    def parse(value: object) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise ValueError(describe())
        return value

    return parse


def _allow_blank(parse: Callable[[object], str]) -> Callable[[object], str]:
    """Return a parser that accepts empty text besides what `parse` accepts."""
    return lambda value: "" if value == "" else parse(value)


def _parse_currency(value: object) -> str:
    """Return the code of a currency that ISO 4217 lists."""
    if not isinstance(value, str) or value not in CURRENCY_DIGITS:
        raise ValueError(translate("three capital letters of a currency in use are needed, like EUR"))
    return value


def _parse_custom_fields(value: object) -> Mapping[str, tuple[Field, ...]]:
    """Return custom fields by sheet, from a table of tables."""
    if not isinstance(value, Mapping):
        raise ValueError(translate("a table per sheet is needed, like [custom_fields.items]"))
    unknown = set(value) - {table.name for table in TABLES}
    if unknown:
        raise ValueError(
            translate(
                "there is no sheet {name}; there are {names}",
                name=str(min(unknown)),
                names=", ".join(sheet.name for sheet in TABLES),
            )
        )
    return {
        str(table): _parse_table_fields(str(table), fields_by_name) for table, fields_by_name in value.items()
    }


def _parse_table_fields(table: str, fields_by_name: object) -> tuple[Field, ...]:
    """Return the custom fields of one sheet; names that differ only in case are refused."""
    if not isinstance(fields_by_name, Mapping):
        raise ValueError(
            translate("a table is needed for {table}, like [custom_fields.{table}]", table=table)
        )
    names = [str(name).casefold() for name in fields_by_name]
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise ValueError(
            translate(
                "two custom fields of {table} differ only in case: {name}", table=table, name=duplicates[0]
            )
        )
    return tuple(_parse_custom_field(str(name), declaration) for name, declaration in fields_by_name.items())


def _parse_custom_field(name: str, declaration: object) -> Field:
    """Return one custom field: its kind alone, or a table of options."""
    if not CUSTOM_NAME_REGEX.fullmatch(name):
        raise ValueError(translate("{name}: the name of a custom field ends in __c", name=name))
    options = dict(declaration) if isinstance(declaration, Mapping) else {"kind": declaration}
    try:
        kind = Kind(str(options.pop("kind", "text")))
    except ValueError:
        raise ValueError(
            translate("{name}: kind is one of {kinds}", name=name, kinds=", ".join(Kind))
        ) from None
    _check_custom_options(name, kind, options)
    return Field(
        name,
        str(options.get("label", name)),
        kind,
        help=str(options.get("help", "A field of your own.")),
        example="",
        required=_parse_flag(options.get("required", False)),
        max_length=_make_integer_parser(1, 100_000)(options["max_length"])
        if "max_length" in options
        else None,
        choices=tuple(str(choice) for choice in _parse_list(options.get("choices", ()))),
    )


def _check_custom_options(name: str, kind: Kind, options: Mapping[str, object]) -> None:
    """Raise for options that no custom field has, and for choices of a kind without choices."""
    known_options = {"label", "help", "required", "max_length", "choices"}
    if set(options) - known_options:
        raise ValueError(
            translate(
                "{name}: only kind, {others} can be declared",
                name=name,
                others=", ".join(sorted(known_options)),
            )
        )
    if (kind is Kind.CHOICE) != bool(options.get("choices")):
        raise ValueError(
            translate("{name}: the kind choice needs choices, and no other kind has any", name=name)
        )


def _parse_list(value: object) -> list[object]:
    """Return the items of a list."""
    if not isinstance(value, list | tuple):
        raise ValueError(translate("a list is needed"))
    return list(value)


def _declare_setting(
    default: Any, parse: Callable[[object], Any], description: str, *, flag: str = "", metavar: str = ""
) -> Any:
    """Return a dataclass field that declares a setting.

    Args:
        default: the value when nobody sets it; it must pass `parse`.
        parse: turns what was given into the setting's value, or raises `ValueError` with the reason.
        description: what it decides, for the documentation.
        flag: the help of its command-line flag; a setting without one has no flag.
        metavar: what the flag's help calls its value; the flag's own name when empty.
    """
    # a mutable default needs a factory: dataclasses refuse `{}`
    default_argument = {"default_factory": dict} if default == {} else {"default": default}
    metadata = {"parse": parse, "help": description, "flag": flag, "metavar": metavar}
    return field(**default_argument, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting, with its default.

    The flags of a command appear in the order of these fields.
    """

    target: str = _declare_setting(
        "",
        _parse_text,
        "the billing API and operation; blank: the first of the registry",
        flag="The billing API and operation.",
    )
    environment: str = _declare_setting(
        "default",
        _make_pattern_parser(
            re.compile(r"^[\w.-]{1,100}$"), lambda: translate("letters, digits, . _ - are needed")
        ),
        "which tenant, sandbox or production: the same reference may exist once in each",
        flag="Which tenant, sandbox or production.",
    )
    default_currency: str = _declare_setting(
        "",
        _allow_blank(_parse_currency),
        "currency of invoices whose currency cell is blank",
        flag="Currency of invoices whose currency is blank, like EUR.",
    )
    date_format: str = _declare_setting(
        "",
        _allow_blank(
            _make_pattern_parser(
                _DATE_NOTATION_REGEX, lambda: translate("dd, mm and yyyy are needed, like dd/mm/yyyy")
            )
        ),
        "how text dates are written, besides yyyy-mm-dd; mmm is a month's name, serial a spreadsheet's day "
        "number",
        flag="How text dates are written, like dd/mm/yyyy.",
    )
    decimal: str = _declare_setting(
        "",
        _make_choice_parser("", *DECIMAL_MARKS),
        "how the sheets write numbers: point (1,234.56) or comma (1.234,56); blank: digits and a point, "
        "nothing "
        "else",
        flag="How numbers are written: point (1,234.56) or comma (1.234,56).",
    )
    encoding: str = _declare_setting(
        "",
        _allow_blank(_make_choice_parser(*ENCODINGS)),
        "how CSV files are encoded, like windows-1252; blank: as it is found, or refused where it is "
        "uncertain",
        flag="How CSV files are encoded, like windows-1252, where it is uncertain.",
    )
    delimiter: str = _declare_setting(
        "",
        _allow_blank(_make_choice_parser(*DELIMITERS)),
        f"what stands between the cells of CSV files: {', '.join(DELIMITERS)}; blank: as it is found",
        flag="Of CSV files: comma, semicolon, tab or pipe, where it is uncertain.",
    )
    mapping: str = _declare_setting(
        "",
        _parse_text,
        "a mapping file (TOML) that says which column of a foreign sheet is which field",
        flag="Which column of a foreign sheet is which field (TOML).",
        metavar="FILE",
    )
    policy: str = _declare_setting(
        "whole-invoices",
        _make_choice_parser("whole-invoices", "all-or-nothing"),
        "whether one rejected invoice rejects the whole file",
        flag="whole-invoices, or all-or-nothing: one rejected invoice rejects all.",
    )
    batch_order: str = _declare_setting(
        "sheet",
        _make_choice_parser("sheet", "fewest"),
        "invoices in the order of the sheet, or in the fewest requests",
        flag="sheet, or fewest: as few requests as can be.",
    )
    money_unit: str = _declare_setting(
        "",
        _allow_blank(_make_choice_parser("major", "minor")),
        "in which unit money is sent where an API leaves that open: major sends 12.50 EUR as 12.50, minor "
        "sends "
        "it as 1250",
        flag="major or minor: the unit of money sent, where an API leaves it open.",
    )
    request: str = _declare_setting(
        "batch",
        _make_choice_parser("batch", "single"),
        "as many invoices in a request as the API takes, or one by one",
        flag="batch, or single: one invoice a request.",
    )
    single_transaction: bool = _declare_setting(
        False, _parse_flag, "whether the API takes a request as a whole or not at all, where it offers that"
    )
    send_currency: str = _declare_setting(
        "always",
        _make_choice_parser("always", "given"),
        "whether the currency is always sent, or only where the sheet gives it; without it, the API takes "
        "the "
        "account's",
    )
    amount_mismatch: str = _declare_setting(
        "error",
        _make_choice_parser("error", "warning"),
        "what an amount is that differs from quantity times unit price",
    )
    amount_tolerance: Decimal = _declare_setting(
        Decimal(0), _parse_decimal, "by how much an amount may differ from quantity times unit price"
    )
    allow_negative_items: bool = _declare_setting(
        False, _parse_flag, "whether an item's amount may be negative"
    )
    catalog_price: bool = _declare_setting(
        False, _parse_flag, "whether the catalog's price fills a blank unit price"
    )
    invoice_number: str = _declare_setting(
        "api",
        _make_choice_parser("api", "ref", "custom"),
        "who numbers an invoice without a number: the API; its reference is the number; or the API, and the "
        "reference goes into a custom field",
    )
    invoice_number_field: str = _declare_setting(
        "ImportRef__c",
        _make_pattern_parser(CUSTOM_NAME_REGEX, lambda: translate("a name that ends in __c is needed")),
        "the custom field for the reference, with invoice_number = custom",
    )
    invoice_number_length: int = _declare_setting(
        16, _make_integer_parser(1, 32), "characters this tenant allows in an invoice number"
    )
    require_control: str = _declare_setting(
        "never",
        _make_choice_parser("never", "csv", "always"),
        "which files must come with control totals: none, those in CSV, or all",
    )
    near_duplicate_days: int = _declare_setting(
        5,
        _make_integer_parser(0, 366),
        "within how many days an invoice of the same account and amount is told as a twin",
    )
    unusual_factor: int = _declare_setting(
        5,
        _make_integer_parser(0, 1_000_000),
        "how many times more, or less, than usual for its account an invoice may be until it is told; 0: "
        "never",
    )
    price_tolerance: Decimal = _declare_setting(
        Decimal(10),
        _parse_decimal,
        "by how many percent a unit price may differ from the catalog's until it is told",
    )
    closed_through: str = _declare_setting(
        "", _allow_blank(_parse_date), "the last day of the closed period, like 2026-10-31"
    )
    closed_period: str = _declare_setting(
        "warning", _make_choice_parser("warning", "error"), "what an invoice date in the closed period is"
    )
    language: str = _declare_setting(
        ENGLISH,
        _make_choice_parser(*LANGUAGES),
        "the language of reports and templates: en or de",
        flag="Of reports and templates: en or de.",
    )
    ledger_seconds: int = _declare_setting(
        10, _make_integer_parser(0, 3600), "how long to wait for another process that holds the ledger"
    )
    parser_seconds: int = _declare_setting(
        600, _make_integer_parser(1, 86_400), "how long the parser of a workbook may take"
    )
    parser_mebibytes: int = _declare_setting(
        6144, _make_integer_parser(256, 1_000_000), "address space the parser of a workbook may use"
    )
    marked_rows: int = _declare_setting(
        100_000,
        _make_integer_parser(0, 1_000_000),
        "the most rows for which the marked workbook and rejected.xlsx are made; 0 makes none",
    )
    hidden_rows: str = _declare_setting(
        "error",
        _make_choice_parser("error", "read"),
        "what a hidden or filtered row is: an error, or a row like any other",
    )
    hidden_sheets: str = _declare_setting(
        "error",
        _make_choice_parser("error", "read", "ignore"),
        "what a hidden sheet is that alone has rows of its kind: an error, a sheet like any other, or left "
        "out",
    )
    file_mebibytes: int = _declare_setting(
        4096,
        _make_integer_parser(1, 1_000_000),
        "how large a file may be, a workbook or zip when it is unpacked",
    )
    file_ratio: int = _declare_setting(
        200, _make_integer_parser(2, 100_000), "how many times its size a large part may unpack to"
    )
    file_parts: int = _declare_setting(
        2000, _make_integer_parser(10, 1_000_000), "how many parts, or sheets, a workbook or zip may hold"
    )
    sheet_cells: int = _declare_setting(
        64_000_000,
        _make_integer_parser(1000, 999_999_999),
        "how many cells a sheet may span from A1 to its last one; a sheet of all 1,048,576 rows has 61 "
        "columns then",
    )
    custom_fields: Mapping[str, tuple[Field, ...]] = _declare_setting(
        {}, _parse_custom_fields, 'your own fields, per sheet: [custom_fields.items] Region__c = "text"'
    )

    @property
    def sha256(self) -> str:
        """SHA-256 of the effective settings, in hex: two runs with equal values have equal hashes."""
        # sorted below, so that the order of the declarations does not matter
        values = {setting.name: getattr(self, setting.name) for setting in fields(self)}
        return hashlib.sha256(
            json.dumps(values, sort_keys=True, default=_write_for_hash).encode()
        ).hexdigest()


def _write_for_hash(value: object) -> str:
    """Return a value as the hash of the settings takes it in: the ledger keeps hashes of earlier versions.

    A field of one's own is written out by hand, so that the hash outlives a new name of an attribute.

    Args:
        value: of a setting, or a part of one, that JSON has no type for.
    """
    if not isinstance(value, Field):
        return repr(value)
    return (
        f"Field(name={value.name!r}, label={value.label!r}, kind={value.kind!r}, help={value.help!r}, "
        f"example={value.example!r}, required={value.required!r}, max_length={value.max_length!r}, "
        f"pattern={value.pattern!r}, choices={value.choices!r}, integer_digits={value.integer_digits!r}, "
        f"fraction_digits={value.fraction_digits!r}, earliest={value.earliest!r}, latest={value.latest!r}, "
        f"synonyms={value.synonyms!r}, share={value.is_share!r})"
    )


SETTINGS = {setting.name: setting for setting in fields(Settings)}
"""The declarations, by name; `metadata` has `parse`, `help`, `flag` and `metavar`."""


def load_settings(
    flags: Mapping[str, object], environment: Mapping[str, str], file: Path | None = None
) -> Settings:
    """Return the effective settings.

    Args:
        flags: what was given on the command line or by the caller; None means not given.
        environment: the process environment.
        file: the workspace's `settings.toml`, which need not exist.

    Raises:
        UsageError: a setting is unknown or its value makes no sense.
    """
    _check_variable_names(environment)
    # each over the one before it
    layers = [
        (_load_file(file), translate("in {file}", file=file.name) if file else ""),
        (_get_variables(environment), translate("in the environment")),
        (
            {name: value for name, value in flags.items() if value is not None},
            translate("on the command line"),
        ),
    ]
    values_by_name: dict[str, Any] = {}
    for values, where in layers:
        for name, value in values.items():
            values_by_name[name] = parse_setting(name, value, where)
    effective = Settings(**values_by_name)
    _check_invoice_number_field(effective)
    return effective


def _check_variable_names(environment: Mapping[str, str]) -> None:
    """Raise for a variable with our prefix that names no setting: it is a typing error."""
    for variable in environment:
        name = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
        is_ours = variable.startswith(ENVIRONMENT_PREFIX) and variable not in _OTHER_VARIABLES
        if is_ours and name not in SETTINGS:
            parse_setting(name, environment[variable], translate("in the environment"))


def _get_variables(environment: Mapping[str, str]) -> dict[str, object]:
    """Return the settings that environment variables set, by name."""
    # a variable that is set to nothing is not given: build systems set many so
    values = {name: environment.get(ENVIRONMENT_PREFIX + name.upper()) for name in SETTINGS}
    return {name: value for name, value in values.items() if value}


def _check_invoice_number_field(settings: Settings) -> None:
    """Raise when the field for the reference is a custom field that the sheet fills itself."""
    custom_names = [custom_field.name for custom_field in settings.custom_fields.get("invoices", ())]
    if settings.invoice_number == "custom" and settings.invoice_number_field in custom_names:
        raise UsageError(
            translate(
                "The setting invoice_number_field names {field}, which the sheet fills as a custom field of"
                " its own: take another field for the reference.",
                field=settings.invoice_number_field,
            )
        )


def _load_file(file: Path | None) -> Mapping[str, object]:
    """Return the settings of a TOML file; none when there is no file."""
    try:
        return tomllib.loads(file.read_text("utf-8")) if file is not None else {}
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(_describe_unreadable(file, error)) from None
    except OSError as error:
        raise UsageError(_describe_unreadable(file, error.strerror)) from None


def _describe_unreadable(file: Path | None, reason: object) -> str:
    return translate("The settings in {file} cannot be read: {why}.", file=str(file), why=str(reason))


def parse_setting(name: str, value: object, where: str) -> Any:
    """Return the value of a setting, parsed and checked.

    Args:
        name: of the setting.
        value: as it was given: text from the environment, any TOML value from a file.
        where: it was given, for the message: "in the environment".

    Raises:
        UsageError: there is no such setting, or the value makes no sense.
    """
    if name not in SETTINGS:
        matches = get_close_matches(name, SETTINGS, 1)
        hint = translate(" Did you mean {near}?", near=matches[0]) if matches else ""
        raise UsageError(translate("The setting {name} {where} is not known.", name=name, where=where) + hint)
    try:
        return SETTINGS[name].metadata["parse"](value)
    except ValueError as error:
        raise UsageError(
            translate(
                "The setting {name} {where} is {value}: {why}.",
                name=name,
                where=where,
                value=repr(value),
                why=str(error),
            )
        ) from None
