"""Rows: from bound sheets to raw tables of trimmed text.

In: bound sheets.
Out: the raw table of each requested table, its totals rows, and issues of rows.
Never: parses a value, or leaves out a row without counting it.
"""
