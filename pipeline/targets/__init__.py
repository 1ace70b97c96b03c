"""Stage 5: batches become requests. One module per billing API, data and pure functions; the registry."""

from __future__ import annotations

from pipeline.config import Settings
from pipeline.errors import UsageError
from pipeline.targets import bxb, zuora
from pipeline.targets.target import Target

_ALL = (zuora.TARGET, bxb.TARGET)

TARGETS = {each.name: each for each in _ALL}
"""Every target by its name; the first is the default."""


def of(settings: Settings) -> Target:
    """The target that the settings name.

    Raises:
        UsageError: there is none of that name.
    """
    name = settings.target or _ALL[0].name
    if name not in TARGETS:
        raise UsageError(f"There is no target {name}; the targets are {', '.join(TARGETS)}.")
    return TARGETS[name]
