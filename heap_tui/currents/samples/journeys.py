"""The journeys that made-up people go on, and what a Canvas puts around a message."""

from collections.abc import Iterator

from heap_tui.currents.samples import funnels
from heap_tui.currents.samples.funnels import (
    APP,
    CUSTOM_EVENT,
    GLOBAL_STATE_CHANGE,
    GROUP_STATE_CHANGE,
    MESSAGES,
    PURCHASE,
    SESSION_END,
    SESSION_START,
)
from heap_tui.currents.samples.people import Facts
from heap_tui.currents.samples.steps import CONVERSION, CONVERSION_OF, Journey, Step


def _live_activity_stage(kind: str, wait_s: float) -> tuple[Step, ...]:
    given = {"live_activity_event_type": kind}
    return (
        Step(f"{MESSAGES}.liveactivity.Send", 1, wait_s, given=given),
        Step(f"{MESSAGES}.liveactivity.Outcome", 1, 1, given=given),
    )


_LIVE_ACTIVITY = (
    Step("users.behaviors.liveactivity.PushToStartTokenChange", 0.3),
    *_live_activity_stage("start", 2),
    Step("users.behaviors.liveactivity.UpdateTokenChange", 1, 1),
    *_live_activity_stage("update", 240),
    *_live_activity_stage("end", 300),
)
_VISIT = (
    SESSION_START,
    Step(f"{MESSAGES}.featureflag.Impression", 0.2, 1),
    Step("users.behaviors.Location", 0.12, 2),
    Step(CUSTOM_EVENT, 0.9, 15),
    Step(CUSTOM_EVENT, 0.6, 30),
    Step(PURCHASE, 0.22, 60),
    Step(PURCHASE, 0.05, 30),
    SESSION_END,
)
_AGENT = (
    Step("agentconsole.ToolInvocation", 0.7),
    Step("agentconsole.ToolInvocation", 0.3, 1),
    Step("agentconsole.AgentExecuted", 1, 2),
)

NEWCOMER = Journey(
    0,
    (
        Step("users.behaviors.InstallAttribution", 0.6),
        Step(f"{APP}.FirstSession", 1, 3),
        SESSION_START,
        Step(
            "users.behaviors.pushnotification.TokenStateChange",
            0.7,
            10,
            given={"push_token_state_change_type": "add"},
        ),
        Step(
            GLOBAL_STATE_CHANGE,
            0.4,
            15,
            given={"subscription_status": "opted_in", "state_change_source": "sdk"},
        ),
        Step(CUSTOM_EVENT, 0.9, 30),
        SESSION_END,
    ),
)
"""Some people's very first journey."""

JOURNEYS = (
    Journey(34, funnels.EMAIL, "email", "either", anonymous=False),
    Journey(28, funnels.PUSH, "pushnotification", "either"),
    Journey(5, funnels.SMS, "sms", "either", anonymous=False),
    Journey(9, funnels.WHATSAPP, "whatsapp", "either", anonymous=False, countries=frozenset({"BR", "PT"})),
    Journey(3, funnels.RCS, "rcs", "either", anonymous=False, countries=frozenset({"US", "GB"})),
    Journey(6, funnels.LINE, "line", "either", anonymous=False, countries=frozenset({"JP"})),
    Journey(3, funnels.WEBHOOK, "webhook", "either", anonymous=False),
    Journey(9, funnels.IN_APP, "inappmessage", "either"),
    Journey(7, funnels.CONTENT_CARD, "contentcard", "either"),
    Journey(3, funnels.BANNER, "banner", "either"),
    Journey(1, funnels.NEWS_FEED, "newsfeedcard", "campaign", platforms=frozenset({"ios", "android"})),
    Journey(2, _LIVE_ACTIVITY, "liveactivity", platforms=frozenset({"ios"})),
    Journey(1, (Step("users.campaigns.EnrollInControl"),), "email", "campaign", anonymous=False),
    Journey(15, _VISIT),
    Journey(1, _AGENT, sender="canvas", anonymous=False),
)


def _converted(known: Facts) -> bool:
    return "converted" in known


CANVAS_START = (
    Step("users.canvas.Entry", 0.04, given={"in_control_group": True}, then=()),
    Step("users.canvas.Entry", given={"in_control_group": False}),
    Step("users.canvasstep.Progression", 1, 1, given={"is_canvas_entry": True, "progression_type": "enter"}),
)
CANVAS_END = (
    Step("users.canvas.exit.PerformedEvent", 0.2, 5, then=()),
    Step("users.canvas.exit.MatchedAudience", 0.1, 5, then=()),
    Step("users.canvasstep.Progression", 1, 60, given={"progression_type": "advance"}),
)
EXPERIMENT_START = (
    *CANVAS_START,
    Step("users.canvas.experimentstep.SplitEntry", 1, 1, given={"in_control_group": False}),
    Step("users.canvas.costep.Send", 0.3, 1),
)
EXPERIMENT_END = (Step("users.canvas.experimentstep.Conversion", 1, 1, needs=_converted), *CANVAS_END)

_RETURN = {"subscription_status": "subscribed", "state_change_source": "preference_center"}
COMES_BACK = (Step(GROUP_STATE_CHANGE, given=_RETURN),)
COMES_BACK_BY_EMAIL = (Step(GLOBAL_STATE_CHANGE, given=_RETURN),)
"""What comes before the next message to someone who had asked for no more."""


def event_types_of(journey: Journey) -> frozenset[str]:
    """All event types that a journey can bring."""
    canvas = (*EXPERIMENT_START, *EXPERIMENT_END) if journey.sender in ("either", "canvas") else ()
    return frozenset(_event_types((*canvas, *journey.steps)))


def _event_types(steps: tuple[Step, ...]) -> Iterator[str]:
    for step in steps:
        yield from CONVERSION_OF.values() if step.event == CONVERSION else (step.event,)
        yield from _event_types(step.then or ())


IN_JOURNEYS = frozenset[str]().union(*map(event_types_of, (NEWCOMER, *JOURNEYS)))
"""All event types that some journey can bring."""
