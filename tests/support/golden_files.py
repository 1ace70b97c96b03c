"""Golden files: what is printed or written is compared with a file, which UPDATE_GOLDEN=1 writes anew."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parents[1] / "golden"
RUN_ID = re.compile(r"\b\d{8}-\d{6}-[0-9a-f]{6}\b")
HASH = re.compile(r"\b[0-9a-f]{64}\b")


def agrees(name: str, text: str) -> bool:
    """The text is the golden file's; with UPDATE_GOLDEN set the file is written instead.

    Args:
        name: of the file in `tests/golden`.
        text: scrubbed of what differs from run to run.
    """
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="")
    return path.read_text("utf-8") == text


def scrubbed(text: str, *places: Path) -> str:
    """The text with one run id for all, without the folders of this run, as if in the default workspace.

    Args:
        text: as printed or written.
        places: folders that become WORKSPACE.
    """
    for place in places:
        text = text.replace(str(place), "WORKSPACE")
    text = text.replace(" --workspace WORKSPACE/workspace", "").replace(" --workspace WORKSPACE", "")
    return RUN_ID.sub("20261120-170000-0a1b2c", text)


def scrubbed_summary(text: str, place: Path) -> str:
    """A `summary.json` without seconds, and without hashes of what is not our doing."""
    summary: dict[str, Any] = json.loads(scrubbed(text, place))
    summary["seconds"] = 0.0
    summary["settings"]["sha256"] = "SETTINGS"  # a new setting is no change of the report
    if "ledger" in summary:
        summary["ledger"]["head"] = "HEAD"
    return json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
