"""Schema inference held to what is true about streams: `python -m tests.schema_benchmark.score_package`.

In: folders of streams (see streams.py), or what the corpus maker of ../shared makes. Out: a table, a line a stream, and the
means. The package under test is run through its command line, on a capture of each stream.

    python -m tests.schema_benchmark.score_package                       ten streams, 3,000 messages each
    python -m tests.schema_benchmark.score_package --n 300 --seed 7      the same from few messages
    python -m tests.schema_benchmark.score_package --all                 and all of them on one connection
    python -m tests.schema_benchmark.score_package --direct --only cdp   one stream, without the capture: quick
    python -m tests.schema_benchmark.score_package --explain cdp         why: what is rejected, accepted, confused
    python -m tests.schema_benchmark.score_package --folder DIR          other streams
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.schema_benchmark.explain import explained
from tests.schema_benchmark.inferred import Inferred, by_command, directly
from tests.schema_benchmark.measures import Score, mean_known, scored
from tests.schema_benchmark.streams import SEMANTIC, STRUCTURAL, Stream, interleaved, read_streams

CHECKOUT = Path(__file__).resolve().parents[2]
SHARED = CHECKOUT.parent / "shared" / "bench" / "schema"
MADE = CHECKOUT / "build" / "schema_benchmark"
COLUMNS: dict[str, Callable[[Score], float]] = {
    "recall": lambda score: score.recall,
    "structural": lambda score: score.structural,
    "f1": lambda score: score.f1,
    "semantic": lambda score: score.semantic,
    "ari": lambda score: score.separation,
    "ari train": lambda score: score.separation_train,
    "size": lambda score: score.size,
}


def main() -> None:
    """Prints the tables."""
    options = _options()
    streams = read_streams(options.folder or shared_streams(options.n, options.seed))
    if options.all:
        share = 10_000 if options.n >= 1_000 else options.n * len(streams)
        streams.append(interleaved(streams, share))
    wanted = options.explain or options.only
    streams = [stream for stream in streams if not wanted or stream.name in wanted]
    if not streams:
        sys.exit("no such stream")
    scores: dict[str, Score] = {}
    print(f"{'stream':14} {'kinds':>5} {'labels':>6} {'s':>5}  " + " ".join(f"{name:>10}" for name in COLUMNS))
    for stream in streams:
        began = time.perf_counter()
        inferred, valid_labels = ask(stream, options.build, direct=options.direct)
        score = scored(inferred.schema, stream, valid_labels, inferred.labels)
        second_opinion(inferred.schema, options.folder or shared_streams(options.n, options.seed), stream, score)
        scores[stream.name] = score
        kinds = len(set(stream.valid_kinds))
        took = time.perf_counter() - began
        print(f"{stream.name:14} {kinds:5} {score.labels:6} {took:5.1f}  " + _figures(score), flush=True)
        if options.explain:
            print(explained(stream, inferred, valid_labels))
    each = {name: score for name, score in scores.items() if name != "all"}
    if len(each) > 1:
        means = " ".join(f"{mean_known(map(column, each.values())):10.3f}" for column in COLUMNS.values())
        print(f"{'mean':14} {'':5} {'':6} {'':5}  {means}")
    print("\nrejected by class of fault: " + ", ".join(_by_class(list(each.values() or scores.values()))))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="streams that are there already (default: made by ../shared)")
    parser.add_argument("--n", type=int, default=3000, help="messages of each stream to learn from (default: 3000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--build", type=Path, default=CHECKOUT, help="where the package lies (default: the checkout)")
    parser.add_argument("--only", nargs="+", metavar="STREAM")
    parser.add_argument("--all", action="store_true", help="also all streams on one connection (10,000 messages)")
    parser.add_argument("--direct", action="store_true", help="the stages of the package alone, in this process")
    parser.add_argument("--explain", nargs="+", metavar="STREAM", help="these streams alone, with everything that is wrong")
    return parser.parse_args()


def shared_streams(n: int, seed: int) -> Path:
    """The folder with the ten streams of ../shared; made when it is not there yet."""
    maker = SHARED / "corpus.py"
    if not maker.exists():
        sys.exit(f"no corpus maker at {maker}: give a --folder")
    folder = MADE / f"shared-{n}-{seed}"
    if not folder.exists():
        unfinished = folder.with_suffix(".part")
        unfinished.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-B", str(maker), str(unfinished), "--n", str(n), "--seed", str(seed)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        unfinished.rename(folder)
    return folder


def ask(stream: Stream, build: Path, *, direct: bool = False) -> tuple[Inferred, list[str]]:
    """What is inferred from the messages to learn from, and the labels of those held out.

    The latter come from a second capture, in which the messages held out follow the others.
    """
    both = [*stream.train, *stream.valid]
    if direct:
        return directly(stream.train, stream.name), directly(both, stream.name).labels[len(stream.train) :]
    with tempfile.TemporaryDirectory(prefix="schema_benchmark-") as temporary:
        inferred = by_command(stream.train, stream.name, Path(temporary), build)
        labels = by_command(both, stream.name, Path(temporary), build, documents=False).labels
    return inferred, labels[len(stream.train) :]


def second_opinion(schema: dict[str, Any], folder: Path, stream: Stream, ours: Score) -> None:
    """The scorer of ../shared, where it is at hand, must come to the same figures."""
    if not (SHARED / "score.py").exists() or not (folder / stream.name).exists():
        return
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(SHARED))
    try:
        import score as shared  # type: ignore[import-not-found]  # of no package
    finally:
        sys.path.remove(str(SHARED))
    theirs = shared.score(schema, str(folder / stream.name), labels=["given"] * len(stream.valid))
    for key, value in {
        "recall": ours.recall,
        "structural": ours.structural,
        "semantic": ours.semantic,
        "ratio": ours.size,
    }.items():
        if not (math.isclose(theirs[key], value, abs_tol=1e-9) or math.isnan(value)):
            sys.exit(f"{stream.name}: {key} is {value:.4f} here and {theirs[key]:.4f} by the scorer of ../shared")


def _figures(score: Score) -> str:
    return " ".join(f"{column(score):10.3f}" for column in COLUMNS.values())


def _by_class(scores: list[Score]) -> list[str]:
    classes = {fault for score in scores for fault in score.classes}
    return [
        f"{fault} {mean_known(score.classes.get(fault, math.nan) for score in scores):.2f}"
        for fault in (*STRUCTURAL, *SEMANTIC)
        if fault in classes
    ]


if __name__ == "__main__":
    main()
