"""Reports for people and machines: terminal, HTML, JSON, CSV, reply and marked workbooks.

In: the assessment at the end of a check or run.
Out: text, bytes and tables.
Never: a change of what is reported.
"""
