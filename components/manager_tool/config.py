"""The steps that stage config.toml and its secrets, and the joining, checking and renaming that make it live."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Protocol

from . import draining, drift, reach
from .host import END, HOME, LIVE, STAGED, StepError, load, run, write
from .overrides import effective, remember
from .reach import SECRET, SECRETS
from .runners import in_toml, keys, sections
from .service import activate
from .tokens import Tokens, out_of_step

TEMPLATE = STAGED / "config.toml"
USER_DATA = HOME / "user-data"
_EARLIER_KEY = STAGED / "sealing.key"
"""With it 0.1 opened the secrets that it was sent."""
TOKEN = re.compile(r'token = "<secret:([A-Za-z][A-Za-z0-9_]*(?::[a-z0-9-]+)?)>"')


class OwnKeys(Protocol):
    """Where the keys come from that gitlab-runner writes itself."""

    def own_keys(self, section: dict[str, str], placeholder: str) -> dict[str, str]:
        """Return them for a section of config.toml, all of it in TOML, and the placeholder that stands there."""


def joined(template: str, secrets: dict[str, str], tokens: OwnKeys) -> str:
    """The template with its secrets in place."""
    out: list[str] = []
    start: int | None = None
    for line in template.splitlines():
        if line.lstrip().startswith("["):
            start = len(out) if line.strip() == "[[runners]]" else None
        placeholder = TOKEN.fullmatch(line.strip()) if start is not None else None
        if placeholder is None:
            out.append(SECRET.sub(lambda found: in_toml(secrets[found[1]]), line))
            continue
        section = keys(out[start:])
        out += [f"{key} = {value}" for key, value in tokens.own_keys(section, placeholder[1]).items()]
        start = None  # what follows may be a text in which such a line stands
    return "\n".join(out) + "\n"


def check(path: Path, secrets: dict[str, str], program: str = "gitlab-runner") -> None:
    """Let gitlab-runner itself judge a file."""
    _, version = run(program, "--version")
    numbers = re.search(r"Version:\s+(\d+)\.(\d+)", version)
    # Older ones have no lint; list loads the file too, but prints tokens, which `run` hides.
    lint = numbers is not None and (int(numbers[1]), int(numbers[2])) >= (19, 3)
    # A program that quotes a line of the file shows a secret as it stands there.
    hidden = [*{json.loads(section["token"]) for section in map(keys, sections(path.read_text()))}]
    hidden += [form for text in secrets.values() for form in (text, in_toml(text)) if form]
    code, output = run(program, "lint" if lint else "list", "--config", str(path), check=False, hidden=hidden)
    if code != 0:
        raise StepError(f"gitlab-runner refused config.toml:\n{output}\nCorrect the setting that is named here.")


def missing(template: str, secrets: dict[str, str]) -> set[str]:
    """Return the names of secrets that have not arrived yet: template, secrets and plan come one by one."""
    # What stands for the token may be no secret of the settings: the plan says where it comes from.
    named = {*SECRET.findall(template)} - {"token"}
    return (named | {*reach.plan().get("needs", ("token",))}) - {*secrets}


def complete(secrets: dict[str, str]) -> bool:
    """Whether the live template goes together with these secrets and the plan; if not, another one follows them."""
    template = TEMPLATE.read_text() if TEMPLATE.exists() else ""
    url = reach.plan().get("url")
    at_this_gitlab = url is None or f"url = {json.dumps(url)}\n" in template
    return template != "" and at_this_gitlab and not missing(template, secrets)


def apply(whole: str, secrets: dict[str, str], policy: str) -> None:
    """Join template and secrets, check the result, and put it in place; only then are they kept for the next time.

    `policy` is what to do about changes by hand, as `manager.drift` has it.
    """
    template = effective(whole)
    lost = drift.lost(template, secrets)
    if policy == "fail":
        drift.refuse(lost)
    tokens = Tokens(secrets)
    text = joined(template, secrets, tokens)
    # Beside the live file, so that gitlab-runner finds the same .runner_system_id.
    candidate = HOME / ".candidate.toml"
    try:
        write(candidate, text)
        check(candidate, secrets)
        reach.place_authority()
        drift.keep(lost, policy)
        new = drift.written(text, template, secrets)
        drift.replacing(new)
        candidate.rename(LIVE)
    finally:
        candidate.unlink(missing_ok=True)
    drift.remember(new)
    write(TEMPLATE, whole)
    remember(template)
    write(SECRETS, json.dumps(secrets))
    reach.keep()
    activate(restart=reach.place_proxy())
    tokens.settle()
    print(f"config.toml is live: {text.count('[[runners]]')} runner(s)", flush=True)
    draining.sweep()


def apply_again(policy: str) -> None:
    """Put the same config.toml in place, its entries where they are to start machines by now."""
    apply(TEMPLATE.read_text(), load(SECRETS), policy)


def stage_config(policy: str) -> None:
    text, secrets = sys.stdin.read(), load(SECRETS)
    if not text.rstrip("\n").endswith(END):
        raise StepError("config.toml arrived cut off; nothing was changed")
    if lacking := missing(text, secrets):
        raise StepError(f"the manager lacks the secrets {', '.join(sorted(lacking))}; nothing was changed")
    apply(text, secrets, policy)


def stage_secrets(policy: str) -> None:
    given = json.load(sys.stdin)
    reach.use_proxy(given)
    if complete(given):
        apply(TEMPLATE.read_text(), given, policy)
    write(SECRETS, json.dumps(given))
    _EARLIER_KEY.unlink(missing_ok=True)


def stage_gitlab(policy: str) -> None:
    reach.propose(json.load(sys.stdin))
    secrets = load(SECRETS)
    reach.use_proxy(secrets)
    if complete(secrets):
        apply(TEMPLATE.read_text(), secrets, policy)
    reach.keep()


def refresh(policy: str) -> None:
    """Carry a token that gitlab-runner has rotated in one section to the others; else nothing."""
    if out_of_step() and complete(load(SECRETS)):
        apply_again(policy)


def stage_user_data() -> None:
    """Have the files that docker-machine gives to new machines, and no others of an earlier time."""
    given = json.load(sys.stdin)
    for name, text in given.items():
        write(USER_DATA / name, text)
    for path in USER_DATA.iterdir() if USER_DATA.exists() else ():
        if path.name not in given:
            path.unlink()
