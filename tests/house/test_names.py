"""The laws of names: verbs first, no pronouns, one name for one thing, and code that reads a line at a time.

Each law counts over every file of `pipeline/` and `schemas/`: a new module is held to it unlisted.
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("pipeline", "schemas")

VERBS = set(
    """
    accept add allocate allow annotate answer append apply approve archive ask assemble assert assess
    assign attach backup balance batch bind build calculate call cast chain check choose claim classify
    clean close coerce collect compare compute confirm convert copy count create decide declare decode
    dedupe deduplicate define delete deny describe detach detect discard divide draw drop dump emit
    encode enrich ensure enter escape estimate expand explain export extract fetch fill filter find
    finish flatten flush format gather generate get give group guess handle hash hold identify import
    index infer insert iter iterate join judge keep lease limit link list load locate lock log look
    lookup make map mark match measure merge migrate move multiply name normalize notify open pack pad
    parse permit pick place poll prepare print project propose prune publish put query quote raise read
    receive reconcile record recover reduce refuse register reject relate release remove rename render
    repair replace report require reset resolve restore retry round run sanitise sanitize save say scan
    search select send serve set settle shorten show sign skip sort split start stop strip submit
    suggest sum summarise summarize suppress take tighten total trace transform translate trim truncate
    undo unescape unlock unwrap update use validate verify walk warn watch withdraw wrap write yield is
    has can should must to from
    """.split()
)
"""Verbs that begin a function's name, predicates and conversions last.

A missing verb of the field may be added; a past participle, a pronoun or an adverb may not.
"""

PARTICIPLES = set(
    """
    begun born bought bound broken brought built chosen done drawn driven fallen fed felt flown
    forgotten found given gone grown heard held hidden hung kept known laid left lent lost made meant
    met paid proven said seen sent shaken shown sold spent spoken stolen struck sworn taken taught
    thought thrown told torn understood woken won worn written
    """.split()
)
"""Irregular ones; the regular ones end in `ed`."""

PRONOUNS = {
    "all_", "any_", "both", "each", "every", "found", "it", "made", "one", "other", "others", "own", "said",
    "same", "some", "such", "that", "these", "thing", "things", "this", "those", "told", "which", "whose",
}  # fmt: skip
"""What a loop variable or a parameter is never called: it is named after its element."""

SAME_NAMED_MODULES = {
    "bxb": "a target's projection in schemas, its requests and answers in targets",
    "zuora": "the same",
    "catalog": "the room, the declaration of its columns, and the answers of a target that fill it",
    "invoices": "the table, the accepted ones, and the requests that create them",
    "responses": "each target reads its own answers, by what they share",
}
"""File names that several rooms share on purpose, and why."""

SAME_NAMED_DEFINITIONS: dict[str, str] = {}
"""Public names that several modules define because a protocol asks for it, and which."""

COMPLEX: dict[str, str] = {}
"""The functions above complexity 10, at most ten, each with its reason."""


@cache
def sources() -> dict[str, ast.Module]:
    """Every module of ours by its dotted name, parsed."""
    parsed = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            parsed[name] = ast.parse(path.read_text("utf-8"))
    return parsed


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every function with its module, nested ones and methods included, without Python's own protocols."""
    for module, tree in sources().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and not re.fullmatch(r"__\w+__", node.name):
                yield module, node


def first_word(name: str) -> str:
    return name.strip("_").lower().split("_")[0]


def targets(node: ast.AST) -> Iterator[ast.expr]:
    """The loop variables of a statement or a comprehension, and the variables of a `with`."""
    if isinstance(node, ast.For | ast.comprehension):
        yield node.target
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield node.optional_vars


def parameters(node: ast.FunctionDef | ast.Lambda) -> list[str]:
    arguments = node.args
    plain = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [argument.arg for argument in [*plain, arguments.vararg, arguments.kwarg] if argument]


def test_no_loop_variable_or_parameter_is_a_pronoun() -> None:
    broken = []
    for module, tree in sources().items():
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.FunctionDef | ast.Lambda):
                names = parameters(node)
            for target in targets(node):
                names += [name.id for name in ast.walk(target) if isinstance(name, ast.Name)]
            line = getattr(node, "lineno", getattr(getattr(node, "target", None), "lineno", 0))
            broken += [f"{module}:{line} {name}" for name in names if name.strip("_") in PRONOUNS]
    assert not broken


def test_functions_are_named_by_a_verb_and_never_by_a_participle() -> None:
    words = [(first_word(node.name), f"{module}.{node.name}") for module, node in functions()]
    participles = [
        name
        for word, name in words
        if word not in VERBS and (word in PARTICIPLES or re.fullmatch(r"\w{2,}ed", word))
    ]
    verbs = [name for word, name in words if word in VERBS]
    print(
        f"\n{len(words)} functions: {len(verbs) / len(words):.0%} verb first, "
        f"{len(participles)} participle first"
    )
    assert len(participles) <= 0.02 * len(words), participles
    assert len(verbs) >= 0.5 * len(words)


def test_no_two_modules_share_a_name_by_accident() -> None:
    homes = defaultdict(list)
    for module in sources():
        homes[module.rpartition(".")[2]].append(module)
    shared = {name: modules for name, modules in homes.items() if len(modules) > 1}
    packages = {module.rpartition(".")[0] for module in sources()}
    shared = {name: modules for name, modules in shared.items() if not packages.issuperset(modules)}
    assert {name: modules for name, modules in shared.items() if name not in SAME_NAMED_MODULES} == {}
    assert set(SAME_NAMED_MODULES) <= set(shared), "listed, but no longer shared"


def test_no_public_name_is_defined_in_two_modules() -> None:
    homes = defaultdict(set)
    for module, tree in sources().items():
        for node in _get_module_level(tree):
            for name in _defined(node):
                if not name.startswith("_"):
                    homes[name].add(module)
    shared = {name: sorted(modules) for name, modules in homes.items() if len(modules) > 1}
    assert {name: modules for name, modules in shared.items() if name not in SAME_NAMED_DEFINITIONS} == {}
    assert set(SAME_NAMED_DEFINITIONS) <= set(shared), "listed, but no longer shared"


def _get_module_level(tree: ast.Module) -> Iterator[ast.stmt]:
    """The statements of a module, also those within `if`, `try` and `with`."""
    pending: list[ast.AST] = [*tree.body]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If | ast.Try | ast.With):
            pending += ast.iter_child_nodes(node)
        elif isinstance(node, ast.stmt):
            yield node


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        names = (name for target in node.targets for name in ast.walk(target))
        return [name.id for name in names if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def test_the_reader_has_few_rooms_on_its_top_level() -> None:
    rooms = {module.split(".")[2] for module in sources() if module.startswith("pipeline.read.")}
    assert len(rooms) <= 8, sorted(rooms)


def test_no_call_passes_seven_values_by_their_order() -> None:
    allowed = {"zip", "print", "chain", "concat", "max", "min"}  # of one kind, as many as there are
    long = [
        f"{module}:{node.lineno} {ast.unparse(node.func)}"
        for module, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and len(node.args) >= 7
    ]
    assert [call for call in long if call.rpartition(".")[2].split(" ")[-1] not in allowed] == []


def test_records_of_more_than_six_fields_are_made_by_keyword() -> None:
    broken = []
    for module, tree in sources().items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.ClassDef):
                continue
            fields = [item for item in node.body if isinstance(item, ast.AnnAssign) and _is_field(item)]
            decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
            is_dataclass = any("dataclass" in text and "kw_only=True" not in text for text in decorators)
            is_tuple = any(ast.unparse(base) == "NamedTuple" for base in node.bases)
            if len(fields) > 6 and (is_dataclass or is_tuple):
                broken.append(f"{module}.{node.name}: {len(fields)} fields")
    assert not broken


def _is_field(node: ast.AnnAssign) -> bool:
    return "ClassVar" not in ast.unparse(node.annotation)


def test_comprehensions_do_not_nest() -> None:
    """One `for` a comprehension, and none within another: what needs more is a loop or a named step."""
    kinds = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    broken = []
    for module, tree in sources().items():
        for node in ast.walk(tree):
            if isinstance(node, kinds):
                inner = [child for child in ast.walk(node) if child is not node and isinstance(child, kinds)]
                if len(node.generators) > 1 or inner:
                    broken.append(f"{module}:{node.lineno}")
    assert not broken


def test_lines_are_at_most_110_characters() -> None:
    broken = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
                if len(line) > 110:
                    broken.append(f"{path.relative_to(ROOT)}:{number}")
    assert not broken


def test_few_functions_are_complex_and_each_says_why() -> None:
    complexity = pytest.importorskip("radon.complexity", reason="radon is not installed")
    blocks = {}
    for module, tree in sources().items():
        for block in _functions_of(complexity.ComplexityVisitor.from_ast(tree)):
            blocks[f"{module}.{block.fullname}"] = block.complexity
    above = {name: count for name, count in blocks.items() if count > 10}
    print(f"\n{len(blocks)} functions, {len(above)} above complexity 10, the highest {max(blocks.values())}")
    assert set(above) == set(COMPLEX), Counter(above)
    assert len(above) <= 10
    assert max(blocks.values()) <= 15
    assert all(len(reason) > 20 for reason in COMPLEX.values())


def _functions_of(visitor: Any) -> Iterator[Any]:
    """Functions and methods; closures and those of inner classes too, which radon counts apart."""
    pending = [*visitor.functions, *visitor.classes]
    while pending:
        block = pending.pop()
        if hasattr(block, "methods"):
            pending += [*block.methods, *block.inner_classes]
        else:
            pending += block.closures
            yield block
