"""Made-up values of the fields that differ from event to event, each by the field's name.

What stays the same through a journey (who, which message, which device) comes from `people` and `campaigns`.
"""

import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from heap_tui.currents.samples.dice import between, hex_text, pick

Known = Mapping[str, Any]
"""What is known when an event happens: all facts of its journey, its ``time``, and ``complete`` when every
field is to be filled, also those of rare cases."""

Maker = Callable[[Random, Known], Any]

_GREETINGS = {
    "pt": "Olá, aqui é {first_name}. Quando chega o meu pedido?",
    "de": "Hallo, hier ist {first_name}. Wann kommt meine Bestellung?",
    "ja": "{first_name}です。注文はいつ届きますか。",
    "en": "Hi, this is {first_name}. When will my order arrive?",
}
_BOUNCES = ("550 5.1.1 mailbox does not exist", "452 4.2.2 mailbox is full", "554 5.7.1 refused by policy")


def _const(value: Any) -> Maker:
    return lambda _rng, _known: value


def _one_of(*values: Any) -> Maker:
    return lambda rng, _known: pick(rng, values)


def _number(low: int, high: int) -> Maker:
    return lambda rng, _known: between(rng, low, high)


def _share(share: float) -> Maker:
    return lambda rng, _known: rng.random() < share


def _only_when_complete(_rng: Random, known: Known) -> bool:
    return bool(known.get("complete"))


def _session_seconds(_rng: Random, known: Known) -> float:
    return float(known["time"] - known.get("session_started", known["time"] - 187))


def _message_body(_rng: Random, known: Known) -> str:
    return _GREETINGS.get(known["language"], _GREETINGS["en"]).format_map(known)


VALUES: dict[str, Maker] = {
    "action": _const("None"),
    "alt_accuracy": _one_of(3.0, 4.5, 10.0),
    "archived": _const(False),
    "attempt_count": _number(1, 4),
    "bounce_reason": _one_of(*_BOUNCES),
    "button_action_type": _one_of("URI", "CLOSE", "SHARE"),
    "button_id": _one_of("0", "1"),
    "button_string": _one_of("Ver oferta", "Shop now", "Agora não"),
    "catalog_id": lambda rng, _known: str(between(rng, 10**14, 10**15 - 1)),
    "category": _const("Other"),
    "content_length": _number(180, 2400),
    "custom_attributes": lambda rng, _known: json.dumps({"loyalty_tier": pick(rng, ("prata", "ouro"))}),
    "deferral_reason": _one_of("421 4.7.0 too many connections, try again later"),
    "duration": _session_seconds,
    "duration:int": _number(320, 9800),
    "element_label": _one_of("Ver pedido", "Track order"),
    "element_type": _one_of("button", "link"),
    "error": _const("The model did not answer in time"),
    "exit_reason": _const("Advanced past the last step"),
    "feature_flag_id_name": _one_of("new_checkout", "dark_mode"),
    "flow_id": lambda rng, _known: str(between(rng, 10**14, 10**15 - 1)),
    "flow_response_json": lambda _rng, known: json.dumps({"name": known["first_name"]}, ensure_ascii=False),
    "in_control_group": _share(0.05),
    "in_reply_to": lambda rng, _known: f"wamid.{hex_text(rng, 24)}",
    "interaction_type": _one_of("suggested_reply", "open_url"),
    "is_amp": _share(0.01),
    "is_canvas_entry": _const(False),
    "is_drop": _share(0.3),
    "is_error": _only_when_complete,
    "is_sms_fallback": _share(0.1),
    "is_suspected_bot_click": _only_when_complete,
    "live_activity_event_outcome": _const("Success"),
    "live_activity_event_type": _one_of("start", "update", "end"),
    "ll_accuracy": _one_of(5.0, 12.5, 65.0),
    "llm_owned_by_customer": _const(False),
    "machine_open": _const("true"),
    "media_id": lambda rng, _known: str(between(rng, 10**17, 10**18 - 1)),
    "media_urls": lambda rng, _known: [f"https://media.example.com/{hex_text(rng, 12)}.jpg"],
    "message_body": _message_body,
    "orphaned_by_id": lambda rng, _known: hex_text(rng, 24),
    "prev_random_bucket_number": _number(0, 9999),
    "product_id": _one_of("cafe-500g", "mochila-20l"),
    "progression_type": _one_of("enter", "advance", "exit"),
    "provider_request_id": lambda rng, _known: f"req_{hex_text(rng, 24)}",
    "push_token_created_at": lambda _rng, known: known["time"] - 86_400,
    "push_token_foreground_push_disabled": _const(False),
    "push_token_provisionally_opted_in": _share(0.2),
    "push_token_state_change_type": _one_of("add", "update"),
    "push_token_updated_at": lambda _rng, known: known["time"],
    "quick_reply_text": _one_of("Sim, quero", "Yes, please"),
    "random_bucket_number": _number(0, 9999),
    "source": _one_of("Organic", "Example Ads", "Indicação de amigos"),
    "state_change_source": _one_of("sdk", "rest", "preference_center"),
    "subscription_status": _one_of("subscribed", "unsubscribed"),
    "suspected_bot_click_reason": _const(["user_agent", "ip_address"]),
    "time_ms": lambda rng, known: known["time"] * 1000 + between(rng, 0, 999),
    "update_source": _one_of("sdk", "rest", "dashboard"),
    "version": _const("triggered"),
    "webhook_duration": _number(40, 4000),
}
"""By field name; ``name:type`` where a name means another thing in another type."""

OCCASIONAL = frozenset(
    {
        "catalog_id",
        "error",
        "exit_reason",
        "flow_id",
        "flow_response_json",
        "in_reply_to",
        "machine_open",
        "media_id",
        "media_urls",
        "product_id",
        "quick_reply_text",
        "suspected_bot_click_reason",
    }
)
"""Optional fields that speak of rare cases; journeys leave them out."""
