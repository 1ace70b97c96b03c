"""Zuora Billing: standalone invoices and drafts of them, the catalog, and what its API answers.

In: `Batches` and settings; saved answers of the API; responses to requests.
Out: `ZUORA_INVOICES` and `ZUORA_DRAFTS`, the two targets that the registry lists.
Never: sends anything.
"""
