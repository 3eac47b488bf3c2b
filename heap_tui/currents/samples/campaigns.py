"""The made-up company that sends the messages: its workspace, campaigns and Canvases, fixed for one seed.

Hosts are in the domains reserved for examples (RFC 2606), IP addresses in the blocks reserved for
documentation (RFC 5737).
"""

from dataclasses import dataclass
from random import Random

from heap_tui.currents.samples.dice import between, hex_text, pick, uuid_text
from heap_tui.currents.samples.people import Facts

_CAMPAIGNS = (
    ("Promoção de inverno", "inverno"),
    ("Carrinho abandonado", "carrinho"),
    ("Aniversário do cliente", "aniversario"),
    ("Weekend sale", "weekend-sale"),
    ("Back in stock", "back-in-stock"),
    ("Liquidação de verão", "verao"),
    ("春の新作コレクション", "spring"),
    ("Order shipped", "orders"),
)
_CANVASES = (
    ("Boas-vindas", "welcome", ("Mensagem 1", "Lembrete", "Última chance")),
    ("Reactivation", "come-back", ("First nudge", "Second nudge", "Last call")),
    ("Programa de fidelidade", "fidelidade", ("Convite", "Pontos do mês")),
    ("Onboarding", "onboarding", ("Day 1", "Day 3", "Day 7")),
)


@dataclass(frozen=True, slots=True)
class Workspace:
    """What the company has; each of the facts is a field value by field name.

    Args:
        facts: the same in every event.
        app_ids: by platform.
        campaigns: one entry for each campaign and message variation.
        canvases: one entry for each Canvas and step.
    """

    facts: Facts
    app_ids: dict[str, str]
    campaigns: tuple[Facts, ...]
    canvases: tuple[Facts, ...]


def workspace(seed: str) -> Workspace:
    """The company of that seed."""
    rng = Random(f"{seed}/workspace")  # noqa: S311 - made-up data, reproducible on purpose
    return Workspace(
        _facts(rng),
        {platform: uuid_text(rng) for platform in ("ios", "android", "web")},
        tuple(variation for name, slug in _CAMPAIGNS for variation in _campaign(rng, name, slug)),
        tuple(step for name, slug, steps in _CANVASES for step in _canvas(rng, name, slug, steps)),
    )


def one_sending(rng: Random) -> Facts:
    """The ids that all events of one message to one person share, from its sending to the conversion."""
    return {
        "dispatch_id": hex_text(rng, 32),
        "send_id": hex_text(rng, 24),
        "message_id": uuid_text(rng),
        "canvas_entry_id": uuid_text(rng),
        "sending_ip": f"198.51.100.{between(rng, 1, 254)}",
    }


def one_occasion(rng: Random) -> Facts:
    """The ids that all events of one visit, one Live Activity or one run of an agent share."""
    return {
        "session_id": uuid_text(rng),
        "activity_id": uuid_text(rng).upper(),
        "update_token": hex_text(rng, 64),
        "request_id": uuid_text(rng),
        "invocation_id": uuid_text(rng),
    }


def _facts(rng: Random) -> Facts:
    app_group_id = uuid_text(rng)
    return {
        "app_group_id": app_group_id,
        "app_group_api_id": app_group_id,
        "subscription_group_id": uuid_text(rng),
        "from_phone_number": "+12025550100",
        "inbound_phone_number": "+12025550100",
        "from_domain": "news.example.com",
        "ip_pool": "marketing",
        "esp": pick(rng, ("SendGrid", "SparkPost")),
        "line_channel_id": str(between(rng, 10**9, 2 * 10**9)),
        "line_channel_name": "Example Shop",
        "from_rcs_sender": "example_shop_agent",
        "to_rcs_sender": "example_shop_agent",
        "agent_id": uuid_text(rng),
        "agent_name": "Recomendações",
        "invocation_source": "canvas",
        "model_provider": "example-provider",
        "model_name": "example-model-1",
        "activity_attributes_type": "OrderTrackingAttributes",
        "endpoint_url": "https://hooks.example.com/braze/orders",
        "host": "hooks.example.com",
        "url_path": "/braze/orders",
    }


def _content(rng: Random, slug: str) -> Facts:
    """What a message shows and where it leads."""
    return {
        "url": f"https://shop.example.com/{slug}?utm_source=braze",
        "short_url": f"https://go.example.com/{hex_text(rng, 6)}",
        "link_id": uuid_text(rng),
        "link_alias": f"{slug}_cta",
        "template_name": f"{slug}_pt_v{between(rng, 1, 4)}",
        "content_card_id": uuid_text(rng),
        "card_id": uuid_text(rng),
        "banner_placement_id": pick(rng, ("home_top", "cart_bottom", "profile")),
        "message_extras": f'{{"segment": "{slug}"}}',
        "conversion_behavior_index": 0,
        "conversion_behavior": '{"type": "Purchases", "window": 259200}',
    }


def _campaign(rng: Random, name: str, slug: str) -> list[Facts]:
    campaign = {"campaign_id": uuid_text(rng), "campaign_name": name} | _content(rng, slug)
    return [
        campaign | {"message_variation_id": uuid_text(rng), "message_variation_name": variation}
        for variation in ("Variante A", "Variante B")
    ]


def _canvas(rng: Random, name: str, slug: str, steps: tuple[str, ...]) -> list[Facts]:
    canvas_id, variation_id = uuid_text(rng), uuid_text(rng)
    step_ids = [uuid_text(rng) for _name in steps]
    canvas = {
        "canvas_id": canvas_id,
        "canvas_api_id": canvas_id,
        "canvas_name": name,
        "canvas_variation_id": variation_id,
        "canvas_variation_api_id": variation_id,
        "canvas_variation_name": "Variante 1",
        "experiment_step_id": uuid_text(rng),
        "experiment_split_id": uuid_text(rng),
        "experiment_split_name": "Caminho 1",
        "content_optimizer_step_id": uuid_text(rng),
        "combination_token": hex_text(rng, 16),
    } | _content(rng, slug)
    return [canvas | _step(rng, step_ids, place, step) for place, step in enumerate(steps)]


def _step(rng: Random, step_ids: list[str], place: int, name: str) -> Facts:
    message_id = uuid_text(rng)
    step: Facts = {
        "canvas_step_id": step_ids[place],
        "canvas_step_api_id": step_ids[place],
        "canvas_step_name": name,
        "canvas_step_message_variation_id": message_id,
        "canvas_step_message_variation_api_id": message_id,
    }
    return step | ({"next_step_id": step_ids[place + 1]} if place + 1 < len(step_ids) else {})
