"""What becomes of a message, channel by channel: from its sending to an answer, a click, a purchase."""

from heap_tui.currents.samples.people import Facts
from heap_tui.currents.samples.steps import CONVERSION, Step

MESSAGES = "users.messages"
APP = "users.behaviors.app"
CUSTOM_EVENT = "users.behaviors.CustomEvent"
PURCHASE = "users.behaviors.Purchase"
SESSION_START = Step(f"{APP}.SessionStart", 1, 2)
SESSION_END = Step(f"{APP}.SessionEnd", 1, 45)
_CONVERTED = Step(CONVERSION, 0.9, 1)
_BUYS = Step(PURCHASE, 0.3, 120, then=(_CONVERTED,))

GLOBAL_STATE_CHANGE = "users.behaviors.subscription.GlobalStateChange"
GROUP_STATE_CHANGE = "users.behaviors.subscriptiongroup.StateChange"


def _on_ios(known: Facts) -> bool:
    return bool(known["platform"] == "ios")


def _unsubscribed(event: str) -> tuple[Step, ...]:
    """What a farewell brings about."""
    return (Step(event, 1, 1, given={"subscription_status": "unsubscribed", "state_change_source": "sdk"}),)


def _asks_to_stop(channel: str, share: float) -> Step:
    """A person answers that they want no more."""
    stop = {"message_body": "STOP", "action": "Opted Out", "category": "Stop"}
    event = f"{MESSAGES}.{channel}.InboundReceive"
    return Step(event, share, 60, _unsubscribed(GROUP_STATE_CHANGE), given=stop)


def _shops(share: float) -> tuple[Step, ...]:
    """The end of a visit that a message led to; that share of people buy, which is its aim."""
    return (Step(PURCHASE, share, 60, then=(_CONVERTED, SESSION_END)), SESSION_END)


def _visits(share: float) -> tuple[Step, ...]:
    """A whole visit that a message led to."""
    return (SESSION_START, Step(CUSTOM_EVENT, 0.8, 20), Step(CUSTOM_EVENT, 0.5, 30), *_shops(share))


EMAIL = (
    Step(f"{MESSAGES}.email.Abort", 0.012, then=()),
    Step(f"{MESSAGES}.email.Retry", 0.01),
    Step(f"{MESSAGES}.email.Send", 1, 1),
    Step(f"{MESSAGES}.email.Bounce", 0.012, 3, then=()),
    Step(f"{MESSAGES}.email.Deferral", 0.015, 5),
    Step(f"{MESSAGES}.email.SoftBounce", 0.015, 20, then=()),
    Step(f"{MESSAGES}.email.Delivery", 1, 3),
    Step(f"{MESSAGES}.email.MarkAsSpam", 0.004, 60, then=()),
    Step(f"{MESSAGES}.email.Open", 0.4, 150, gate=True),
    Step(f"{MESSAGES}.email.Unsubscribe", 0.02, 20, then=_unsubscribed(GLOBAL_STATE_CHANGE)),
    Step(f"{MESSAGES}.email.Click", 0.3, 20, gate=True),
    *_visits(0.35),
)
PUSH = (
    Step(f"{MESSAGES}.pushnotification.Abort", 0.012, then=()),
    Step(f"{MESSAGES}.pushnotification.Retry", 0.01),
    Step(f"{MESSAGES}.pushnotification.Send", 1, 1),
    Step(
        f"{MESSAGES}.pushnotification.Bounce",
        0.02,
        2,
        then=(
            Step(
                "users.behaviors.pushnotification.TokenStateChange",
                1,
                1,
                given={"push_token_state_change_type": "remove"},
            ),
            Step("users.behaviors.Uninstall", 0.5, 1),
        ),
    ),
    Step(f"{MESSAGES}.pushnotification.IosForeground", 0.1, 2, then=(), needs=_on_ios),
    Step(f"{MESSAGES}.pushnotification.Open", 0.15, 90, gate=True),
    *_visits(0.25),
)
SMS = (
    Step(f"{MESSAGES}.sms.Abort", 0.012, then=()),
    Step(f"{MESSAGES}.sms.Retry", 0.01),
    Step(f"{MESSAGES}.sms.Send", 1, 1),
    Step(f"{MESSAGES}.sms.Rejection", 0.01, 2, then=()),
    Step(f"{MESSAGES}.sms.CarrierSend", 1, 1),
    Step(f"{MESSAGES}.sms.DeliveryFailure", 0.03, 5, then=()),
    Step(f"{MESSAGES}.sms.Delivery", 1, 4),
    _asks_to_stop("sms", 0.02),
    Step(f"{MESSAGES}.sms.InboundReceive", 0.04, 90),
    Step(f"{MESSAGES}.sms.ShortLinkClick", 0.15, 60, gate=True),
    _BUYS,
)
WHATSAPP = (
    Step(f"{MESSAGES}.whatsapp.Abort", 0.012, then=()),
    Step(f"{MESSAGES}.whatsapp.Retry", 0.01),
    Step(f"{MESSAGES}.whatsapp.Send", 1, 1),
    Step(f"{MESSAGES}.whatsapp.Failure", 0.03, 3, then=()),
    Step(f"{MESSAGES}.whatsapp.Delivery", 1, 2),
    Step(f"{MESSAGES}.whatsapp.Read", 0.75, 60, gate=True),
    _asks_to_stop("whatsapp", 0.01),
    Step(f"{MESSAGES}.whatsapp.InboundReceive", 0.2, 40),
    Step(f"{MESSAGES}.whatsapp.Click", 0.25, 30, gate=True),
    _BUYS,
)
RCS = (
    Step(f"{MESSAGES}.rcs.Abort", 0.012, then=()),
    Step(f"{MESSAGES}.rcs.Send", 1, 1),
    Step(f"{MESSAGES}.rcs.Rejection", 0.03, 2, then=()),
    Step(f"{MESSAGES}.rcs.Delivery", 1, 3),
    Step(f"{MESSAGES}.rcs.Read", 0.6, 60, gate=True),
    Step(f"{MESSAGES}.rcs.InboundReceive", 0.1, 40),
    Step(f"{MESSAGES}.rcs.Click", 0.25, 20, gate=True),
    _BUYS,
)
LINE = (
    Step(f"{MESSAGES}.line.Abort", 0.012, then=()),
    Step(f"{MESSAGES}.line.Retry", 0.02),
    Step(f"{MESSAGES}.line.Send", 1, 1),
    Step(f"{MESSAGES}.line.InboundReceive", 0.15, 60),
    Step(f"{MESSAGES}.line.Click", 0.25, 60, gate=True),
    _BUYS,
)
WEBHOOK = (
    Step(f"{MESSAGES}.webhook.Abort", 0.012, then=()),
    Step(f"{MESSAGES}.webhook.Failure", 0.04),
    Step(f"{MESSAGES}.webhook.Retry", 0.03, 5),
    Step(f"{MESSAGES}.webhook.Send", 1, 2),
)
IN_APP = (
    SESSION_START,
    Step(f"{MESSAGES}.inappmessage.Abort", 0.02, 2, then=(SESSION_END,)),
    Step(f"{MESSAGES}.inappmessage.Impression", 1, 3),
    Step(f"{MESSAGES}.inappmessage.Click", 0.35, 6, then=(Step(CUSTOM_EVENT, 0.7, 10), *_shops(0.2))),
    SESSION_END,
)
CONTENT_CARD = (
    Step(f"{MESSAGES}.contentcard.Abort", 0.02, then=()),
    Step(f"{MESSAGES}.contentcard.Send"),
    Step(f"{APP}.SessionStart", 0.6, 300, gate=True),
    Step(f"{MESSAGES}.contentcard.Impression", 1, 5),
    Step(f"{MESSAGES}.contentcard.Dismiss", 0.15, 8, then=(SESSION_END,)),
    Step(f"{MESSAGES}.contentcard.Click", 0.2, 8, then=_shops(0.2)),
    SESSION_END,
)
BANNER = (
    SESSION_START,
    Step(f"{MESSAGES}.banner.Abort", 0.02, 1, then=(SESSION_END,)),
    Step(f"{MESSAGES}.banner.Impression", 1, 2),
    Step(f"{MESSAGES}.banner.Dismiss", 0.1, 6, then=(SESSION_END,)),
    Step(f"{MESSAGES}.banner.Click", 0.15, 6, then=(Step(CUSTOM_EVENT, 0.6, 10), *_shops(0.1))),
    SESSION_END,
)
NEWS_FEED = (
    SESSION_START,
    Step(f"{MESSAGES}.newsfeedcard.Abort", 0.03, 2, then=(SESSION_END,)),
    Step(f"{MESSAGES}.newsfeedcard.Impression", 1, 4),
    Step(f"{MESSAGES}.newsfeedcard.Click", 0.2, 8),
    SESSION_END,
)
