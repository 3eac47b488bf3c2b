"""Which files a path, a directory or a glob stands for."""

import os
import socket
from pathlib import Path

import pytest

from heap_tui.errors import UsageError
from heap_tui.sources import discovery
from heap_tui.sources.discovery import check_exists, discover, format_of, is_flat, is_glob, roots


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(name)


def found(pattern: str) -> list[str]:
    listing = discover(pattern)
    assert listing.unreadable == []
    return [file.path.removeprefix("./") for file in listing.files]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a.avro", ("avro", "")),
        ("A.AVRO", ("avro", "")),
        ("a.ndjson.gz", ("ndjson", "gz")),
        ("a.jsonl.zst", ("jsonl", "zst")),
        ("a.JSON.Gz", ("json", "gz")),
        ("a.gz", ("", "gz")),
        ("a.txt", ("", "")),
        ("json", ("", "")),
        ("a.ndjson.tmp", ("", "")),
    ],
)
def test_the_name_says_the_format(path: str, kind: tuple[str, str]) -> None:
    assert format_of(path) == kind


@pytest.mark.usefixtures("folder")
class TestDirectory:
    def test_everything_of_a_known_format_below_it_is_found(self) -> None:
        make("d/a.ndjson", "d/b/c.avro", "d/b/e/f.json.gz", "d/readme.txt", "d/g.csv")
        assert found("d") == ["d/a.ndjson", "d/b/c.avro", "d/b/e/f.json.gz"]

    def test_hidden_files_and_directories_are_passed_over(self) -> None:
        make("d/.a.ndjson", "d/.b/c.ndjson", "d/e.ndjson")
        assert found("d") == ["d/e.ndjson"]

    def test_a_hidden_file_that_is_named_is_read(self) -> None:
        make(".a.ndjson")
        assert found(".a.ndjson") == [".a.ndjson"]

    def test_currents_files_come_in_the_order_of_their_hour(self) -> None:
        make(
            "d/event_type=z/date=2026-01-02-03/a.avro",
            "d/event_type=a/date=2026-01-02-10/a.avro",
            "d/event_type=b/date=2026-01-02-03/a.avro",
            "d/other.avro",
        )
        assert found("d") == [
            "d/other.avro",
            "d/event_type=b/date=2026-01-02-03/a.avro",
            "d/event_type=z/date=2026-01-02-03/a.avro",
            "d/event_type=a/date=2026-01-02-10/a.avro",
        ]

    def test_one_file_by_several_names_is_read_once(self) -> None:
        make("d/a.ndjson")
        Path("d/b.ndjson").hardlink_to("d/a.ndjson")
        Path("d/c.ndjson").symlink_to("a.ndjson")
        assert len(found("d")) == 1

    def test_directories_behind_links_are_read_under_their_own_name(self) -> None:
        make("d/real/a.ndjson", "elsewhere/b.ndjson")
        Path("d/alias").symlink_to("real")
        Path("d/far").symlink_to("../elsewhere")
        assert found("d") == ["d/far/b.ndjson", "d/real/a.ndjson"]

    @pytest.mark.timeout(10)
    @pytest.mark.parametrize("pattern", ["d", "d/**", "d/**/*.ndjson", "**/a.*"])
    def test_loops_of_links_are_followed_once(self, pattern: str) -> None:
        make("d/x/a.ndjson")
        for name in ("one", "two", "x/three"):
            Path("d", name).symlink_to(Path("d").resolve())
        assert found(pattern) == ["d/x/a.ndjson"]

    @pytest.mark.parametrize("target", ["b.ndjson", "gone"])
    def test_a_link_that_leads_nowhere_is_told(self, target: str) -> None:
        make("d/a.ndjson")
        Path("d/b.ndjson").symlink_to(target)
        listing = discover("d")
        assert [file.path for file in listing.files] == ["d/a.ndjson"]
        assert [problem.path for problem in listing.unreadable] == ["d/b.ndjson"]

    def test_what_is_no_regular_file_is_passed_over(self) -> None:
        make("d/a.ndjson")
        os.mkfifo("d/b.ndjson")
        Path("d/c.ndjson").mkdir()
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("d/d.ndjson")
            assert found("d") == ["d/a.ndjson"]

    def test_a_directory_that_may_not_be_entered_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        make("d/a.ndjson", "d/shut/b.ndjson")
        scan = os.scandir

        def refuse(path: str) -> object:
            if str(path).endswith("shut"):
                raise PermissionError(13, "Permission denied", path)
            return scan(path)

        monkeypatch.setattr(os, "scandir", refuse)
        listing = discover("d")
        assert [file.path for file in listing.files] == ["d/a.ndjson"]
        assert [(problem.path, problem.reason) for problem in listing.unreadable] == [("d/shut", "Permission denied")]

    def test_a_directory_that_vanishes_under_way_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        make("d/a.ndjson", "d/b/c.ndjson")
        look = Path.stat

        def vanished(path: Path, **more: bool) -> os.stat_result:
            if path.name == "b":
                raise FileNotFoundError(2, "No such file or directory", str(path))
            return look(path, **more)

        monkeypatch.setattr(Path, "stat", vanished)
        listing = discover("d")
        assert [file.path for file in listing.files] == ["d/a.ndjson"]
        assert [problem.path for problem in listing.unreadable] == ["d/b"]

    def test_names_that_are_not_utf8_are_found(self) -> None:
        Path("d").mkdir()
        Path(os.fsdecode(b"d/caf\xe9.ndjson")).touch()
        assert [os.fsencode(path) for path in found("d")] == [b"d/caf\xe9.ndjson"]


class TestGlob:
    @pytest.fixture(autouse=True)
    def _files(self, folder: Path) -> None:  # in that folder, so it must be there before
        make("a1.ndjson", "a2.json", "b/a3.ndjson", "b/c/a4.ndjson", "b/c/z.txt", "b/.h/a5.ndjson", "[x].ndjson")

    @pytest.mark.parametrize(
        ("pattern", "names"),
        [
            ("a*.ndjson", ["a1.ndjson"]),
            ("a?.*", ["a1.ndjson", "a2.json"]),
            ("*/*.ndjson", ["b/a3.ndjson"]),
            ("**/a*.ndjson", ["a1.ndjson", "b/a3.ndjson", "b/c/a4.ndjson"]),
            ("b/**", ["b/a3.ndjson", "b/c/a4.ndjson"]),
            ("b/**/c/*", ["b/c/a4.ndjson"]),
            ("**/c", ["b/c/a4.ndjson"]),
            ("b*", ["b/a3.ndjson", "b/c/a4.ndjson"]),
            ("[ab]1.ndjson", ["a1.ndjson"]),
            ("**/*.avro", []),
            ("nowhere/**/*.avro", []),
        ],
    )
    def test_it_stands_for_what_it_matches(self, pattern: str, names: list[str]) -> None:
        assert sorted(found(pattern)) == names

    def test_an_absolute_one_does_so_too(self, folder: Path) -> None:
        assert found(f"{folder}/**/a4.*") == [f"{folder}/b/c/a4.ndjson"]

    def test_the_name_of_something_that_is_there_is_no_glob(self) -> None:
        assert not is_glob("[x].ndjson")
        assert found("[x].ndjson") == ["[x].ndjson"]
        assert is_glob("[ab]1.ndjson")

    def test_a_tilde_is_the_home_directory(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(folder))
        assert found("~/a1.ndjson") == [f"{folder}/a1.ndjson"]
        assert found("~/b/*.ndjson") == [f"{folder}/b/a3.ndjson"]


@pytest.mark.usefixtures("folder")
class TestCheck:
    @pytest.mark.parametrize("pattern", ["d", "d/a.ndjson", "d/*.ndjson", "d/**/*.ndjson", "*/a*"])
    def test_what_is_there_passes(self, pattern: str) -> None:
        make("d/a.ndjson")
        check_exists(pattern)

    @pytest.mark.parametrize(
        "pattern", ["gone", "gone.ndjson", "*.avro", "**/*.avro", "a.ndjson/b.ndjson", "~nobody-at-all/x.ndjson"]
    )
    def test_what_is_not_there_is_named(self, pattern: str) -> None:
        make("a.ndjson")
        with pytest.raises(UsageError, match="does not exist") as caught:
            check_exists(pattern)
        assert pattern in caught.value.message
        assert "--follow" in caught.value.remedy

    @pytest.mark.parametrize("name", ["a.csv", "a", "a.gz"])
    def test_a_file_of_unknown_format_is_refused_with_the_known_ones(self, name: str) -> None:
        make(name)
        with pytest.raises(UsageError) as caught:
            check_exists(name)
        assert name in caught.value.message
        assert ".ndjson" in caught.value.remedy

    def test_a_pipe_is_refused_with_the_way_to_read_it(self) -> None:
        for name in ("a.ndjson", "pipe"):
            os.mkfifo(name)
            with pytest.raises(UsageError) as caught:
                check_exists(name)
            assert f"--source - < {name}" in caught.value.remedy

    def test_a_name_that_is_too_long_is_refused_with_the_reason(self) -> None:
        with pytest.raises(UsageError, match="too long"):
            check_exists("x" * 300 + ".ndjson")

    def test_a_place_that_may_not_be_looked_at_is_refused_with_the_reason(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(path: Path, **_more: bool) -> os.stat_result:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(Path, "stat", refuse)
        monkeypatch.setattr(Path, "lstat", refuse)
        with pytest.raises(UsageError, match="Permission denied") as caught:
            check_exists("secret/a.ndjson")
        assert "permissions" in caught.value.remedy

    def test_a_link_that_leads_nowhere_is_left_to_the_run_to_reject(self) -> None:
        Path("a.ndjson").symlink_to("gone")
        check_exists("a.ndjson")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("pattern", "watched", "flat"),
    [
        ("d", "d", False),
        ("d/a.ndjson", "d", True),
        ("d/*.ndjson", "d", True),
        ("d/*", "d", False),
        ("d/*/x/a.ndjson", "d", False),
        ("**/a.ndjson", ".", False),
        ("/no/such/place/*.avro", "/no/such/place", True),
        ("d/later.ndjson", "d", True),
    ],
)
def test_what_is_to_be_watched(pattern: str, watched: str, flat: bool) -> None:
    make("d/a.ndjson")
    assert roots(pattern) == [Path(watched)]
    assert is_flat(pattern) == flat


def test_a_listing_does_not_read_the_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make("a.ndjson")
    monkeypatch.setattr(Path, "open", None)
    monkeypatch.setattr(discovery, "open", None, raising=False)
    identity = discover(str(folder)).files[0].identity
    status = Path("a.ndjson").stat()
    assert (identity.inode, identity.size, identity.mtime_ns) == (status.st_ino, 8, status.st_mtime_ns)
