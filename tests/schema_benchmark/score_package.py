"""Schema inference held to what is true about streams: `python -m tests.schema_benchmark.score_package`.

In: folders of streams (see streams.py): what the corpus maker of ../shared makes, or ours from public specifications. Out: a
table, a line a stream, the means, and the bars. The package under test is run through its command line, on a capture of each
stream.

    python -m tests.schema_benchmark.score_package                       ten streams of ../shared, 3,000 messages each
    python -m tests.schema_benchmark.score_package --specifications      seven from public specifications
    python -m tests.schema_benchmark.score_package --n 300 --seed 7      the same from few messages
    python -m tests.schema_benchmark.score_package --all                 and all of them on one connection
    python -m tests.schema_benchmark.score_package --direct --only cdp   one stream, without the capture: quick
    python -m tests.schema_benchmark.score_package --explain cdp         why: what is rejected, accepted, confused
    python -m tests.schema_benchmark.score_package --folder DIR          other streams
"""

from __future__ import annotations

import argparse
import hashlib
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.schema_benchmark import bars
from tests.schema_benchmark.alternatives import Alternatives
from tests.schema_benchmark.explain import explained
from tests.schema_benchmark.inferred import Inferred, by_command, directly
from tests.schema_benchmark.measures import Score, mean_known, scored
from tests.schema_benchmark.peers import PEERS
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
    "ari/truth": lambda score: score.separation / score.truth_separation,
    "size": lambda score: score.size,
}


def main() -> None:
    """Prints the tables."""
    options = _options()
    folder, corpus = options.folder, "other"
    if folder is None:
        corpus = "specifications" if options.specifications else "shared"
        folder = streams_made(corpus, options.n, options.seed)
    streams = read_streams(folder)
    if options.all:
        streams.append(interleaved(streams, 10_000 if options.n >= 1_000 else options.n * len(streams)))
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
        second_opinion(inferred.schema, folder, stream, score)
        scores[stream.name] = score
        kinds = len(set(stream.valid_kinds))
        took = time.perf_counter() - began
        print(f"{stream.name:14} {kinds:5} {score.labels:6} {took:5.1f}  " + _figures(score), flush=True)
        if options.explain:
            print(explained(stream, inferred, valid_labels))
    _print_means(scores, corpus, options.n)
    if options.peers:
        _print_peers(streams)


def _print_peers(streams: list[Stream]) -> None:
    """A line a peer: the means over the same streams."""
    print(f"\n{'others':35} " + " ".join(f"{name:>10}" for name in COLUMNS))
    for name, infer in PEERS.items():
        schemas = {stream.name: infer(stream.train, MADE) for stream in streams}
        scores = []
        for stream in streams:
            schema = schemas[stream.name]
            if schema is not None:
                alternatives = Alternatives(schema)
                scores.append(scored(schema, stream, [alternatives.label(message) for message in stream.valid]))
        figures = " ".join(f"{mean_known(map(column, scores)):10.3f}" for column in COLUMNS.values())
        print(f"{name:35} {figures if scores else 'not installed here'}")


def _print_means(scores: dict[str, Score], corpus: str, n: int) -> None:
    together = scores.pop("all", None)
    if len(scores) > 1:
        means = {name: mean_known(map(column, scores.values())) for name, column in COLUMNS.items()}
        print(f"{'mean':14} {'':5} {'':6} {'':5}  " + " ".join(f"{value:10.3f}" for value in means.values()))
        print("", *bars.verdicts(bars.BARS.get((corpus, n), {}), means), sep="\n")
    if together is not None and corpus == "shared":
        verdicts = bars.verdicts(bars.ALL_AT_ONCE, {name: column(together) for name, column in COLUMNS.items()})
        print(*(f"{line}, all on one connection" for line in verdicts), sep="\n")
    print("\nrejected by class of fault: " + ", ".join(_by_class(list(scores.values()) or [together])))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="streams that are there already (default: made by ../shared)")
    parser.add_argument("--specifications", action="store_true", help="the streams from public specifications")
    parser.add_argument("--n", type=int, default=3000, help="messages of each stream to learn from (default: 3000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--build", type=Path, default=CHECKOUT, help="where the package lies (default: the checkout)")
    parser.add_argument("--only", nargs="+", metavar="STREAM")
    parser.add_argument("--all", action="store_true", help="also all streams on one connection (10,000 messages)")
    parser.add_argument("--direct", action="store_true", help="the stages of the package alone, in this process")
    parser.add_argument("--peers", action="store_true", help="also what genson and quicktype make of the same messages")
    parser.add_argument("--explain", nargs="+", metavar="STREAM", help="these streams alone, with everything that is wrong")
    return parser.parse_args()


def streams_made(corpus: str, n: int, seed: int) -> Path:
    """The folder with the streams of a corpus; made when it is not there yet."""
    if corpus == "shared":
        maker, sources = [str(SHARED / "corpus.py")], [SHARED / "corpus.py"]
        if not sources[0].exists():
            sys.exit(f"no corpus maker at {sources[0]}: give a --folder, or --specifications")
    else:
        maker = ["-m", "tests.schema_benchmark.specifications.make"]
        sources = sorted(Path(__file__).parent.glob("specifications/*.py"))
    source = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:8]
    folder = MADE / f"{corpus}-{n}-{seed}-{source}"
    if not folder.exists():
        unfinished = folder.with_suffix(".part")
        unfinished.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-B", *maker, str(unfinished), "--n", str(n), "--seed", str(seed)]
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


def _by_class(scores: list[Score | None]) -> list[str]:
    known = [score for score in scores if score is not None]
    classes = {fault for score in known for fault in score.classes}
    return [
        f"{fault} {mean_known(score.classes.get(fault, math.nan) for score in known):.2f}"
        for fault in (*STRUCTURAL, *SEMANTIC)
        if fault in classes
    ]


if __name__ == "__main__":
    main()
