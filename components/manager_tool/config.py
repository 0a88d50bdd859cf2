"""The steps that stage config.toml and its secrets, and the joining, checking and renaming that make it live."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path

from .host import HOME, LIVE, STAGED, StepError, load, run, write
from .runners import OWN_KEYS, keys, live_runners, register, sections
from .service import activate
from .unsealing import unseal

TEMPLATE = STAGED / "config.toml"
SECRETS = STAGED / "secrets.json"
APPLIED = STAGED / "applied.json"
USER_DATA = HOME / "user-data"
END = "# end of config.toml"
PLACEHOLDER = '"<secret:token>"'
SECRET = re.compile(r"<secret:([A-Za-z][A-Za-z0-9_]*)>")


def in_toml(text: str) -> str:
    """A text as it stands between the quotes of a TOML string."""
    return json.dumps(text, ensure_ascii=False)[1:-1].replace("\x7f", "\\u007f")


def joined(template: str, secrets: dict[str, str]) -> tuple[str, dict[str, str]]:
    """The template with its secrets in place, and what to remember of where the tokens came from."""
    token = secrets["token"]
    given = hashlib.sha256(token.encode()).hexdigest()
    live, applied = live_runners(), load(APPLIED)
    registered: dict[str, dict[str, str]] = {}
    out: list[str] = []
    for line in template.splitlines():
        if line.strip() != f"token = {PLACEHOLDER}":
            out.append(SECRET.sub(lambda found: in_toml(secrets[found[1]]), line))
            continue
        section = keys(out[max(n for n, text in enumerate(out) if text.strip() == "[[runners]]") :])
        name, url = section["name"], section["url"]
        if name in live and live[name]["url"] == url and applied.get(name) == given:
            # gitlab-runner may have rotated the token since: what stands in the live file is the newest.
            own = {key: live[name][key] for key in OWN_KEYS if key in live[name]}
        else:
            own = registered.get(url) or register(section, token)
            registered[url] = own
        applied[name] = given
        out += [f"{key} = {value}" for key, value in own.items()]
    return "\n".join(out) + "\n", applied


def check(path: Path, secrets: dict[str, str]) -> None:
    """Let gitlab-runner itself judge the new file, and GitLab its tokens."""
    _, version = run("gitlab-runner", "--version")
    numbers = re.search(r"Version:\s+(\d+)\.(\d+)", version)
    # Older ones have no lint; list loads the file too, but prints tokens, which `run` hides.
    lint = numbers is not None and (int(numbers[1]), int(numbers[2])) >= (19, 3)
    hidden = [json.loads(section["token"]) for section in map(keys, sections(path.read_text()))]
    # A program that quotes a line of the file shows a secret as it stands there.
    hidden += [form for text in secrets.values() for form in (text, in_toml(text)) if form]
    for command, what in ((["lint" if lint else "list"], "config.toml"), (["verify"], "the runner's token")):
        code, output = run("gitlab-runner", *command, "--config", str(path), check=False, hidden=hidden)
        if code != 0:
            raise StepError(f"gitlab-runner refused {what}:\n{output}\nCorrect the setting that is named here.")


def apply() -> None:
    """Join the staged template and secrets, check the result, and put it in place."""
    if not TEMPLATE.exists() or not SECRETS.exists():
        return
    secrets = load(SECRETS)
    text, applied = joined(TEMPLATE.read_text(), secrets)
    # Beside the live file, so that gitlab-runner finds the same .runner_system_id.
    candidate = HOME / ".candidate.toml"
    try:
        write(candidate, text)
        check(candidate, secrets)
        candidate.rename(LIVE)
    finally:
        candidate.unlink(missing_ok=True)
    write(APPLIED, json.dumps(applied))
    activate()
    print(f"config.toml is live: {len(applied)} runner(s)")


def stage_config() -> None:
    text = sys.stdin.read()
    if not text.rstrip("\n").endswith(END):
        raise StepError("config.toml arrived cut off; nothing was changed")
    write(TEMPLATE, text)
    apply()


def stage_user_data() -> None:
    """Have the files that docker-machine gives to new machines, and no others of an earlier time."""
    given = json.load(sys.stdin)
    for name, text in given.items():
        write(USER_DATA / name, text)
    for path in USER_DATA.iterdir() if USER_DATA.exists() else ():
        if path.name not in given:
            path.unlink()


def stage_secrets() -> None:
    given = {name: unseal(sealed) for name, sealed in json.load(sys.stdin).items()}
    write(SECRETS, json.dumps(given))
    # A secret that is no longer there is no longer in the config.toml that follows this step either.
    if not TEMPLATE.exists() or {*SECRET.findall(TEMPLATE.read_text())} <= {*given}:
        apply()
