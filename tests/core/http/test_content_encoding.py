"""Decompressors fed in pieces of any size: all of it comes out, in bounded pieces, and what is cut short is noticed."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, strategies as st

from alloy_async.core.http.content_encoding import DECOMPRESSORS, PIECE, create_decompressor
from alloy_async.core.http.failures import BodyTruncated, BodyUnreadable


def compress_bare(body: bytes) -> bytes:
    step = zlib.compressobj(wbits=-15)
    return step.compress(body) + step.flush()


def compress_members(body: bytes) -> bytes:
    return gzip.compress(body[:3]) + gzip.compress(body[3:]) + bytes(4)


COMPRESS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "two members and padding": ("x-gzip", compress_members),
    "deflate": ("deflate", zlib.compress),
    "deflate without a header": ("Deflate ", compress_bare),
    "not compressed": ("identity", bytes),
}
if "br" in DECOMPRESSORS:
    import brotli

    COMPRESS["br"] = ("br", brotli.compress)
if "zstd" in DECOMPRESSORS:
    from backports import zstd

    COMPRESS["zstd"] = ("zstd", zstd.compress)
    COMPRESS["zstd, two frames"] = ("zstd", lambda body: zstd.compress(body[:3]) + zstd.compress(body[3:]))

SIZES = st.integers(1, 70_000)


def decompress(encoding: str, raw: bytes, size: int) -> bytes:
    decompressor = create_decompressor(encoding)
    pieces = []
    for start in range(0, len(raw), size):
        assert decompressor.add_input(raw[start : start + size])
        while piece := decompressor.get_next_piece():
            assert len(piece) <= max(PIECE, size) * (4 if encoding == "br" else 1)
            pieces.append(piece)
    assert not decompressor.add_input(b"")
    decompressor.check_complete()
    return b"".join(pieces)


@pytest.mark.parametrize("name", COMPRESS)
@given(seed=st.binary(max_size=300), times=st.sampled_from([1, 1, 40, 9000]), size=SIZES)
def test_all_of_it_comes_out(name: str, seed: bytes, times: int, size: int) -> None:
    encoding, compress = COMPRESS[name]
    raw = compress(seed * times)
    assert decompress(encoding, raw, max(size, len(raw) // 200)) == seed * times


@pytest.mark.parametrize(
    "name", sorted(COMPRESS.keys() - {"not compressed", "two members and padding", "zstd, two frames"})
)
@given(body=st.binary(min_size=1, max_size=3000), at=st.floats(0, 1, exclude_max=True), size=SIZES)
def test_what_is_cut_short_is_noticed(name: str, body: bytes, at: float, size: int) -> None:
    encoding, compress = COMPRESS[name]
    raw = compress(body)
    cut = raw[: max(1, int(len(raw) * at))]
    with pytest.raises(BodyTruncated):
        decompress(encoding, cut, max(size, len(raw) // 200))


@pytest.mark.parametrize("encoding", ["gzip", *(name for name in ("zstd", "br") if name in DECOMPRESSORS)])
def test_what_is_not_compressed_so_is_refused(encoding: str) -> None:
    with pytest.raises(BodyUnreadable, match=f"it is not {encoding}"):
        decompress(encoding, b"<html>plain text, and quite some of it</html>" * 9, 999)


@pytest.mark.parametrize(
    ("encoding", "words"), [("compress", "a program of long ago"), ("gzip, br", "more than once")]
)
def test_what_nobody_reads_is_refused_with_the_reason(encoding: str, words: str) -> None:
    with pytest.raises(BodyUnreadable, match=words):
        create_decompressor(encoding)


@pytest.mark.parametrize("encoding", [None, "", "identity", "utf-8", "none"])
def test_what_is_no_encoding_is_passed_over(encoding: str | None) -> None:
    assert decompress(encoding or "", b"as it is", 3) == b"as it is"
