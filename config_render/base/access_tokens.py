"""The shapes of the tokens with which runners are registered or created."""

import re

_SHORTEST = 16
_ALLOWED = re.compile(r"[0-9A-Za-z_.=-]*")


def check_registration_token(token: str) -> str | None:
    """Return why `token` can't be a registration token, or None. Never quotes it."""
    if token.startswith(("glrt-", "glrtr-")):
        return "is a runner's authentication token already; set it as token instead"
    if token.startswith("glpat-"):
        return "is an access token; set it as accessToken, with createRunner beside it"
    return _misread(token)


def check_access_token(token: str) -> str | None:
    """Return why `token` can't be a personal, group or project access token, or None. Never quotes it."""
    if token.startswith(("glrt-", "glrtr-")):
        return "is a runner's authentication token; set it as token instead"
    if token.startswith("GR1348941"):
        return "is a registration token; set it as registrationToken instead"
    if re.match(r"gl(agent|cbt|dt|ffct|ft|imt|oas|ptt|soat|wt)-", token):
        return "is another kind of GitLab's tokens; create a personal, group or project access token (create_runner)"
    return _misread(token)


def _misread(token: str) -> str | None:
    if not _ALLOWED.fullmatch(token):
        return "holds a blank, a line break or another character that no token has; copy it again"
    if len(token) < _SHORTEST:
        return f"is too short: it has at least {_SHORTEST} characters; copy it again"
    return None
