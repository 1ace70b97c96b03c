"""What people read: the terminal, `summary.json`, `issues.csv`, `ledger.csv`. Reads results, changes nothing."""
