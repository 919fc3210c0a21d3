"""The compiled and the pure build give equal records for every capture: each observes all of them in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.build_independent

CHECKOUT = Path(__file__).resolve().parents[1]
CORPUS = CHECKOUT.parent / "shared" / "corpus"
BUILDS = {name: CHECKOUT / "build" / name for name in ("compiled", "pure")}

# Prints the name of its build, where it lies, and for each capture how many records there are and a digest of all of them.
STORY = """
import hashlib, json, sys
import msgspec
import wsobserve
from wsobserve.build import build_name
from wsobserve.capture.error import CaptureError
from wsobserve.capture.files import read_captures
from wsobserve.pipeline import Pipeline
from wsobserve.records import ChannelMessage

told = {"build": build_name(), "package": wsobserve.__path__[0], "captures": {}}
for files in json.load(sys.stdin):
    pipeline = Pipeline()
    records = []
    try:
        for item in read_captures(files):
            records += pipeline.receive(item)
    except CaptureError as error:
        records.append(str(error))
    records += pipeline.finish()
    records.append(pipeline.snapshot(final=True))
    digest = hashlib.sha256()
    for record in records:
        if type(record) is ChannelMessage:  # comes with its body or its structure, whichever is less work in its build
            record = msgspec.structs.replace(record, body=None, structure="", elements=())
        digest.update(repr(record).encode(errors="surrogatepass") + b"\\n")
    told["captures"][files[0]] = [len(records), digest.hexdigest()]
json.dump(told, sys.stdout)
"""


def captures() -> list[list[str]]:
    """The files of each capture: ours, the rotated one once more as a whole, and those beside the checkout."""
    ours = sorted((CHECKOUT / "captures").glob("*.pcap*"))
    rotated = [str(path) for path in ours if path.name.startswith("rotated_")]
    theirs = sorted((CORPUS / "captures").glob("*")) + sorted((CORPUS / "real").glob("*.pcap*"))
    return [[str(path)] for path in ours + theirs if str(path) != rotated[0]] + [rotated]


def told_by(build: Path) -> dict[str, Any]:
    environment = os.environ | {"PYTHONPATH": str(build), "PYTHONSAFEPATH": "1", "PYTHONHASHSEED": "random"}
    command = [sys.executable, "-c", STORY]
    done = subprocess.run(
        command, input=json.dumps(captures()).encode(), capture_output=True, env=environment, cwd=build, timeout=300
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_both_builds_give_equal_records_for_every_capture() -> None:
    for name, build in BUILDS.items():
        if not (build / "wsobserve").is_dir():
            pytest.skip(f"build/{name} is not there: `make test` makes both where there is a C compiler")
    with ThreadPoolExecutor(2) as both:
        compiled, pure = both.map(told_by, BUILDS.values())
    for told, build in ((compiled, BUILDS["compiled"]), (pure, BUILDS["pure"])):
        assert Path(told["package"]) == build / "wsobserve"
    if compiled["build"] == "pure" and os.environ.get("CI") != "true":
        pytest.skip("build/compiled could not be compiled here")
    assert (compiled["build"], pure["build"]) == ("compiled", "pure")
    assert len(pure["captures"]) == len(captures())
    assert compiled["captures"] == pure["captures"]
    assert all(count > 1 for file, (count, _) in pure["captures"].items() if Path(file).parent == CHECKOUT / "captures")
