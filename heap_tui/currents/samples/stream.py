"""Many people's journeys at once, as one stream of events in the order of time."""

import heapq
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate, islice
from random import Random

from heap_tui.currents.catalog import EventType, catalog
from heap_tui.currents.samples.campaigns import one_occasion, one_sending, workspace
from heap_tui.currents.samples.compose import SampleEvent, compose, recipe
from heap_tui.currents.samples.dice import pick
from heap_tui.currents.samples.journeys import (
    CANVAS_END,
    CANVAS_START,
    COMES_BACK,
    COMES_BACK_BY_EMAIL,
    EXPERIMENT_END,
    EXPERIMENT_START,
    IN_JOURNEYS,
    JOURNEYS,
    NEWCOMER,
    event_types_of,
)
from heap_tui.currents.samples.people import Facts, Person, person
from heap_tui.currents.samples.spec import SampleSpec
from heap_tui.currents.samples.steps import CONVERSION_OF, Journey, Step
from heap_tui.currents.samples.story import Story

_SECONDS_BETWEEN_JOURNEYS = 10  # over all people, so that the pace hardly depends on their number
_CANVAS_SHARE = 0.25
_EXPERIMENT_SHARE = 0.3
_NEWCOMER_SHARE = 0.3
_TRIES = 3  # journeys without a wanted event, before one is made up on its own
_LONE_WEIGHT = 0.5  # of each wanted type that no journey brings
_PEOPLE_KEPT = 10_000  # others are made up again when they come
_BY_PHONE = frozenset({"sms", "whatsapp", "rcs"})

Choice = Journey | None
"""A journey to go on, or None for one event on its own."""


def journeys(spec: SampleSpec, *, start_time: int) -> Iterator[SampleEvent]:
    """Made-up journeys as HTTP-shaped events, in the order of time.

    The made-up clock runs on its own, about three seconds an event, whatever the real one does; a start in
    the past keeps events out of the future. A shorter stream is the beginning of a longer one.

    Args:
        spec: what is wanted; when no known type is, nothing comes.
        start_time: unix seconds; no event is earlier.
    """
    return islice(_Stream(spec, start_time).events(), spec.count or None)


def _wanted(spec: SampleSpec) -> list[EventType]:
    types = spec.types
    return [event_type for event_type in catalog() if (types(event_type.name) if types else event_type.http)]


class _Stream:
    """The people, what they do next, and what has not happened yet."""

    def __init__(self, spec: SampleSpec, start_time: int) -> None:
        self._wanted = _wanted(spec)
        # Another choice of types or users is another stream, and an id must never name two events.
        names = "" if spec.types is None else ",".join(event_type.name for event_type in self._wanted)
        self._rng = Random(f"{spec.seed}/{spec.users}/{names}")  # noqa: S311 - reproducible on purpose
        self._start_time = start_time
        self._users = spec.users
        self._company = workspace(str(spec.seed))
        self._recipes = {event_type.name: recipe(event_type) for event_type in self._wanted}
        self._person = lru_cache(_PEOPLE_KEPT)(lambda index: person(str(spec.seed), index))
        self._choices: dict[tuple[bool, str, str], tuple[list[Choice], list[float]]] = {}
        self._bringing = [one for one in JOURNEYS if not event_types_of(one).isdisjoint(self._recipes)]
        self._lone = [event_type for event_type in self._wanted if event_type.name not in IN_JOURNEYS]
        self._met: set[int] = set()
        self._silenced: set[tuple[int, str | None]] = set()

    def events(self) -> Iterator[SampleEvent]:
        """All events, without end; none when no type is wanted."""
        if not self._wanted:
            return
        # People about to begin a journey, by their numbers, and the events of journeys begun; the second
        # number keeps what happens in the same second in its order.
        coming: list[tuple[int, int, int | SampleEvent]] = [
            (self._start_time + self._rest_s(), index, index) for index in range(self._users)
        ]
        heapq.heapify(coming)
        order = self._users
        while True:
            time, _order, what = heapq.heappop(coming)
            if not isinstance(what, int):
                yield what
                continue
            story = self._story(what, time)
            for event_time, event in story.events:
                heapq.heappush(coming, (event_time, order, event))
                order += 1
            heapq.heappush(coming, (story.time + self._rest_s(), order, what))
            order += 1

    def _rest_s(self) -> int:
        """How long one person waits before the next journey."""
        return 1 + int(self._rng.expovariate(1 / (_SECONDS_BETWEEN_JOURNEYS * self._users)))

    def _story(self, index: int, time: int) -> Story:
        """The next journey of a person, with one wanted event or more."""
        who = self._person(index)
        for _try in range(_TRIES):
            journey = self._choose(index, who)
            if journey is None:
                return self._one_event(who, time, self._lone or self._wanted)
            story = self._tell(journey, index, who, time)
            if story.events:
                return story
        return self._one_event(who, time, self._wanted)

    def _choose(self, index: int, who: Person) -> Choice:
        if index not in self._met:
            self._met.add(index)
            if self._rng.random() < _NEWCOMER_SHARE:
                return NEWCOMER
        key = (who.anonymous, who.platform, who.country)
        if key not in self._choices:
            self._choices[key] = self._choices_of(who)
        choices, weights = self._choices[key]
        return self._rng.choices(choices, cum_weights=weights)[0]

    def _choices_of(self, who: Person) -> tuple[list[Choice], list[float]]:
        """The journeys that can bring a wanted event and fit a person, with their cumulative weights."""
        fitting = [one for one in JOURNEYS if one.fits(who) and not event_types_of(one).isdisjoint(self._recipes)]
        weights = [journey.weight for journey in fitting]
        if self._lone or not fitting:
            return [*fitting, None], list(accumulate([*weights, _LONE_WEIGHT * max(1, len(self._lone))]))
        return [*fitting], list(accumulate(weights))

    def _tell(self, journey: Journey, index: int, who: Person, time: int) -> Story:
        sender: str = journey.sender
        if sender == "either":
            sender = "canvas" if self._rng.random() < _CANVAS_SHARE else "campaign"
        story = Story(self._rng, self._recipes, self._known(who, sender, journey.channel, time))
        silence = (index, journey.channel)
        if silence in self._silenced:
            self._silenced.remove(silence)
            story.play(COMES_BACK_BY_EMAIL if journey.channel == "email" else COMES_BACK)
        before, after = self._around(sender)
        if story.play(before):
            story.play(journey.steps)
            story.play(after)
        if story.unsubscribed:
            self._silenced.add(silence)
        return story

    def _around(self, sender: str) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
        """What comes before and after a message, by who sends it."""
        if sender != "canvas":
            return (), ()
        if self._rng.random() < _EXPERIMENT_SHARE:
            return EXPERIMENT_START, EXPERIMENT_END
        return CANVAS_START, CANVAS_END

    def _one_event(self, who: Person, time: int, types: list[EventType]) -> Story:
        """A single event, for types that journeys bring rarely or never."""
        event_type = pick(self._rng, types)
        sender = "canvas" if "canvas" in event_type.name else "campaign"
        known = self._known(who, sender, event_type.channel, time)
        story = Story(self._rng, self._recipes, known)
        story.events.append((time, compose(self._recipes[event_type.name], self._rng, known)))
        return story

    def _known(self, who: Person, sender: str, channel: str | None, time: int) -> Facts:
        """All that the events of one journey share."""
        known = {**self._company.facts, **who.facts, **one_occasion(self._rng)}
        known["time"] = time
        known["app_id"] = self._company.app_ids[who.platform]
        known["channel"] = channel or "email"
        if channel in _BY_PHONE:
            known["channel_identifier"] = known["phone_number"]
        if sender in CONVERSION_OF:
            messages = self._company.campaigns if sender == "campaign" else self._company.canvases
            known.update(one_sending(self._rng), **pick(self._rng, messages), converts_as=CONVERSION_OF[sender])
        return known
