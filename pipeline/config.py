"""Settings: flags over `INVOICE_IMPORT_*` over the workspace's `settings.toml` over defaults.

Each setting is declared once, as a field of `Settings`; flags, environment names, checks and the
documentation derive from it. No secret is a setting.
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
from pipeline.language import ENGLISH, LANGUAGES, say
from schemas.currencies import DIGITS
from schemas.encodings import DELIMITERS, ENCODINGS
from schemas.fields import Field, Kind
from schemas.forms import MARKS
from schemas.tables import TABLES

PREFIX = "INVOICE_IMPORT_"
_OTHER_NAMES = {PREFIX + "WORKSPACE", PREFIX + "DEBUG"}
CUSTOM_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]*__c$")
_DATE_FORMAT = re.compile(
    r"^(?!yyyy-dd-mm$)"  # it would turn ISO dates around
    r"(?=.*dd)(?=.*mm)(?=.*yyyy)(dd|mmm?|yyyy)[./ -](dd|mmm?|yyyy)[./ -](dd|mmm?|yyyy)$|^serial(-1904)?$"
)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(say("a text is needed"))
    return value


def _choice(*choices: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in choices:
            raise ValueError(say("one of {choices} is needed", choices=", ".join(filter(None, choices))))
        return str(value)

    return read


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "yes", "1", "false", "no", "0"):
        return str(value).lower() in ("true", "yes", "1")
    raise ValueError(say("true or false is needed"))


def _whole(least: int, most: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,9}", str(value)):
            raise ValueError(say("a whole number is needed"))
        if not least <= int(str(value)) <= most:
            raise ValueError(
                say("a whole number from {least} to {most} is needed", least=str(least), most=str(most))
            )
        return int(str(value))

    return read


def _decimal(value: object) -> Decimal:
    if isinstance(value, float) or not re.fullmatch(r"[0-9]{1,30}(\.[0-9]{1,30})?", str(value)):
        raise ValueError(say('a number not below zero is needed, in quotes, like "0.01"'))
    number = Decimal(str(value))
    if number >= 10**15 or number != round(number, 9):
        raise ValueError(say("at most 15 digits before the point and 9 after it are needed"))
    return number


def _date(value: object) -> str:
    """A day as ISO text; TOML has days of its own."""
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ValueError(say("a date is needed, like 2026-10-31")) from None


def _matching(form: re.Pattern[str], words: Callable[[], str]) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or not form.fullmatch(value):
            raise ValueError(words())
        return value

    return read


def _blank_or(read: Callable[[object], str]) -> Callable[[object], str]:
    return lambda value: "" if value == "" else read(value)


def _currency(value: object) -> str:
    if not isinstance(value, str) or value not in DIGITS:
        raise ValueError(say("three capital letters of a currency in use are needed, like EUR"))
    return value


def _custom_fields(value: object) -> Mapping[str, tuple[Field, ...]]:
    if not isinstance(value, Mapping):
        raise ValueError(say("a table per sheet is needed, like [custom_fields.items]"))
    unknown = set(value) - {each.name for each in TABLES}
    if unknown:
        raise ValueError(
            say(
                "there is no sheet {name}; there are {names}",
                name=str(min(unknown)),
                names=", ".join(t.name for t in TABLES),
            )
        )
    return {str(table): _custom_of(str(table), declared) for table, declared in value.items()}


def _custom_of(table: str, declared: object) -> tuple[Field, ...]:
    if not isinstance(declared, Mapping):
        raise ValueError(say("a table is needed for {table}, like [custom_fields.{table}]", table=table))
    names = [str(name).casefold() for name in declared]
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise ValueError(
            say("two custom fields of {table} differ only in case: {name}", table=table, name=twins[0])
        )
    return tuple(_custom_field(str(name), how) for name, how in declared.items())


def _custom_field(name: str, how: object) -> Field:
    if not CUSTOM_NAME.fullmatch(name):
        raise ValueError(say("{name}: the name of a custom field ends in __c", name=name))
    declared = dict(how) if isinstance(how, Mapping) else {"kind": how}
    try:
        kind = Kind(str(declared.pop("kind", "text")))
    except ValueError:
        raise ValueError(say("{name}: kind is one of {kinds}", name=name, kinds=", ".join(Kind))) from None
    known = {"label", "help", "required", "max_length", "choices"}
    if set(declared) - known:
        raise ValueError(
            say("{name}: only kind, {others} can be declared", name=name, others=", ".join(sorted(known)))
        )
    if (kind is Kind.CHOICE) != bool(declared.get("choices")):
        raise ValueError(say("{name}: the kind choice needs choices, and no other kind has any", name=name))
    return Field(
        name,
        str(declared.get("label", name)),
        kind,
        str(declared.get("help", "A field of your own.")),
        "",
        required=_flag(declared.get("required", False)),
        max_length=_whole(1, 100_000)(declared["max_length"]) if "max_length" in declared else None,
        choices=tuple(str(each) for each in _list(declared.get("choices", ()))),
    )


def _list(value: object) -> list[object]:
    if not isinstance(value, list | tuple):
        raise ValueError(say("a list is needed"))
    return list(value)


def _setting(default: Any, read: Callable[[object], Any], words: str) -> Any:
    made = {"default_factory": dict} if default == {} else {"default": default}
    return field(**made, metadata={"read": read, "help": words})


@dataclass(frozen=True)
class Settings:
    """Every setting, with its default."""

    target: str = _setting("", _text, "the billing API and operation; blank: the first of the registry")
    environment: str = _setting(
        "default",
        _matching(re.compile(r"^[\w.-]{1,100}$"), lambda: say("letters, digits, . _ - are needed")),
        "which tenant, sandbox or production: the same reference may exist once in each",
    )
    default_currency: str = _setting(
        "",
        _blank_or(_currency),
        "currency of invoices whose currency cell is blank",
    )
    date_format: str = _setting(
        "",
        _blank_or(_matching(_DATE_FORMAT, lambda: say("dd, mm and yyyy are needed, like dd/mm/yyyy"))),
        "how text dates are written, besides yyyy-mm-dd; mmm is a month's name, serial a spreadsheet's day number",
    )
    decimal: str = _setting(
        "",
        _choice("", *MARKS),
        "how the sheets write numbers: point (1,234.56) or comma (1.234,56); blank: digits and a point, nothing "
        "else",
    )
    mapping: str = _setting(
        "", _text, "a mapping file (TOML) that says which column of a foreign sheet is which field"
    )
    policy: str = _setting(
        "whole-invoices",
        _choice("whole-invoices", "all-or-nothing"),
        "whether one rejected invoice rejects the whole file",
    )
    batch_order: str = _setting(
        "sheet", _choice("sheet", "fewest"), "invoices in the order of the sheet, or in the fewest requests"
    )
    request: str = _setting(
        "batch", _choice("batch", "single"), "as many invoices in a request as the API takes, or one by one"
    )
    single_transaction: bool = _setting(
        False, _flag, "whether the API takes a request as a whole or not at all, where it offers that"
    )
    send_currency: str = _setting(
        "always",
        _choice("always", "given"),
        "whether the currency is always sent, or only where the sheet gives it; without it, the API takes the "
        "account's",
    )
    money_unit: str = _setting(
        "",
        _blank_or(_choice("major", "minor")),
        "in which unit money is sent where an API leaves that open: major sends 12.50 EUR as 12.50, minor sends "
        "it as 1250",
    )
    amount_mismatch: str = _setting(
        "error", _choice("error", "warning"), "what an amount is that differs from quantity times unit price"
    )
    amount_tolerance: Decimal = _setting(
        Decimal(0), _decimal, "by how much an amount may differ from quantity times unit price"
    )
    allow_negative_items: bool = _setting(False, _flag, "whether an item's amount may be negative")
    catalog_price: bool = _setting(False, _flag, "whether the catalog's price fills a blank unit price")
    invoice_number: str = _setting(
        "api",
        _choice("api", "ref", "custom"),
        "who numbers an invoice without a number: the API; its reference is the number; or the API, and the "
        "reference goes into a custom field",
    )
    invoice_number_field: str = _setting(
        "ImportRef__c",
        _matching(CUSTOM_NAME, lambda: say("a name that ends in __c is needed")),
        "the custom field for the reference, with invoice_number = custom",
    )
    invoice_number_length: int = _setting(
        16, _whole(1, 32), "characters this tenant allows in an invoice number"
    )
    require_control: str = _setting(
        "never",
        _choice("never", "csv", "always"),
        "which files must come with control totals: none, those in CSV, or all",
    )
    near_duplicate_days: int = _setting(
        5, _whole(0, 366), "within how many days an invoice of the same account and amount is told as a twin"
    )
    unusual_factor: int = _setting(
        5,
        _whole(0, 1_000_000),
        "how many times more, or less, than usual for its account an invoice may be until it is told; 0: never",
    )
    price_tolerance: Decimal = _setting(
        Decimal(10),
        _decimal,
        "by how many percent a unit price may differ from the catalog's until it is told",
    )
    closed_through: str = _setting("", _blank_or(_date), "the last day of the closed period, like 2026-10-31")
    closed_period: str = _setting(
        "warning", _choice("warning", "error"), "what an invoice date in the closed period is"
    )
    language: str = _setting(ENGLISH, _choice(*LANGUAGES), "the language of reports and templates: en or de")
    ledger_seconds: int = _setting(
        10, _whole(0, 3600), "how long to wait for another process that holds the ledger"
    )
    parser_seconds: int = _setting(600, _whole(1, 86_400), "how long the parser of a workbook may take")
    parser_mebibytes: int = _setting(
        6144, _whole(256, 1_000_000), "address space the parser of a workbook may use"
    )
    marked_rows: int = _setting(
        100_000,
        _whole(0, 1_000_000),
        "the most rows for which the marked workbook and rejected.xlsx are made; 0 makes none",
    )
    hidden_rows: str = _setting(
        "error",
        _choice("error", "read"),
        "what a hidden or filtered row is: an error, or a row like any other",
    )
    hidden_sheets: str = _setting(
        "error",
        _choice("error", "read", "ignore"),
        "what a hidden sheet is that alone has rows of its kind: an error, a sheet like any other, or left out",
    )
    encoding: str = _setting(
        "",
        _blank_or(_choice(*ENCODINGS)),
        "how CSV files are encoded, like windows-1252; blank: as it is found, or refused where it is uncertain",
    )
    delimiter: str = _setting(
        "",
        _blank_or(_choice(*DELIMITERS)),
        f"what stands between the cells of CSV files: {', '.join(DELIMITERS)}; blank: as it is found",
    )
    file_mebibytes: int = _setting(
        4096, _whole(1, 1_000_000), "how large a file may be, a workbook or zip when it is unpacked"
    )
    file_ratio: int = _setting(200, _whole(2, 100_000), "how many times its size a large part may unpack to")
    file_parts: int = _setting(
        2000, _whole(10, 1_000_000), "how many parts, or sheets, a workbook or zip may hold"
    )
    sheet_cells: int = _setting(
        64_000_000,
        _whole(1000, 999_999_999),
        "how many cells a sheet may span from A1 to its last one; a sheet of all 1,048,576 rows has 61 columns then",
    )
    custom_fields: Mapping[str, tuple[Field, ...]] = _setting(
        {}, _custom_fields, 'your own fields, per sheet: [custom_fields.items] Region__c = "text"'
    )

    @property
    def sha256(self) -> str:
        """Of the effective settings, in hex."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        return hashlib.sha256(json.dumps(told, sort_keys=True, default=repr).encode()).hexdigest()


SETTINGS = {each.name: each for each in fields(Settings)}
"""The declarations, by name."""


def settings(
    flags: Mapping[str, object], environment: Mapping[str, str], file: Path | None = None
) -> Settings:
    """The effective settings.

    Args:
        flags: what was given on the command line or by the caller; None means not given.
        environment: the process environment.
        file: the workspace's `settings.toml`, which need not exist.

    Raises:
        UsageError: a setting is unknown or its value makes no sense.
    """
    for name in environment:
        if (
            name.startswith(PREFIX)
            and name not in _OTHER_NAMES
            and name[len(PREFIX) :].lower() not in SETTINGS
        ):
            read_setting(name[len(PREFIX) :].lower(), environment[name], say("in the environment"))
    # a variable that is set to nothing is not given: build systems set many so
    from_environment = {
        name: environment[PREFIX + name.upper()]
        for name in SETTINGS
        if environment.get(PREFIX + name.upper())
    }
    given = [
        (_from_file(file), say("in {file}", file=file.name) if file else ""),
        (from_environment, say("in the environment")),
        ({name: value for name, value in flags.items() if value is not None}, say("on the command line")),
    ]
    read: dict[str, Any] = {}
    for values, where in given:
        for name, value in values.items():
            read[name] = read_setting(name, value, where)
    chosen = Settings(**read)
    own = [each.name for each in chosen.custom_fields.get("invoices", ())]
    if chosen.invoice_number == "custom" and chosen.invoice_number_field in own:
        raise UsageError(
            say(
                "The setting invoice_number_field names {field}, which the sheet fills as a custom field of its own:"
                " take another field for the reference.",
                field=chosen.invoice_number_field,
            )
        )
    return chosen


def _from_file(file: Path | None) -> Mapping[str, object]:
    try:
        return tomllib.loads(file.read_text("utf-8")) if file is not None else {}
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(_unread(file, error)) from None
    except OSError as error:
        raise UsageError(_unread(file, error.strerror)) from None


def _unread(file: Path | None, why: object) -> str:
    return say("The settings in {file} cannot be read: {why}.", file=str(file), why=str(why))


def read_setting(name: str, value: object, where: str) -> Any:
    """The value of a setting, read and checked.

    Raises:
        UsageError: there is no such setting, or the value makes no sense.
    """
    if name not in SETTINGS:
        near = get_close_matches(name, SETTINGS, 1)
        hint = say(" Did you mean {near}?", near=near[0]) if near else ""
        raise UsageError(say("The setting {name} {where} is not known.", name=name, where=where) + hint)
    try:
        return SETTINGS[name].metadata["read"](value)
    except ValueError as error:
        raise UsageError(
            say(
                "The setting {name} {where} is {value}: {why}.",
                name=name,
                where=where,
                value=repr(value),
                why=str(error),
            )
        ) from None
