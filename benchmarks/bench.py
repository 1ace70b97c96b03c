"""The bench: our check and run beside two reference pipelines, in one table, with the budgets of the design.

    python -m benchmarks.bench [--items 1000000] [--runs 3] [--sizes N,N] [--only duckdb,pandas]
                            [--large] [--quick]

Input is generated once into `.bench/`. Every pipeline is a whole process of its own, started in alternating
order; seconds are wall time, memory is the largest of the process and its children. A table is only printed
as sound when every pipeline found what the generator knows: the same accepted invoices, errors and warnings
per code, ignored rows, counts, requests and money. Exit 1 otherwise, or when a budget is missed; with
`--quick`, a smoke test with few items and one run, budgets are only told.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".bench"
OUTPUT = PLACE / "output"
EXIT_FAULTY_INPUT = 4
LARGE_FACTOR = 10
WORKBOOK_ITEMS = 100_000
QUICK_ITEMS = 100_000
MIB = 1024 * 1024
NAMES = ("duckdb", "pandas", "check", "run")

Summary = Mapping[str, object]


@dataclass(frozen=True)
class Measure:
    """One process: how long, how much processor time and memory, what it printed."""

    seconds: float
    cpu: float
    peak: int
    code: int
    output: str


@dataclass
class Results:
    """The measurements of one pipeline on one input."""

    name: str
    items: int
    runs: list[Measure] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Median."""
        return statistics.median(run.seconds for run in self.runs)

    @property
    def cpu(self) -> float:
        """Median processor seconds: they tell whether a busy machine spoiled the wall time."""
        return statistics.median(run.cpu for run in self.runs)

    @property
    def peak(self) -> int:
        """Most memory of any run, in bytes."""
        return max(run.peak for run in self.runs)


def measure(command: Sequence[str], allowed: Sequence[int] = (0,)) -> Measure:
    """Run a command as a process of its own and wait for it with its resource usage.

    Args:
        command: the program and its arguments.
        allowed: exit codes that are no failure.

    Returns:
        Wall seconds, processor seconds, peak memory of the largest process below it, exit code, stdout.

    Raises:
        RuntimeError: it ended with another code.
    """
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, cwd=ROOT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = code = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode()
    if code not in allowed:
        raise RuntimeError(f"{' '.join(command)} ended with {code}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Measure(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit, code, text)


# -- pipelines ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Input:
    """A generated folder and a workspace into which its catalog is loaded."""

    folder: Path
    items: int

    @property
    def expected(self) -> dict[str, object]:
        """What the generator knows."""
        return json.loads((self.folder / "expected.json").read_text(encoding="utf-8"))

    @property
    def workspace(self) -> Path:
        """Catalog loaded, nothing else."""
        return self.folder / "workspace"

    @property
    def pair(self) -> list[str]:
        """The two files."""
        return [str(self.folder / name) for name in ("invoices.csv", "items.csv")]


def edition() -> str:
    """Names what the generator makes: other code makes other input."""
    content = b"".join((ROOT / "benchmarks" / name).read_bytes() for name in ("generate.py", "beside.py"))
    return hashlib.sha256(content).hexdigest()[:8]


def prepare(items: int, seed: int, ours: bool, workbook: bool = False) -> Input:
    """Generate the input of a size, unless it is there; load its catalog with our command."""
    given = Input(PLACE / f"input-{edition()}-{items}-{seed}{'-book' if workbook else ''}", items)
    if not (given.folder / "expected.json").exists():
        options = ["--items", str(items), "--seed", str(seed), *(["--workbook"] if workbook else [])]
        measure([sys.executable, "-m", "benchmarks.generate", str(given.folder), *options])
    if ours and not given.workspace.exists():
        beside = given.folder / "workspace.new"
        shutil.rmtree(beside, ignore_errors=True)
        measure(
            [*our_command(), "catalog", "load", str(given.folder / "catalog.csv"), "--workspace", str(beside)]
        )
        (beside / "settings.toml").write_text("marked_rows = 0  # no reference writes workbooks\n", "utf-8")
        beside.rename(given.workspace)
    return given


def our_command() -> list[str]:
    """The console script beside this Python."""
    return [str(Path(sys.executable).parent / "invoice-import")]


def reference(name: str, given: Input) -> tuple[Measure, Path]:
    """One process of a reference pipeline."""
    output = make_fresh_folder(f"out-{name}")
    command = [sys.executable, "-m", f"benchmarks.reference_{name}", *given.pair]
    measured = measure([*command, str(given.folder / "catalog.csv"), str(output)])
    return measured, output


def ours(name: str, given: Input, files: Sequence[str] = ()) -> tuple[Measure, Path]:
    """One process of our check or run, in a workspace with nothing but the catalog."""
    workspace = make_fresh_folder(f"workspace-{name}")
    shutil.copytree(given.workspace, workspace)
    command = [
        *our_command(),
        name,
        *(files or given.pair),
        "--format",
        "json",
        "--workspace",
        str(workspace),
    ]
    measured = measure(command, allowed=(0, EXIT_FAULTY_INPUT))
    return measured, workspace


def make_fresh_folder(name: str) -> Path:
    """A folder to write to that nothing wrote to before.

    Nothing is removed before all is measured: a file system may be busy for minutes with what has just been
    removed (ext4 without a journal looks for it at every new file), and whoever comes next would pay.
    """
    OUTPUT.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=OUTPUT)) / name


PIPELINES: dict[str, Callable[[str, Input], tuple[Measure, Path]]] = {
    "duckdb": reference,
    "pandas": reference,
    "check": ours,
    "run": ours,
}


# -- agreement ------------------------------------------------------------------------------------------


def accepted_digest(ledger: Path) -> str:
    """SHA-256 over the sorted references, each once, of a `ledger.csv`'s items whose state is `prepared`.

    Read line by line: a child starts with the memory of this process as its peak.
    """
    with ledger.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        header = next(rows)
        state, ref = header.index("state"), header.index("invoice_ref")
        refs = {row[ref] for row in rows if row[state] == "prepared"}
    return hashlib.sha256("".join(f"{name}\n" for name in sorted(refs)).encode()).hexdigest()


def facts(summary: Summary) -> dict[str, object]:
    """Return what must agree: counts, codes, ignored rows, requests, and money as numbers."""
    money = {
        code: {name: Decimal(value) for name, value in sums.items()}
        for code, sums in dict(summary["money"]).items()
    }
    return {
        "invoices": summary["invoices"],
        "items": summary["items"],
        "issues": _counted(summary["issues"]),
        "warnings": _counted(summary["warnings"]),
        "ignored_rows": summary["ignored_rows"],
        "requests": summary["requests"],
        "money": {code: sums for code, sums in money.items() if any(sums.values())},
    }


def _counted(codes: object) -> dict[str, int]:
    """The codes that were found at all."""
    return {code: count for code, count in dict(codes).items() if count}


def differences(expected: Summary, summary: Summary, ledger: Path | None) -> list[str]:
    """What a pipeline found otherwise than it is known to be.

    Args:
        expected: the generator's `expected.json`.
        summary: what the pipeline printed.
        ledger: its `ledger.csv`; None when it leaves none.

    Returns:
        One sentence each; empty when all agrees.
    """
    known, actual = facts(expected), facts(summary)
    sentences = [
        f"{name}: {actual[name]} instead of {known[name]}" for name in known if actual[name] != known[name]
    ]
    if ledger is not None and accepted_digest(ledger) != expected["accepted_sha256"]:
        sentences.append("the accepted invoices differ")
    return sentences


def ledger_of(name: str, folder: Path, summary: Summary) -> Path | None:
    """Where a pipeline left its `ledger.csv`."""
    if name == "check":
        return None
    return (ROOT / str(summary["run_folder"]) if name == "run" else folder) / "ledger.csv"


# -- measuring ------------------------------------------------------------------------------------------


def alternate(names: Sequence[str], given: Input, runs: int) -> tuple[list[Results], list[str]]:
    """Every pipeline `runs` times, in turns; what each found is compared with the truth."""
    results = {name: Results(name, given.items) for name in names}
    wrong: list[str] = []
    for turn in range(runs):
        for name in names:
            measured, folder = PIPELINES[name](name, given)
            results[name].runs.append(measured)
            summary = json.loads(measured.output)
            sentences = differences(given.expected, summary, ledger_of(name, folder, summary))
            wrong += [f"{name}, {given.items} items: {sentence}" for sentence in sentences]
            print(f"  {turn + 1}/{runs} {name}: {measured.seconds:.1f} s", file=sys.stderr)
    return list(results.values()), wrong


def table(results: Sequence[Results]) -> Iterator[str]:
    """The lines of the table; ratios are to the DuckDB reference on the same input."""
    head = f"{'pipeline':<10}{'items':>12}{'seconds':>9}{'min - max':>16}{'rows/s':>12}"
    yield f"{head}{'cpu s':>8}{'peak MB':>9}{'ratio':>8}"
    base = {result.items: result.seconds for result in results if result.name == "duckdb"}
    for result in results:
        times = [run.seconds for run in result.runs]
        spread = f"{min(times):.2f} - {max(times):.2f}"
        ratio = f"{result.seconds / base[result.items]:.2f}" if result.items in base else "-"
        rows = f"{result.items / result.seconds:,.0f}" if result.items else "-"
        yield (
            f"{result.name:<10}{result.items:>12,}{result.seconds:>9.2f}{spread:>16}{rows:>12}"
            f"{result.cpu:>8.2f}{result.peak / MIB:>9,.0f}{ratio:>8}"
        )


@dataclass(frozen=True)
class Budget:
    """A promise of the design and what was measured."""

    what: str
    limit: float
    measured: float
    unit: str = "x"

    @property
    def held(self) -> bool:
        """Whether it was kept."""
        return self.measured <= self.limit

    def __str__(self) -> str:
        word = "held" if self.held else "MISSED"
        return f"{self.what:<58}{self.measured:>8.2f} {self.unit:<4} of {self.limit:>6.2f}  {word}"


def main_budgets(results: Sequence[Results]) -> Iterator[Budget]:
    """Those of the four pipelines on one input."""
    by_name = {result.name: result for result in results}
    if "run" not in by_name:
        return
    run = by_name["run"]
    if "duckdb" in by_name:
        yield Budget("run against pure DuckDB SQL, time", 0.6, run.seconds / by_name["duckdb"].seconds)
    if "pandas" in by_name:
        yield Budget("run against plain pandas, time", 1 / 5, run.seconds / by_name["pandas"].seconds)
        yield Budget("run against plain pandas, memory", 1 / 3, run.peak / by_name["pandas"].peak)
    if "check" in by_name:
        yield Budget("check against run, time", 0.6, by_name["check"].seconds / run.seconds)


BARE_READ = """
import sys, time
from python_calamine import CalamineWorkbook
start = time.perf_counter()
book = CalamineWorkbook.from_path(sys.argv[1])
for name in book.sheet_names:
    book.get_sheet_by_name(name).to_python()
print(time.perf_counter() - start)
"""


OUR_READ = """
import sys, time
from pathlib import Path
from pipeline.read import ReadLimits, gather, read
from pipeline.read.workbook import Parser
from schemas.tables import TABLES
tables, took = {each.name: each for each in TABLES}, []
with Parser(ReadLimits()) as parser:
    for _ in range(2):
        start = time.perf_counter()
        raw, _ = read([Path(sys.argv[1])], tables, parser=parser)
        took.append(time.perf_counter() - start)
print(took[1])
print(*(len(each) for each in raw.tables.values()))
print(took[0])
"""
"""Seconds of the second file that a warm child reads, its rows, and seconds of the first file."""


def workbook_budget(seed: int, runs: int) -> tuple[list[Results], list[Budget], list[str]]:
    """Our read of a workbook against a bare one; a check tells that it was right.

    Each in a process of its own, timed from when its libraries are imported. One warm child serves many
    files, so it is the second that counts; what the first took, with the start of the child, is told beside
    it.
    """
    given = prepare(WORKBOOK_ITEMS, seed, ours=True, workbook=True)
    book = str(given.folder / "book.xlsx")
    bare, read = Results("calamine", given.items), Results("read xlsx", given.items)
    counts = f"{given.expected['invoices']['in']} {given.expected['items']['in']}"
    wrong: list[str] = []
    for _ in range(runs):
        bare.runs.append(measure([sys.executable, "-c", BARE_READ, book]))
        read.runs.append(measure([sys.executable, "-c", OUR_READ, book]))
        rows = " ".join(read.runs[-1].output.splitlines()[1].split()[:2])  # what hangs on them is not made
        if rows != counts:
            wrong.append(f"read xlsx: {rows} rows instead of {counts}")
    check = Results("check xlsx", given.items)
    measured, _ = ours("check", given, [book])
    check.runs.append(measured)
    wrong += [
        f"check xlsx: {sentence}"
        for sentence in differences(given.expected, json.loads(measured.output), None)
    ]
    ours_alone, bare_alone = (statistics.median(_told_seconds(results)) for results in (read, bare))
    first = statistics.median(float(run.output.splitlines()[2]) for run in read.runs)
    title = f"read of an xlsx by a warm child against a bare read (the first file: {first / bare_alone:.2f})"
    budget = Budget(title, 2, ours_alone / bare_alone)
    return [bare, read, check], [budget], wrong


def _told_seconds(results: Results) -> list[float]:
    """What each process said its read alone took."""
    return [float(run.output.splitlines()[0]) for run in results.runs]


def help_budget(runs: int) -> Iterator[Budget]:
    """How quickly `--help` answers."""
    bare, answer = Results("click", 0), Results("--help", 0)
    for _ in range(max(runs, 5)):
        bare.runs.append(measure([sys.executable, "-c", "import click"]))
        answer.runs.append(measure([*our_command(), "--help"]))
    yield Budget("--help against a bare Python with click imported", 5, answer.seconds / bare.seconds)


def large_budgets(run: Results, seed: int) -> tuple[list[Results], list[Budget], list[str]]:
    """Ten times as many items."""
    given = prepare(run.items * LARGE_FACTOR, seed, ours=True)
    results, wrong = alternate(["run"], given, 1)
    large = results[0]
    budgets = [
        Budget(f"{large.items:,} items against {run.items:,}, time", 11, large.seconds / run.seconds),
        Budget(f"{large.items:,} items, peak memory", 6, large.peak / (1024 * MIB), "GiB"),
    ]
    return results, budgets, wrong


def measured(args: argparse.Namespace) -> tuple[list[Results], list[Budget], list[str]]:
    """Everything that is asked for: measurements, budgets, and what was found otherwise than known."""
    names = [name for name in NAMES if not args.only or name in args.only]
    with_ours = bool({"check", "run"} & set(names))
    results: list[Results] = []
    wrong: list[str] = []
    budgets: list[Budget] = []
    for items in args.sizes or [args.items]:
        further_results, further_wrong = alternate(names, prepare(items, args.seed, with_ours), args.runs)
        results += further_results
        wrong += further_wrong
        budgets += main_budgets(further_results)
    if with_ours:
        further_results, held, further_wrong = workbook_budget(args.seed, args.runs)
        results, budgets, wrong = results + further_results, budgets + held, wrong + further_wrong
        budgets += help_budget(args.runs)
    if args.large and "run" in names:
        run = next(result for result in reversed(results) if result.name == "run")
        further_results, held, further_wrong = large_budgets(run, args.seed)
        results, budgets, wrong = results + further_results, budgets + held, wrong + further_wrong
    return results, budgets, wrong


def bench(args: argparse.Namespace) -> int:
    """Measure, compare, print.

    Returns:
        The exit code.
    """
    if args.quick:
        args.items, args.runs, args.sizes = QUICK_ITEMS, 1, None
    shutil.rmtree(OUTPUT, ignore_errors=True)
    results, budgets, wrong = measured(args)
    shutil.rmtree(OUTPUT, ignore_errors=True)
    print("\n".join([*table(results), "", *map(str, budgets)]))
    for sentence in wrong:
        print(f"DIFFERENT: {sentence}")
    if not wrong:
        print(
            "All pipelines agree with the truth: accepted invoices, errors and warnings per code, "
            "ignored rows, counts, requests, money."
        )
    missed = not args.quick and not all(budget.held for budget in budgets)
    return 1 if wrong or missed else 0


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(prog="benchmarks.bench", description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument(
        "--sizes", type=lambda text: [int(size) for size in text.split(",")], help="instead of --items"
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=lambda text: text.split(","), help=f"some of {', '.join(NAMES)}")
    parser.add_argument("--large", action="store_true", help="ten times the items besides")
    parser.add_argument(
        "--quick", action="store_true", help=f"{QUICK_ITEMS:,} items, one run, budgets told but not enforced"
    )
    args = parser.parse_args()
    unknown = set(args.only or ()) - set(NAMES)
    if unknown:
        parser.error(f"unknown pipeline: {', '.join(sorted(unknown))}")
    raise SystemExit(bench(args))


if __name__ == "__main__":
    main()
