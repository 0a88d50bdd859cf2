"""The shape of a runner authentication token.

GitLab hands out `glrt-` tokens when a runner is created; newer ones go on with `t1_` to `t3_`, or hold dots
(routable tokens). gitlab-runner panics on a short one, so the shape is checked before it gets there.
"""

import re

_PREFIX = "glrt-"
_SHORTEST = 20
_ALLOWED = re.compile(r"[0-9A-Za-z_.-]*")
_CREATE = "create a runner in GitLab (CI/CD settings, Runners) and use the token it shows, which begins with glrt-"


def check_token(token: str) -> str | None:
    """Return why `token` can't be a runner authentication token, or None. Never quotes the token."""
    if token.startswith("GR1348941"):
        return f"is a registration token, which GitLab has deprecated; {_CREATE}"
    if token.startswith("glrtr-"):
        return (
            "belongs to a runner made with a registration token: taking down its manager would delete the "
            f"runner itself; {_CREATE}"
        )
    if not token.startswith(_PREFIX):
        return f"is not a runner authentication token; {_CREATE}"
    if not _ALLOWED.fullmatch(token):
        return "holds a blank, a line break or another character that no token has; copy it again"
    if len(token) < len(_PREFIX) + _SHORTEST:
        return f"is too short: at least {_SHORTEST} characters follow glrt-; copy it again"
    return None
