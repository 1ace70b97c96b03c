"""What the tests reached, room by room, from the data that `make coverage` collected.

Every line is reached, or carries its reason: a comment `# uncovered: why` on the line, or on the statement
that opens its block. Exit 1 when a line is neither, or when the lines with a reason are more than a twentieth
of a room.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import coverage

ROOT = Path(__file__).parents[2]
LEAST = 0.95
"""The share of a room's statements that the tests must reach, those with a reason counted as not reached."""


def get_room(path: Path) -> str:
    """`pipeline/read/grid.py` belongs to `pipeline/read`; a module at the top of a package to the package."""
    parts = path.relative_to(ROOT).parts
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0]


def main() -> int:
    """Print the table and what is missing; return the exit code."""
    data = coverage.Coverage(config_file=str(ROOT / "pyproject.toml"))
    data.load()
    reached: dict[str, int] = defaultdict(int)
    statements: dict[str, int] = defaultdict(int)
    unexplained = []
    for folder in ("pipeline", "schemas"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            _, lines, excluded, missing, ranges = data.analysis2(str(path))
            room = get_room(path)
            reached[room] += len(lines) - len(missing)
            statements[room] += len(lines) + len(excluded)
            if missing:
                unexplained.append(f"{path.relative_to(ROOT)}: {ranges}")
    shares = {room: reached[room] / count if (count := statements[room]) else 1.0 for room in statements}
    for room, share in sorted(shares.items(), key=lambda item: item[1]):
        print(f"{share:7.1%}  {room:<26}{statements[room]:>6} statements")
    print(f"{sum(reached.values()) / sum(statements.values()):7.1%}  in all")
    for line in unexplained:
        print(f"not reached, and no reason beside it: {line}")
    low = [room for room, share in shares.items() if share < LEAST]
    return int(bool(unexplained or low))


if __name__ == "__main__":
    sys.exit(main())
