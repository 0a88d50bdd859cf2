"""Whether a URL leads to a GitLab, asked without a token and without leaving a trace there."""

import http.client
import json
import ssl
import urllib.error
import urllib.request

_SECONDS = 3.0
_HINT = "correct it, or set gitlab.check to false where only the manager can reach GitLab"


def gitlab_problem(url: str, ca: str | None = None) -> str | None:
    """Return why `url` is not the address of a reachable GitLab, or None if it is. Takes 3 s at the most.

    `ca` is the PEM text of a further authority to trust.

    Every GitLab answers GET /api/v4/version, with 401 and JSON where no token is given:
    https://docs.gitlab.com/api/version/
    """
    if not url.startswith(("http://", "https://")):
        return None  # the settings themselves refuse it
    request = urllib.request.Request(f"{url.rstrip('/')}/api/v4/version", headers={"Accept": "application/json"})
    try:
        trust = ssl.create_default_context() if url.startswith("https:") else None
        if trust and ca is not None:
            trust.load_verify_locations(cadata=ca)
        with urllib.request.urlopen(request, timeout=_SECONDS, context=trust) as answer:
            status, body = answer.status, answer.read(4096)
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read(4096)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"can't be reached ({getattr(error, 'reason', error)}); {_HINT}"
    if status in (200, 401) and _is_object(body):
        return None
    return f"is not a GitLab (it answered {status} to /api/v4/version); {_HINT}"


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False
