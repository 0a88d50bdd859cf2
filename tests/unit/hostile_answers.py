"""Answers that a broken, replaced or hostile host may give, to whatever it was asked."""

from collections.abc import Callable, Iterator

from .unhelpful_servers import endless, http

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\u2028\r\x00"

Made = Callable[[], bytes | Iterator[bytes]]

NO_ANSWERS: dict[str, Made] = {
    "nothing": lambda: b"",
    "no HTTP": f"SSH-2.0-x{ESCAPES}\r\n\r\n".encode,
    "a status that is no number": lambda: b"HTTP/1.1 abc OK\r\n\r\n",
    "a line without end": lambda: b"HTTP/1.1 200 OK\r\nA: " + b"a" * 100_000 + b"\r\n\r\n",
    "many headers": lambda: b"HTTP/1.1 200 OK\r\n" + b"A: a\r\n" * 1000 + b"\r\n",
    "less than promised": lambda: b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}",
    "a chunk that breaks off": lambda: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{",
    "a chunk of no size": lambda: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{",
    "no end": endless,
}
"""What is no whole HTTP."""

PAGES: dict[str, Made] = {
    "a page": lambda: http("<!DOCTYPE html><html><body>Sign in</body></html>"),
    "a page that is XML": lambda: http('<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>'),
    "an error's page": lambda: http(f"<html>{ESCAPES}</html>", 418),
    "bytes": lambda: http(bytes(range(256)) * 10),
    "what is compressed": lambda: http(b"\x1f\x8b\x08\x00", 200, "Content-Encoding: gzip"),
    "a text in half": lambda: http('{"id": 1, "to'),
    "deep lists": lambda: http("[" * 300_000),
    "deep lists that close": lambda: http("[" * 400 + "]" * 400),
    "deep tables": lambda: http('{"a":' * 100_000),
    "an error of deep lists": lambda: http('{"message": ' + "[" * 900 + "]" * 900 + "}", 400),
    "a number of a million digits": lambda: http("9" * 1_000_000),
    "no number": lambda: http("NaN"),
    "a date that is none": lambda: http("[NaN]", 200, "Date: soon"),
    "a date far off": lambda: http("[NaN]", 200, "Date: Mon, 01 Jan 99999 00:00:00 GMT"),
}
"""HTTP with what is neither GitLab's JSON nor AWS's XML."""

REDIRECTS = (301, 302, 303, 307, 308)
