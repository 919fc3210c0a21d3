"""Compressed captures give every byte in front of a cut or damage, and no more at once than was asked for."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import random
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wsobserve.capture.compression import CaptureBytes
from wsobserve.capture.error import CaptureError

pytestmark = pytest.mark.build_independent

Compress = Callable[[bytes], bytes]
CODECS: dict[str, Compress] = {
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}
TEXT = b"".join(struct.pack("<I", i * i) for i in range(20_000))  # 80 kB that compress, but not to nothing
each_codec = pytest.mark.parametrize("codec", CODECS)


def read_all(path: Path, least: int = 1000, most: int = 4096) -> tuple[bytes, tuple[str, str] | None]:
    data = CaptureBytes(str(path))
    pieces = []
    while piece := data.read(least, most):
        assert len(piece) <= most or data.compression == "zstd"
        pieces.append(piece)
    assert data.read(1, 1) == b""
    data.close()
    return b"".join(pieces), data.loss


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


@each_codec
def test_a_compressed_file_is_known_by_its_content(path: Path, codec: str) -> None:
    path.write_bytes(CODECS[codec](TEXT))
    data = CaptureBytes(str(path))
    assert data.compression == codec
    data.close()
    assert read_all(path) == (TEXT, None)


def test_a_plain_file_is_read_as_it_is(path: Path) -> None:
    path.write_bytes(TEXT)
    assert read_all(path) == (TEXT, None)


@each_codec
def test_members_follow_each_other(path: Path, codec: str) -> None:
    path.write_bytes(CODECS[codec](TEXT[:1000]) + CODECS[codec](b"") + CODECS[codec](TEXT[1000:]))
    assert read_all(path) == (TEXT, None)


@each_codec
@pytest.mark.parametrize("length", [1, 4, 100_000])
def test_zeros_behind_the_data_are_padding(path: Path, codec: str, length: int) -> None:
    path.write_bytes(CODECS[codec](TEXT) + bytes(length))
    assert read_all(path) == (TEXT, None)
    path.write_bytes(CODECS[codec](TEXT[:10]) + bytes(length) + CODECS[codec](TEXT[10:]))
    assert read_all(path) == (TEXT, None)


@each_codec
def test_something_else_behind_the_data_is_said(path: Path, codec: str) -> None:
    path.write_bytes(CODECS[codec](TEXT) + b"something else")
    assert read_all(path) == (TEXT, ("file_damaged", f"what follows the {codec} data is something else"))


def test_a_skippable_frame_of_zstd_is_skipped(path: Path) -> None:
    skipped = b"\x50\x2a\x4d\x18" + struct.pack("<I", 5) + b"hello"
    path.write_bytes(zstandard.compress(TEXT[:10]) + skipped + zstandard.compress(TEXT[10:]))
    assert read_all(path) == (TEXT, None)


@each_codec
def test_every_cut_gives_what_came_before_and_says_so(path: Path, codec: str) -> None:
    text = TEXT[:200]
    whole = CODECS[codec](text[:100]) + CODECS[codec](text[100:])
    between = len(CODECS[codec](text[:100]))
    for cut in range(6, len(whole)):
        path.write_bytes(whole[:cut])
        got, loss = read_all(path)
        assert text.startswith(got)
        if cut == between:
            assert (got, loss) == (text[:100], None)
        else:
            assert loss == ("file_cut", f"{codec} data end too early")
            assert cut < between or got.startswith(text[:100])


def test_a_cut_gzip_file_gives_all_that_is_there(path: Path) -> None:
    noise = random.Random(1).randbytes(50_000)  # stored as it is: what is in the file can be counted
    path.write_bytes(gzip.compress(noise, 0)[: 10 + 5 + 30_000])
    assert read_all(path) == (noise[:30_000], ("file_cut", "gzip data end too early"))


def test_damaged_gzip_data_give_every_byte_in_front_of_the_damage(path: Path) -> None:
    whole = bytearray(gzip.compress(TEXT))
    whole[-8] ^= 1  # the check sum: all data are in front of it
    path.write_bytes(whole)
    assert read_all(path) == (TEXT, ("file_damaged", "gzip data are damaged"))


def test_damaged_zstd_data_give_every_block_in_front_of_the_damage(path: Path) -> None:
    blocks = [TEXT[i : i + 5_000] for i in range(0, len(TEXT), 5_000)]
    compressor = zstandard.ZstdCompressor().compressobj()
    written = [compressor.compress(block) + compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) for block in blocks]
    written[10] = b"\x07" + written[10][1:]  # a block of the reserved type
    path.write_bytes(b"".join(written))
    assert read_all(path) == (b"".join(blocks[:10]), ("file_damaged", "zstd data are damaged"))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_every_way_to_write_zstd_is_read(path: Path, data: st.DataObject) -> None:
    written = whole = b""
    for _ in range(data.draw(st.integers(1, 3))):
        level, checksum, size = data.draw(st.tuples(st.sampled_from([-5, 1, 3, 12]), st.booleans(), st.booleans()))
        pieces = data.draw(st.lists(st.tuples(st.binary(max_size=40), st.sampled_from([0, 1, 700, 9_000])), max_size=5))
        text = [piece * times for piece, times in pieces]
        length = sum(map(len, text)) if size else -1
        compressor = zstandard.ZstdCompressor(level=level, write_checksum=checksum, write_content_size=size).compressobj(length)
        for piece in text:
            written += compressor.compress(piece) + compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
            whole += piece
        written += compressor.flush()
    path.write_bytes(written)
    assert read_all(path) == (whole, None)


def test_a_window_beyond_the_limit_is_said_to_be_that(path: Path) -> None:
    # RFC 8878, 3.1.1.1.2: a window descriptor of exponent 30 is 1 GiB and more.
    path.write_bytes(b"\x28\xb5\x2f\xfd\x00" + bytes([20 << 3]) + b"\x01\x00\x00")
    assert read_all(path) == (b"", ("file_damaged", "zstd data need more than 128 MiB of memory"))


@each_codec
def test_damage_ends_the_data_and_is_said(path: Path, codec: str) -> None:
    whole = CODECS[codec](TEXT)
    path.write_bytes(whole + CODECS[codec](TEXT)[:9] + b"\xff" * 5000)
    got, loss = read_all(path)
    assert got.startswith(TEXT)
    assert loss == ("file_damaged", f"{codec} data are damaged")


@each_codec
def test_any_damage_gives_bytes_and_at_most_a_loss(path: Path, codec: str) -> None:
    whole = CODECS[codec](TEXT[:2000])
    dice = random.Random(7)
    for _ in range(200):
        damaged = bytearray(whole)
        damaged[dice.randrange(6, len(damaged))] = dice.randrange(256)
        path.write_bytes(damaged)
        _, loss = read_all(path)
        assert loss is None or loss[0] in ("file_cut", "file_damaged")


@each_codec
def test_a_bomb_comes_out_in_small_pieces(path: Path, codec: str) -> None:
    path.write_bytes(CODECS[codec](bytes(30_000_000)))
    data = CaptureBytes(str(path))
    longest = length = 0
    while piece := data.read(1, 65_536):
        longest = max(longest, len(piece))
        length += len(piece)
    data.close()
    assert length == 30_000_000
    assert longest <= 65_536 + 128 * 1024


def test_what_was_peeked_at_is_read_again(path: Path) -> None:
    path.write_bytes(b"0123456789")
    data = CaptureBytes(str(path))
    assert data.peek(8) == b"01234567"
    assert data.peek(4) == b"0123"
    assert data.read(2, 2) == b"01"
    assert data.read(8, 100) == b"23456789"
    assert data.read(1, 100) == b""
    data.close()


def test_bytes_of_the_file_itself_are_counted(path: Path) -> None:
    path.write_bytes(gzip.compress(TEXT))
    data = CaptureBytes(str(path))
    while data.read(1000, 1000):
        pass
    assert data.bytes_read == data.total == path.stat().st_size
    data.close()


def test_a_pipe_gives_what_it_has_and_has_no_size(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"first of it")
    data = CaptureBytes(f"/proc/self/fd/{reading}" if os.path.exists("/proc/self/fd") else f"/dev/fd/{reading}")
    assert data.total is None
    assert data.read(1, 1000) == b"first of it"
    os.write(writing, b"then more")
    assert data.read(1, 1000) == b"then more"
    os.close(writing)
    assert data.read(1, 1000) == b""
    data.close()
    os.close(reading)


@pytest.mark.parametrize(
    ("name", "why"),
    [("missing", "no such file"), (".", "is a directory"), ("a\0b", "embedded null byte"), ("x" * 300, "file name too long")],
)
def test_a_file_that_cannot_be_opened_says_why(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(CaptureError) as caught:
        CaptureBytes(f"{tmp_path}/{name}")
    assert str(caught.value).endswith(f": {why}")


def test_a_file_that_we_may_not_read_says_so(path: Path) -> None:
    path.write_bytes(b"secret")
    path.chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        with pytest.raises(CaptureError) as caught:
            CaptureBytes(str(path))
    finally:
        if root:
            os.seteuid(0)
    assert str(caught.value) == f"{path}: permission denied"
