"""One measurement of schema inference, in a process of its own: `python -P schema_run.py TASK [FILE]`.

In: a task, and for speed a file with a JSON message a line, for steady state a capture. Out: a JSON object on standard output.
The package is the one that PYTHONPATH names; nothing else of the checkout is imported.

    learn FILE          messages/s from JSON texts into a fresh fold, and the seconds until its kinds are worked out
    steady CAPTURE      messages/s of a pipeline that knows what is said, bytes of the capture to folds
    genson, duckdb FILE the same messages by others, schema included
    one_channel         MB of objects that a fold holds at most, of twenty times, while a million messages without any order
                        come on one channel, and with its kinds; and how much the process grows by it
    many_channels       how much it grows by messages on 10,000 channels, and on 20,000
"""

from __future__ import annotations

import gc
import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

LEAST_SECONDS = float(os.environ.get("SCHEMA_RUN_SECONDS", "1"))  # what is over sooner is done again
HOSTILE = int(os.environ.get("SCHEMA_RUN_MESSAGES", "1000000"))
CHANNELS = int(os.environ.get("SCHEMA_RUN_CHANNELS", "10000"))


def texts_of(path: str) -> list[bytes]:
    return Path(path).read_bytes().splitlines()


def timed(work: Callable[[], object]) -> float:
    """CPU seconds of one go, the mean over as many as fill LEAST_SECONDS."""
    goes, began = 0, time.process_time()
    while goes == 0 or time.process_time() - began < LEAST_SECONDS:
        work()
        goes += 1
    return (time.process_time() - began) / goes


def sent(texts: Iterator[bytes] | list[bytes]) -> Iterator[Any]:
    """Messages of one connection."""
    from wsobserve.records import SERVER_TO_CLIENT, Half, Message

    half = Half(connection="c", source="a:1", destination="b:2", direction=SERVER_TO_CLIENT)
    for number, text in enumerate(texts):
        now_ns = 1_700_000_000_000_000_000 + number * 1_000_000
        yield Message(half, now_ns, number, now_ns, 1, 1, False, len(text), len(text), True, True, text)


def said(payload: Any, texts: Iterator[bytes], channel: Callable[[int], str] = lambda number: "/a") -> Iterator[Any]:
    """Channel messages, as this stage of the room of payloads makes them, on these channels."""
    from msgspec.structs import replace

    for number, record in enumerate(sent(texts)):
        for each in payload.receive(record):
            yield replace(each, channel=channel(number))


def learn(path: str) -> dict[str, float]:
    from wsobserve.payload.stage import Payload
    from wsobserve.schema.fold import SchemaFold

    records = list(sent(texts_of(path)))
    fold = SchemaFold()

    def learn_all() -> None:
        nonlocal fold
        payload, fold = Payload(), SchemaFold()
        for record in records:
            for message in payload.receive(record):
                fold.add(message)

    seconds = timed(learn_all)
    began = time.process_time()
    kinds = len(fold.kinds())
    return {"messages": len(records), "seconds": seconds, "kinds_seconds": time.process_time() - began, "kinds": kinds}


def steady(path: str) -> dict[str, float]:
    from wsobserve.capture.files import read_captures
    from wsobserve.pipeline import Pipeline

    batches = [item for item in read_captures([path]) if hasattr(item, "part")]
    pipeline = Pipeline(messages=0, frames=False)
    known = len(batches) // 4
    for batch in batches[:known]:
        pipeline.receive(batch)
    before = pipeline.accounting().messages
    began = time.process_time()
    for batch in batches[known:]:
        pipeline.receive(batch)
    seconds = time.process_time() - began
    return {"messages": pipeline.accounting().messages - before, "seconds": seconds}


def genson(path: str) -> dict[str, float]:
    from genson import SchemaBuilder  # type: ignore[import-untyped]  # it publishes no types

    texts = texts_of(path)

    def build() -> object:
        builder = SchemaBuilder()
        for text in texts:
            builder.add_object(json.loads(text))
        return builder.to_schema()

    return {"messages": len(texts), "seconds": timed(build)}


def duckdb(path: str) -> dict[str, float]:
    import duckdb

    database = duckdb.connect()
    database.execute("SET threads = 1")
    read = "SELECT content FROM read_csv(?, header=false, delim='\x01', quote='', escape='', columns={'content': 'VARCHAR'})"
    database.execute(f"CREATE TABLE said AS {read}", [path])
    row = database.execute("SELECT count(*) FROM said").fetchone()
    assert row is not None
    infer = "SELECT json_group_structure(content::JSON) FROM said"
    return {"messages": row[0], "seconds": timed(lambda: database.execute(infer).fetchall())}


def without_order(count: int, seed: int) -> Iterator[bytes]:
    """Messages whose keys, names, tags, lengths and depths nobody has seen before."""
    chance = random.Random(seed)
    bits = chance.getrandbits
    for number in range(count):
        match number % 9:
            case 0:
                value = f'{{"type":"state","{bits(64):x}":{bits(20)}}}'
            case 1:
                value = f'{{"type":"{bits(64):x}","value":1}}'  # its name is its tag
            case 2:
                value = f'{{"op":{bits(40)},"d":{{"t":"{bits(48):x}","{bits(48):x}":{{"{bits(32):x}":null}}}}}}'
            case 3:
                value = f'{{"type":"list","of":[{",".join(["1"] * (bits(9)))}],"text":"{"x" * bits(10)}"}}'
            case 4:
                depth = 1 + bits(5)
                value = '{"type":"deep","v":' + f'{{"{bits(16):x}":[' * depth + "0" + "]}" * depth + "}"
            case 5:
                value = f'{{"type":"{word(bits(20))}","{word(bits(20))}":"{word(bits(20))}"}}'  # names that look like names
            case 6:
                value = f'{{"{word(bits(20))}":{{"{word(bits(20))}":[{{"{word(bits(20))}":{bits(30)}}}]}}}}'
            case 7:
                value = f'{{"type":"form","{word(bits(10))}":"{word(bits(5))}","{word(bits(10))}":{bits(30)}}}'
            case _:
                value = f'["{bits(64):x}",{bits(3)},{{"a{bits(10)}":"{bits(64):x}","b{bits(10)}":{bits(64)}}}]'
        yield value.encode()


def word(number: int) -> str:
    """That can be spoken: another one for each number."""
    spoken = ""
    while number or not spoken:
        number, sound = divmod(number, 64)
        spoken += "bdfgklmnprstvzhj"[sound >> 2] + "aeio"[sound & 3]
    return spoken


def resident_bytes() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# What compiled objects refer to and do not tell the garbage collector, as it makes no cycles.
UNTOLD = {
    "Leaf": ("_members",),
    "Sampled": ("connection", "direction", "form", "name"),
    "Stratum": ("direction", "form", "name"),
}


def held_bytes(root: object) -> int:
    """The sizes of all objects that can be reached from this one, each counted once; types and modules are nobody's."""
    waiting, seen, held = [root], set(), 0
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, (type, ModuleType)):
            continue
        seen.add(id(one))
        held += sys.getsizeof(one)
        waiting.extend(gc.get_referents(one))
        named = UNTOLD.get(type(one).__name__, getattr(one, "__struct_fields__", ()))
        waiting.extend(getattr(one, name, None) for name in named)
    return held


def one_channel(path: str) -> dict[str, float]:
    from wsobserve.payload.stage import Payload
    from wsobserve.schema.fold import SchemaFold

    payload, step = Payload(), max(1, HOSTILE // 20)
    for _ in said(payload, without_order(step, 1)):  # what the stage before the fold keeps is kept from here on
        pass
    before = resident = resident_bytes()
    fold, held = SchemaFold(), 0
    for number, message in enumerate(said(payload, without_order(HOSTILE, 2)), 1):
        fold.add(message)
        if number % step == 0:
            resident = max(resident, resident_bytes())
            held = max(held, held_bytes(fold))
    kinds = len(fold.kinds())
    return {
        "messages": HOSTILE,
        "kinds": kinds,
        "megabytes": held / 1e6,
        "megabytes_resident": (resident - before) / 1e6,
        "megabytes_with_kinds": held_bytes(fold) / 1e6,
        "megabytes_resident_with_kinds": (max(resident, resident_bytes()) - before) / 1e6,
    }


def channels(first: int) -> Callable[[int], str]:
    return lambda number: f"/{first + number % CHANNELS}"


def many_channels(path: str) -> dict[str, float]:
    from wsobserve.payload.stage import Payload
    from wsobserve.schema.fold import SchemaFold

    payload = Payload()
    for _ in said(payload, without_order(10_000, 1)):
        pass
    before = resident_bytes()
    fold = SchemaFold()
    sizes = []
    for part in (0, CHANNELS):
        for message in said(payload, without_order(30 * CHANNELS, part), channels(part)):
            fold.add(message)
        sizes.append((resident_bytes() - before) / 1e6)
    return {"channels": CHANNELS, "megabytes": sizes[0], "megabytes_twice_the_channels": sizes[1]}


TASKS: dict[str, Callable[[str], dict[str, float]]] = {
    task.__name__: task for task in (learn, steady, genson, duckdb, one_channel, many_channels)
}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](sys.argv[2] if len(sys.argv) > 2 else "")))
