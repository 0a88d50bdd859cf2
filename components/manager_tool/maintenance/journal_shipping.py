"""Shipping the journal of gitlab-runner and of the watch to CloudWatch Logs, each line once and in order.

The limits of one call are those of "PutLogEvents" in the CloudWatch Logs API Reference.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..aws.api import Aws, AwsError
from ..host import ENVIRONMENT, StepError, write
from ..texts import message_of, printable

UNITS = ("gitlab-runner", "gitlab-runner-aws-watch")
MOST_EVENTS, MOST_BYTES, BYTES_PER_EVENT = 10_000, 1_048_576, 26
LONGEST_MESSAGE = 256 * 1024
_DAY = 24 * 60 * 60 * 1000
_FIRST_TIME = "-1h"


class Event(NamedTuple):
    """One line of the journal."""

    cursor: str
    milliseconds: int
    """Since 1970."""
    message: str

    @property
    def size(self) -> int:
        """In bytes, as CloudWatch Logs counts them."""
        return len(self.message.encode()) + BYTES_PER_EVENT


class Destination(NamedTuple):
    """Where the lines go."""

    aws: Aws
    group: str
    stream: str


def ship(to: Destination, cursor: Path, hidden: Sequence[str]) -> int:
    """Ship what came since the last time and return how many lines; `hidden` are texts that no line may show.

    `cursor` is a file that holds how far it came; it moves on only once CloudWatch Logs has the lines.
    Raises `StepError`.
    """
    shipped = 0
    since = ["--since", _FIRST_TIME]
    if cursor.exists():
        since = ["--after-cursor", cursor.read_text()]
        # Where it can't be written, on a full disk, each pass would ship the same lines again.
        write(cursor, since[1])
    for batch in batches(_events(since, hidden)):
        _put(to, batch)
        write(cursor, batch[-1].cursor)
        shipped += len(batch)
    return shipped


def _events(since: Sequence[str], hidden: Sequence[str]) -> Iterator[Event]:
    units = [word for unit in UNITS for word in ("-u", unit)]
    command = ["journalctl", *units, "-o", "json", "--no-pager", *since]
    # Line by line: after a long time without CloudWatch Logs it may be more than fits into a small manager's memory.
    with subprocess.Popen(
        command,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None and process.stderr is not None  # noqa: S101, PT018 - pipes, for mypy
        for line in process.stdout:
            yield event(json.loads(line), hidden)
        complaint = process.stderr.read()
    if process.returncode != 0:
        raise StepError(f"`{' '.join(command[:5])} ...` ended with {process.returncode}:\n{complaint.strip()}")


def event(fields: dict[str, Any], hidden: Sequence[str]) -> Event:
    """Return a line of `journalctl -o json` as an event."""
    message = message_of(fields)
    for text in hidden:
        message = message.replace(text, "<hidden>")
    # `aws logs tail` shows them on a terminal.
    message = printable(message, LONGEST_MESSAGE)
    short = message.encode()[:LONGEST_MESSAGE].decode(errors="ignore")
    # An empty one is refused.
    return Event(fields["__CURSOR"], int(fields["__REALTIME_TIMESTAMP"]) // 1000, short or " ")


def batches(events: Iterable[Event]) -> Iterator[list[Event]]:
    """Put events into as few calls as their limits allow, in an order that CloudWatch Logs takes."""
    batch: list[Event] = []
    size = 0
    for new in events:
        # The clock may have been set back; within a call the times must not be.
        ordered = new._replace(milliseconds=max(new.milliseconds, batch[-1].milliseconds if batch else 0))
        too_long = batch and ordered.milliseconds - batch[0].milliseconds >= _DAY
        if too_long or len(batch) == MOST_EVENTS or size + ordered.size > MOST_BYTES:
            yield batch
            batch, size = [], 0
            ordered = new
        batch.append(ordered)
        size += ordered.size
    if batch:
        yield batch


def _put(to: Destination, batch: Sequence[Event]) -> None:
    place = {"logGroupName": to.group, "logStreamName": to.stream}
    events = [{"timestamp": each.milliseconds, "message": each.message} for each in batch]
    try:
        to.aws.json("logs", "PutLogEvents", {**place, "logEvents": events})
    except AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise
        to.aws.json("logs", "CreateLogStream", place)
        to.aws.json("logs", "PutLogEvents", {**place, "logEvents": events})
