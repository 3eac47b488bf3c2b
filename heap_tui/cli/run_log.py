"""Log lines from what a run publishes."""

import logging

from heap_tui.i18n import _, ngettext
from heap_tui.status import BatchSent, EventDeadLettered, ItemRejected, Noticed, StateChanged, Status, StatusEvent

_log = logging.getLogger("heap_tui.run")
_MOST_OF_A_KIND = 10  # a file of broken lines must not fill the terminal; the dead letters have them all


class RunLog:
    """Turns published events into log lines.

    Args:
        status: the run's.
    """

    def __init__(self, status: Status) -> None:
        self._status = status
        self._told = {ItemRejected: 0, EventDeadLettered: 0}

    def tell(self, event: StatusEvent) -> None:
        """Log one published event."""
        match event:
            case BatchSent():
                self._batch(event)
            case ItemRejected(source, place, reason):
                where = f"{source}, {place}" if place else source
                self._some(event, _("{where}: rejected: {reason}").format(where=where, reason=reason))
            case EventDeadLettered(event_id, event_type, reason):
                words = _("{type} {id}: dead letter: {reason}")
                self._some(event, words.format(type=event_type, id=event_id, reason=reason))
            case Noticed(text, warning):
                _log.log(logging.WARNING if warning else logging.INFO, text)
            case StateChanged(state):
                _log.debug(_("state: {state}").format(state=state.value))

    def _batch(self, batch: BatchSent) -> None:
        size = ngettext("{n} event", "{n} events", batch.events).format(n=batch.events)
        words = f"{size}: {batch.outcome}"
        if batch.retry_in_s is not None:
            words += " " + _("(again in {seconds:.1f} s)").format(seconds=batch.retry_in_s)
        if batch.verdict == "accepted":
            _log.debug(words, extra={"status": batch.status, "elapsed_s": round(batch.elapsed_s, 4)})
            if batch.warning:
                text = _("the endpoint accepted a batch, but its answer speaks of refused events: {answer}")
                _log.warning(text.format(answer=batch.warning))
        else:
            _log.warning(words, extra={"status": batch.status, "verdict": batch.verdict})

    def _some(self, event: ItemRejected | EventDeadLettered, words: str) -> None:
        self._told[type(event)] += 1
        told = self._told[type(event)]
        if told <= _MOST_OF_A_KIND:
            _log.warning(words)
        elif told == _MOST_OF_A_KIND + 1:
            _log.warning(_("further ones are only counted; heap-tui spool dead shows them all"))
