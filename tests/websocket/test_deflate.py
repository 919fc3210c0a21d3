"""permessage-deflate: the examples of RFC 7692, 7.2.3, windows of every size, bombs, and what is certain after a loss."""

from __future__ import annotations

import random
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.websocket.wire import Deflater
from wsobserve.websocket.deflate import Inflater, _window
from wsobserve.websocket.unknown_window import BLOCK_END, FINAL_BLOCKS

MIB = 1024 * 1024
TEXTS = [f'{{"type":"tick","number":{number},"text":"the same words again"}}'.encode() for number in range(40)]


def inflate(inflater: Inflater, payload: str | bytes) -> bytes:
    inflated = inflater.inflate(bytes.fromhex(payload) if isinstance(payload, str) else payload)
    assert not inflated.error
    assert inflated.length == len(inflated.payload)
    return inflated.payload


# RFC 7692, 7.2.3.1 to 7.2.3.5.
@pytest.mark.parametrize(
    "payload",
    [
        pytest.param("f2 48 cd c9 c9 07 00", id="a message compressed using one block"),
        pytest.param("00 05 00 fa ff 48 65 6c 6c 6f 00", id="a block with no compression"),
        pytest.param("f3 48 cd c9 c9 07 00 00", id="a block with BFINAL set to 1"),
        pytest.param("f2 48 05 00 00 00 ff ff ca c9 c9 07 00", id="two blocks"),
    ],
)
def test_the_examples_of_the_rfc(payload: str) -> None:
    assert inflate(Inflater(True, MIB), payload) == b"Hello"


def test_the_second_hello_is_five_bytes_when_the_window_is_shared() -> None:
    inflater = Inflater(True, MIB)
    assert inflate(inflater, "f2 48 cd c9 c9 07 00") == b"Hello"
    assert inflate(inflater, "f2 00 11 00 00") == b"Hello"


def test_without_context_takeover_a_reference_to_the_message_before_is_an_error() -> None:
    inflater = Inflater(False, MIB)
    assert inflate(inflater, "f2 48 cd c9 c9 07 00") == b"Hello"
    assert inflater.inflate(bytes.fromhex("f2 00 11 00 00")).error
    assert inflater.context_certain


@pytest.mark.parametrize("payload", ["00", ""])
def test_an_empty_message_leaves_the_window_as_it_is(payload: str) -> None:
    inflater = Inflater(True, MIB)
    inflate(inflater, "f2 48 cd c9 c9 07 00")
    assert inflate(inflater, payload) == b""
    assert inflate(inflater, "f2 00 11 00 00") == b"Hello"


def test_a_block_with_bfinal_keeps_the_window_too() -> None:
    inflater = Inflater(True, MIB)
    assert inflate(inflater, "f3 48 cd c9 c9 07 00 00") == b"Hello"
    assert inflate(inflater, "f2 00 11 00 00") == b"Hello"


def test_a_block_with_bfinal_may_be_the_last_byte() -> None:
    assert inflate(Inflater(True, MIB), "f3 48 cd c9 c9 07 00") == b"Hello"


def test_a_message_of_many_blocks() -> None:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    payload = b"".join(compressor.compress(piece) + compressor.flush(zlib.Z_SYNC_FLUSH) for piece in TEXTS)
    assert inflate(Inflater(True, MIB), payload[:-4]) == b"".join(TEXTS)


def test_final_blocks_without_end_are_refused_before_they_cost_much() -> None:
    assert inflate(Inflater(True, MIB), b"\x03\x00" * FINAL_BLOCKS) == b""
    assert Inflater(True, MIB).inflate(b"\x03\x00" * 100_000).error


@pytest.mark.parametrize("bits", range(9, 16))
@pytest.mark.parametrize("takeover", [True, False])
def test_windows_of_every_size(bits: int, takeover: bool) -> None:
    deflater, inflater = Deflater(takeover, bits), Inflater(takeover, MIB)
    numbers = random.Random(bits)
    for length in (10, 600, 5_000, 40_000, 70_000, 3):
        message = b" ".join(numbers.choice(TEXTS) for _ in range(length // 50 + 1))
        assert inflate(inflater, deflater(message)) == message


@given(st.lists(st.binary(max_size=200), max_size=10), st.booleans(), st.integers(0, 9))
def test_what_zlib_deflates_comes_back(messages: list[bytes], takeover: bool, level: int) -> None:
    deflater, inflater = Deflater(takeover, level=level), Inflater(takeover, MIB)
    for message in messages:
        assert inflate(inflater, deflater(message)) == message


@pytest.mark.parametrize("keep", [0, 1, 99, 65_536, 65_537])
def test_a_bomb_is_cut_and_counted_and_the_window_stays_in_step(keep: int) -> None:
    deflater, inflater = Deflater(), Inflater(True, keep)
    bomb = b"0123456789abcdef" * (10 * MIB // 16)
    inflated = inflater.inflate(deflater(bomb))
    assert (inflated.error, inflated.length) == (False, 10 * MIB)
    assert inflated.payload == bomb[:keep]
    assert inflater.inflate(deflater(bomb[:1000])).payload == bomb[: min(keep, 1000)]


def test_exactly_what_is_kept_is_not_cut() -> None:
    deflater, inflater = Deflater(), Inflater(True, 1000)
    for length in (1000, 1001, 999):
        inflated = inflater.inflate(deflater(bytes(length)))
        assert (inflated.length, len(inflated.payload)) == (length, min(length, 1000))


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 8, 9, 257, 258, 259, 516, 5_000, 24_577, 32_767, 32_768, 40_000])
def test_zlib_repeats_its_window(length: int) -> None:
    sent = random.Random(length).randbytes(length)
    decompressor = zlib.decompressobj(-15)
    assert decompressor.decompress(Deflater()(sent) + BLOCK_END) == sent
    assert _window(decompressor, length) == sent[-32_768:]


def final(message: bytes, window: bytes = b"", level: int = 6) -> bytes:
    """A sender that ends the stream with every message, and goes on with the window."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, -15, zdict=window[-32_768:])
    return compressor.compress(message) + compressor.flush() + b"\x00"


@given(st.lists(st.binary(max_size=200), max_size=10), st.sampled_from([0, 1, 9]))
def test_streams_that_end_with_every_message_share_a_window(messages: list[bytes], level: int) -> None:
    inflater, window = Inflater(True, MIB), b""
    for message in messages:
        assert inflate(inflater, final(message, window, level)) == message
        window += message


def test_a_stream_that_ends_in_a_later_block_without_notice_leaves_what_is_certain() -> None:
    inflater, deflater = Inflater(True, MIB), Deflater()
    inflate(inflater, deflater(b"before"))
    two_blocks = deflater(b"one ") + BLOCK_END + final(b"two", b"beforeone ")
    assert inflate(inflater, two_blocks) == b"one two"
    assert not inflater.context_certain
    assert inflate(inflater, final(b"one two again", b"one two")) == b"one two again"
    assert inflater.inflate(final(b"before", b"beforeone twoone two again")).error


def test_what_inflates_without_end_is_given_up_and_its_context_with_it() -> None:
    inflater, deflater = Inflater(True, 1_000, walk=5 * MIB), Deflater()
    assert not inflater.inflate(deflater(bytes(5 * MIB))).given_up
    given_up = inflater.inflate(deflater(bytes(5 * MIB + 1)))
    assert (given_up.given_up, given_up.error, given_up.payload) == (True, False, bytes(1_000))
    assert (inflater.context_certain, inflater.weight) == (False, 0)
    inflater = Inflater(False, 1_000, walk=5 * MIB)
    assert inflater.inflate(Deflater()(bytes(6 * MIB))).given_up
    assert inflate(inflater, Deflater()(b"next")) == b"next"


def test_a_bomb_takes_twice_the_memory_of_what_is_kept() -> None:
    bomb = Deflater()(bytes(100 * MIB))
    inflater = Inflater(True, 4 * MIB)
    tracemalloc.start()
    inflated = inflater.inflate(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (len(inflated.payload), inflated.length) == (4 * MIB, 100 * MIB)
    assert peak < 8 * MIB + 4 * len(bomb) + 300_000


def test_what_is_held_is_weighed() -> None:
    inflater, deflater = Inflater(True, MIB), Deflater()
    assert inflater.weight == 0
    for message in (b"x" * MIB, *TEXTS):
        inflater.inflate(deflater(message))
        assert 32_768 + 8_000 < inflater.weight < 50_000
    inflater.lose_context()
    assert inflater.weight == 0


def test_an_inflate_error_gives_what_came_before_it_and_loses_the_context() -> None:
    inflater = Inflater(True, MIB)
    broken = inflater.inflate(bytes.fromhex("f2 48 05 00 00 00 ff ff ff ff ff"))
    assert broken.error
    assert broken.payload in (b"", b"He")
    assert not inflater.context_certain


def test_after_a_loss_only_what_stands_by_itself_is_inflated() -> None:
    inflater = Inflater(True, MIB)
    inflate(inflater, "f2 48 cd c9 c9 07 00")
    inflater.lose_context()
    assert inflater.inflate(bytes.fromhex("f2 00 11 00 00")).error
    assert inflate(inflater, "f2 48 cd c9 c9 07 00") == b"Hello"
    assert inflate(inflater, "f2 00 11 00 00") == b"Hello"


def test_after_a_loss_data_that_ends_inside_a_block_is_not_believed() -> None:
    inflater = Inflater(True, MIB)
    inflater.lose_context()
    assert inflater.inflate(bytes.fromhex("f2 48 cd c9 c9")).error


def test_data_that_ends_inside_a_block_is_an_error_and_does_not_reach_into_the_next_message() -> None:
    inflater = Inflater(True, MIB)
    assert inflater.inflate(bytes.fromhex("f2 48 cd c9 c9")).error
    assert inflate(inflater, "f2 48 cd c9 c9 07 00") == b"Hello"


def test_the_context_is_certain_again_after_a_whole_window() -> None:
    inflater, deflater = Inflater(True, MIB), Deflater()
    inflater.lose_context()
    assert not inflater.context_certain
    inflate(inflater, deflater(bytes(32_767)))
    assert not inflater.context_certain
    inflate(inflater, deflater(b"x"))
    assert inflater.context_certain


def test_without_context_takeover_a_loss_changes_nothing() -> None:
    inflater = Inflater(False, MIB)
    inflater.lose_context()
    assert inflater.context_certain
    assert inflate(inflater, "f2 48 cd c9 c9 07 00") == b"Hello"


words = st.lists(st.sampled_from([b"alpha ", b"beta ", b"gamma ", b"delta ", b"\x00\xff", b"7"]), max_size=12).map(b"".join)


@given(st.lists(words, min_size=1, max_size=25), st.sets(st.integers(0, 24)), st.integers(9, 15), st.booleans())
def test_after_losses_what_inflates_is_what_was_sent(messages: list[bytes], lost: set[int], bits: int, takeover: bool) -> None:
    deflater, inflater = Deflater(takeover, bits), Inflater(takeover, MIB)
    for number, message in enumerate(messages):
        payload = deflater(message)
        if number in lost:
            inflater.lose_context()
            continue
        inflated = inflater.inflate(payload)
        if not inflated.error:
            assert inflated.payload == message
        if not lost or number < min(lost) or not takeover:
            assert not inflated.error


@given(st.lists(st.binary(max_size=100), max_size=5), st.booleans(), st.integers(0, 100))
def test_any_bytes_at_all_never_raise(payloads: list[bytes], takeover: bool, keep: int) -> None:
    inflater = Inflater(takeover, keep)
    for payload in payloads:
        inflated = inflater.inflate(payload)
        assert len(inflated.payload) <= keep
        assert inflated.length >= len(inflated.payload)


def test_a_message_that_copies_from_before_a_loss_has_its_length_and_one_that_copies_from_behind_it_is_exact() -> None:
    deflater, inflater = Deflater(), Inflater(True, MIB)
    deflater(b"before the capture: words that come again")
    inflater.lose_context()
    unknown = inflater.inflate(deflater(b"words that come again, and now quixotic zigzag"))
    assert (unknown.error, unknown.length) == (True, 46)
    known = inflater.inflate(deflater(b"quixotic zigzag"))
    assert (known.error, known.payload) == (False, b"quixotic zigzag")
    assert not inflater.context_certain


def test_a_message_that_copies_its_beginning_from_the_one_before_for_ever_is_never_guessed() -> None:
    deflater, inflater = Deflater(), Inflater(True, MIB)
    deflater(TEXTS[0])
    inflater.lose_context()
    for message in TEXTS[1:]:
        inflated = inflater.inflate(deflater(message))
        assert (inflated.error, inflated.length, inflated.payload) == (True, len(message), b"")


@given(st.lists(st.lists(st.sampled_from(TEXTS) | st.binary(max_size=60), max_size=8).map(b"".join), max_size=12), st.data())
def test_joined_anywhere_what_comes_out_is_what_went_in(said: list[bytes], data: st.DataObject) -> None:
    deflater, inflater = Deflater(), Inflater(True, MIB)
    for message in said[: data.draw(st.integers(0, len(said)))]:
        deflater(message)
    inflater.lose_context()
    for message in said:
        inflated = inflater.inflate(deflater(message))
        assert inflated.length == len(message)
        assert inflated.error or inflated.payload == message


def test_once_a_window_is_known_the_context_is_certain_and_costs_no_more_than_any() -> None:
    deflater, inflater = Deflater(), Inflater(True, MIB)
    deflater(TEXTS[0])
    inflater.lose_context()
    inflater.inflate(deflater(TEXTS[0] + random.Random(1).randbytes(20_000)))
    weight = inflater.weight
    inflater.inflate(deflater(random.Random(2).randbytes(20_000)))
    assert inflater.context_certain
    assert inflater.weight < weight + 20_000
    assert inflate(inflater, deflater(TEXTS[1])) == TEXTS[1]
