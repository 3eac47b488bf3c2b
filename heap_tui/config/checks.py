"""What the settings of one profile must be together; what each may be alone is in model.py."""

from collections.abc import Iterator

from heap_tui.config.endpoint import parse_endpoint
from heap_tui.config.model import Profile
from heap_tui.errors import UsageError
from heap_tui.i18n import _

# Heap's track API takes at most this many events a request (protocol.md section 5).
TRACK_BATCH_SIZE = 1_000

Finding = tuple[tuple[str, ...], str]


def profile_problems(profile: Profile) -> Iterator[Finding]:
    """Give (table and key, what is wrong) for each contradiction within a profile."""
    yield from _destination(profile)
    yield from _endpoint(profile)
    yield from _transform(profile)
    yield from _delivery(profile)


def _destination(profile: Profile) -> Iterator[Finding]:
    destination = profile.destination
    if destination.kind == "webhook" and destination.endpoint is None:
        yield ("destination",), _("has no endpoint: copy it from Heap's Braze set-up")
    if destination.kind == "track" and destination.app_id is None:
        yield ("destination",), _("has no app_id: copy it from Heap, Account > Manage > Projects")


def _endpoint(profile: Profile) -> Iterator[Finding]:
    if profile.destination.endpoint is None:
        return
    try:
        parse_endpoint(profile.destination.endpoint, insecure_http=profile.delivery.insecure_http)
    except UsageError as error:
        yield ("destination", "endpoint"), f"{error.message} {error.remedy}".strip()


def _transform(profile: Profile) -> Iterator[Finding]:
    both = sorted(set(profile.transform.remove) & set(profile.transform.hash))
    if both:
        fields = ", ".join(both)
        yield ("transform", "hash"), _("{fields} cannot be both removed and hashed").format(fields=fields)


def _delivery(profile: Profile) -> Iterator[Finding]:
    delivery = profile.delivery
    if profile.destination.kind == "track" and delivery.batch_size > TRACK_BATCH_SIZE:
        yield (
            ("delivery", "batch_size"),
            _("the track API takes at most {limit} events a request, and this is {value}").format(
                limit=TRACK_BATCH_SIZE, value=delivery.batch_size
            ),
        )
    if delivery.client_key is not None and delivery.client_cert is None:
        yield ("delivery", "client_key"), _("is of no use without client_cert")
