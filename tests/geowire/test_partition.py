"""Keys go where Kafka's own clients put them; records come out of a blob as they went in."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as kafkas_murmur2

from geowire.headers import pack_headers, unpack_headers
from geowire.liveness import is_alive, is_gone, this_process
from geowire.partition import murmur2, partition_for


@given(st.binary(max_size=200))
def test_murmur2_is_kafkas(key: bytes) -> None:
    """Any key hashes as in kafka-python, which follows the Java client."""
    assert murmur2(key) == kafkas_murmur2(key)


@given(st.binary(max_size=64), st.integers(1, 100))
def test_a_key_has_one_partition(key: bytes, partitions: int) -> None:
    """It is in range and does not change."""
    assert partition_for(key, partitions) == partition_for(key, partitions) < partitions


@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8", exclude_characters="\0")), st.binary(max_size=50))))
def test_headers_survive_packing(headers: list[tuple[str, bytes]]) -> None:
    """Order, repetition and empty values included."""
    assert unpack_headers(pack_headers(tuple(headers))) == tuple(headers)


def test_a_process_knows_itself_alive() -> None:
    """A process of another host, or none at all, cannot be known to be gone."""
    host, _, started = this_process().split("/")

    assert is_alive(this_process())
    assert not any(is_alive(other) for other in ("another-host/1/1", "nonsense", f"{host}/{2**22 + 1}/1"))
    assert not is_gone(this_process())
    assert not is_gone("another-host/1/1")
    assert not is_gone("nonsense")
    assert is_gone(f"{host}/{os.getpid()}/{int(started) + 1 if started.isdigit() else 'other'}")
    assert is_gone(f"{host}/{2**22 + 1}/1")
