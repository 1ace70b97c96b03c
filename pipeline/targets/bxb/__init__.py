"""bxb: one-off invoices, the customers, and what its server answers.

In: `Batches` and settings; saved answers of the server; responses to requests.
Out: `BXB_INVOICES`, the target that the registry lists.
Never: sends anything.
"""
