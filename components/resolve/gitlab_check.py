"""Whether a URL leads to a GitLab, asked without a token and without leaving a trace there."""

import ssl
import urllib.request

from ..manager_tool.http_client import REDIRECTS, NoResponseError, parse_json, send
from ..manager_tool.texts import one_line

_SECONDS = 3.0
_LONGEST_TEXT = 300
_HINT = "correct it, or set gitlab.check to false where only the manager can reach GitLab"


def gitlab_problem(url: str, ca: str | None = None) -> str | None:
    """Return why `url` is not the address of a reachable GitLab, or None if it is. Takes 3 s at most.

    `ca` is the PEM text of a further authority to trust.

    Every GitLab answers GET /api/v4/version, with 401 and JSON where no token is given:
    https://docs.gitlab.com/api/version/
    """
    if not url.startswith(("http://", "https://")):
        return None  # the settings themselves refuse it
    try:
        request = urllib.request.Request(f"{url.rstrip('/')}/api/v4/version", headers={"Accept": "application/json"})
        trust = ssl.create_default_context() if url.startswith("https:") else None
        if trust and ca is not None:
            trust.load_verify_locations(cadata=ca)
        answer = send(request, _SECONDS, trust=trust)
    except (OSError, ValueError, NoResponseError) as error:
        return f"can't be reached ({one_line(str(error), _LONGEST_TEXT)}); {_HINT}"
    if answer.status in REDIRECTS:
        to = one_line(answer.headers.get("Location", "nowhere"), _LONGEST_TEXT)
        return f"leads on to {to}, which calls with a token do not follow; {_HINT}"
    if answer.status in (200, 401) and _is_object(answer.body):
        return None
    return f"is not a GitLab (it answered {answer.status} to /api/v4/version); {_HINT}"


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(parse_json(body), dict)
    except ValueError:
        return False
