"""Sensitive fields: what the flow knows of them is a keyed hash, from the intake on.

Equal values have equal hashes, so that they can be keys, be counted and be joined over, also across
sources and pipelines with the same key. Without the key nobody can tell by trying whether a hash
stands for a value. Who may write messages and read what comes of them can: a message with a value
shows its hash.
"""

from collections.abc import Callable, Collection, Mapping
from hashlib import blake2b
from typing import Any

import msgspec
import polars as pl

HashText = Callable[[str], str]
DIGEST_BYTES = 16
_PERSON = b"tidegauge-field"
_MOST_SHOWN = 131_072
"""Longer payloads of dead letters are left out."""
REDACTED = "redacted"
"""Encoding of a dead letter's payload: only declared fields, sensitive ones as hashes."""
WITHHELD = "withheld"
"""Encoding of a dead letter whose payload could not be told apart, and is left out."""


class KeyedHash:
    """Keyed BLAKE2b of texts, 128 bits in hexadecimal.

    Args:
        key: the secret; longer ones than BLAKE2 takes (64 bytes) are hashed first.
        salt: makes other hashes out of the same texts; empty for none.
    """

    def __init__(self, key: str, salt: str = "") -> None:
        self._key = key
        raw = key.encode()
        raw = raw if len(raw) <= blake2b.MAX_KEY_SIZE else blake2b(raw).digest()
        size = blake2b.SALT_SIZE
        used = blake2b(salt.encode(), digest_size=size).digest() if salt else b""
        self._begun = blake2b(key=raw, digest_size=DIGEST_BYTES, person=_PERSON, salt=used)

    def salted(self, salt: str) -> "KeyedHash":
        """The hash with the same key and another salt."""
        return KeyedHash(self._key, salt)

    def __call__(self, text: str) -> str:
        """The hash of a text."""
        hashing = self._begun.copy()
        hashing.update(text.encode("utf-8", "surrogatepass"))
        return hashing.hexdigest()


class SensitiveFields:
    """What becomes of the sensitive columns and messages of a source.

    Args:
        columns: salts of the sensitive columns, of messages and of tables, by name.
        told: names of the fields of a message that dead letters may show as they are.
        hash_text: the hash of a value.
    """

    def __init__(
        self, columns: Mapping[str, str], told: Collection[str], hash_text: HashText
    ) -> None:
        keyed = hash_text if isinstance(hash_text, KeyedHash) else None
        self._columns = {
            name: keyed.salted(columns[name]) if keyed else hash_text for name in sorted(columns)
        }
        self._told = frozenset(told) - frozenset(columns)
        self._hash_text = hash_text

    def hashed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with hashes in the sensitive columns; null stays null."""
        return frame.with_columns(_hashes(frame[name], of) for name, of in self._columns.items())

    def payload(self, payload: bytes | None) -> tuple[str | None, str | None]:
        """Text and encoding of the payload of a refused message.

        A JSON object keeps its declared fields, sensitive ones as hashes; other keys may hold
        anything, and are left out. Of what is no object nothing is kept.
        """
        if payload is None:
            return None, None
        try:
            found = msgspec.json.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None, WITHHELD
        if not isinstance(found, dict):
            return None, WITHHELD
        text = msgspec.json.encode(self._without_secrets(found)).decode()
        return (text, REDACTED) if len(text) <= _MOST_SHOWN else (None, WITHHELD)

    def key(self, key: bytes | None) -> tuple[str | None, str | None]:
        """Text and encoding of the key of a refused message: its hash.

        A key is often the value of a field, and nothing tells of which one.
        """
        if key is None:
            return None, None
        try:
            return self._hash_text(key.decode()), REDACTED
        except UnicodeDecodeError:
            return None, WITHHELD

    def _without_secrets(self, found: Mapping[str, Any]) -> dict[str, Any]:
        kept = {}
        for name, value in found.items():
            if name in self._columns:
                kept[name] = None if value is None else self._columns[name](_text(value))
            elif name in self._told and not isinstance(value, dict | list):
                kept[name] = value
        return kept


def _hashes(values: pl.Series, hash_text: HashText) -> pl.Series:
    distinct = values.drop_nulls().unique().to_list()
    known = {value: hash_text(value) for value in distinct}
    return pl.Series(values.name, list(map(known.get, values.to_list())), dtype=pl.String)


def _text(value: Any) -> str:
    """A value as it would be as a text: of another type than text, its JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
