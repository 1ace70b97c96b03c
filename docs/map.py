"""Write what the map of the house derives from the code: the tree with its captions, and the import law.

    python docs/map.py

`pipeline/README.md` is written by hand but for what stands between its `<!-- begin ... -->` and `<!-- end ...
-->` lines: the captions are the first lines of the modules' docstrings, the law is the table that a test
holds.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
MAP = ROOT / "pipeline" / "README.md"


def get_caption(path: Path) -> str:
    """Return the first line of a module's docstring, without its full stop."""
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return text.partition("\n")[0].removesuffix(".")


def draw_tree(folder: Path, depth: int = 0) -> Iterator[str]:
    """Yield one line per package and module, modules before packages, indented by depth."""
    indent = "  " * depth
    yield f"{indent}- **`{folder.name}/`** {get_caption(folder / '__init__.py')}"
    for path in sorted(folder.glob("*.py")):
        if path.name != "__init__.py":
            yield f"{indent}  - `{path.stem}` {get_caption(path)}"
    for path in sorted(folder.iterdir()):
        if (path / "__init__.py").exists():
            yield from draw_tree(path, depth + 1)


def list_imports() -> Iterator[str]:
    """Yield the rows of the import law, as `tests/house/test_rooms.py` states it."""
    sys.path.insert(0, str(ROOT / "tests" / "house"))
    import test_rooms  # noqa: PLC0415 - found by the line above

    yield "| room | may import |"
    yield "| --- | --- |"
    base = test_rooms.BASE
    yield f"| the base: {', '.join(sorted(base))} | each other, as listed below |"
    for room, imported in sorted(test_rooms.MAY_IMPORT.items()):
        names = sorted(imported - base) if base <= imported else sorted(imported)
        if base <= imported:
            names.insert(0, "the base")
        yield f"| `{room}` | {', '.join(names) or 'nothing'} |"


def fill_section(text: str, name: str, lines: Iterator[str]) -> str:
    """Replace what stands between the markers of a section."""
    begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"{MAP} has no section {name}.")
    content = begin + "\n".join(lines) + "\n" + end
    return pattern.sub(lambda _: content, text)


def render_map() -> str:
    """Return the map as it should be."""
    text = MAP.read_text("utf-8")
    trees = (line for top in ("pipeline", "schemas") for line in draw_tree(ROOT / top))
    return fill_section(fill_section(text, "tree", trees), "imports", list_imports())


if __name__ == "__main__":
    MAP.write_text(render_map(), "utf-8")
