"""Whose invoice it is: what the account list says of the keys that an invoice names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.language import say
from pipeline.model import AccountAnswers
from schemas.catalog import ACCOUNT_KEYS, ACCOUNTS, folded_key
from schemas.columns import plain, whole


class Accounts:
    """The accounts of some invoices."""

    def __init__(self, keys: Mapping[str, Any], answers: AccountAnswers | None, count: int) -> None:
        """Look each key up.

        Args:
            keys: by key field the typed column of the invoices; null where blank or unreadable.
            answers: of the account list; None when none is loaded: then every key counts as known.
            count: how many invoices there are.
        """
        self._keys = keys
        self._answers = answers
        self._count = count
        none = pa.nulls(count, pa.int64())
        self._places = {
            name: _places(keys[name], name, answers.found[name]) if answers else none for name in ACCOUNT_KEYS
        }

    def facts(self, currency: Any) -> dict[str, Any]:
        """What the rules ask.

        Args:
            currency: of the invoices as the sheet has it; null where blank or unreadable.
        """
        known = {f"{name}_known": self._known(name) for name in ACCOUNT_KEYS}
        usual = pc.fill_null(pc.equal(currency, self.column("currency")), True)
        named = [pc.is_valid(each) for each in self._keys.values()]
        return {
            **known,
            "accounts_agree": self._agree(),
            "account_currency": self.column("currency"),
            "currency_usual": usual,
            "customer": self.customer_id,
            "account_named": _any(named),
            "account_unknown": _any([pc.invert(each) for each in known.values()]),
        }

    @property
    def customer_id(self) -> Any:
        """Per invoice the customer's id: the sheet's, else the account list's."""
        return pc.coalesce(plain(self._keys["customer_id"]), self.column("customer_id"))

    def column(self, name: str) -> Any:
        """What the list says of each invoice's account; null where it knows none."""
        if not len(self._listed):
            return pa.nulls(self._count, pa.string())
        at = pc.index_in(self._account, value_set=whole(self._listed["place"]), skip_nulls=True)
        return pc.take(whole(self._listed[name]), at)

    def near(self, name: str, rows: Any) -> Any:
        """For some rows what their unknown key may have meant, as a question."""
        near = self._answers.near if self._answers else {}
        texts = pc.take(folded_key(name, plain(self._keys[name])), pa.array(rows)).dictionary_encode()
        found = [near.get((name, each), "") for each in texts.dictionary.to_pylist()]
        said = [say(" Did you mean {near}?", near=each) if each else "" for each in found]
        words = pa.array(said, pa.string())
        return pc.take(words, texts.indices)

    def told_apart(self, rows: Any) -> Any:
        """For some rows which account each key names, in words."""
        at = pa.array(rows)
        parts = []
        for name, places in self._places.items():
            found = pc.index_in(pc.take(places, at), value_set=whole(self._listed["place"]), skip_nulls=True)
            theirs = self._listed.select([*ACCOUNT_KEYS, "name"])
            called = pc.coalesce(*(pc.take(whole(theirs[each]), found) for each in ("name", *ACCOUNT_KEYS)))
            key = pc.take(plain(self._keys[name]), at)
            parts.append(pc.binary_join_element_wise(f'{ACCOUNTS[name].label} "', key, '" is ', called, ""))
        return pc.binary_join_element_wise(*parts, "; ", null_handling="skip")

    @cached_property
    def _listed(self) -> pa.Table:
        """The accounts that any key names, each once."""
        columns = ["place", *(each.name for each in ACCOUNTS)]
        if self._answers is None:
            return pa.table({name: pa.array([], pa.string()) for name in columns})
        together = pa.concat_tables(each.select(columns) for each in self._answers.found.values())
        _, first = np.unique(together["place"].to_numpy(), return_index=True)
        return together.take(pa.array(first))

    @cached_property
    def _account(self) -> Any:
        return pc.coalesce(*self._places.values())

    def _known(self, name: str) -> Any:
        if self._answers is None:
            return pa.array(np.ones(self._count, bool))
        return pc.or_(pc.is_null(self._keys[name]), pc.is_valid(self._places[name]))

    def _agree(self) -> Any:
        same = [pc.fill_null(pc.equal(each, self._account), True) for each in self._places.values()]
        return pc.invert(_any([pc.invert(each) for each in same]))


def _any(masks: list[Any]) -> Any:
    """Rows in which at least one mask is true."""
    first, *rest = masks
    for each in rest:
        first = pc.or_(first, each)
    return first


def _places(cells: Any, name: str, found: pa.Table) -> Any:
    """Per invoice the place of the account that its key names."""
    known, places = whole(found["key"]), whole(found["place"])
    if isinstance(cells, pa.DictionaryArray):
        at = pc.index_in(folded_key(name, cells.dictionary), value_set=known, skip_nulls=True)
        at = pc.take(at, cells.indices)
    else:
        at = pc.index_in(folded_key(name, cells), value_set=known, skip_nulls=True)
    return pc.take(places, at)
