"""Stand-in for pulumi-command: remote work that a call waits for and that the engine may cancel."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from .errors import CommandError

_T = TypeVar("_T")


class Running:
    """The work of all calls that are under way."""

    def __init__(self) -> None:
        self._tasks: set[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = set()
        self._lock = threading.Lock()

    def wait_for(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do the work on this thread; raises `CommandError` when it is cancelled."""

        async def registered() -> _T:
            task = asyncio.ensure_future(work)
            entry = (asyncio.get_running_loop(), task)
            with self._lock:
                self._tasks.add(entry)
            try:
                return await task
            finally:
                with self._lock:
                    self._tasks.discard(entry)

        try:
            return asyncio.run(registered())
        except asyncio.CancelledError:
            raise CommandError("context canceled") from None

    def cancel(self) -> None:
        """End all work: connections are closed, and with them what runs on the remote hosts."""
        with self._lock:
            for loop, task in self._tasks:
                loop.call_soon_threadsafe(task.cancel)
