"""What people read: the terminal, `summary.json`, `issues.csv`, `ledger.csv`. Changes nothing it reports."""
