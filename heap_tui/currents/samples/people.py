"""Made-up people and their devices: who they are never changes within one seed.

Addresses end in the domains reserved for examples (RFC 2606); telephone numbers come from the ranges that the
North American and the British numbering plans keep free for fiction.
"""

import unicodedata
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

from heap_tui.currents.samples.dice import between, hex_text, pick, uuid_text

_ANONYMOUS_SHARE = 0.15

Facts = dict[str, Any]


class _Region(NamedTuple):
    """Where people live; cities are (name, time zone, latitude, longitude, altitude in metres)."""

    country: str
    language: str
    currency: str
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    cities: tuple[tuple[str, str, float, float, float], ...]


_BRAZIL = _Region(
    "BR",
    "pt",
    "BRL",
    ("João", "Conceição", "Antônio", "Flávia", "Luís", "Thaís", "Caíque", "Iracema", "Zélia", "Raíssa"),
    ("da Silva", "Gonçalves", "Araújo", "Assunção", "Brandão", "Simões", "Magalhães", "dos Santos"),
    (
        ("São Paulo", "America/Sao_Paulo", -23.5505, -46.6333, 760.0),
        ("Belém", "America/Belem", -1.4558, -48.4902, 10.0),
        ("Manaus", "America/Manaus", -3.119, -60.0217, 92.5),
        ("Florianópolis", "America/Sao_Paulo", -27.5954, -48.548, 3.0),
    ),
)
_AMERICA = _Region(
    "US",
    "en",
    "USD",
    ("Maya", "Ethan", "Renée", "Noah", "Imani", "José", "Grace", "Wyatt"),
    ("Carter", "Nguyen", "O'Neill", "Ramírez", "Johnson", "Kowalski"),
    (
        ("New York", "America/New_York", 40.7128, -74.006, 10.0),
        ("Chicago", "America/Chicago", 41.8781, -87.6298, 181.5),
        ("Los Angeles", "America/Los_Angeles", 34.0522, -118.2437, 93.0),
    ),
)
_BRITAIN = _Region(
    "GB",
    "en",
    "GBP",
    ("Siân", "Oliver", "Aoife", "Zoë", "Callum", "Priya"),
    ("Hughes", "MacLeod", "Patel", "Brontë", "Ashworth"),
    (
        ("London", "Europe/London", 51.5072, -0.1276, 11.0),
        ("Cardiff", "Europe/London", 51.4816, -3.1791, 17.0),
    ),
)
_PORTUGAL = _Region(
    "PT",
    "pt",
    "EUR",
    ("Inês", "Tomás", "Beatriz", "Gonçalo"),
    ("Falcão", "Sequeira", "Guimarães"),
    (("Lisboa", "Europe/Lisbon", 38.7223, -9.1393, 45.0), ("Évora", "Europe/Lisbon", 38.571, -7.9135, 300.0)),
)
_GERMANY = _Region(
    "DE",
    "de",
    "EUR",
    ("Jörg", "Käthe", "Lukas", "Anneliese"),
    ("Müller", "Weiß", "Schröder"),
    (("Köln", "Europe/Berlin", 50.9375, 6.9603, 53.0), ("Berlin", "Europe/Berlin", 52.52, 13.405, 34.0)),
)
_JAPAN = _Region(
    "JP",
    "ja",
    "JPY",
    ("葵", "蓮", "陽菜", "悠真"),
    ("佐藤", "鈴木", "高橋"),
    (("東京", "Asia/Tokyo", 35.6762, 139.6503, 40.0), ("札幌", "Asia/Tokyo", 43.0618, 141.3545, 18.0)),
)
_REGIONS = (*(_BRAZIL,) * 9, *(_AMERICA,) * 5, *(_BRITAIN,) * 2, _PORTUGAL, _GERMANY, _JAPAN, _JAPAN)

_MAIL_DOMAINS = (("example.com", "Gmail"), ("example.org", "Outlook"), ("example.net", "Yahoo"))
_US_AREAS = (202, 212, 303, 312, 415, 503, 617, 702, 808, 917)
_CARRIERS = {"BR": "Vivo", "US": "Verizon", "GB": "EE", "PT": "MEO", "DE": "Telekom", "JP": "NTT DOCOMO"}

_DEVICES: tuple[tuple[str, Facts], ...] = (
    ("ios", {"os_version": "18.1", "device_model": "iPhone 15", "resolution": "1179x2556"}),
    ("ios", {"os_version": "17.6.1", "device_model": "iPhone 12 mini", "resolution": "1080x2340"}),
    ("android", {"os_version": "15", "device_model": "Pixel 8", "resolution": "1080x2400"}),
    ("android", {"os_version": "14", "device_model": "moto g84 5G", "resolution": "1080x2400"}),
    ("android", {"os_version": "13", "device_model": "SM-A546E", "resolution": "1080x2340"}),
    ("web", {"os_version": "Windows 11", "device_model": "PC", "resolution": "1920x1080"}),
)
_PLATFORMS: dict[str, Facts] = {
    "ios": {
        "device_os": "iOS",
        "device_class": "mobile",
        "browser": "Mobile Safari",
        "sdk_version": "11.3.0",
        "ad_id_type": "ios_idfa",
        "ios_push_token_apns_gateway": 2,
        "user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15",
    },
    "android": {
        "device_os": "Android",
        "device_class": "mobile",
        "browser": "Chrome Mobile",
        "sdk_version": "33.1.0",
        "ad_id_type": "google_ad_id",
        "user_agent": "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/129.0 Mobile Safari/537.36",
    },
    "web": {
        "device_os": "Windows",
        "device_class": "desktop",
        "browser": "Firefox",
        "sdk_version": "5.6.0",
        "web_push_token_vapid_public_key": "BExampleVapidKey0pT3cZ",
        "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0",
    },
}


@dataclass(frozen=True, slots=True)
class Person:
    """One made-up person; `facts` are field values by field name, the same in every event of theirs."""

    anonymous: bool
    platform: str
    country: str
    facts: Facts


def person(seed: str, index: int, *, identified: bool = False) -> Person:
    """The person of that number: always the same for the same seed.

    Args:
        seed: the stream's seed.
        index: 0 and up.
        identified: never make this an anonymous person, one without ``external_user_id``.
    """
    rng = Random(f"{seed}/person/{index}")  # noqa: S311 - made-up data, reproducible on purpose
    region = pick(rng, _REGIONS)
    platform, device = pick(rng, _DEVICES)
    anonymous = rng.random() < _ANONYMOUS_SHARE and not identified
    facts = _identity(rng, index, region) | _PLATFORMS[platform] | device | _device(rng, platform)
    facts["carrier"] = _CARRIERS[region.country]
    if anonymous:
        del facts["external_user_id"]
    return Person(anonymous, platform, region.country, facts)


def _identity(rng: Random, index: int, region: _Region) -> Facts:
    first, last = pick(rng, region.first_names), pick(rng, region.last_names)
    city, timezone, latitude, longitude, altitude = pick(rng, region.cities)
    domain, provider = pick(rng, _MAIL_DOMAINS)
    address = f"{_mailbox(first, last)}{index}@{domain}"
    return {
        "user_id": hex_text(rng, 24),
        "external_user_id": f"cust-{index:06d}",
        "timezone": timezone,
        "first_name": first,
        "last_name": last,
        "email_address": address,
        "channel_identifier": address,
        "recipient_domain": domain,
        "mailbox_provider": provider,
        **dict.fromkeys(("phone_number", "to_phone_number", "user_phone_number"), _phone(rng)),
        "native_line_id": "U" + hex_text(rng, 32),
        "bsuid": f"{region.country}.{between(rng, 10**14, 10**15 - 1)}",
        "country": region.country,
        "language": region.language,
        "locale_key": f"{region.language}-{region.country}",
        "currency": region.currency,
        "gender": pick(rng, ("F", "M", "O", "N")),
        "dob": f"{between(rng, 1950, 2006)}-{between(rng, 1, 12):02d}-{between(rng, 1, 28):02d}",
        "home_city": city,
        "latitude": round(latitude + rng.random() / 50, 4),
        "longitude": round(longitude + rng.random() / 50, 4),
        "altitude": altitude,
    }


def _mailbox(first: str, last: str) -> str:
    """The name in plain letters, as mailboxes are mostly named; a neutral word for other scripts."""
    decomposed = unicodedata.normalize("NFKD", f"{first}.{last}".replace("ß", "ss"))
    plain = "".join(letter for letter in decomposed.lower() if letter.isascii() and (letter.isalpha() or letter == "."))
    return plain if len(plain) > 2 else "member"


def _phone(rng: Random) -> str:
    if rng.random() < 0.5:
        return f"+1{pick(rng, _US_AREAS)}55501{between(rng, 0, 99):02d}"
    return f"+447700900{between(rng, 0, 999):03d}"


def _device(rng: Random, platform: str) -> Facts:
    """What is particular to one device; tokens of other platforms are absent."""
    device_id = uuid_text(rng)
    facts: Facts = {
        "device_id": device_id,
        "push_token_device_id": device_id,
        "platform": platform,
        "push_token": hex_text(rng, 64),
    }
    if platform != "web":
        facts |= {"ad_id": uuid_text(rng), "ad_tracking_enabled": rng.random() < 0.6}
    if platform == "ios":
        facts["push_to_start_token"] = hex_text(rng, 64)
    if platform == "web":
        facts["web_push_token_public_key"] = "B" + hex_text(rng, 32)
        facts["web_push_token_user_auth"] = hex_text(rng, 22)
    return facts
