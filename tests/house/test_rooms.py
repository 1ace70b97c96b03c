"""The house: who imports whom, what the wheel holds, what stands at the top, and that the README is true."""

from __future__ import annotations

import ast
import importlib.util
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline.acceptance.assessment import EXIT_CODES
from pipeline.settings import SETTINGS
from pipeline.targets import TARGETS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")

BASE = {"model", "issues", "errors", "settings", "i18n", "suggest", "json_columns", "process"}
"""What travels between the rooms, the settings, the reader's language, and what Python itself needs.

Every room may import them.
"""

STAGES = {
    "read", "validate", "enrich", "targets", "ledger", "report", "catalog", "workspace", "review",
}  # fmt: skip
"""Rooms that know nothing of each other."""

COMPOSERS = {"flow", "run_output", "result", "template", "reference", "cli", "pipeline"}
"""The conductor, what it writes last, its result, what is made of the declarations, and the two doors."""

MAY_IMPORT = {
    **dict.fromkeys(STAGES, BASE),
    "spreadsheet": set[str](),
    "model": {"spreadsheet"},  # the letters of a column
    "errors": set[str](),
    "i18n": set[str](),
    "process": {"i18n"},
    "suggest": {"i18n"},
    "json_columns": set[str](),
    "issues": {"model"},
    "settings": {"errors", "i18n"},
    "acceptance": BASE | {"targets"},  # the type of the target that was chosen
    "read": BASE | {"spreadsheet"},
    "report": BASE | {"acceptance", "spreadsheet"},
    "run_output": BASE | {"acceptance", "ledger", "report", "workspace"},
    "result": BASE | {"acceptance", "report"},
    "template": BASE | {"catalog", "spreadsheet", "targets", "workspace"},
    "reference": BASE | {"acceptance", "read", "report", "template"},
    "flow": BASE | STAGES | {"acceptance", "result", "run_output", "template"},
    "cli": BASE | {"flow", "pipeline", "reference", "report", "result", "template", "workspace"},
    "pipeline": {"flow"},
}
"""Room by room; `schemas` besides, everywhere."""

MAY_NAME_TYPES = {
    "report": {"catalog", "ledger", "result"},
    "result": {"catalog"},
    "cli": {"result"},
}
"""What a report or a result is of, named for the type checker only."""


class Import(NamedTuple):
    importer: str
    imported: str
    types_only: bool


@cache
def modules() -> dict[str, Path]:
    paths = {}
    for path in sorted([*ROOT.glob("pipeline/**/*.py"), *ROOT.glob("schemas/**/*.py")]):
        parts = path.relative_to(ROOT).with_suffix("").parts
        paths[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return paths


@cache
def imports() -> list[Import]:
    """Every import of ours, wherever it stands: at the top, in a function, for types only."""
    return [
        dependency
        for name, path in modules().items()
        for dependency in _imports(name, ast.parse(path.read_text("utf-8")))
    ]


def _imports(name: str, node: ast.AST, types_only: bool = False) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        here = types_only or (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING")
        for target in _targets(child):
            if target.partition(".")[0] in ("pipeline", "schemas"):
                yield Import(name, target, types_only)
        yield from _imports(name, child, here)


def _targets(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        full = [f"{node.module}.{alias.name}" for alias in node.names]
        return [name if name in modules() else str(node.module) for name in full]
    return []


def room(module: str) -> str:
    """`pipeline.read.rows.data_rows` lies in `read`; a module of `schemas` in `schemas`."""
    first, _, rest = module.partition(".")
    return rest.partition(".")[0] or first if first == "pipeline" else first


def test_every_room_imports_only_what_it_may() -> None:
    broken = [
        dependency
        for dependency in imports()
        if room(dependency.importer) not in ("schemas", room(dependency.imported))
        and room(dependency.imported) != "schemas"
        and room(dependency.imported) not in MAY_IMPORT.get(room(dependency.importer), set())
        and not (
            dependency.types_only
            and room(dependency.imported) in MAY_NAME_TYPES.get(room(dependency.importer), set())
        )
    ]
    assert not broken


def test_no_stage_may_import_another() -> None:
    assert all(not MAY_IMPORT[stage] & (STAGES | COMPOSERS) for stage in STAGES)
    assert {room(module) for module in modules()} <= {"schemas", *MAY_IMPORT}


def test_schemas_import_nothing_of_the_pipeline() -> None:
    assert not [
        dependency
        for dependency in imports()
        if dependency.importer.startswith("schemas") and "pipeline" in dependency.imported
    ]


def test_no_import_goes_in_a_circle_not_even_a_late_one() -> None:
    graph: dict[str, set[str]] = {name: set() for name in modules()}
    for importer, imported, _ in imports():
        graph[importer].add(imported)
    while leaves := [name for name, reached in graph.items() if not reached]:
        for leaf in leaves:
            del graph[leaf]
        for reached in graph.values():
            reached -= set(leaves)
    assert not graph, f"in a circle, or leading to one: {sorted(graph)}"


def test_a_target_is_named_in_its_own_modules_and_the_registry_alone() -> None:
    for product in {target.partition("-")[0] for target in TARGETS}:
        homes = (f"pipeline.targets.{product}", f"schemas.targets.{product}")
        mentions = [
            (name, line.strip())
            for name, path in modules().items()
            if not name.startswith(homes)
            for line in path.read_text("utf-8").splitlines()
            if product in line.lower()
        ]
        assert {name for name, _ in mentions} == {"pipeline.targets"}
        assert {line.split(" ")[0] for _, line in mentions} == {"from", "_REGISTRY"}, (
            "imported and listed, no more"
        )


def test_no_binary_floating_point_near_money() -> None:
    allowed = {
        "pipeline.read.formats.cell_values"
    }  # the parser hands numbers over as floats; 15 digits of them are text
    words = {"float16", "float32", "float64", "FloatType", "double"}
    uses = [
        (name, node.lineno)
        for name, path in modules().items()
        if name not in allowed
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if (isinstance(node, ast.Attribute) and node.attr in words)
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float")
        or (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "astype"
            and "float" in ast.unparse(node)
        )
    ]
    assert not uses


def test_every_module_and_public_name_says_what_it_is() -> None:
    silent = []
    for name, path in modules().items():
        tree = ast.parse(path.read_text("utf-8"))
        public = [
            node
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
        ]
        silent += [f"{name}.{node.name}" for node in public if not ast.get_docstring(node)]
        if not ast.get_docstring(tree):
            silent.append(name)
    assert not silent


def test_a_line_that_no_test_reaches_says_why() -> None:
    """`make coverage` takes any text behind `# uncovered:` for a reason; three words are the least of one."""
    broken = [
        f"{name}: {line.strip()}"
        for name, path in modules().items()
        for line in path.read_text("utf-8").splitlines()
        if "# uncovered" in line and not re.search(r"# uncovered: \S+ \S+ \S+", line)
    ]
    assert not broken


def test_the_top_of_the_repository_is_tidy() -> None:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no clone: the files of the repository are not known")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {line.partition("/")[0] for line in listed.splitlines() if (ROOT / line).exists()} == {
        ".ci", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md",
        "benchmarks", "data", "docs", "pipeline", "pyproject.toml", "schemas", "templates", "tests",
    }  # fmt: skip


def test_the_wheel_holds_pipeline_and_schemas_alone(tmp_path: Path) -> None:
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as package:
        names = set(package.namelist())
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"pipeline", "schemas"}
    ours = {str(path.relative_to(ROOT)) for path in modules().values()}
    typed = {"pipeline/py.typed", "schemas/py.typed"}
    texts = {str(path.relative_to(ROOT)) for path in ROOT.glob("pipeline/locale/*/LC_MESSAGES/*.po")}
    assert texts
    texts |= {f"pipeline/report/html/{name}" for name in ("page.html", "page.css", "chart.html")}
    assert {name for name in names if ".dist-info/" not in name} == ours | typed | texts
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def commands() -> Iterator[str]:
    """Every command of the command line, groups spelt out."""
    import click

    from pipeline.cli.command_line import cli

    for name, command in cli.commands.items():
        if isinstance(command, click.Group):
            yield from (f"{name} {subcommand}" for subcommand in command.commands)
        else:
            yield name


def test_the_readme_names_every_command() -> None:
    assert not [command for command in commands() if command not in README]


def test_the_readme_leads_to_the_page_of_every_target() -> None:
    assert not [name for name in TARGETS if f"\n| [`{name}`](docs/targets/{name}.md) |" not in README]


def test_the_readme_names_every_setting_flag_and_exit_code() -> None:
    import click

    from pipeline.cli.command_line import cli

    assert not [name for name in SETTINGS if f"\n| `{name}` |" not in README]
    flags = [
        option
        for parameter in cli.commands["run"].get_params(click.Context(cli.commands["run"]))
        if isinstance(parameter, click.Option) and "--help" not in parameter.opts
        for option in parameter.opts
    ]
    assert not [flag for flag in flags if f"`{flag}" not in README]
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    assert codes == {1, 2, 8, 130, 141, *EXIT_CODES.values()}
    assert "ImportRef__c" in README


def test_the_help_names_the_exit_codes_of_the_readme() -> None:
    from pipeline.cli.command_line import cli

    codes = re.findall(r"^  (\d+)  ", str(cli.epilog), re.MULTILINE)
    assert codes == re.findall(r"^\| (\d+) \|", README, re.MULTILINE)


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        "pipeline/README.md",
        "templates/README.md",
        "data/README.md",
        "docs/issues.md",
        "docs/reports.md",
    ],
)
def test_no_link_leads_nowhere(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert not [link for link in links if not ((ROOT / page).parent / link).exists()]


OTHER_FOLDERS = {"benchmarks", "golden", "house", "processes", "schemas", "support"}
"""Folders of tests that are no room of the pipeline."""
FOLDERLESS_ROOMS = {
    "model": "records: tested where they are made and used",
    "run_output": "what a run leaves: tested by runs, in flow and processes",
}


def test_the_tests_lie_in_the_folders_of_their_rooms() -> None:
    rooms = {path.name for path in (ROOT / "pipeline").iterdir() if (path / "__init__.py").exists()}
    folders = {path.name for path in (ROOT / "tests").iterdir() if list(path.glob("test_*.py"))}
    assert folders - OTHER_FOLDERS == rooms - set(FOLDERLESS_ROOMS)


def test_the_makefile_has_the_verbs_of_the_readme() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    verbs = set(re.findall(r"`make ([\w-]+)", README))
    assert verbs == {"run", "test", "test-quick", "lint", "bench", "docs", "sample"}
    assert not [verb for verb in verbs if f"\n{verb}: " not in makefile]


def test_the_changelog_knows_this_version() -> None:
    from pipeline import __version__

    assert f"\n## [{__version__}] - 20" in (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f'\nversion = "{__version__}"' in (ROOT / "pyproject.toml").read_text("utf-8")
