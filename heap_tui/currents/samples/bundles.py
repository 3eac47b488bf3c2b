"""Made-up values that belong together, such as the product and the price of a purchase."""

import json
from collections.abc import Callable
from random import Random

from heap_tui.currents.samples.dice import between, pick, uuid_text
from heap_tui.currents.samples.people import Facts
from heap_tui.currents.samples.values import Known

BundleMaker = Callable[[Random, Known], Facts]

_PRODUCTS = (
    ("cafe-500g", "Café torrado 500 g", "mercearia", 6.9),
    ("tenis-corrida-42", "Tênis de corrida", "calçados", 89.9),
    ("mochila-20l", "Mochila 20 L", "acessórios", 45.5),
    ("caneca-ceramica", "Caneca de cerâmica", "casa", 9.99),
    ("fone-bluetooth", "Fone sem fio", "eletrônicos", 59.0),
    ("gift-card-50", "Gift card", "vouchers", 50.0),
)
_IN_CURRENCY = {"USD": 1.0, "EUR": 0.9, "GBP": 0.8, "BRL": 5.0, "JPY": 150.0}
_SEARCHES = ("pão de queijo", "running shoes", "café", "mochila", "presente mãe", "コーヒー", "headphones")
_ABORTS = (
    ("liquid_abort_message", "Liquid: out of stock in {home_city}"),
    ("quiet_hours", "Quiet hours in {timezone}"),
    ("rate_limit", "Rate limit of the campaign reached"),
)
_RETRIES = (
    ("provider_error", "The provider answered 503; tried again"),
    ("rate_limit", "The provider asked to slow down; tried again"),
)
_CARRIER_FAILURES = (
    ("Unreachable destination handset", "30003", "Handset unreachable"),
    ("Unknown destination handset", "30005", "Unknown handset"),
    ("Carrier violation", "30007", "Filtered by the carrier"),
)


def _price(known: Known, dollars: float) -> float:
    price = dollars * _IN_CURRENCY[known["currency"]]
    return float(round(price)) if known["currency"] == "JPY" else round(price, 2)


def _purchase(rng: Random, known: Known) -> Facts:
    product_id, title, category, dollars = pick(rng, _PRODUCTS)
    properties = {"product_name": title, "category": category, "quantity": between(rng, 1, 3)}
    if rng.random() < 0.3:
        properties["coupon"] = "INVERNO10"
    return {"product_id": product_id, "price": _price(known, dollars), "purchase_properties": properties}


def _order(rng: Random, known: Known) -> Facts:
    product_id, _title, _category, dollars = pick(rng, _PRODUCTS)
    quantity = between(rng, 1, 3)
    price = _price(known, dollars)
    return {
        "order_id": f"P-{between(rng, 10_000, 99_999)}",
        "total": round(price * quantity, 2),
        "currency": known["currency"],
        "items": [{"sku": product_id, "quantity": quantity, "price": price}],
        "shipping": {"city": known["home_city"], "express": rng.random() < 0.2},
    }


def _custom_event(rng: Random, known: Known) -> Facts:
    chance = rng.random()
    if chance < 0.45:
        product_id, title, category, _dollars = pick(rng, _PRODUCTS)
        seen = {"product_id": product_id, "product_name": title, "category": category}
        return {"name": "product_viewed", "custom_properties": seen}
    if chance < 0.65:
        searched = {"query": pick(rng, _SEARCHES), "results": between(rng, 0, 80)}
        return {"name": "search_performed", "custom_properties": searched}
    if chance < 0.85:
        product_id, _title, _category, dollars = pick(rng, _PRODUCTS)
        added = {
            "product_id": product_id,
            "cart_value": _price(known, dollars),
            "currency": known["currency"],
        }
        return {"name": "added_to_cart", "custom_properties": added}
    return {"name": "order_completed", "custom_properties": _order(rng, known)}


def _abort(rng: Random, known: Known) -> Facts:
    kind, log = pick(rng, _ABORTS)
    return {"abort_type": kind, "abort_log": log.format_map(known)}


def _retry(rng: Random, _known: Known) -> Facts:
    kind, log = pick(rng, _RETRIES)
    return {"retry_type": kind, "retry_log": log}


def _carrier_failure(rng: Random, _known: Known) -> Facts:
    error, code, title = pick(rng, _CARRIER_FAILURES)
    return {"error": error, "provider_error_code": code, "provider_error_title": title}


def _webhook_failure(rng: Random, _known: Known) -> Facts:
    status, answer = pick(rng, ((500, "Internal Server Error"), (404, "Not Found"), (429, "Too Many Requests")))
    return {
        "http_status_code": status,
        "raw_response": answer,
        "webhook_failure_source": "Endpoint",
        "is_terminal": status == 404,
        "retry_count": 0 if status == 404 else between(rng, 1, 4),
    }


def _agent_run(rng: Random, known: Known) -> Facts:
    prompt, completion, reasoning = between(rng, 300, 3000), between(rng, 20, 400), between(rng, 0, 200)
    cached = pick(rng, (0, prompt // 2))
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "reasoning_tokens": reasoning,
        "total_tokens": prompt + completion + reasoning,
        "cache_tokens": cached,
        "cache_hit": cached > 0,
        "input": f"Suggest a product for {known['first_name']} in {known['home_city']}",
        "output": pick(rng, _PRODUCTS)[1],
    }


def _tool_call(rng: Random, known: Known) -> Facts:
    name, argument = pick(rng, (("find_products", "home_city"), ("read_profile", "user_id")))
    return {
        "tool_call_id": f"call_{uuid_text(rng)}",
        "tool_name": name,
        "tool_arguments": json.dumps({argument: known[argument]}, ensure_ascii=False),
    }


BUNDLES: dict[str, BundleMaker] = {
    "abort_type": _abort,
    "retry_type": _retry,
    "provider_error_code": _carrier_failure,
    "http_status_code": _webhook_failure,
    "total_tokens": _agent_run,
    "tool_name": _tool_call,
    "price": _purchase,
    "name": _custom_event,
}
"""Fields whose values belong together, by the field that tells that a type has them."""
