"""Avro files as Currents writes them, and ways to damage them."""

import io
import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import cramjam
import fastavro
import zstandard

CLICK = "users.messages.email.Click"
MARKER = bytes(range(16))
HEADER = fastavro.schema.parse_schema(
    {
        "type": "record",
        "name": "header",
        "fields": [
            {"name": "magic", "type": {"type": "fixed", "name": "magic", "size": 4}},
            {"name": "meta", "type": {"type": "map", "values": "bytes"}},
            {"name": "sync", "type": {"type": "fixed", "name": "sync", "size": 16}},
        ],
    }
)


def _snappy(content: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(content)) + zlib.crc32(content).to_bytes(4, "big")


PACK: dict[str, Callable[[bytes], bytes]] = {
    "null": bytes,
    "deflate": lambda content: zlib.compress(content)[2:-4],
    "snappy": _snappy,
    "zstandard": lambda content: zstandard.ZstdCompressor().compress(content),
    "unheard-of": bytes,
}

Record = Mapping[str, Any]


def schema(event_type: str = CLICK, *, padding: str = "") -> dict[str, Any]:
    """A flat schema with nullable fields, one of them a 32-bit float; `padding` makes the header longer."""

    def nullable(name: str, kind: str) -> dict[str, Any]:
        return {"name": name, "type": ["null", kind], "default": None}

    namespace, _dot, name = f"dataexport.S3.inner.{event_type}".rpartition(".")
    fields = [
        {"name": "id", "type": "string"},
        {"name": "user_id", "type": "string"},
        nullable("external_user_id", "string"),
        {"name": "time", "type": "int"},
        nullable("url", "string"),
        nullable("price", "float"),
        nullable("properties", "string"),
    ]
    return {"type": "record", "namespace": namespace, "name": name, "doc": padding, "fields": fields}


def record(name: str, **fields: Any) -> dict[str, Any]:
    """One record of `schema`; its id is `name`."""
    return {"id": name, "user_id": f"u-{name}", "time": 1_700_000_000, **fields}


def records(*names: str) -> list[dict[str, Any]]:
    """Records with these ids."""
    return [record(name) for name in names]


def avro(
    content: Iterable[Record], codec: str = "null", *, of: dict[str, Any] | None = None, a_block: int = 10
) -> bytes:
    """An Avro file with `a_block` records a block.

    Args:
        content: the records.
        codec: null, deflate, snappy or zstandard.
        of: their schema.
        a_block: records in each block.
    """
    parsed, all_records = fastavro.parse_schema(of or schema()), list(content)
    file = io.BytesIO()
    fastavro.schemaless_writer(file, HEADER, _header(of or schema(), codec))
    for begin in range(0, len(all_records), a_block):
        rows = all_records[begin : begin + a_block]
        block = io.BytesIO()
        for row in rows:
            fastavro.schemaless_writer(block, parsed, row)
        packed = PACK[codec](block.getvalue())
        file.write(_number(len(rows)) + _number(len(packed)) + packed + MARKER)
    return file.getvalue()


def _header(of: dict[str, Any], codec: str) -> dict[str, Any]:
    meta = {"avro.schema": json.dumps(of).encode(), "avro.codec": codec.encode()}
    return {"magic": b"Obj\x01", "meta": meta, "sync": MARKER}


def _number(value: int) -> bytes:
    """A number as Avro writes it."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, "long", value)
    return out.getvalue()


def blocks(file: bytes) -> list[tuple[int, int]]:
    """Where the blocks of a file made by `avro` begin and end, markers included."""
    places, begin = [], file.index(MARKER) + len(MARKER)
    while begin < len(file):
        end = file.index(MARKER, begin) + len(MARKER)
        places.append((begin, end))
        begin = end
    return places


def damaged(file: bytes, block: int, how: str = "content") -> bytes:
    """`file` with its block number `block` made unreadable.

    Args:
        file: made by `avro`.
        block: which one, from 0.
        how: ``content`` overwrites what is in it, ``size`` its size, ``marker`` the marker after it.
    """
    begin, end = blocks(file)[block]
    at = {"content": (begin + 4, end - 20), "size": (begin + 1, begin + 3), "marker": (end - 16, end)}[how]
    return file[: at[0]] + b"\xff" * (at[1] - at[0]) + file[at[1] :]
