"""How it flows: read, validate, enrich, batch, target, ledger, report, composed by `flow`.

For notebooks: `from pipeline import check, run`. Both return a `Result` with frames and totals, print
nothing and exit nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.flow import Result, check, run

__all__ = ["Result", "check", "run"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in __all__:  # heavy imports wait until they are asked for
        from pipeline import flow

        return getattr(flow, name)
    raise AttributeError(f"module 'pipeline' has no attribute {name!r}")
