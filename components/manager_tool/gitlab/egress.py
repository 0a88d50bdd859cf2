"""How the manager reaches GitLab and the rest of the world: the authority to trust, and the proxy."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from .. import host
from ..contract.constants import SECRET
from ..contract.documents import GitLabPlan
from ..host import HOME, SECRETS, STAGED, load, run, write

PLAN = STAGED / "gitlab.json"
_VARIABLES = STAGED / "proxy.env"
_DROP_IN = Path("/etc/systemd/system/gitlab-runner.service.d/proxy.conf")
_OURS = "# Made by gitlab-runner-aws from gitlab.ca"


_proposed: GitLabPlan | None = None


def plan() -> GitLabPlan | None:
    """Return what the settings say of GitLab; None before the first deployment has."""
    return _proposed or cast("GitLabPlan | None", load(PLAN) or None)


def propose(told: GitLabPlan) -> None:
    """Let `plan` return this from now on in this process."""
    global _proposed  # noqa: PLW0603 - a process is one step
    _proposed = told


def keep() -> None:
    """Keep the plan that was proposed: it has been followed."""
    if _proposed:
        write(PLAN, json.dumps(_proposed))


def use_proxy(secrets: dict[str, str] | None = None) -> None:
    """Have the calls and programs of this process go through the proxy, if there is one; its password may be secret."""
    variables = _variables(load(SECRETS) if secrets is None else secrets)
    os.environ.update(variables)
    host.ENVIRONMENT.update(variables)


def authority(url: str) -> str:
    """Return whom to trust for this GitLab beside the system's authorities, as PEM text: what is to be, or is there."""
    told, path = plan(), certificate(url)
    if told and "ca" in told and certificate(told["url"]) == path:
        return told["ca"]
    return path.read_text() if path.exists() else ""


def place_authority() -> None:
    """Have gitlab-runner trust the authority of `gitlab.ca` for that GitLab, and for no other."""
    told = plan()
    if not told:
        return
    path = certificate(told["url"])
    if "ca" in told:
        write(path, f"{_OURS}\n{told['ca']}")
    elif path.exists() and path.read_text().startswith(_OURS):
        path.unlink()


def certificate(url: str) -> Path:
    """Return where gitlab-runner looks for the authority that a GitLab's certificate is from.

    https://docs.gitlab.com/runner/configuration/tls-self-signed/
    """
    return HOME / "certs" / f"{urlsplit(url).hostname}.crt"


def place_proxy() -> bool:
    """Tell the service of the proxy; return whether it has to be started again to know."""
    variables = _variables(load(SECRETS))
    text = "".join(f"{name}={json.dumps(value)}\n" for name, value in variables.items())
    if text == (_VARIABLES.read_text() if _VARIABLES.exists() else ""):
        return False
    # In a file of root's own: what a unit sets directly, `systemctl show` shows to everybody.
    write(_VARIABLES, text)
    write(_DROP_IN, f"[Service]\nEnvironmentFile=-{_VARIABLES}\n", 0o644)
    run("systemctl", "daemon-reload")
    return True


def _variables(secrets: dict[str, str]) -> dict[str, str]:
    told = plan()
    # Its secret comes after the plan, and before the first download.
    proxy = told.get("proxy") if told else None
    if not proxy or not {*SECRET.findall(proxy["url"])} <= {*secrets}:
        return {}
    url = SECRET.sub(lambda found: secrets[found[1]], proxy["url"])
    both = {"http_proxy": url, "https_proxy": url, "no_proxy": ",".join(proxy["noProxy"])}
    # gitlab-runner reads either spelling, curl and Python's urllib prefer the lower one.
    return {**both, **{name.upper(): value for name, value in both.items()}}
