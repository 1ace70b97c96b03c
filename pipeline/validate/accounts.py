"""Accounts of invoices: what the account list says of the keys that each invoice names.

In: the typed keys of the invoices, and the account list's answers to them.
Out: the account of each invoice, and the columns that rules about accounts read.
Never: asks the list itself, or says what is a fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.i18n import translate
from pipeline.model.enriched import AccountAnswers
from pipeline.model.indices import Positions
from pipeline.validate.typed_columns import DerivedColumns
from schemas.arrow.columns import Booleans, Indices, Integers, Texts, decode_dictionary, merge_chunks
from schemas.catalog import ACCOUNT_KEYS, ACCOUNTS, fold_account_keys


class AccountMatch:
    """The accounts that invoices name, matched with the account list."""

    def __init__(self, keys: Mapping[str, Texts], answers: AccountAnswers | None, count: int) -> None:
        """Find the account of each key.

        Args:
            keys: by key field the typed column of the invoices; null if blank or unreadable.
            answers: of the account list; None if none is loaded: every key counts as known then.
            count: the number of invoices.
        """
        self._keys = keys
        self._answers = answers
        self._count = count
        unlisted = pa.nulls(count, pa.int64())
        self._positions = {
            name: _find_accounts(keys[name], name, answers.by_key_field[name]) if answers else unlisted
            for name in ACCOUNT_KEYS
        }

    def derive_columns(self, currency: Texts) -> DerivedColumns:
        """Return the columns that rules about accounts read.

        Args:
            currency: of the invoices as in the sheet; null if blank or unreadable.
        """
        known = {f"{name}_known": self._is_known(name) for name in ACCOUNT_KEYS}
        # where either is unknown nothing is unusual
        is_usual = pc.fill_null(pc.equal(currency, self.get_listed("currency")), True)
        is_given = [pc.is_valid(key) for key in self._keys.values()]
        return {
            **known,
            "accounts_agree": self._has_one_account(),
            "account_currency": self.get_listed("currency"),
            "currency_usual": is_usual,
            "customer": self.customer_id,
            "account_named": _is_any_true(is_given),
            "account_unknown": _is_any_true([pc.invert(mask) for mask in known.values()]),
        }

    @property
    def customer_id(self) -> Texts:
        """Per invoice the customer's id: the sheet's, else the account list's."""
        return pc.coalesce(decode_dictionary(self._keys["customer_id"]), self.get_listed("customer_id"))

    def get_listed(self, name: str) -> Texts:
        """Return per invoice a column of its account in the list; null if the list has no account for it.

        Args:
            name: of the column.
        """
        if not len(self._named_accounts):
            return pa.nulls(self._count, pa.string())
        places = merge_chunks(self._named_accounts["place"])
        indices = pc.index_in(self._account, value_set=places, skip_nulls=True)
        return pc.take(merge_chunks(self._named_accounts[name]), indices)

    def suggest_keys(self, name: str, rows: Positions) -> Texts:
        """Return per row the key that an unknown one may stand for, as a question.

        Args:
            name: the key field.
            rows: the invoices with an unknown key.
        """
        suggestions = self._answers.suggestions if self._answers else {}
        folded = fold_account_keys(name, decode_dictionary(self._keys[name]))
        # each distinct key is looked up and worded once
        texts = pc.take(folded, pa.array(rows)).dictionary_encode()
        matches = [suggestions.get((name, key), "") for key in texts.dictionary.to_pylist()]
        sentences = [translate(" Did you mean {near}?", near=match) if match else "" for match in matches]
        dictionary = pa.array(sentences, pa.string())
        return pc.take(dictionary, texts.indices)

    def describe_accounts(self, rows: Positions) -> Texts:
        """Return per row a text that says which account each key names.

        Args:
            rows: the invoices that name several accounts.
        """
        indices = pa.array(rows)
        places = merge_chunks(self._named_accounts["place"])
        parts = []
        for name, positions in self._positions.items():
            matches = pc.index_in(pc.take(positions, indices), value_set=places, skip_nulls=True)
            account_names = self._name_accounts(matches)
            key = pc.take(decode_dictionary(self._keys[name]), indices)
            parts.append(
                pc.binary_join_element_wise(f'{ACCOUNTS[name].label} "', key, '" is ', account_names, "")
            )
        return pc.binary_join_element_wise(*parts, "; ", null_handling="skip")

    def _name_accounts(self, indices: Indices) -> Texts:
        """Return the names of accounts; the first key of one without a name."""
        columns = [merge_chunks(self._named_accounts[column]) for column in ("name", *ACCOUNT_KEYS)]
        return pc.coalesce(*(pc.take(column, indices) for column in columns))

    @cached_property
    def _named_accounts(self) -> pa.Table:
        """The accounts that any key names, each once."""
        columns = ["place", *(field.name for field in ACCOUNTS)]
        if self._answers is None:
            return pa.table({name: pa.array([], pa.string()) for name in columns})
        tables = self._answers.by_key_field.values()
        accounts = pa.concat_tables(table.select(columns) for table in tables)
        # several keys may name the same account: its position in the list decides
        _, first = np.unique(accounts["place"].to_numpy(), return_index=True)
        return accounts.take(pa.array(first))

    @cached_property
    def _account(self) -> Integers:
        """Per invoice the number of its account in the list, by the first key that names one."""
        return pc.coalesce(*self._positions.values())

    def _is_known(self, name: str) -> Booleans:
        if self._answers is None:
            return pa.array(np.ones(self._count, bool))
        return pc.or_(pc.is_null(self._keys[name]), pc.is_valid(self._positions[name]))

    def _has_one_account(self) -> Booleans:
        others = [pc.not_equal(positions, self._account) for positions in self._positions.values()]
        return pc.invert(_is_any_true([pc.fill_null(is_other, False) for is_other in others]))


def _is_any_true(masks: list[Booleans]) -> Booleans:
    """Return which rows are true in at least one mask."""
    first, *rest = masks
    for mask in rest:
        first = pc.or_(first, mask)
    return first


def _find_accounts(cells: Texts, name: str, listed: pa.Table) -> Integers:
    """Return per invoice the number, in the list, of the account that its key names."""
    listed_keys, positions = merge_chunks(listed["key"]), merge_chunks(listed["place"])
    if isinstance(cells, pa.DictionaryArray):
        indices = pc.index_in(
            fold_account_keys(name, cells.dictionary), value_set=listed_keys, skip_nulls=True
        )
        indices = pc.take(indices, cells.indices)
    else:
        indices = pc.index_in(fold_account_keys(name, cells), value_set=listed_keys, skip_nulls=True)
    return pc.take(positions, indices)
