"""Writes the seed corpus: `PYTHONPATH=. python -P -m tests.fuzz.write_seeds`; `git status` shows what has changed.

Some seeds are parts of our own captures, shortened; the others are written down from the RFCs, each with the name of what is
nasty about it. Only what makes a difference: libFuzzer finds the neighbours by itself.
"""

from __future__ import annotations

import importlib
import shutil

from tests.fuzz.recorded import Seeds
from tests.fuzz.targets import CORPUS, TARGETS


def seeds_of(target: str) -> Seeds:
    """Names and inputs, from tests.fuzz.seeds.`target`."""
    seeds: Seeds = importlib.import_module(f"tests.fuzz.seeds.{target}").seeds()
    return seeds


def main() -> None:
    """Writes all of them anew."""
    for target in TARGETS:
        directory = CORPUS / target
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        for name, data in seeds_of(target):
            if len(data) > TARGETS[target].longest:
                raise SystemExit(f"{target}/{name}: {len(data)} bytes are more than an input may have")
            (directory / name).write_bytes(data)


if __name__ == "__main__":
    main()
