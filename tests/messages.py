"""Finds every text that can be translated; as a program it writes the templates that catalogues are updated from.

``heap_tui.pot`` holds what stands in `_` and `ngettext` and the catalogue's descriptions, ``click.pot`` what click
says itself. Line numbers are left out, so that catalogues change only when words do.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

PACKAGE = Path(__file__).parents[1] / "heap_tui"
_WIDTH = 120


def program_messages() -> Catalog:
    """What the program says."""
    catalog = _messages_in(PACKAGE)
    descriptions = "heap_tui/currents/catalog.json"
    for event_type in json.loads((PACKAGE / "currents" / "catalog.json").read_text("utf-8")):
        catalog.add(event_type["description"], locations=[(descriptions, None)])
    return catalog


def click_messages() -> Catalog:
    """What the installed click says."""
    return _messages_in(Path(click.__file__).parent)


def _messages_in(package: Path) -> Catalog:
    catalog = Catalog(charset="utf-8", fuzzy=False)
    found = extract_from_dir(package, [("**.py", "python")])
    for name, _line, message, _comments, _context in sorted(found, key=lambda each: each[0]):
        catalog.add(message, locations=[(f"{package.name}/{name}", None)])
    return catalog


def write_templates(directory: Path, catalogs: Iterable[tuple[str, Catalog]]) -> None:
    """Write each catalogue as ``NAME.pot``."""
    for name, catalog in catalogs:
        with (directory / f"{name}.pot").open("wb") as file:
            write_po(file, catalog, width=_WIDTH, include_lineno=False)


if __name__ == "__main__":
    write_templates(Path(sys.argv[1]), (("heap_tui", program_messages()), ("click", click_messages())))
