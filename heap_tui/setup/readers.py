"""Judges one answer of a set-up and gives its value; what is wrong is said in words, for beside the field."""

import os
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from heap_tui.config.endpoint import parse_endpoint
from heap_tui.config.rules import Rule, Text, Texts
from heap_tui.config.secrets import validate_token
from heap_tui.errors import UsageError
from heap_tui.i18n import _
from heap_tui.sources.discovery import check_exists
from heap_tui.sources.uri import FilesUri, parse_source

if TYPE_CHECKING:
    from heap_tui.setup.answers import Answers
    from heap_tui.setup.questions import Raw

NONE = "none"  # typed to empty a list, or to go without a token
_YES = ("y", "yes", "true", "1", "s", "sim")
_NO = ("n", "no", "false", "0", "nao", "não")


class AnswerError(Exception):
    """An answer that cannot be taken.

    Args:
        words: what is wrong and how to answer instead; no secrets.
    """

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def destination(raw: "Raw", _answers: "Answers") -> Literal["webhook"]:
    """The kind of destination; the track API comes with a later version (cli.md)."""
    text = _text(raw).lower()
    if text == "webhook":
        return "webhook"
    if text == "track":
        raise AnswerError(_("Heap's track API as a destination comes with a later version; choose webhook."))
    raise AnswerError(_("There is no destination {text}; choose webhook.").format(text=text))


def endpoint(raw: "Raw", answers: "Answers") -> str:
    """The address of the webhook."""
    text = _text(raw)
    try:
        return parse_endpoint(text, insecure_http=answers.insecure_http).url
    except UsageError as error:
        raise _words(error) from None


def token(raw: "Raw", answers: "Answers") -> Literal["keyring", "env", "none"]:
    """Where the token will be; its text is judged and forgotten."""
    text = _text(raw)
    if not text:
        return answers.token or "none"
    if text == NONE:
        return "none"
    try:
        validate_token(text)
    except UsageError as error:
        raise _words(error) from None
    return "keyring"


def name(raw: "Raw", _answers: "Answers") -> str:
    """The profile's name for people."""
    text = _text(raw)
    _judge(Text(longest=200), text)
    return text


def globs_to_deliver(raw: "Raw", _answers: "Answers") -> tuple[str, ...]:
    """At least one glob."""
    globs = _globs(raw)
    if not globs:
        raise AnswerError(_("Name at least one type or glob; * stands for all."))
    return globs


def globs_to_leave_out(raw: "Raw", _answers: "Answers") -> tuple[str, ...]:
    """Globs, or none."""
    return _globs(raw)


def fields(raw: "Raw", _answers: "Answers") -> tuple[str, ...]:
    """Field names, or none; custom properties may have spaces, so a line separates them by commas."""
    return _several(raw.split(",") if isinstance(raw, str) else _items(raw))


def yes_or_no(raw: "Raw", _answers: "Answers") -> bool:
    """True or false, in English or Portuguese."""
    if isinstance(raw, bool):
        return raw
    text = _text(raw).lower()
    if text in _YES + _NO:
        return text in _YES
    raise AnswerError(_("Answer yes or no."))


def sources(raw: "Raw", _answers: "Answers") -> tuple[str, ...]:
    """URIs of sources that are there; a relative path becomes absolute, since runs start anywhere."""
    return tuple(dict.fromkeys(_source(uri) for uri in _several(_items(raw))))


def _source(uri: str) -> str:
    try:
        parsed = parse_source(uri)
        if not isinstance(parsed, FilesUri):
            return uri
        check_exists(parsed.pattern)
    except UsageError as error:
        raise _words(error) from None
    # Not by pathlib: it would follow links, and fails on a "~name" that is no user's.
    return os.path.abspath(os.path.expanduser(parsed.pattern))  # noqa: PTH100, PTH111


def _globs(raw: "Raw") -> tuple[str, ...]:
    return _several(item for text in _items(raw) for item in re.split(r"[,\s]+", text))


def _items(raw: "Raw") -> Sequence[str]:
    """The values of a repeated flag; a line is a single one."""
    return [raw] if isinstance(raw, str) else [] if isinstance(raw, bool) else raw


def _several(items: Iterable[str]) -> tuple[str, ...]:
    """Texts, each once and none empty; the word ``none`` alone empties the list."""
    texts = [text for item in items if (text := item.strip())]
    if texts == [NONE]:
        return ()
    _judge(Texts(), texts)
    return tuple(dict.fromkeys(texts))


def _text(raw: "Raw") -> str:
    return raw.strip() if isinstance(raw, str) else str(raw).lower()


def _judge(rule: Rule, value: object) -> None:
    if problem := rule.problem(value):
        raise AnswerError(_("This answer {problem}.").format(problem=problem))


def _words(error: UsageError) -> AnswerError:
    return AnswerError(f"{error.message} {error.remedy}".strip())
