"""A peer: segment-analytics-python, used so that it loses nothing (its queue is waited for, then flushed).

Arguments: FILE HOST BATCH_SIZE.
"""

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from segment.analytics.client import Client  # type: ignore[import-not-found]  # of the peers' own environment


def track(client: Client, event: dict[str, Any]) -> None:
    """Enqueue one event, waiting while the queue is full: `track` itself would drop it."""
    while client.queue.full():
        time.sleep(0.002)
    user = event["user"]
    client.track(
        user_id=user.get("external_user_id", user["user_id"]),
        event=event["event_type"],
        properties=event["properties"],
        timestamp=datetime.fromtimestamp(event["time"], UTC),
        message_id=event["id"],
    )


def main() -> None:
    """Send the whole file and wait for the last answer; a batch that failed ends the program with 1."""
    path, host, batch_size = sys.argv[1], sys.argv[2], int(sys.argv[3])
    failures: list[Exception] = []
    client = Client(
        "benchmark", host=host, upload_size=batch_size, on_error=lambda error, _batch: failures.append(error)
    )
    with Path(path).open(encoding="utf-8") as lines:
        for line in lines:
            track(client, json.loads(line))
    client.shutdown()
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
