"""Fixtures: a desk to hand files in at, no settings of the person who runs the tests, the real shop."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from support.desk import SHARED, Desk
from support.parser_workers import ForkedWorker

from pipeline.read.formats import parser_process
from pipeline.settings import ENVIRONMENT_PREFIX

hypothesis.settings.register_profile("house", deadline=None)  # a timed test fails on a busy machine
hypothesis.settings.load_profile("house")

pytest_plugins = ["support.quick_run", "support.room_minutes"]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(autouse=True)
def _settings_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of the person who runs the tests do not count."""
    for name in [name for name in os.environ if name.startswith(ENVIRONMENT_PREFIX) and name != SHARED]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session", autouse=True)
def _forked_workers() -> Iterator[None]:
    """Workers of the parser are forked: a thousand starts of 0.7 seconds each are saved."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parser_process, "start_worker", ForkedWorker)
        yield


@pytest.fixture(scope="session")
def online_retail() -> Path:
    """The real shop's data; skips where it is not there."""
    shared = os.environ.get(SHARED) or Path(__file__).parents[2] / "shared" / "data"
    folder = Path(shared) / "online_retail"
    if not folder.is_dir():
        pytest.skip(f"the Online Retail data is not there: {SHARED} or ../shared/data")
    return folder
