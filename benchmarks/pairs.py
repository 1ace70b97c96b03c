"""Whether a change made `run` slower: this checkout against another one, in interleaved pairs.

    python -m benchmarks.pairs --against DIR [--pairs 15] [--items 1000000] [--limit 1.03]

Both read the same generated input with the same Python and packages; each pair is started in random order, so
a machine whose speed drifts spoils a pair and not the comparison. Printed are the median of the ratios (this
one to the other) and its 95 % interval, which makes no assumption about how the ratios are distributed. Exit
1 when the median is above the limit, or when the two did not find the same.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import sys
from collections.abc import Sequence
from math import comb
from pathlib import Path

from benchmarks.bench import (
    EXIT_FAULTY_INPUT,
    OUTPUT,
    ROOT,
    Input,
    Measure,
    facts,
    make_fresh_folder,
    measure,
    prepare,
)

PROGRAM = "import sys; sys.path.insert(0, sys.argv.pop(1)); from pipeline.cli import program; program()"
"""The console script, with the packages of a checkout before the installed ones."""


def run_checkout(checkout: Path, given: Input) -> Measure:
    """Measure one `run` of a checkout in a workspace with nothing but the catalog."""
    workspace = make_fresh_folder("workspace-pairs")
    shutil.copytree(given.workspace, workspace)
    options = ["--format", "json", "--workspace", str(workspace)]
    command = [sys.executable, "-P", "-c", PROGRAM, str(checkout), "run", *given.pair, *options]
    return measure(command, allowed=(0, EXIT_FAULTY_INPUT))


def find_median_interval(ratios: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """The order statistics between which the true median lies with at least this probability (sign test)."""
    count, ordered = len(ratios), sorted(ratios)
    outside = 0.0
    for rank in range(count // 2):
        outside += 2 * comb(count, rank) / 2**count
        if outside > 1 - level:
            return ordered[rank], ordered[count - 1 - rank]
    return ordered[count // 2], ordered[(count - 1) // 2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code says whether the limit holds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", type=Path, required=True, help="the folder of the other checkout")
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--limit", type=float, default=1.03)
    chosen = parser.parse_args(arguments)
    given = prepare(chosen.items, seed=1, ours=True)
    checkouts = {"this": ROOT, "other": chosen.against.resolve()}
    order = random.Random(20261128)
    runs: dict[str, list[Measure]] = {name: [] for name in checkouts}
    for number in range(-1, chosen.pairs):  # the first pair warms the disk cache and is not counted
        for name in order.sample(sorted(checkouts), 2):
            measured = run_checkout(checkouts[name], given)
            if number >= 0:
                runs[name].append(measured)
        print(f"  pair {number + 1}/{chosen.pairs}", file=sys.stderr)
    shutil.rmtree(OUTPUT, ignore_errors=True)  # at the end: whoever comes next would pay for it
    outcomes = {name: facts(json.loads(measured[-1].output)) for name, measured in runs.items()}
    ratios = [
        run.seconds / reference.seconds for run, reference in zip(runs["this"], runs["other"], strict=True)
    ]
    low, high = find_median_interval(ratios)
    for name, measured in runs.items():
        seconds = statistics.median(run.seconds for run in measured)
        print(f"{name:<6} median {seconds:.2f} s, peak {max(run.peak for run in measured) / 2**20:,.0f} MB")
    median = statistics.median(ratios)
    print(f"ratio  median {median:.3f}, 95 % interval {low:.3f} to {high:.3f}, {len(ratios)} pairs")
    if outcomes["this"] != outcomes["other"]:
        print("The two did not find the same.")
        return 1
    return int(median > chosen.limit)


if __name__ == "__main__":
    sys.exit(main())
