"""One target in this process: fuzzed by atheris, or shown inputs that are there.

    python -P tests/fuzz/one_target.py fuzz TARGET CORPUS... [-runs=N] [-max_total_time=S] [other options of libFuzzer]
    python -P tests/fuzz/one_target.py replay TARGET CORPUS...
    python -P tests/fuzz/one_target.py show TARGET FILE

PYTHONPATH names the build. `replay` prints a line for each input: what was told of it as a digest, and its name; both
builds must print the same. `show` prints what was told in full.
"""

from __future__ import annotations

import hashlib
import pprint
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))  # behind the build

from tests.fuzz.targets import DICTIONARIES, TARGETS, Target, Tell

LONGEST_SECONDS = 2.0  # of CPU time for one input: all are shorter than 64 KiB, and none is worth more


class TooSlow(Exception):
    """An input took longer than any may."""


def timed(tell: Tell, data: bytes) -> object:
    """What is told of the input, within the time that one may take."""
    began = time.process_time()
    told = tell(data)
    seconds = time.process_time() - began
    if seconds > LONGEST_SECONDS:
        raise TooSlow(f"{seconds:.1f} s for {len(data)} bytes")
    return told


def fuzz(target: Target, name: str, arguments: list[str]) -> None:
    """Does not return: libFuzzer ends the process, with a status that is not zero when something was found."""
    import atheris

    with atheris.instrument_imports(include=list(target.instrumented), exclude=list(target.left_out)):
        tell = target.load()
    options = [f"-max_len={target.longest}", "-timeout=60", "-rss_limit_mb=1024", "-print_final_stats=1"]
    dictionary = DICTIONARIES / f"{name}.dict"
    if dictionary.exists():
        options.append(f"-dict={dictionary}")
    atheris.Setup([sys.argv[0], *options, *arguments], lambda data: timed(tell, data))
    atheris.Fuzz()


def replay(target: Target, arguments: list[str]) -> int:
    """How many inputs broke something; each is named, with its traceback."""
    tell = target.load()
    broken = 0
    for path in files(arguments):
        try:
            told = repr(timed(tell, path.read_bytes()))
        except Exception:  # noqa: BLE001  # whatever it is, the others are still to be tried
            broken += 1
            print(f"{path}:\n{traceback.format_exc()}", file=sys.stderr)
            told = "broken"
        print(hashlib.sha256(told.encode(errors="surrogatepass")).hexdigest()[:16], path)
    return broken


def files(arguments: list[str]) -> Iterator[Path]:
    """The files of the directories, in the order of their names."""
    for argument in map(Path, arguments):
        yield from sorted(path for path in argument.iterdir() if path.is_file()) if argument.is_dir() else [argument]


def main() -> int:
    """The command line."""
    action, name, *arguments = sys.argv[1:]
    target = TARGETS[name]
    if action == "fuzz":
        fuzz(target, name, arguments)
    if action == "show":
        pprint.pprint(target.load()(Path(arguments[0]).read_bytes()), width=150)
        return 0
    return min(replay(target, arguments), 100)


if __name__ == "__main__":
    sys.exit(main())
