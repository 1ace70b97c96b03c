"""The map of the house is true: its captions, its import law, and every name on its walks."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAP = (ROOT / "pipeline" / "README.md").read_text("utf-8")
ROOMS = "read|validate|enrich|acceptance|targets|report|issues|flow|run_output|workspace|ledger|json_columns"
NAMES = set(re.findall(rf"`((?:{ROOMS})(?:\.\w+)+)`", MAP))
WALKED = sorted(name for name in NAMES if not name.endswith((".csv", ".json")))


def test_the_map_is_what_the_code_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    map_maker = importlib.import_module("map")
    assert map_maker.render_map() == MAP, "make docs writes it anew"


def test_every_module_has_a_caption_that_fits() -> None:
    captions = re.findall(r"^ *- (?:\*\*)?`[\w/]+`(?:\*\*)? (.*)$", MAP, re.MULTILINE)
    assert len(captions) > 200
    assert not [
        caption for caption in captions if len(caption) < 15 or len(caption) > 125 or "TODO" in caption
    ]


@pytest.mark.parametrize("name", WALKED)
def test_a_name_on_the_walks_is_there(name: str) -> None:
    module, _, attribute = f"pipeline.{name}".rpartition(".")
    try:
        importlib.import_module(f"pipeline.{name}")
    except ModuleNotFoundError:
        assert hasattr(importlib.import_module(module), attribute)
