"""Arithmetic and text functions on whole Arrow columns.

In: Arrow arrays.
Out: Arrow arrays, or numpy arrays of row numbers and masks.
Never: makes a Python object per cell where a column is long; knows a field or a table.
"""
