"""What the applications in front of the emulated AWS share: PEP 3333, WSGI."""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def body_of(environ: dict[str, Any]) -> bytes:
    """The body, which can still be read afterwards."""
    body = bytes(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
    environ["wsgi.input"] = BytesIO(body)
    return body
