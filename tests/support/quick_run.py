"""A pytest plugin for `--quick`: one case of each test that is not slow, an answer while one works."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="the first case of each test that is not slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect slow tests, and of a parametrized test all cases but its first."""
    if not config.getoption("quick"):
        return
    names: set[str] = set()
    kept, left_out = [], []
    for item in items:
        name = item.nodeid.partition("[")[0]
        is_wanted = name not in names and item.get_closest_marker("slow") is None
        (kept if is_wanted else left_out).append(item)
        names.add(name)
    config.hook.pytest_deselected(items=left_out)
    items[:] = kept
