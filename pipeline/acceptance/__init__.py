"""Which invoices are accepted, how they are batched, and whether the run balances.

In: enriched sheets and all issues.
Out: whole accepted invoices, their batches, the balance, control totals, fingerprints, the assessment.
Never: reads a file or the ledger, or changes a cell.
"""
