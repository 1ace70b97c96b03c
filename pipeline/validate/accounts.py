"""Whose invoice it is: what the account list says of the keys that an invoice names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.i18n import translate
from pipeline.model.enriched import AccountAnswers
from schemas.arrow.columns import decode_dictionary, merge_chunks
from schemas.catalog import ACCOUNT_KEYS, ACCOUNTS, fold_account_keys


class AccountMatch:
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
        unlisted = pa.nulls(count, pa.int64())
        self._positions = {
            name: _find_accounts(keys[name], name, answers.by_key_field[name]) if answers else unlisted
            for name in ACCOUNT_KEYS
        }

    def derive_columns(self, currency: Any) -> dict[str, Any]:
        """What the rules ask.

        Args:
            currency: of the invoices as the sheet has it; null where blank or unreadable.
        """
        known = {f"{name}_known": self._is_known(name) for name in ACCOUNT_KEYS}
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
    def customer_id(self) -> Any:
        """Per invoice the customer's id: the sheet's, else the account list's."""
        return pc.coalesce(decode_dictionary(self._keys["customer_id"]), self.get_listed("customer_id"))

    def get_listed(self, name: str) -> Any:
        """What the list says of each invoice's account; null where it knows none."""
        if not len(self._named_accounts):
            return pa.nulls(self._count, pa.string())
        at = pc.index_in(
            self._account, value_set=merge_chunks(self._named_accounts["place"]), skip_nulls=True
        )
        return pc.take(merge_chunks(self._named_accounts[name]), at)

    def suggest_keys(self, name: str, rows: Any) -> Any:
        """For some rows what their unknown key may have meant, as a question."""
        suggestions = self._answers.suggestions if self._answers else {}
        texts = pc.take(
            fold_account_keys(name, decode_dictionary(self._keys[name])), pa.array(rows)
        ).dictionary_encode()
        matches = [suggestions.get((name, key), "") for key in texts.dictionary.to_pylist()]
        sentences = [translate(" Did you mean {near}?", near=match) if match else "" for match in matches]
        dictionary = pa.array(sentences, pa.string())
        return pc.take(dictionary, texts.indices)

    def describe_accounts(self, rows: Any) -> Any:
        """For some rows which account each key names, in words."""
        indices = pa.array(rows)
        parts = []
        for name, positions in self._positions.items():
            matches = pc.index_in(
                pc.take(positions, indices),
                value_set=merge_chunks(self._named_accounts["place"]),
                skip_nulls=True,
            )
            accounts = self._named_accounts.select([*ACCOUNT_KEYS, "name"])
            account_names = pc.coalesce(
                *(pc.take(merge_chunks(accounts[column]), matches) for column in ("name", *ACCOUNT_KEYS))
            )
            key = pc.take(decode_dictionary(self._keys[name]), indices)
            parts.append(
                pc.binary_join_element_wise(f'{ACCOUNTS[name].label} "', key, '" is ', account_names, "")
            )
        return pc.binary_join_element_wise(*parts, "; ", null_handling="skip")

    @cached_property
    def _named_accounts(self) -> pa.Table:
        """The accounts that any key names, each once."""
        columns = ["place", *(field.name for field in ACCOUNTS)]
        if self._answers is None:
            return pa.table({name: pa.array([], pa.string()) for name in columns})
        accounts = pa.concat_tables(
            accounts.select(columns) for accounts in self._answers.by_key_field.values()
        )
        _, first = np.unique(accounts["place"].to_numpy(), return_index=True)
        return accounts.take(pa.array(first))

    @cached_property
    def _account(self) -> Any:
        return pc.coalesce(*self._positions.values())

    def _is_known(self, name: str) -> Any:
        if self._answers is None:
            return pa.array(np.ones(self._count, bool))
        return pc.or_(pc.is_null(self._keys[name]), pc.is_valid(self._positions[name]))

    def _has_one_account(self) -> Any:
        masks = [
            pc.fill_null(pc.equal(positions, self._account), True) for positions in self._positions.values()
        ]
        return pc.invert(_is_any_true([pc.invert(mask) for mask in masks]))


def _is_any_true(masks: list[Any]) -> Any:
    """Rows in which at least one mask is true."""
    first, *rest = masks
    for mask in rest:
        first = pc.or_(first, mask)
    return first


def _find_accounts(cells: Any, name: str, listed: pa.Table) -> Any:
    """Per invoice the place of the account that its key names."""
    listed_keys, positions = merge_chunks(listed["key"]), merge_chunks(listed["place"])
    if isinstance(cells, pa.DictionaryArray):
        indices = pc.index_in(
            fold_account_keys(name, cells.dictionary), value_set=listed_keys, skip_nulls=True
        )
        indices = pc.take(indices, cells.indices)
    else:
        indices = pc.index_in(fold_account_keys(name, cells), value_set=listed_keys, skip_nulls=True)
    return pc.take(positions, indices)
