"""What a source's URI means."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heap_tui.errors import UsageError
from heap_tui.sources.uri import FilesUri, SampleUri, StdinUri, parse_source


@pytest.mark.parametrize(
    ("uri", "pattern"),
    [
        ("a.ndjson", "a.ndjson"),
        ("/x/*.avro", "/x/*.avro"),
        ("with space.json", "with space.json"),
        ("file:a b.json", "a b.json"),
        ("file:/x/a.json", "/x/a.json"),
        ("file:///x/a%20b.json", "/x/a b.json"),
        ("file://localhost/x", "/x"),
        ("C:\\x\\a.json", "C:\\x\\a.json"),
        ("date=2026-01-01:00/a.avro", "date=2026-01-01:00/a.avro"),
        ("./-", "./-"),
    ],
)
def test_paths_and_file_uris(uri: str, pattern: str) -> None:
    assert parse_source(uri) == FilesUri(pattern)


def test_a_dash_is_standard_input() -> None:
    assert parse_source("-") == StdinUri()


@pytest.mark.parametrize(
    ("uri", "sample"),
    [
        ("sample:", SampleUri()),
        ("sample:?", SampleUri()),
        ("sample:?count=0", SampleUri(count=0)),
        ("sample:?count=5&seed=7&users=3&rate=2.5", SampleUri(5, 7, 3, 2.5)),
        ("sample:count=5", SampleUri(5)),
        ("sample:?types=users.messages.*,x", SampleUri(types=("users.messages.*", "x"))),
    ],
)
def test_samples(uri: str, sample: SampleUri) -> None:
    assert parse_source(uri) == sample


@pytest.mark.parametrize(
    "uri",
    [
        "sample:?count=x",
        "sample:?count=-1",
        "sample:?count=1.5",
        "sample:?users=0",
        "sample:?rate=0",
        "sample:?rate=-1",
        "sample:?rate=nan",
        "sample:?rate=inf",
        "sample:?seed=",
        "sample:?colour=red",
    ],
)
def test_a_wrong_sample_is_named_and_shown_right(uri: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_source(uri)
    assert uri in caught.value.message
    assert "sample:?count=" in caught.value.remedy


@pytest.mark.parametrize(
    "uri", ["", " ", "file:", "file://", "file://elsewhere/x", "file://[x", "http://x/y", "S3://b"]
)
def test_what_is_no_source_is_refused_with_those_there_are(uri: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_source(uri)
    assert repr(uri) in caught.value.message
    assert "sample:" in caught.value.remedy


@pytest.mark.parametrize("uri", ["s3://bucket/prefix", "gs://b", "az://b", "listen:127.0.0.1:8000"])
def test_what_a_later_version_brings_is_named(uri: str) -> None:
    with pytest.raises(UsageError, match="later version") as caught:
        parse_source(uri)
    assert uri in caught.value.message


@given(st.text(max_size=20))
@settings(max_examples=50)
def test_no_text_whatever_raises_anything_else(text: str) -> None:
    for uri in (text, "file:" + text, "file://" + text, "sample:?" + text):
        with suppress(UsageError):
            parse_source(uri)
