"""One target in this process: fuzzed by atheris, or shown inputs that are there.

    python -P -m tests.fuzz.one_target fuzz TARGET CORPUS... [-runs=N] [-max_total_time=S] [other options of libFuzzer]
    python -P -m tests.fuzz.one_target replay [TARGET=FILE_OR_DIRECTORY...]
    python -P -m tests.fuzz.one_target show TARGET FILE

PYTHONPATH names the build, and behind it the checkout. `replay` takes what is committed, and more when it is told; it
prints a line for each input, with what was told of it as a digest: both builds must print the same. `show` prints what
was told in full.
"""

from __future__ import annotations

import hashlib
import pprint
import sys
import time
import traceback
from pathlib import Path

from tests.fuzz.targets import DICTIONARIES, TARGETS, Tell, inputs

LONGEST_SECONDS = 2.0  # of CPU time for one input: the longest has 2 KiB


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


def fuzz(name: str, arguments: list[str]) -> None:
    """Does not return: libFuzzer ends the process, with a status that is not zero when something was found."""
    import atheris

    target = TARGETS[name]
    with atheris.instrument_imports(include=list(target.instrumented), exclude=list(target.left_out)):
        tell = target.load()
    options = [f"-max_len={target.longest}", "-timeout=60", "-rss_limit_mb=1024", "-print_final_stats=1"]
    dictionary = DICTIONARIES / f"{name}.dict"
    if dictionary.exists():
        options.append(f"-dict={dictionary}")
    atheris.Setup([sys.argv[0], *options, *arguments], lambda data: timed(tell, data))
    atheris.Fuzz()


def digest(told: object) -> str:
    """The same for the same records."""
    return hashlib.sha256(repr(told).encode(errors="surrogatepass")).hexdigest()[:16]


def replay(arguments: list[str]) -> int:
    """How many inputs broke something; each is named, with its traceback."""
    more: dict[str, list[Path]] = {}
    for argument in arguments:
        name, _, place = argument.partition("=")
        more.setdefault(name, []).append(Path(place))
    broken = 0
    for name, target in TARGETS.items():
        tell = target.load()
        for path in inputs(name, *more.get(name, [])):
            try:
                told = digest(timed(tell, path.read_bytes()))
            except Exception:  # noqa: BLE001  # whatever it is, the others are still to be tried
                broken += 1
                print(f"{name} {path}:\n{traceback.format_exc()}", file=sys.stderr)
                told = "broken"
            print(name, path.name, told)
    return broken


def main() -> int:
    """The command line."""
    action, *arguments = sys.argv[1:]
    if action == "fuzz":
        fuzz(arguments[0], arguments[1:])
    if action == "show":
        name, path = arguments
        pprint.pprint(TARGETS[name].load()(Path(path).read_bytes()), width=150)
        return 0
    return min(replay(arguments), 100)


if __name__ == "__main__":
    sys.exit(main())
