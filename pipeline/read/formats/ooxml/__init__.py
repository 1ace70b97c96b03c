"""What surrounds the parser of Office Open XML: the gate, the repair, and the checks of its result.

In: a zip as it was received, and what the parser made of it.
Out: a package that is safe and regular; facts of each sheet that the parser does not tell; the first lost
cell.
Never: trusts the parser alone, or expands an entity. All of it runs in the worker, but for `formulas`.
"""
