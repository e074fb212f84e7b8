"""Batches of messages written by hand, as no producer would: bombs, and what cannot be unpacked."""

import gzip
import socket
import struct
from collections.abc import Sequence

GZIP, ZSTD = 1, 4
KEY = b"key"
_ZSTD_BLOCK = 128 * 1024
_PRODUCE, _VERSION = 0, 7


def _crc_table() -> list[int]:
    table = []
    for number in range(256):
        for _ in range(8):
            number = (number >> 1) ^ (0x82F63B78 if number & 1 else 0)  # noqa: PLW2901 - that is how
        table.append(number)
    return table


_CRC = _crc_table()


def _crc32c(content: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in content:
        crc = (crc >> 8) ^ _CRC[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def _varint(number: int) -> bytes:
    number = ((number << 1) ^ (number >> 63)) & (2**64 - 1)
    found = b""
    while number > 127:
        found += bytes([number & 127 | 128])
        number >>= 7
    return found + bytes([number])


def _head(number: int, size: int) -> bytes:
    """What stands before the value of a record that has a key and no headers."""
    about = b"\0" + _varint(0) + _varint(number) + _varint(len(KEY)) + KEY + _varint(size)
    return _varint(len(about) + size + 1) + about


def record(number: int, value: bytes) -> bytes:
    """The record of this number within its batch."""
    return _head(number, len(value)) + value + b"\0"


def batch(content: bytes, records: int, codec: int, stamp_ms: int = 1_000_000) -> bytes:
    """A batch of so many records, packed already."""
    stamps = (stamp_ms, stamp_ms)
    rest = struct.pack(">hiqqqhii", codec, records - 1, *stamps, -1, -1, -1, records) + content
    body = struct.pack(">ibI", -1, 2, _crc32c(rest)) + rest
    return struct.pack(">qi", 0, len(body)) + body


def zstd_bomb(records: int = 1, size: int = 120_000_000) -> bytes:
    """A batch of 4 kB that unpacks to more than a client takes, with its last record."""
    before = b"".join(record(number, b"small") for number in range(records - 1))
    before += _head(records - 1, size)
    blocks = [_zstd_block(0, len(before), before)]
    left = size + 1
    while left:
        run = min(left, _ZSTD_BLOCK)
        left -= run
        blocks.append(_zstd_block(1, run, b"\0", last=not left))
    return batch(b"\x28\xb5\x2f\xfd\x00\x58" + b"".join(blocks), records, ZSTD)


def _zstd_block(kind: int, size: int, content: bytes, *, last: bool = False) -> bytes:
    return struct.pack("<I", last | kind << 1 | size << 3)[:3] + content


def gzip_bomb(size: int) -> bytes:
    """A batch that unpacks to one large message, which a client takes."""
    return batch(gzip.compress(_head(0, size) + b"\0" * (size + 1)), 1, GZIP)


def cut_in_two(records: Sequence[bytes]) -> bytes:
    """A batch in two gzip members: brokers read both, the client the first and says nothing."""
    whole = b"".join(record(number, value) for number, value in enumerate(records))
    parts = gzip.compress(whole[:6]) + gzip.compress(whole[6:])
    return batch(parts, len(records), GZIP)


def append(bootstrap: str, topic: str, content: bytes, partition: int = 0) -> int:
    """Append a batch to a partition; the offset of its first message."""
    host, _, port = bootstrap.partition(",")[0].rpartition(":")
    about = struct.pack(">hhih", _PRODUCE, _VERSION, 1, 4) + b"hand"
    about += struct.pack(">hhii", -1, -1, 30_000, 1) + _text(topic) + struct.pack(">i", 1)
    request = about + struct.pack(">ii", partition, len(content)) + content
    with socket.create_connection((host, int(port)), 30) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        answer = _exactly(connection, struct.unpack(">i", _exactly(connection, 4))[0])
    _, error, offset = struct.unpack_from(">ihq", answer, 4 + 4 + 2 + len(topic) + 4)
    assert not error, f"the broker refused the batch: {error}"
    return int(offset)


def _text(text: str) -> bytes:
    return struct.pack(">h", len(text)) + text.encode()


def _exactly(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        found += connection.recv(size - len(found))
    return found
