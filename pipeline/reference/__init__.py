"""Pages and texts made from the declarations: targets, fields, issues, and how files are read.

In: declarations, the catalogue of issues, and the checks of samples.
Out: Markdown for the repository's documentation, and the texts of `explain`.
Never: takes part in a check or a run.
"""
