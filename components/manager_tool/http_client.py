"""HTTP with other hosts, which may be broken or hostile: bounded in time and size, with one kind of error.

`send` is for calls that carry a token or are signed, and follows no redirect: one would take both along to wherever it
leads. `open_url` is for downloads.
"""

from __future__ import annotations

import email.message
import email.utils
import http.client
import json
import queue
import ssl
import threading
import time
import urllib.error
import urllib.request
from typing import IO, Any, NamedTuple, NoReturn

MOST_BYTES = 1 << 20
REDIRECTS = (301, 302, 303, 307, 308)
_MOST_SKEW = 300
"""Seconds; AWS refuses what a clock has signed that is further off ("RequestTimeTooSkewed" in its documentation)."""
_LONGEST_NUMBER = 20
"""Digits; those of 64 bits have no more."""


class NoResponseError(Exception):
    """No whole response came; `reason` is what the network, TLS or HTTP has to say of it."""

    def __init__(self, reason: Exception) -> None:
        # http.client quotes what is no HTTP as it came, and has a subclass for what ended before it began.
        no_http = isinstance(reason, http.client.BadStatusLine) and not isinstance(reason, ConnectionError)
        said = str(reason).strip() or type(reason).__name__
        super().__init__(f"no HTTP: {said}" if no_http else said)
        self.reason = reason


class Response(NamedTuple):
    """What a host answered, an error too."""

    status: int
    headers: email.message.Message
    body: bytes

    @property
    def skew(self) -> float:
        """By how many seconds the host's clock is behind the manager's; 0 where it tells no time."""
        date = self.headers["Date"]
        try:
            return time.time() - email.utils.parsedate_to_datetime(date).timestamp() if date else 0.0
        except (TypeError, ValueError, OverflowError):
            return 0.0


def clock_off(skew: float, whose: str) -> str:
    """Return what to tell of a clock that is too far off that of `whose`; an empty text where it is not."""
    if abs(skew) <= _MOST_SKEW:
        return ""
    way = "ahead of" if skew > 0 else "behind"
    return (
        f"the manager's clock is {abs(skew) / 60:.0f} minutes {way} {whose}; with more than {_MOST_SKEW // 60} AWS "
        "refuses to start machines. Let it be set: sudo timedatectl set-ntp true"
    )


def send(
    request: urllib.request.Request,
    seconds: float,
    *,
    trust: ssl.SSLContext | None = None,
    direct: bool = False,
    most: int = MOST_BYTES,
) -> Response:
    """Send a request and return the response, whatever its status is. Raises `NoResponseError`.

    Args:
        request: What to send.
        seconds: How long the exchange may take, from the look-up of the name to the last byte.
        trust: The authorities to trust; without it, the system's.
        direct: Not through a proxy.
        most: Bytes that the answer may have.
    """
    outcome: queue.SimpleQueue[Response | Exception] = queue.SimpleQueue()

    def exchange() -> None:
        try:
            outcome.put(_exchange(request, seconds, trust, direct, most))
        except Exception as error:  # raised again below, in the thread that waits for it
            outcome.put(error)

    # The timeout of a socket bounds each silence alone, and the look-up of a name has none.
    threading.Thread(target=exchange, daemon=True).start()
    try:
        result = outcome.get(timeout=seconds)
    except queue.Empty:
        raise NoResponseError(TimeoutError("timed out")) from None
    if isinstance(result, Response):
        return result
    # A ValueError is that of a URL or a header that can't be sent.
    if isinstance(result, (OSError, http.client.HTTPException, ValueError)):
        reason = result.reason if isinstance(result, urllib.error.URLError) else result
        raise NoResponseError(reason if isinstance(reason, Exception) else OSError(str(reason))) from None
    raise result


def _exchange(
    request: urllib.request.Request, seconds: float, trust: ssl.SSLContext | None, direct: bool, most: int
) -> Response:
    # Not `build_opener`, which adds what follows redirects and what reads files.
    opener = urllib.request.OpenerDirector()
    opener.add_handler(urllib.request.ProxyHandler({} if direct else None))
    opener.add_handler(urllib.request.HTTPHandler())
    opener.add_handler(urllib.request.HTTPSHandler(context=trust))
    opener.add_handler(urllib.request.UnknownHandler())
    with opener.open(request, timeout=seconds) as answer:
        body = bytes(answer.read(most + 1))
        if len(body) > most:
            raise http.client.HTTPException(f"the answer is longer than {most} bytes")
        if answer.length:
            raise http.client.IncompleteRead(body, answer.length)
        return Response(answer.status, answer.headers, body)


class _NoDowngrade(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if req.type == "https" and not newurl.startswith("https:"):
            raise urllib.error.URLError("it leads from https to an address without")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def open_url(url: str, seconds: float) -> http.client.HTTPResponse:
    """Return the answer of `url` to be read, as `urllib.request.urlopen` does, with the same errors.

    A redirect is followed, but never from https to something else. `seconds` bounds each silence.
    """
    answer: http.client.HTTPResponse = urllib.request.build_opener(_NoDowngrade()).open(url, timeout=seconds)
    return answer


def parse_json(body: bytes) -> Any:
    """Return what a JSON text holds. Raises `ValueError`, for deep nesting and endless numbers too."""
    try:
        return json.loads(body, parse_int=_integer, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def _integer(digits: str) -> int:
    # Reading a number takes time by the square of its length.
    return int(digits) if len(digits) <= _LONGEST_NUMBER else _refuse(digits)


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text[:_LONGEST_NUMBER]} is not a JSON number, or too long")
