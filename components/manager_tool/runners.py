"""The `[[runners]]` sections of config.toml, and their registration at GitLab."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from .host import HOME, LIVE, StepError, run

OWN_KEYS = ("id", "token", "token_obtained_at", "token_expires_at")
"""What gitlab-runner itself writes into a `[[runners]]` section, at registration and when it rotates a token."""


def sections(text: str) -> Iterator[list[str]]:
    """The lines with the plain keys of each `[[runners]]` section."""
    lines = text.splitlines()
    starts = [n for n, line in enumerate(lines) if line.strip() == "[[runners]]"]
    for start in starts:
        end = start + 1
        while end < len(lines) and not lines[end].strip().startswith("["):
            end += 1
        yield lines[start + 1 : end]


def keys(lines: Sequence[str]) -> dict[str, str]:
    """The keys of one section as they stand, values still in TOML."""
    pairs = (re.match(r"\s*([A-Za-z_]+) = (.*)$", line) for line in lines)
    return {pair[1]: pair[2] for pair in pairs if pair}


def live_runners() -> dict[str, dict[str, str]]:
    text = LIVE.read_text() if LIVE.exists() else ""
    return {section["name"]: section for section in map(keys, sections(text)) if "name" in section}


def register(section: dict[str, str], token: str) -> dict[str, str]:
    """Register `token` for a section and return the keys that gitlab-runner wrote for it."""
    scratch = HOME / ".register.toml"
    scratch.unlink(missing_ok=True)
    name, url = json.loads(section["name"]), json.loads(section["url"])
    command = ["gitlab-runner", "register", "--non-interactive", "--config", str(scratch), "--name", name]
    command += ["--url", url, "--executor", "docker+machine", "--docker-image", "alpine"]
    try:
        # The token goes by the environment: arguments can be read by every process of the host.
        code, output = run(*command, check=False, hidden=[token], CI_SERVER_TOKEN=token)
        if code != 0:
            raise StepError(
                f"GitLab at {url} did not accept the token for runner {name}:\n{output}\n"
                "Create a runner in GitLab and set its token: "
                "pulumi config set --secret gitlab-runner-aws:token"
            )
        written = keys(next(sections(scratch.read_text())))
    finally:
        scratch.unlink(missing_ok=True)
    # A registration without an answer looks like a success to gitlab-runner, but brings no id.
    if written.get("id", "0") == "0":
        raise StepError(f"GitLab at {url} did not answer the manager:\n{output}\nCheck gitlab.url and the network.")
    return {key: written[key] for key in OWN_KEYS if key in written}
