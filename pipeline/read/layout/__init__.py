"""Layout: which sheet feeds which table, and which column holds which field.

In: the grids of all files, and the declarations of the tables.
Out: a `BoundSheet` for each sheet that feeds a table, and issues of sheets and headers.
Never: looks at a value to guess what a sheet or a column means.
"""
