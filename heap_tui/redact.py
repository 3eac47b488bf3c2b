"""Keeps secrets out of everything that is shown, logged or stored for support.

Two nets: secrets that were registered are found in every usual spelling (plain, percent-encoded, base64,
JSON-escaped), and what looks like a credential (``Authorization``, ``Bearer``, the user part of a URL, secret
query values) is hidden even when nobody registered it. Light on purpose: the error path of every command
imports this module.
"""

import re
import threading

PLACEHOLDER = "[token]"
# Shorter secrets are matched only as whole words: elsewhere they would tear up ordinary text.
_SHORT = 6

_AUTHORIZATION = re.compile(
    r"(authorization[\"']?\s*[:=,]\s*(?:b?[\"'])?)((?:bearer|basic|digest|token)(?:\s|%20|\+)+)?[^\s\"',;}\\)]+",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(bearer(?:\s|%20)+)[A-Za-z0-9\-._~+/%]+=*", re.IGNORECASE)
_URL_USER = re.compile(r"(://)[^/\s?#\"'<>]*@")
_HIDDEN_NAME = (
    r"[\w.\-%]*(?:token|secret|passw|pwd|signature|credential|auth(?!or(?!i))|(?:api|access|private)[_-]?key)[\w.\-%]*"
)
# Query parameters are hidden more readily: what ends in key, sig or code is rarely worth reading there.
_QUERY = re.compile(rf"([?&;](?:{_HIDDEN_NAME}|[\w.\-%]*(?:key|keyid|sig|code))=)[^&#\s\"'<>;\\]*", re.IGNORECASE)
_ANY_QUERY = re.compile(r"([?&][^=&#\s]+=)[^&#\s]*")
_HIDDEN_KEY = re.compile(_HIDDEN_NAME, re.IGNORECASE)

_lock = threading.Lock()
_forms: frozenset[str] = frozenset()
_registered: re.Pattern[str] | None = None


def register_secret(value: str) -> None:
    """Hide `value` (a token, text) in all its spellings from now on; the empty text is ignored."""
    global _forms, _registered  # noqa: PLW0603 - secrets belong to the process, whoever logs
    if not value:
        return
    with _lock:
        _forms |= _spellings(value)
        longest_first = sorted(_forms, key=len, reverse=True)
        _registered = re.compile("|".join(_pattern(form) for form in longest_first))


def redact(text: str) -> str:
    """Give `text` with every known or likely secret replaced by ``[token]``."""
    registered = _registered
    if registered is not None:
        text = registered.sub(PLACEHOLDER, text)
    lowered = text.lower()
    if "authorization" in lowered:
        text = _AUTHORIZATION.sub(rf"\1\2{PLACEHOLDER}", text)
    if "bearer" in lowered:
        text = _BEARER.sub(rf"\1{PLACEHOLDER}", text)
    if "://" in text:
        text = _URL_USER.sub(rf"\1{PLACEHOLDER}@", text)
    if "=" in text:
        text = _QUERY.sub(rf"\1{PLACEHOLDER}", text)
    return text


def redact_url(url: str) -> str:
    """Give `url` fit to be shown; of a web address every query value is hidden, since any may be a secret."""
    shown = redact(url)
    if url[:8].lower().startswith(("http://", "https://")):
        return _ANY_QUERY.sub(rf"\1{PLACEHOLDER}", shown)
    return shown


def is_secret_name(name: str) -> bool:
    """Tell whether a field or parameter of this name usually holds a secret (token, password, key, ...)."""
    return _HIDDEN_KEY.fullmatch(name) is not None


def _pattern(form: str) -> str:
    escaped = re.escape(form)
    return escaped if len(form) >= _SHORT else rf"(?<![A-Za-z0-9]){escaped}(?![A-Za-z0-9])"


def _spellings(value: str) -> frozenset[str]:
    """All texts in which `value` may turn up: encoded by URL, JSON, header and repr writers."""
    import base64
    import json
    from urllib.parse import quote, quote_plus

    raw = value.encode("utf-8", "surrogatepass")
    quoted = {quote(raw, safe=""), quote(raw, safe="/"), quote_plus(raw)}
    lower_hex = {re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), form) for form in quoted}
    encoded = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    escaped = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]}
    slashes = {form.replace("/", r"\/") for form in escaped}
    unpadded = {form.rstrip("=") for form in encoded}
    return frozenset({value} | quoted | lower_hex | encoded | unpadded | escaped | slashes)
