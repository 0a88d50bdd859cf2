"""The steps that stage config.toml and its secrets, and the joining, checking and renaming that make it live."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ..config import drift
from ..config.config_toml import changed, dump, heading, in_toml, texts
from ..config.machine_names import by_section
from ..config.runners import Runner, readable_live_runners, staged, values
from ..config.template import TEMPLATE, staged_template
from ..contract.constants import END, SECRET
from ..executors.docker_autoscaler import switching
from ..executors.docker_machine import draining
from ..executors.docker_machine.overrides import effective, remember
from ..gitlab import egress
from ..gitlab.tokens import Tokens, out_of_step
from ..host import HOME, LIVE, SECRETS, STAGED, StepError, load, run, write
from ..programs.service import activate

USER_DATA = HOME / "user-data"
_EARLIER_KEY = STAGED / "sealing.key"
"""With it 0.1 opened the secrets that it was sent."""
TOKEN = re.compile(r"<secret:([A-Za-z][A-Za-z0-9_]*(?::[a-z0-9-]+)?)>")


class OwnKeys(Protocol):
    """Where the keys come from that gitlab-runner writes itself."""

    def own_keys(self, section: Runner, placeholder: str) -> dict[str, str]:
        """Return them in TOML, for a section of config.toml and the placeholder that stands there."""


def joined(template: str, secrets: dict[str, str], tokens: OwnKeys) -> str:
    """Return the template with its secrets in place; of its comments the first line is left. Raises `StepError`."""
    return dump(filled(template, secrets, tokens), heading(template))


def filled(template: str, secrets: dict[str, str], tokens: OwnKeys) -> dict[str, Any]:
    """Return what a template says, with its secrets in place. Raises `StepError`."""
    others, runners = staged(template)
    live = [dict(_joined(each, secrets, tokens)) for each in runners]
    return {**_filled(others, secrets), "runners": live}


def _joined(section: Runner, secrets: dict[str, str], tokens: OwnKeys) -> Iterator[tuple[str, object]]:
    placeholder = TOKEN.fullmatch(section.get("token", ""))
    for key, value in section.items():
        if key == "token" and placeholder:
            yield from values(tokens.own_keys(section, placeholder[1]))
        else:
            yield key, _filled(value, secrets)


def _filled(value: object, secrets: dict[str, str]) -> Any:
    def secret(found: re.Match[str]) -> str:
        if found[1] not in secrets:
            raise StepError(f"the manager lacks the secret {found[1]}; nothing was changed")
        return secrets[found[1]]

    return changed(value, lambda text: SECRET.sub(secret, text))


def check(path: Path, runners: Sequence[Runner], secrets: dict[str, str], program: str = "gitlab-runner") -> bool:
    """Let gitlab-runner itself judge a file; return whether it also refuses keys that it does not know.

    No message shows a secret or a token of `runners`, the file's sections.
    """
    _, version = run(program, "--version")
    numbers = re.search(r"Version:\s+(\d+)\.(\d+)", version)
    # Older ones have no lint; list loads the file too, but prints tokens, which `run` hides.
    lint = numbers is not None and (int(numbers[1]), int(numbers[2])) >= (19, 3)
    # A program that quotes a line of the file shows a secret as it stands there.
    hidden = [*{each["token"] for each in runners if each.get("token")}]
    hidden += [form for text in secrets.values() for form in (text, in_toml(text)) if form]
    code, output = run(program, "lint" if lint else "list", "--config", str(path), check=False, hidden=hidden)
    if code != 0:
        raise StepError(f"gitlab-runner refused config.toml:\n{output}\nCorrect the setting that is named here.")
    return lint


def missing(template: str, secrets: dict[str, str]) -> set[str]:
    """Return the names of secrets that have not arrived yet: template, secrets and plan come one by one."""
    # What stands for the token may be no secret of the settings: the plan says where it comes from.
    named = {name for part in staged(template) for text in texts(part) for name in SECRET.findall(text)} - {"token"}
    plan = egress.plan()
    return (named | {*(plan["needs"] if plan else ["token"])}) - {*secrets}


def complete(secrets: dict[str, str]) -> bool:
    """Whether the live template goes together with these secrets and the plan; if not, another one follows them."""
    try:
        template = staged_template()
        runners = staged(template)[1]
    except StepError:
        return False
    plan = egress.plan()
    at_this_gitlab = plan is None or any(each.get("url") == plan["url"] for each in runners)
    return at_this_gitlab and not missing(template, secrets)


class _Made(NamedTuple):
    """A config.toml with its secrets in place."""

    runners: list[Runner]
    text: str
    tokens: Tokens


def _made(template: str, secrets: dict[str, str]) -> _Made:
    tokens = Tokens(secrets)
    content = filled(template, secrets, tokens)
    return _Made(content["runners"], dump(content, heading(template)), tokens)


def apply(whole: str, secrets: dict[str, str], policy: str, *, patient: bool = True) -> None:
    """Join template and secrets, check the result, and put it in place; only then are they kept for the next time.

    `policy` is what to do about changes by hand, as `manager.drift` has it. Only with `patient` may it take the time
    for jobs to end, where gitlab-runner has to start again.
    """
    template = effective(whole)
    lost = drift.lost(template, secrets)
    if policy == "fail":
        drift.refuse(lost)
    made, live = _made(template, secrets), readable_live_runners()
    # Beside the live file, so that gitlab-runner finds the same .runner_system_id.
    candidate = HOME / ".candidate.toml"
    try:
        write(candidate, made.text)
        strict = check(candidate, made.runners, secrets)
        why = switching.prepare(live, made.runners, secrets, patient=patient)
        with switching.stopped(why):
            if why:
                # gitlab-runner may have rotated a token until it had ended.
                made = _made(template, secrets)
                write(candidate, made.text)
            egress.place_authority()
            drift.keep(lost, policy)
            machines = [*by_section(made.runners)]
            new = drift.written(made.text.encode(), template, secrets, strict=strict, machines=machines)
            drift.replacing(new)
            candidate.rename(LIVE)
            drift.remember(new)
            write(TEMPLATE, whole)
            remember(template)
            write(SECRETS, json.dumps(secrets))
            egress.keep()
            activate(restart=egress.place_proxy())
    finally:
        candidate.unlink(missing_ok=True)
    made.tokens.settle()
    print(f"config.toml is live: {len(made.runners)} runner(s)", flush=True)
    switching.empty_groups(live, made.runners, secrets)
    draining.sweep()


def apply_again(policy: str) -> None:
    """Put the same config.toml in place, its entries where they are to start machines by now."""
    apply(staged_template(), load(SECRETS), policy, patient=False)


def stage_config(policy: str) -> None:
    text, secrets = sys.stdin.read(), load(SECRETS)
    if not text.rstrip("\n").endswith(END):
        raise StepError("config.toml arrived cut off; nothing was changed")
    if lacking := missing(text, secrets):
        raise StepError(f"the manager lacks the secrets {', '.join(sorted(lacking))}; nothing was changed")
    apply(text, secrets, policy)


def stage_secrets(policy: str) -> None:
    given = json.load(sys.stdin)
    egress.use_proxy(given)
    if complete(given):
        apply(staged_template(), given, policy)
    write(SECRETS, json.dumps(given))
    _EARLIER_KEY.unlink(missing_ok=True)


def stage_gitlab(policy: str) -> None:
    egress.propose(json.load(sys.stdin))
    secrets = load(SECRETS)
    egress.use_proxy(secrets)
    if complete(secrets):
        apply(staged_template(), secrets, policy)
    egress.keep()


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
