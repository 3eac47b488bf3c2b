"""What a fresh machine relies on: the lock, what a wheel holds, what stands where, and the README's commands."""

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zipfile import ZipFile

import pytest
from hatchling.build import build_wheel
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import heap_tui
from heap_tui.config.model import DeliverySettings, Destination, EventSelection, SourceEntry, Transform, rules_of
from heap_tui.errors import ExitCode

ROOT = Path(__file__).parents[1]
MADE = {"__pycache__", "build", "dist"}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads(ROOT.joinpath("pyproject.toml").read_text())


@pytest.fixture(scope="module")
def lock() -> dict[str, Any]:
    return tomllib.loads(ROOT.joinpath("uv.lock").read_text())


@pytest.fixture(scope="module")
def readme() -> str:
    return ROOT.joinpath("README.md").read_text()


def _own_files() -> Iterator[Path]:
    for folder in ("heap_tui", "tests", ".ci"):
        for path in ROOT.joinpath(folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path
    yield from (path for path in ROOT.iterdir() if path.is_file())


def _requirements(texts: list[str]) -> set[tuple[str, SpecifierSet]]:
    return {(requirement.name, requirement.specifier) for requirement in map(Requirement, texts)}


def _locked(entries: list[dict[str, str]], marker: str | None) -> set[tuple[str, SpecifierSet]]:
    wanted = [entry for entry in entries if entry.get("marker") == marker]
    return {(entry["name"], SpecifierSet(entry.get("specifier", ""))) for entry in wanted}


def test_the_lock_names_no_index_but_the_public_one(lock: dict[str, Any]) -> None:
    text = ROOT.joinpath("uv.lock").read_text()
    assert {urlsplit(url).hostname for url in re.findall(r'"(\w+:/[^"]*)"', text)} == {
        "pypi.org",
        "files.pythonhosted.org",
    }
    sources = [package["source"] for package in lock["package"]]
    assert {key for source in sources for key in source} == {"registry", "editable"}
    assert [source["editable"] for source in sources if "editable" in source] == ["."]


def test_the_lock_was_made_from_the_requirements_of_the_project(project: dict[str, Any], lock: dict[str, Any]) -> None:
    metadata = next(package for package in lock["package"] if package["name"] == "heap-tui")["metadata"]
    extras, groups = project["project"]["optional-dependencies"], project["dependency-groups"]
    assert lock["requires-python"] == project["project"]["requires-python"]
    assert _locked(metadata["requires-dist"], None) == _requirements(project["project"]["dependencies"])
    assert _locked(metadata["requires-dist"], "extra == 'dev'") == _requirements(extras["dev"])
    assert _locked(metadata["requires-dev"]["dev"], None) == _requirements(groups["dev"])


def test_what_is_locked_is_what_is_required(project: dict[str, Any], lock: dict[str, Any]) -> None:
    versions = {package["name"]: package.get("version", "") for package in lock["package"]}
    for text in [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(versions[requirement.name]), text


def test_pip_and_uv_install_the_same_tools(project: dict[str, Any]) -> None:
    assert project["project"]["optional-dependencies"] == project["dependency-groups"]


def test_the_program_knows_the_version_of_its_package(project: dict[str, Any]) -> None:
    assert heap_tui.__version__ == project["project"]["version"]


def test_a_wheel_holds_every_file_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with ZipFile(tmp_path / build_wheel(os.fspath(tmp_path))) as wheel:
        held = set(wheel.namelist())
    package = {path.relative_to(ROOT).as_posix() for path in _own_files() if path.is_relative_to(ROOT / "heap_tui")}
    assert {"heap_tui/currents/catalog.json", "heap_tui/py.typed", "heap_tui/__main__.py"} <= package
    assert package <= held
    assert {name.partition("/")[0] for name in held} == {"heap_tui", f"heap_tui-{heap_tui.__version__}.dist-info"}


def test_no_other_folder_stands_at_the_top() -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()}
    ordinary = {name for name in folders if not name.startswith(".") and not name.endswith(".egg-info")}
    assert ordinary - MADE <= {"heap_tui", "tests", "screenshots"}


def test_no_file_names_a_place_on_one_machine() -> None:
    # The README's examples are ana's.
    place = re.compile(rb"(?<![\w.])/(?:root|work|opt/(?:wheels|pypi)|(?:home|Users)/(?!ana/)\w+)/")
    found = [path.relative_to(ROOT) for path in _own_files() if place.search(path.read_bytes())]
    assert found == []


def test_the_tests_run_as_the_readme_says(readme: str) -> None:
    last = ROOT.joinpath(".ci", "run").read_text().rstrip().splitlines()[-1]
    assert last.endswith("pytest")
    assert f"\n{last}\n" in readme
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


@pytest.mark.parametrize("table", [Destination, EventSelection, Transform, SourceEntry, DeliverySettings])
def test_the_readme_explains_every_key_of_the_configuration(readme: str, table: type) -> None:
    reference = readme.partition("## Configuration")[2]
    assert [key for key in rules_of(table) if f"| `{key}` |" not in reference] == []


def test_the_readme_explains_every_exit_code(readme: str) -> None:
    reference = readme.partition("## Exit codes")[2]
    assert [code for code in ExitCode if f"| {int(code)} |" not in reference] == []


def test_every_place_the_readme_points_to_is_there(readme: str) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", readme)
    assert [target for target in targets if "://" not in target and not ROOT.joinpath(target).exists()] == []


def test_every_heading_the_readme_points_to_is_there(readme: str) -> None:
    headings = re.findall(r"^#+ (.+)$", readme, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", readme)) <= anchors
