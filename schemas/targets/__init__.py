"""What each billing API takes: the projection of a target, one module per target.

In: the declarations of fields and tables.
Out: a `Projection`, which may only tighten what is declared.
Never: builds a payload: that is done in `pipeline.targets`.
"""
