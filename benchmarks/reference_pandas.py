"""The main job as most people would write it: pandas, pandera's built-in checks, merges, dicts, json, SQLite.

    python -m benchmarks.reference_pandas INVOICES ITEMS CATALOG OUTPUT

`read_csv(dtype=str)`, a pandera schema of built-in checks with `failure_cases`, `Decimal` for money, one dict
an item, `json.dumps` a request, `to_sql` into SQLite, `to_csv`, `str.replace` for a sentence. The same rules
and the same results as `reference_duckdb`, and it leaves out the same, but for numbers: they have as many
digits as ours. On stdout the summary in the shape of our own.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sqlite3
import time
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import chain
from pathlib import Path

import pandas as pd
import pandera.pandas as pa

from benchmarks import pandas_beside as beside
from benchmarks.layout import DECIMALS, ERRORS, ISSUE_COLUMNS, LEDGER_COLUMNS, OF_CHARGE, SENTENCES
from schemas.currencies import CURRENCY_DIGITS

STEP = {digits: Decimal(1).scaleb(-digits) for digits in (0, 2, 3, 4)}
NUMBER = r"^-?[0-9]+(\.[0-9]+)?$"
BLANK_OR_NUMBER = r"^(-?[0-9]+(\.[0-9]+)?)?$"
SHORT_ENOUGH = r"^-?0*[0-9]{0,15}(\.[0-9]{0,9}0*)?$"
COMMA_BEFORE_DECIMALS = r"[-+(]?(?:[0-9]+|[1-9][0-9]{0,2}(?:\.[0-9]{3})+),(?:[0-9]{1,2}|[0-9]{4,})[-)]?"
POINT_BEFORE_THREE = r"-?[1-9][0-9]{0,2}\.[0-9]{3}"
INVISIBLE = "".join(
    char
    for char in map(chr, range(0x110000))
    if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp")
    or (unicodedata.category(char) == "Zs" and char != " ")
)
NO_CONTROL = "^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
NO_CONTROL_OR_BREAK = "^[^\x00-\x1f\x7f-\x9f]*$"
NO_INVISIBLE = f"^[^{INVISIBLE}]*$"
NO_ASTRAL = "^[^\U00010000-\U0010ffff]*$"
NOT_DAMAGED = r"^(?!-?[0-9](\.[0-9]+)?[eE]\+[0-9]{2,}$)"
LONGEST = {"invoice_ref": 100, "item_no": 50, "description": 500}
EARLIEST, LATEST = pd.Timestamp("1900-01-01"), pd.Timestamp("2199-12-31")
MODELS = ("Flat Fee", "Per Unit", "Flat Fee Pricing", "Per Unit Pricing")

Issues = pd.DataFrame
"""Columns row, field, code."""


def _check(check: pa.Check, code: str) -> pa.Check:
    check.error = code
    return check


def _sound() -> pa.Check:
    return _check(pa.Check.notin(list(ERRORS)), "E214")


def _filled(code: str = "E201") -> pa.Check:
    return _check(pa.Check.str_length(min_value=1), code)


def _text(longest: int, *first: pa.Check) -> pa.Column:
    hidden = _check(pa.Check.str_matches(NO_CONTROL), "E212")
    return pa.Column(str, [_sound(), *first, hidden, *_limits(longest)])


def _identifier(longest: int, *first: pa.Check) -> pa.Column:
    """What looks like another must be the other: nothing invisible, each letter written in one way."""
    told_apart = (
        _check(pa.Check.str_matches(NO_INVISIBLE), "E212"),
        _check(pa.Check(lambda cells: cells.str.normalize("NFC") == cells), "E212"),
    )
    astral, long = _limits(longest)
    damaged = _check(pa.Check.str_matches(NOT_DAMAGED), "E217")
    return pa.Column(str, [_sound(), *first, *told_apart, astral, damaged, long])


def _limits(longest: int) -> tuple[pa.Check, pa.Check]:
    return (
        _check(pa.Check.str_matches(NO_ASTRAL), "E213"),
        _check(pa.Check.str_length(max_value=longest), "E208"),
    )


def _number() -> pa.Column:
    readable = _check(pa.Check.str_matches(BLANK_OR_NUMBER), "E202")
    return pa.Column(str, [_sound(), readable])


INVOICES = pa.DataFrameSchema(
    {
        "invoice_ref": _identifier(100, _filled()),
        "account_number": _identifier(255, _filled("E301")),
        "invoice_date": pa.Column(str, [_sound(), _filled()]),
        "due_date": pa.Column(str, _sound()),
        "currency": pa.Column(
            str,
            [
                _sound(),
                _filled("E314"),
                _check(pa.Check.str_matches(NO_CONTROL_OR_BREAK), "E212"),
                _check(pa.Check.str_matches(NO_ASTRAL), "E213"),
                _check(pa.Check.isin([*CURRENCY_DIGITS, ""]), "E220"),
            ],
        ),
        "comments": _text(255),
    }
)
ITEMS = pa.DataFrameSchema(
    {
        "invoice_ref": _identifier(100, _filled()),
        "item_no": _identifier(50),
        "catalog_sku": _identifier(255, _filled("E303")),
        "description": _text(500),
        "quantity": _number(),
        "unit_price": _number(),
        "amount": _number(),
        "service_start_date": pa.Column(str, [_sound(), _filled()]),
        "service_end_date": pa.Column(str, _sound()),
    }
)


def failures(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> Issues:
    """What pandera finds, each cell once."""
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases.rename(columns={"index": "row", "column": "field", "check": "code"})
        return cases[["row", "field", "code"]].drop_duplicates(["row", "field"])
    return _none()


def _none() -> Issues:
    return pd.DataFrame(
        {"row": pd.Series(dtype="int64"), "field": pd.Series(dtype=str), "code": pd.Series(dtype=str)}
    )


def _found(mask: pd.Series, field: str, code: str) -> Issues:
    return pd.DataFrame({"row": mask.index[mask.to_numpy(dtype=bool)], "field": field, "code": code})


def read(path: Path) -> pd.DataFrame:
    """A CSV file, every cell as text."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def dates(frame: pd.DataFrame, field: str) -> tuple[pd.Series, Issues]:
    """A column of ISO dates, and what is wrong with it."""
    whole = frame[field].where((frame[field].str.len() == 10) & (frame[field] >= "0001"), None)
    typed = pd.to_datetime(whole, format="%Y-%m-%d", errors="coerce", exact=True)
    unread = _found(typed.isna() & ~frame[field].isin(["", *ERRORS]), field, "E205")
    far = _found((typed < EARLIEST) | (typed > LATEST), field, "E207")
    return typed, pd.concat([unread, far])


def near(typed: pd.Series) -> pd.Series:
    """The dates that can be meant: with others no rule compares."""
    return typed.where((typed >= EARLIEST) & (typed <= LATEST))


def decimals(frame: pd.DataFrame, field: str) -> tuple[pd.Series, Issues]:
    """A column of decimals; what cannot be read is None."""
    texts = frame[field]
    readable, short = texts.str.match(NUMBER), texts.str.match(SHORT_ENOUGH)
    doubtful = pd.Series(False, index=frame.index)
    if texts[texts.str.contains(",")].str.fullmatch(COMMA_BEFORE_DECIMALS).any():
        doubtful = texts.str.fullmatch(POINT_BEFORE_THREE)
    good = readable & short & ~doubtful
    typed = [Decimal(text) if is_good else None for text, is_good in zip(texts, good, strict=True)]
    parts = [_found(readable & ~short, field, "E203"), _found(doubtful, field, "E202")]
    return pd.Series(typed, index=frame.index, dtype=object), pd.concat(parts)


def rounded(value: Decimal, digits: int) -> Decimal:
    """Half away from zero."""
    return value.quantize(STEP[digits], rounding=ROUND_HALF_UP)


def check_invoices(frame: pd.DataFrame) -> Issues:
    """All cells and rows of the invoices."""
    cells = failures(INVOICES, frame)
    cells["field"] = cells["field"].mask(cells["code"] == "E301", "")
    parts = [cells]
    frame["dated"], issues = dates(frame, "invoice_date")
    parts.append(issues)
    frame["due"], issues = dates(frame, "due_date")
    parts += [issues, _found(near(frame["due"]) < near(frame["dated"]), "due_date", "E305")]
    filled = frame["invoice_ref"] != ""
    frame["twice"] = frame["invoice_ref"].duplicated(keep=False) & filled
    frame["named"] = filled & ~frame.index.isin(cells.loc[cells["field"] == "invoice_ref", "row"])
    parts.append(_found(frame["twice"] & frame["named"], "invoice_ref", "E307"))
    frame["digits"] = frame["currency"].map(CURRENCY_DIGITS)
    return pd.concat(parts)


def check_items(frame: pd.DataFrame, invoices: pd.DataFrame) -> tuple[pd.DataFrame, Issues]:
    """All cells and rows of the items, with their invoice beside them."""
    parts = [failures(ITEMS, frame)]
    parts[0]["field"] = parts[0]["field"].mask(parts[0]["code"] == "E303", "Charge name")
    for field, name in (("quantity", "q"), ("unit_price", "p"), ("amount", "given")):
        frame[name], issues = decimals(frame, field)
        parts.append(issues)
    frame["starts"], issues = dates(frame, "service_start_date")
    parts.append(issues)
    frame["ends"], issues = dates(frame, "service_end_date")
    parts += [issues, _found(near(frame["ends"]) < near(frame["starts"]), "service_end_date", "E306")]
    owners = invoices[invoices["invoice_ref"] != ""].drop_duplicates("invoice_ref")
    first = owners[["invoice_ref", "digits", "currency"]].assign(parent=lambda f: f.index)
    frame = frame.merge(first, on="invoice_ref", how="left").set_index(frame.index)
    cells = parts[0]
    bad = {field: frame.index.isin(cells.loc[cells["field"] == field, "row"]) for field in ITEMS.columns}
    parts.append(_found(frame["parent"].isna() & ~bad["invoice_ref"], "invoice_ref", "E308"))
    known = frame[(frame["item_no"] != "") & frame["parent"].notna() & ~bad["item_no"]]
    twice = known.duplicated(["parent", "item_no"], keep=False).reindex(frame.index, fill_value=False)
    parts.append(_found(twice & ~bad["invoice_ref"], "item_no", "E313"))
    frame["sku_read"] = (frame["catalog_sku"] != "") & ~bad["catalog_sku"]
    parts.append(check_amounts(frame))
    return frame, pd.concat(parts)


def check_amounts(frame: pd.DataFrame) -> Issues:
    """Amount, quantity and unit price together; `amount` is completed as `value`."""
    values, codes, products = [], [], []
    columns = (frame[name] for name in ("amount", "given", "quantity", "q", "unit_price", "p", "digits"))
    for text, given, quantity, q, price, p, digits in zip(*columns, strict=True):
        known = not pd.isna(digits)
        product = rounded(q * p, int(digits)) if known and q is not None and p is not None else None
        value = product if text == "" else given
        code, is_readable = None, (q is not None or quantity == "") and (p is not None or price == "")
        if text == "" and is_readable and (q is None or p is None):
            code = "E302"
        elif known and given is not None and rounded(given, int(digits)) != given:
            code = "E204"
        elif given is not None and product is not None and given != product:
            code = "E304"
        elif value is not None and value < 0 and is_readable:
            code = "E312"
        values.append(value)
        codes.append(code)
        products.append(product)
    frame["value"] = pd.Series(values, index=frame.index, dtype=object)
    frame["product"] = pd.Series(products, index=frame.index, dtype=object)
    bad = pd.Series(codes, index=frame.index, dtype=object).dropna()
    return pd.DataFrame({"row": bad.index, "field": "amount", "code": bad.to_numpy()})


def look_up(frame: pd.DataFrame, catalog: pd.DataFrame) -> tuple[pd.DataFrame, Issues]:
    """The charge of each item."""
    names = ["sku", "product_rate_plan_charge_id", "charge_model", "effective_from", "effective_to"]
    charges = catalog[[*names, "list_price", "currency"]].drop_duplicates()
    charges = charges.rename(columns={"product_rate_plan_charge_id": "charge", "currency": "priced_in"})
    charges["valid_from"] = pd.to_datetime(charges["effective_from"], errors="coerce")
    charges["valid_to"] = pd.to_datetime(charges["effective_to"], errors="coerce")
    known = frame["catalog_sku"].isin(charges["sku"]) & frame["sku_read"]
    wanted = frame.loc[known, ["catalog_sku", "starts", "currency"]].assign(row=lambda f: f.index)
    joined = wanted.merge(charges, left_on="catalog_sku", right_on="sku", how="inner")
    late = joined["starts"].isna() | joined["valid_from"].isna() | (joined["valid_from"] <= joined["starts"])
    early = joined["starts"].isna() | joined["valid_to"].isna() | (joined["valid_to"] >= joined["starts"])
    valid = joined[late & early]
    priced = valid[valid["charge_model"].isin(MODELS)]
    usable = priced.drop_duplicates(["row", "charge"])
    several = usable.loc[usable["row"].duplicated(keep=False), "row"].drop_duplicates()
    dated = known & frame["starts"].notna()
    expired = dated & ~frame.index.isin(valid["row"])
    unusable = known & ~expired & ~frame.index.isin(usable["row"])
    ambiguous = dated & frame.index.isin(several)
    chosen = usable[~usable["row"].isin(several)].drop_duplicates("row").set_index("row")
    frame["charge"] = chosen["charge"]
    same = priced[priced["priced_in"] == priced["currency"]].drop_duplicates("row").set_index("row")
    frame["listed"] = same["list_price"].map(lambda text: Decimal(text) if text else None)
    parts = [
        _found(~known & frame["sku_read"], "catalog_sku", "E401"),
        _found(expired, "catalog_sku", "E403"),
        _found(ambiguous, "catalog_sku", "E404"),
        _found(unusable, "catalog_sku", "E405"),
    ]
    return frame, pd.concat(parts)


def decide(
    invoices: pd.DataFrame, items: pd.DataFrame, invoice_issues: Issues, item_issues: Issues
) -> Issues:
    """Which invoices are accepted; adds `items`, `total` and `accepted` to them, returns their own issues."""
    groups = items.dropna(subset=["parent"]).groupby("parent")
    invoices["items"] = groups.size().reindex(invoices.index, fill_value=0)
    invoices["known"] = groups["value"].count().reindex(invoices.index, fill_value=0)
    invoices["total"] = items.dropna(subset=["parent", "value"]).groupby("parent")["value"].sum()
    complete = (invoices["known"] == invoices["items"]) & (invoices["items"] > 0)
    negative = pd.Series(False, index=invoices.index)
    negative[complete] = invoices.loc[complete, "total"] < 0
    named = invoices["named"]
    parts = [
        _found((invoices["items"] == 0) & ~invoices["twice"] & named, "", "E309"),
        _found((invoices["items"] > 1000) & named, "", "E310"),
        _found(negative & named, "", "E311"),
    ]
    issues = pd.concat([invoice_issues, *parts])
    bad_parents = items.loc[items.index.isin(item_issues["row"]), "parent"].dropna().unique()
    invoices["accepted"] = ~invoices.index.isin(issues["row"]) & ~invoices.index.isin(bad_parents)
    return issues


def pack(invoices: pd.DataFrame) -> pd.Series:
    """The request of each accepted invoice, in sheet order."""
    numbers, request, count, total = [], 0, 50, 1000
    accepted = invoices[invoices["accepted"]]
    for size in accepted["items"]:
        if count + 1 > 50 or total + size > 1000:
            request, count, total = request + 1, 0, 0
        count, total = count + 1, total + size
        numbers.append(request)
    return pd.Series(numbers, index=accepted.index, dtype="int64")


def plain(value: Decimal | None) -> str:
    """A decimal without the zeros it does not need."""
    return "" if value is None else f"{value.normalize():f}"


def amount_text(value: Decimal | None, digits: float) -> str:
    """An amount with the digits of its currency, or those it has where it has more."""
    if value is None or pd.isna(digits) or rounded(value, int(digits)) != value:
        return plain(value)
    return f"{value:.{int(digits)}f}"


def _days(dates: pd.Series) -> pd.Series:
    return dates.dt.strftime("%Y-%m-%d").fillna("")


def _item_dict(row: object) -> dict[str, object]:
    """What an item says; where a number could not be read, its text."""
    item = {"productRatePlanChargeId": row.charge}
    if row.description:
        item["description"] = row.description
    for key, value, text in (
        ("quantity", row.q, row.quantity), ("unitPrice", row.p, row.unit_price), ("amount", row.value, row.amount)
    ):  # fmt: skip
        if value is not None:
            item[key] = float(value)  # at most 15 digits: a float's shortest text is the decimal
        elif text:
            item[key] = text
    item["serviceStartDate"] = row.service_start_date
    if row.service_end_date:
        item["serviceEndDate"] = row.service_end_date
    return item


def _invoice_dict(row: object, items: list[dict[str, object]]) -> dict[str, object]:
    invoice = {"accountNumber": row.account_number, "invoiceDate": row.invoice_date}
    if row.due_date:
        invoice["dueDate"] = row.due_date
    invoice["currency"] = row.currency
    if row.comments:
        invoice["comments"] = row.comments
    invoice["invoiceItems"] = items
    return invoice


def write_payloads(folder: Path, invoices: pd.DataFrame, items: pd.DataFrame) -> dict[int, str]:
    """Write one file a request.

    Returns:
        Each invoice's content hash.
    """
    by_invoice: dict[int, list[dict[str, object]]] = {}
    prints: dict[int, list[str]] = {}
    columns = ["parent", "catalog_sku", "charge", "description", "quantity", "unit_price", "amount"]
    columns += ["q", "p", "value", "service_start_date", "service_end_date"]
    for row in items.loc[items["parent"].notna(), columns].itertuples():
        item = _item_dict(row)
        by_invoice.setdefault(int(row.parent), []).append(item)
        as_written = {**item, "productRatePlanChargeId": row.catalog_sku}
        prints.setdefault(int(row.parent), []).append(json.dumps(as_written, ensure_ascii=False))
    requests = []
    for number, group in invoices[invoices["accepted"]].groupby("request"):
        bodies = [_invoice_dict(row, by_invoice[row.Index]) for row in group.itertuples()]
        payload = {"invoices": bodies, "useSingleTransaction": False}
        body = json.dumps(payload, ensure_ascii=False).encode()
        name = f"payloads/{int(number):04d}.json"
        (folder / name).write_bytes(body)
        requests.append(_manifest_entry(name, body, group))
    (folder / "payloads" / "manifest.json").write_text(json.dumps({"requests": requests}, indent=2))
    hashes = {}
    for row in invoices.itertuples():
        head = json.dumps(_invoice_dict(row, []), ensure_ascii=False)
        content = "\n".join([head, *sorted(prints.get(row.Index, []))])
        hashes[row.Index] = hashlib.sha256(content.encode()).hexdigest()
    return hashes


def _manifest_entry(name: str, body: bytes, group: pd.DataFrame) -> dict[str, object]:
    totals = {
        code: amount_text(rows["total"].sum(), rows["digits"].iloc[0])
        for code, rows in group.groupby("currency")
    }
    return {
        "file": name,
        "sha256": hashlib.sha256(body).hexdigest(),
        "method": "POST",
        "path": "/v1/invoices/batch",
        "invoices": len(group),
        "items": int(group["items"].sum()),
        "totals": totals,
        "invoice_refs": group["invoice_ref"].tolist(),
    }


def reasons(invoice_issues: Issues, item_issues: Issues, items: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The codes against each invoice, and against each item that has no invoice."""
    against = item_issues.assign(parent=items["parent"].reindex(item_issues["row"]).to_numpy())
    orphans = against[against["parent"].isna()]
    of_invoices = pd.concat(
        [
            invoice_issues[["row", "code"]],
            against.loc[against["parent"].notna(), ["parent", "code"]].rename(columns={"parent": "row"}),
        ]
    )
    joined = (
        frame.groupby("row")["code"].agg(lambda codes: " ".join(sorted(set(codes))))
        for frame in (of_invoices, orphans)
    )
    return next(joined), next(joined)


def taken(frame: pd.DataFrame, issues: Issues, field: str) -> pd.Series:
    """A column of text, blank where a text could not be taken as it is."""
    bad = issues.loc[
        (issues["field"] == field) & issues["code"].isin(["E208", "E212", "E213", "E214", "E217"]), "row"
    ]
    return beside.inert(frame[field].mask(frame.index.isin(bad), ""))


def describe(invoices: pd.DataFrame, issues: Issues) -> None:
    """Add what an invoice contributes to the lines of its items."""
    invoices["state"] = invoices["accepted"].map({True: "prepared", False: "rejected"})
    invoices["account"] = taken(invoices, issues, "account_number")
    invoices["known_currency"] = invoices["currency"].where(invoices["digits"].notna(), "")
    invoices["day"] = _days(invoices["dated"])


def lines(
    invoices: pd.DataFrame, items: pd.DataFrame, catalog: pd.DataFrame, issues: Issues, orphans: pd.Series
) -> pd.DataFrame:
    """The lines of `ledger.csv`."""
    of_invoice = ["state", "account", "known_currency", "day", "request", "reasons"]
    parts = items[["parent", "charge"]].merge(
        invoices[of_invoice], left_on="parent", right_index=True, how="left"
    )
    details = catalog.drop_duplicates("product_rate_plan_charge_id")[list(OF_CHARGE)].apply(beside.inert)
    parts = parts.merge(details, left_on="charge", right_on="product_rate_plan_charge_id", how="left")
    parts.index = items.index
    parts["state"] = parts["state"].fillna("rejected")
    parts["reasons"] = parts["reasons"].fillna(orphans.reindex(parts.index))
    parts = parts.rename(columns={"known_currency": "currency", "day": "invoice_date"})
    parts["invoice_ref"] = beside.inert(items["invoice_ref"])
    for name in ("item_no", "catalog_sku", "description"):
        parts[name] = taken(items, issues, name)
    parts["quantity"], parts["unit_price"] = items["q"].map(plain, "ignore"), items["p"].map(plain, "ignore")
    parts["amount"] = [amount_text(v, d) for v, d in zip(items["value"], items["digits"], strict=True)]
    parts["service_start_date"], parts["service_end_date"] = _days(items["starts"]), _days(items["ends"])
    parts["row"] = items.index + 2
    empty = invoices[invoices["items"] == 0].drop(columns=["currency", "invoice_date"])
    empty = empty.rename(columns={"known_currency": "currency", "day": "invoice_date"})
    empty["invoice_ref"] = beside.inert(empty["invoice_ref"])
    table = pd.concat([parts, empty.reindex(columns=parts.columns)])[list(LEDGER_COLUMNS)]
    return table.astype({"row": "Int64", "request": "Int64"})


def write_ledger(folder: Path, invoices: pd.DataFrame, items: pd.DataFrame, catalog: pd.DataFrame) -> None:
    """The ledger in SQLite."""
    columns = ["invoice_ref", "account_number", "currency", "invoice_date", "items", "total", "state"]
    entries = invoices[[*columns, "content", "request", "reasons"]].copy()
    entries["total"] = entries["total"].astype(str)
    columns = ["parent", "item_no", "catalog_sku", "charge", "description", "q", "p", "value"]
    columns += ["service_start_date", "service_end_date"]
    mine = items.loc[items["parent"].isin(invoices.index[invoices["accepted"]]), columns].copy()
    for name in ("q", "p", "value"):
        mine[name] = mine[name].astype(str)
    details = catalog.drop_duplicates("product_rate_plan_charge_id")[["product_name", *OF_CHARGE]]
    manifest = json.loads((folder / "payloads" / "manifest.json").read_text())
    requests = pd.DataFrame(manifest["requests"], columns=["file", "sha256", "invoices", "items", "totals"])
    requests["totals"] = requests["totals"].map(json.dumps)
    with sqlite3.connect(folder / "ledger.sqlite") as db:
        entries.to_sql("invoices", db, index_label="row")
        mine.to_sql("items", db, index_label="row")
        details[details["product_rate_plan_charge_id"].isin(mine["charge"])].to_sql("charges", db)
        requests.to_sql("requests", db)
        db.execute("CREATE TABLE live (ref TEXT PRIMARY KEY, row INTEGER)")
        alive = invoices.loc[invoices["accepted"], "invoice_ref"]
        db.executemany("INSERT INTO live VALUES (?, ?)", zip(alive, alive.index.tolist(), strict=True))
    db.close()


def seal(folder: Path, summary: dict[str, object]) -> None:
    """Enter the run, with a digest of its rows but the items, and write its summary with the head."""
    at, digest = datetime.now(UTC).isoformat(), hashlib.sha256()
    with sqlite3.connect(folder / "ledger.sqlite") as db:
        sources = pd.DataFrame(summary["sources"][:2])
        sources.to_sql("sources", db, index=False)
        run = {"run_id": "reference", "started": at, "target": "zuora", "environment": "default"}
        run |= {"verdict": summary["verdict"], "summary": json.dumps(summary)}
        pd.DataFrame([run]).to_sql("runs", db, index=False)
        for table in ("runs", "sources", "invoices", "charges", "requests"):
            for row in db.execute(f"SELECT * FROM {table} ORDER BY rowid"):
                digest.update(json.dumps(row).encode())
        event = {"seq": 1, "at": at, "run_id": "reference", "state": "run", "digest": digest.hexdigest()}
        event |= {"previous": ""}
        head = hashlib.sha256(json.dumps(event).encode()).hexdigest()
        pd.DataFrame([event | {"hash": head}]).to_sql("events", db, index=False)
    db.close()
    content = summary | {"ledger": {"events": 1, "head": head}}
    (folder / "summary.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def candidates(catalog: pd.DataFrame, skus: pd.Series) -> dict[str, dict[str, str]]:
    """What is told of the charges of a SKU."""
    facts = {}
    for sku, rows in catalog[catalog["sku"].isin(skus)].groupby("sku"):
        usable = rows[rows["charge_model"].isin(MODELS)]
        charges = usable["product_rate_plan_charge_id"] + " (" + usable["charge_name"] + ")"
        ends = rows["effective_to"].replace("", "open end")
        periods = "from " + rows["effective_from"].replace("", "ever") + " to " + ends
        facts[sku] = {
            "charges": ", ".join(dict.fromkeys(charges)),
            "validity": ", ".join(dict.fromkeys(periods)),
            "model": ", ".join(dict.fromkeys(rows["charge_model"])),
        }
    return facts


def _facts(code: str, row: dict[str, object], value: str, charges: dict[str, str]) -> dict[str, str]:
    """What fills the holes of a sentence, besides column and value."""
    digits = row.get("digits")
    match code:
        case "E203":
            return {"integer_digits": "15", "fraction_digits": "9"}
        case "E204":
            shown = f"{rounded(row['given'], int(digits)):.{int(digits)}f}"
            return {"currency": row["currency"], "decimals": DECIMALS[int(digits)], "shown": shown}
        case "E202" | "E205":
            return {"readings": "", "declared": "", "example": "1234.56"}
        case "E207":
            return {"earliest": "1900-01-01", "latest": "2199-12-31"}
        case "E208":
            return {"length": str(len(value)), "max_length": str(row["longest"])}
        case "E304":
            return {"expected": amount_text(row["product"], digits)}
        case "E305" | "E306":
            return {"expected": row["invoice_date" if code == "E305" else "service_start_date"]}
        case "E310" | "E311":
            total = amount_text(row["total"], digits)
            return {"items": str(row["items"]), "limit": "1000", "total": total}
        case "E403":
            return {"date": row["service_start_date"], "validity": charges["validity"]}
        case "E404":
            return {"near": charges["charges"]}
        case "E405":
            return {"model": charges["model"], "models": "Flat Fee and Per Unit", "near": ""}
        case _:
            return {"near": ""}


def _filled(template: str, facts: dict[str, str]) -> str:
    for name, text in facts.items():
        template = template.replace(f"{{{name}}}", text)
    return template


def issue_rows(
    file: str, frame: pd.DataFrame, issues: Issues, header: list[str], catalog: pd.DataFrame
) -> Iterator[tuple[object, ...]]:
    """The lines of `issues.csv` for one file."""
    issues = issues.sort_values("row", kind="stable")
    records = frame.loc[issues["row"].unique()].to_dict("index")
    looked_up = frame.loc[issues["row"].unique()].get("catalog_sku", pd.Series(dtype=str))
    charges = candidates(catalog, looked_up)
    for number, field, code in zip(issues["row"], issues["field"], issues["code"], strict=True):
        row = records[number]
        value = row[field or "invoice_ref"] if code != "E303" else ""
        if code == "E204":
            value = plain(row["given"])
        if code == "E312" and not value:
            value = amount_text(row["value"], row["digits"])
        row["longest"] = LONGEST.get(field, 255)
        facts = {"label": field, **_facts(code, row, value, charges.get(row.get("catalog_sku"), {}))}
        facts["value"] = beside.shown(value)
        message, fix = (_filled(text, facts) for text in SENTENCES[code])
        cell = f"{chr(65 + header.index(field))}{number + 2}" if field in header else ""
        yield (code, "error", file, file, number + 2, field, cell, value, message, fix, row["invoice_ref"], 1)


def write_issues(folder: Path, rows: Iterable[tuple[object, ...]]) -> None:
    """One line an issue."""
    table = pd.DataFrame(list(rows), columns=list(ISSUE_COLUMNS))
    for name in ("value", "invoice_ref"):
        table[name] = beside.inert(table[name].astype(str).map(beside.visible))
    table.to_csv(folder / "issues.csv", index=False)


def _source(path: Path, frame: pd.DataFrame) -> dict[str, object]:
    content = path.read_bytes()
    return {
        "name": path.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "rows": len(frame),
    }


def money(invoices: pd.DataFrame, items: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Sums per currency."""
    owners = invoices[["currency", "digits", "accepted"]]
    rows = items.dropna(subset=["value"]).merge(
        owners, left_on="parent", right_index=True, how="left", suffixes=("", "_i")
    )
    rows["currency"] = rows["currency"].where(rows["digits"].notna(), "XXX")
    rows["accepted"] = rows["accepted"].eq(True)
    sums: dict[str, dict[str, str]] = {}
    for code, group in rows.groupby("currency"):
        total, taken = group["value"].sum(), group.loc[group["accepted"], "value"].sum()
        sums[str(code)] = {
            "in": str(total),
            "accepted": str(taken),
            "rejected": str(total - taken),
            "skipped": "0",
        }
    return sums


def run(invoices_csv: Path, items_csv: Path, catalog_csv: Path, folder: Path) -> dict[str, object]:
    """Do the whole job.

    Returns:
        The summary.
    """
    began = time.perf_counter()
    (folder / "payloads").mkdir(parents=True)
    (invoices, blanks, left_out), (items, item_blanks, item_left_out) = map(data, (invoices_csv, items_csv))
    catalog = read(catalog_csv)
    headers = list(invoices.columns), list(items.columns)
    invoice_issues = check_invoices(invoices)
    items, item_issues = check_items(items, invoices)
    items, charge_issues = look_up(items, catalog)
    item_issues = pd.concat([item_issues, charge_issues])
    invoice_issues = decide(invoices, items, invoice_issues, item_issues)
    invoices["request"] = pack(invoices).astype("Int64")
    codes, orphans = reasons(invoice_issues, item_issues, items)
    invoices["reasons"] = codes.reindex(invoices.index).fillna("")
    invoices["content"] = pd.Series(write_payloads(folder, invoices, items), dtype=object)
    describe(invoices, invoice_issues)
    lines(invoices, items, catalog, item_issues, orphans).to_csv(folder / "ledger.csv", index=False)
    write_ledger(folder, invoices, items, catalog)
    accepted, sums = accepted_of(invoices)
    warned = [*beside.trimmed(invoices, blanks), *beside.twins(accepted, sums)]
    item_warned = [
        *beside.totals(item_left_out[item_left_out["kind"] == "total"], items, unread(item_issues)),
        *beside.trimmed(items, item_blanks),
        *beside.billed_twice(items, accepted),
        *beside.prices(items, accepted),
    ]
    lines_of = (
        issue_rows(invoices_csv.name, invoices, invoice_issues, headers[0], catalog),
        beside.warning_rows(invoices_csv.name, headers[0], warned),
        issue_rows(items_csv.name, items, item_issues, headers[1], catalog),
        beside.warning_rows(items_csv.name, headers[1], item_warned),
    )
    write_issues(folder, chain.from_iterable(lines_of))
    summary = summarise(invoices, items, pd.concat([invoice_issues, item_issues]), [*warned, *item_warned])
    kinds = pd.concat([left_out["kind"], item_left_out["kind"]]).value_counts()
    summary["ignored_rows"] = {
        name: int(kinds.get(name, 0)) for name in ("example", "note", "total", "blank")
    }
    summary["sources"] = [
        _source(invoices_csv, invoices),
        _source(items_csv, items),
        _source(catalog_csv, catalog),
    ]
    summary["plan"] = beside.plan(accepted, items, sums, summary["requests"])
    summary["run_folder"] = str(folder)
    seal(folder, summary)
    os.sync()
    return {**summary, "seconds": round(time.perf_counter() - began, 2)}


def data(path: Path) -> tuple[pd.DataFrame, dict[str, pd.Series], pd.DataFrame]:
    """Return the data rows of a file, where blanks were removed, and the rows that are no data."""
    cells, blanks = beside.clean(read(path))
    kinds = beside.ignored(cells)
    left_out = cells.assign(kind=kinds)[kinds.notna()]
    return cells[kinds.isna()].copy(), blanks, left_out


def unread(issues: Issues) -> dict[str, pd.Index]:
    """The rows in which a number could not be read, by column."""
    bad = issues[issues["code"].isin(["E202", "E203", "E214"])]
    return {
        name: pd.Index(bad.loc[bad["field"] == name, "row"]) for name in ("quantity", "unit_price", "amount")
    }


def accepted_of(invoices: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """The accepted invoices, and the amount of each as text."""
    accepted = invoices[invoices["accepted"]]
    texts = [amount_text(*pair) for pair in zip(accepted["total"], accepted["digits"], strict=True)]
    return accepted, pd.Series(texts, index=accepted.index, dtype=object)


def summarise(
    invoices: pd.DataFrame, items: pd.DataFrame, issues: Issues, warned: list[beside.Warned]
) -> dict[str, object]:
    """Counts and money."""
    accepted = invoices[invoices["accepted"]]
    count, item_count = len(accepted), int(accepted["items"].sum())
    codes = issues["code"].value_counts().sort_index()
    warnings: Counter[str] = Counter()
    for warning in warned:
        warnings[warning.code] += warning.rows
    return {
        "schema_version": 1, "run_id": "reference", "command": "run", "target": "zuora", "environment": "default",
        "verdict": "rejected" if not count else "partial" if len(issues) else "accepted",
        "invoices": {"in": len(invoices), "accepted": count, "rejected": len(invoices) - count, "skipped": 0},
        "items": {
            "in": len(items), "accepted": item_count, "rejected": len(items) - item_count, "skipped": 0,
            "amount_unread": int(items["value"].isna().sum()),
        },
        "money": money(invoices, items.drop(columns="currency")),
        "requests": int(accepted["request"].max()) if count else 0,
        "issues": {str(code): int(number) for code, number in codes.items()},
        "warnings": dict(sorted(warnings.items())),
    }  # fmt: skip


def main() -> None:
    """Parse the arguments, run, print the summary."""
    parser = argparse.ArgumentParser(prog="benchmarks.reference_pandas")
    for name in ("invoices", "items", "catalog", "output"):
        parser.add_argument(name, type=Path)
    args = parser.parse_args()
    print(json.dumps(run(args.invoices, args.items, args.catalog, args.output)))


if __name__ == "__main__":
    main()
