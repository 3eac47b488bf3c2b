"""Made-up Currents events for the benchmark: flat storage records and the same events as Braze posts them.

Field names and types follow the public Currents v10 schemas. Values repeat as real ones do (users, campaigns,
devices from a pool), only ids, times and a few numbers are fresh, so that compression meets something real.
"""

import json
import random
import uuid
from collections.abc import Iterator
from typing import Any

Record = dict[str, Any]

# Stands exactly once in every event (in `external_user_id`): a sink counts events by counting one character.
MARKER = b"~"

# "name" is an optional string, "!" means required, ":type" names another Avro type.
_MESSAGE = (
    "id! user_id! external_user_id time:int! timezone dispatch_id send_id campaign_id campaign_name"
    " message_variation_id message_variation_name canvas_id canvas_name canvas_variation_id"
    " canvas_variation_name canvas_step_id canvas_step_name app_group_id"
)
_DEVICE = "id! user_id! external_user_id app_id time:int! platform os_version device_model device_id app_group_id"
_AD = "ad_id ad_id_type ad_tracking_enabled:boolean"
_FIELDS = {
    "users.messages.email.Delivery": f"{_MESSAGE} email_address! sending_ip ip_pool esp from_domain",
    "users.messages.email.Click": (
        f"{_MESSAGE} email_address! url user_agent ip_pool link_id link_alias esp from_domain is_amp:boolean"
        " device_class device_os device_model browser mailbox_provider is_suspected_bot_click:boolean"
    ),
    "users.messages.pushnotification.Send": (
        f"{_MESSAGE} app_id! platform! device_id ad_id ad_id_type ad_tracking_enabled:boolean message_extras"
        " push_token locale_key"
    ),
    "users.behaviors.CustomEvent": f"{_DEVICE} timezone name! properties! {_AD}",
    "users.behaviors.Purchase": (f"{_DEVICE} product_id! price:float! currency! properties! {_AD}"),
}
TYPES = tuple(_FIELDS)
_NAMES = {kind: tuple(part.rstrip("!").split(":")[0] for part in text.split()) for kind, text in _FIELDS.items()}
_WEIGHTS = (3, 2, 3, 3, 1)
_USER_KEYS = ("user_id", "external_user_id", "device_id", "timezone")
_NESTED_NAMES = {
    "users.behaviors.CustomEvent": "custom_properties",
    "users.behaviors.Purchase": "purchase_properties",
}
_START_TIME = 1_790_000_000
_USERS, _CAMPAIGNS = 5_000, 60


def avro_schema(event_type: str) -> dict[str, Any]:
    """The flat storage schema of one event type: required fields plain, the others a union with null."""
    fields: list[dict[str, Any]] = []
    for part in _FIELDS[event_type].split():
        name, _, kind = part.rstrip("!").partition(":")
        avro_type = kind or "string"
        if part.endswith("!"):
            fields.append({"name": name, "type": avro_type})
        else:
            fields.append({"name": name, "type": ["null", avro_type], "default": None})
    return {"type": "record", "name": f"dataexport.S3.inner.{event_type}", "fields": fields}


def records(count: int, seed: int) -> Iterator[tuple[str, Record]]:
    """Yield `count` pairs of event type and flat record, the same for the same `seed`."""
    rng = random.Random(seed)
    users = [_user(rng) for _ in range(_USERS)]
    campaigns = [_campaign(rng, number) for number in range(_CAMPAIGNS)]
    kinds = rng.choices(TYPES, _WEIGHTS, k=count)
    for number, kind in enumerate(kinds):
        known = {**rng.choice(campaigns), **rng.choice(users), **_own_values(rng, kind)}
        known["id"] = _uuid(rng)
        known["time"] = _START_TIME + number // 50
        yield kind, {name: known.get(name) for name in _NAMES[kind]}


def http_event(event_type: str, record: Record) -> dict[str, Any]:
    """The event as Braze's webhook carries it: no nulls, user fields apart, custom properties an object."""
    user = {key: record[key] for key in _USER_KEYS if record.get(key) is not None}
    properties = {}
    for name, value in record.items():
        if value is None or name in ("id", "time") or name in _USER_KEYS:
            continue
        if name == "properties":
            properties[_NESTED_NAMES[event_type]] = json.loads(value)
        else:
            properties[name] = value
    return {
        "event_type": event_type,
        "id": record["id"],
        "time": record["time"],
        "user": user,
        "properties": properties,
    }


def ndjson_line(event_type: str, record: Record) -> bytes:
    """One event as a compact line of JSON, newline included."""
    return json.dumps(http_event(event_type, record), separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _hex(rng: random.Random, digits: int) -> str:
    return f"{rng.getrandbits(4 * digits):0{digits}x}"


def _user(rng: random.Random) -> Record:
    platform, system, model = rng.choice([("ios", "18.1", "iPhone 15 Pro"), ("android", "Android 15", "Pixel 9")])
    number = rng.randrange(10**7)
    return {
        "user_id": _hex(rng, 24),
        "external_user_id": f"customer{MARKER.decode()}{number:07d}",
        "timezone": rng.choice(["America/Sao_Paulo", "Europe/London", "America/Los_Angeles"]),
        "email_address": f"person.{number:07d}@example.com",
        "device_id": _uuid(rng),
        "platform": platform,
        "os_version": system,
        "device_model": model,
        "device_class": "mobile",
        "device_os": system,
        "app_id": _uuid(rng),
        "ad_id": _uuid(rng),
        "ad_id_type": "ios_idfa" if platform == "ios" else "google_ad_id",
        "ad_tracking_enabled": rng.random() < 0.5,
        "push_token": _hex(rng, 64),
        "mailbox_provider": "gmail",
        "browser": "Mobile Safari",
        "locale_key": rng.choice(["pt-BR", "en-GB", None]),
        "user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15",
    }


def _campaign(rng: random.Random, number: int) -> Record:
    common = {
        "app_group_id": _hex(rng, 24),
        "sending_ip": "198.51.100.17",
        "ip_pool": "transactional",
        "esp": "SENDGRID",
        "from_domain": "mail.example.com",
    }
    if number % 2:
        return common | {
            "campaign_id": _uuid(rng),
            "campaign_name": f"Promoção de verão {number:02d} - reengajamento",
            "message_variation_id": _uuid(rng),
            "message_variation_name": "Variant 1",
        }
    return common | {
        "canvas_id": _uuid(rng),
        "canvas_name": f"Onboarding {number:02d}: first week",
        "canvas_variation_id": _uuid(rng),
        "canvas_variation_name": "Variant 2",
        "canvas_step_id": _uuid(rng),
        "canvas_step_name": "Day 3: remind of the saved basket",
    }


def _own_values(rng: random.Random, kind: str) -> Record:
    """What differs from event to event of one type."""
    if kind == "users.behaviors.CustomEvent":
        return {
            "name": rng.choice(["viewed_product", "added_to_cart", "searched"]),
            "properties": _custom(rng),
        }
    if kind == "users.behaviors.Purchase":
        price = rng.randrange(100, 50_000) / 100
        return {
            "product_id": f"sku-{_hex(rng, 8)}",
            "price": price,
            "currency": "BRL",
            "properties": _custom(rng),
        }
    sent = {"dispatch_id": _hex(rng, 32), "send_id": _hex(rng, 24)}
    if kind == "users.messages.email.Click":
        url = f"https://shop.example.com/collections/summer/products/{_hex(rng, 12)}?utm_source=braze"
        return sent | {
            "url": url,
            "link_id": _uuid(rng),
            "is_amp": False,
            "is_suspected_bot_click": rng.random() < 0.02,
        }
    if kind == "users.messages.pushnotification.Send":
        return sent | {"message_extras": json.dumps({"deep_link": f"app://product/{_hex(rng, 12)}", "badge": "1"})}
    return sent


def _custom(rng: random.Random) -> str:
    values = {
        "product_id": f"sku-{_hex(rng, 8)}",
        "category": "Home & Garden / Outdoor furniture",
        "price": rng.randrange(100, 50_000) / 100,
        "quantity": rng.randrange(1, 9),
        "in_stock": True,
        "search_terms": ["cadeira", "jardim", "madeira"],
        "page": {"path": f"/collections/outdoor/{_hex(rng, 8)}", "referrer": "https://www.example.com/"},
        "session": {"key": _uuid(rng), "number": rng.randrange(1, 90), "experiment": "checkout-button-green"},
    }
    return json.dumps(values, separators=(",", ":"), ensure_ascii=False)
