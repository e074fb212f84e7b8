"""Batches of one message that are small on the wire and large when they are unpacked.

No producer writes them, so they are made by hand, and sent in a produce request of their own.
"""

import gzip
import socket
import struct

import xxhash

SIZE = 120_000_000
"""Bytes of the message; a Kafka client takes 100 MB at most."""
_GZIP, _LZ4, _ZSTD = 1, 3, 4
_PRODUCE, _VERSION = 0, 7
_TIMEOUT_S = 30.0


def _crc_table() -> list[int]:
    table = []
    for number in range(256):
        value = number
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_CRC = _crc_table()


def _crc32c(content: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in content:
        crc = (crc >> 8) ^ _CRC[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def _varint(number: int) -> bytes:
    left, found = number << 1, b""
    while left > 127:
        found += bytes([left & 127 | 128])
        left >>= 7
    return found + bytes([left])


def _record_head(size: int) -> bytes:
    """What stands before the value of a record without key; a count of no headers follows it."""
    about = b"\0\0\0\1" + _varint(size)
    return _varint(len(about) + size + 1) + about


def _batch(content: bytes, codec: int, stamp_ms: int) -> bytes:
    rest = struct.pack(">hiqqqhii", codec, 0, stamp_ms, stamp_ms, -1, -1, -1, 1) + content
    body = struct.pack(">ibI", -1, 2, _crc32c(rest)) + rest
    return struct.pack(">qi", 0, len(body)) + body


def gzip_bomb(stamp_ms: int, size: int = SIZE) -> bytes:
    """120 MB in about 120 kB."""
    return _batch(gzip.compress(_record_head(size) + bytes(size + 1)), _GZIP, stamp_ms)


def zstd_bomb(stamp_ms: int, size: int = SIZE) -> bytes:
    """120 MB in about 4 kB: blocks that say a byte and how often it comes."""
    longest = 128 * 1024
    head = _record_head(size)
    blocks = [_zstd_block(0, len(head), head, last=False)]
    left = size + 1
    while left:
        run = min(left, longest)
        left -= run
        blocks.append(_zstd_block(1, run, b"\0", last=not left))
    return _batch(b"\x28\xb5\x2f\xfd\x00\x58" + b"".join(blocks), _ZSTD, stamp_ms)


def _zstd_block(kind: int, size: int, content: bytes, *, last: bool) -> bytes:
    return struct.pack("<I", last | kind << 1 | size << 3)[:3] + content


def lz4_bomb(stamp_ms: int, size: int = SIZE) -> bytes:
    """120 MB in about 500 kB: blocks that repeat a byte."""
    about = b"\x60\x70"  # blocks that stand alone, of 4 MB at most
    frame = struct.pack("<I", 0x184D2204) + about
    frame += bytes([xxhash.xxh32_intdigest(about) >> 8 & 255])
    head = _record_head(size)
    blocks = [struct.pack("<I", len(head) | 1 << 31) + head]
    left = size + 1
    while left:
        run = min(left, 4 * 2**20)
        left -= run
        block = _lz4_zeros(run)
        blocks.append(struct.pack("<I", len(block)) + block)
    return _batch(frame + b"".join(blocks) + bytes(4), _LZ4, stamp_ms)


def _lz4_zeros(size: int) -> bytes:
    """A block of zeros: one, a match of it as often as needed, and five at the end."""
    match = size - 1 - 5
    more, rest = divmod(match - 4 - 15, 255)
    return b"\x1f\0\1\0" + b"\xff" * more + bytes([rest]) + b"\x50" + bytes(5)


BOMBS = (gzip_bomb, zstd_bomb, lz4_bomb)


def append(bootstrap: str, topic: str, partition: int, content: bytes) -> int:
    """Append a batch; the offset of its message.

    Raises:
        OSError: the broker cannot be reached, or refuses it.
    """
    host, _, port = bootstrap.partition(",")[0].rpartition(":")
    about = struct.pack(">hhih", _PRODUCE, _VERSION, 1, 4) + b"hand"
    about += struct.pack(">hhii", -1, -1, round(_TIMEOUT_S * 1e3), 1)
    about += struct.pack(">h", len(topic)) + topic.encode() + struct.pack(">i", 1)
    request = about + struct.pack(">ii", partition, len(content)) + content
    with socket.create_connection((host, int(port)), _TIMEOUT_S) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        answer = _exactly(connection, struct.unpack(">i", _exactly(connection, 4))[0])
    _, error, offset = struct.unpack_from(">ihq", answer, 4 + 4 + 2 + len(topic) + 4)
    if error:
        raise ConnectionRefusedError(f"the broker refuses the batch: error {error}")
    return int(offset)


def _exactly(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        part = connection.recv(size - len(found))
        if not part:
            raise ConnectionResetError("the broker has closed the connection")
        found += part
    return found
