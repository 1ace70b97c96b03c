"""One record per issue: everything about a code is in the catalogue, and few modules name it."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

from pipeline.issues import CATALOGUE
from pipeline.validate import issue_facts
from schemas.rule import Computation, Rule
from schemas.rules import RULES

ROOT = Path(__file__).parent.parent.parent
MAX_MODULES = 4
PROJECTIONS = ("schemas/targets/zuora.py", "schemas/targets/zuora_drafts.py", "schemas/targets/bxb.py")
"""What a target names by its code: rules that its requests need."""


def find_quoting_modules() -> dict[str, set[str]]:
    """By code the modules that quote it: as a literal, a key, or by a constant, their own or imported."""
    trees = {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8"))
        for path in (*ROOT.glob("pipeline/**/*.py"), *ROOT.glob("schemas/**/*.py"))
    }
    constants = {
        (name.removesuffix(".py").removesuffix("/__init__").replace("/", "."), target.id): find_codes(node)
        for name, tree in trees.items()
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and not name.startswith("pipeline/issues/")
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and target.id.isupper()
    }
    modules = defaultdict(set)
    for name, tree in trees.items():
        imported = [
            constants.get((node.module or "", alias.name), set())
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        ]
        for code in find_codes(tree).union(*imported):
            modules[code].add(name)
    return {code: names.difference(PROJECTIONS) for code, names in modules.items()}


def find_codes(tree: ast.AST) -> set[str]:
    """The codes in the strings of some code; what a docstring says of a code is no use of it."""
    prose = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return {
        code
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
        for code in re.findall(r"(?<![A-Z0-9])[EW][0-9]{3}(?![0-9])", node.value)
    }


def test_a_code_is_quoted_in_at_most_four_modules_besides_projections() -> None:
    quoted = find_quoting_modules()
    assert {code: names for code, names in quoted.items() if len(names) > MAX_MODULES} == {}
    assert set(quoted) <= set(CATALOGUE)


def test_a_code_has_one_record_and_its_chapter_is_the_one_of_its_digit() -> None:
    catalogue = {
        path.stem: re.findall(r'code="([EW][0-9]{3})"', path.read_text("utf-8"))
        for path in ROOT.glob("pipeline/issues/catalogue/*.py")
    }
    assert sorted(code for codes in catalogue.values() for code in codes) == sorted(CATALOGUE)
    assert all(str(kind.chapter.number) == code[1] for code, kind in CATALOGUE.items())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.code}-{rule.table}-{rule.field}")
def test_a_rule_brings_every_fact_of_its_sentence(rule: Rule) -> None:
    for code in filter(None, (rule.code, rule.warning_code)):
        assert set(CATALOGUE[code].facts) - {"label", "value"} == set(rule.facts)


def test_every_computation_that_a_rule_may_name_is_implemented() -> None:
    assert set(issue_facts._COMPUTATIONS) == set(Computation)


def test_every_record_of_a_cell_check_names_facts_that_are_known() -> None:
    source = "".join(
        (ROOT / name).read_text("utf-8") for name in ("schemas/checks.py", "schemas/cell_facts.py")
    )
    for code in re.findall(r'"(E2[0-9]{2})"', source):
        assert set(CATALOGUE[code].facts.values()) - {"label", "value"} <= set(issue_facts._CELL_FACTS)
