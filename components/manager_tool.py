#!/usr/bin/env python3
"""Runs on the manager, as root: installs the runner, joins config.toml with its secrets, and takes it down again.

Standard library only, Python 3.9 or newer, one file: it is sent over SSH as it is. Its steps can be repeated at any
time: each one replaces whole files by renaming and leaves alone what is in place until the new has been checked.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import hmac
import json
import os
import platform
import re
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

HOME = Path("/etc/gitlab-runner")
LIVE = HOME / "config.toml"
TEMPLATE = HOME / "staged" / "config.toml"
SEALING_KEY = HOME / "staged" / "sealing.key"
SECRETS = HOME / "staged" / "secrets.json"
USER_DATA = HOME / "user-data"
APPLIED = HOME / "staged" / "applied.json"
BINARIES = Path("/usr/local/bin")
DROP_IN = Path("/etc/systemd/system/gitlab-runner.service.d/gitlab-runner-aws.conf")
END = "# end of config.toml"
PLACEHOLDER = '"<secret:token>"'
SECRET = re.compile(r"<secret:([A-Za-z][A-Za-z0-9_]*)>")
OWN_KEYS = ("id", "token", "token_obtained_at", "token_expires_at")
"""What gitlab-runner itself writes into a `[[runners]]` section, at registration and when it rotates a token."""

GROUP_BYTES = 256
GENERATOR = 2
PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AACAA68FFFFFFFFFFFFFFFF",
    16,
)
"""The 2048-bit group of RFC 3526, section 3."""

ENVIRONMENT = {**os.environ, "HOME": "/root", "PATH": f"{BINARIES}:/usr/sbin:/usr/bin:/sbin:/bin"}


class StepError(Exception):
    """A step could not be done; the text says what was refused and how to go on."""


def run(*command: str, check: bool = True, hidden: Sequence[str] = (), **environment: str) -> tuple[int, str]:
    """Run a program; its output never shows a text of `hidden`."""
    result = subprocess.run(
        command,
        env={**ENVIRONMENT, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    output = result.stdout.strip()
    for text in hidden:
        output = output.replace(text, "<hidden>")
    if check and result.returncode != 0:
        raise StepError(f"`{' '.join(command)}` ended with {result.returncode}:\n{output}")
    return result.returncode, output


def write(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace `path` as a whole: a reader sees the old text or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700 if HOME in (path.parent, *path.parents) else 0o755)
    scratch = path.with_name(f".{path.name}.new")
    scratch.unlink(missing_ok=True)
    with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.rename(path)


def load(path: Path) -> dict[str, str]:
    return dict(json.loads(path.read_text())) if path.exists() else {}


class Keystream(NamedTuple):
    """What a shared number yields: the bytes that hide a text, and the key of its authentication tag."""

    pad: bytes
    tag_key: bytes


def keystream(shared: int, length: int) -> Keystream:
    """Derive the keystream for a text of `length` bytes."""
    stream = hashlib.shake_256(shared.to_bytes(GROUP_BYTES, "big")).digest(32 + length)
    return Keystream(stream[32:], stream[:32])


def show_key() -> None:
    """Print the public key for which secrets are sealed; its private half is made once and stays here."""
    if not SEALING_KEY.exists():
        write(SEALING_KEY, secrets.token_hex(64))
    print(f"{pow(GENERATOR, int(SEALING_KEY.read_text(), 16), PRIME):x}")


def unseal(sealed: str) -> str:
    """Return the text that was sealed for this manager."""
    content = base64.b64decode(sealed)
    half, tag, hidden = content[:GROUP_BYTES], content[GROUP_BYTES : GROUP_BYTES + 32], content[GROUP_BYTES + 32 :]
    shared = pow(int.from_bytes(half, "big"), int(SEALING_KEY.read_text(), 16), PRIME)
    stream = keystream(shared, len(hidden))
    if not hmac.compare_digest(tag, hmac.digest(stream.tag_key, hidden, "sha256")):
        raise StepError("the secrets arrived altered, or were sealed for another manager; nothing was changed")
    return bytes(a ^ b for a, b in zip(hidden, stream.pad)).decode()


def fetch(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return bytes(answer.read())
    except (OSError, urllib.error.URLError) as error:
        raise StepError(f"{url} could not be downloaded: {error}") from error


def published_checksum(url: str, file_name: str, setting: str) -> str:
    for line in fetch(url).decode().splitlines():
        checksum, _, path = line.partition(" ")
        if path.strip(" *").split("/")[-1] == file_name:
            return checksum
    raise StepError(f"{url} names no checksum for {file_name}; set {setting} to the one that you trust")


def install_binary(name: str, spec: dict[str, Any]) -> None:
    machine = platform.machine()
    if machine not in spec["files"]:
        raise StepError(f"{name} has no build for {machine}; choose an x86_64 or arm64 manager.instanceType")
    url = spec["files"][machine]
    file_name = url.rsplit("/", 1)[-1]
    wanted = spec["sha256"] or published_checksum(spec["checksums"], file_name, spec["setting"])
    target = BINARIES / name
    if target.exists() and hashlib.sha256(target.read_bytes()).hexdigest() == wanted:
        return
    content = fetch(url)
    found = hashlib.sha256(content).hexdigest()
    if found != wanted:
        raise StepError(
            f"{url} has SHA-256 {found}, wanted was {wanted}; nothing was replaced. "
            f"Check {spec['setting']}, or whether the download was altered."
        )
    scratch = target.with_name(f".{name}.new")
    scratch.write_bytes(content)
    scratch.chmod(0o755)
    scratch.rename(target)
    print(f"installed {name} from {url}")


def install(spec: dict[str, Any]) -> None:
    for name in ("gitlab-runner", "docker-machine"):
        install_binary(name, spec[name])
    # Stopping is graceful: SIGQUIT lets running jobs end, within the time given. And systemd sets no HOME, without
    # which docker-machine would not find its machines.
    # Only the runner itself gets the signal: it would end a docker-machine that is creating a machine half way.
    settings = ["Environment=HOME=/root", "KillMode=mixed", "KillSignal=SIGQUIT"]
    settings.append(f"TimeoutStopSec={spec['stopSeconds']}")
    write(DROP_IN, "\n".join(["[Service]", *settings, ""]), 0o644)
    if not Path("/etc/systemd/system/gitlab-runner.service").exists():
        HOME.mkdir(mode=0o700, exist_ok=True)
        run("gitlab-runner", "install", "--user", "root", "--working-directory", "/root")
    run("systemctl", "daemon-reload")
    run("systemctl", "enable", "gitlab-runner")
    # The first create makes docker-machine's certificates; several at once would overwrite each other's.
    if not Path("/root/.docker/machine/certs/cert.pem").exists():
        run(
            "docker-machine",
            "create",
            "--driver",
            "none",
            "--url",
            "tcp://localhost:2376",
            "first-certificates",
        )
        run("docker-machine", "rm", "-y", "first-certificates")


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


def activate() -> None:
    """Have the service use the file that is in place; a running one rereads it and keeps its jobs."""
    _, pid = run("systemctl", "show", "--property", "MainPID", "--value", "gitlab-runner")
    if pid != "0":
        os.kill(int(pid), signal.SIGHUP)
        return
    run("systemctl", "start", "gitlab-runner")
    deadline = time.monotonic() + 10
    while run("systemctl", "is-active", "--quiet", "gitlab-runner", check=False)[0] != 0:
        if time.monotonic() > deadline:
            raise StepError("the service gitlab-runner did not start; see: journalctl -u gitlab-runner")
        time.sleep(0.1)


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


def remove() -> None:
    """Stop the service, remove its machines, unregister. Machines cost money, so one that stays is a failure."""
    if not (BINARIES / "gitlab-runner").exists():
        return
    run("systemctl", "stop", "gitlab-runner", check=False)
    _, listed = run("docker-machine", "ls", "-q", check=False)
    for name in listed.split():
        code, output = run("docker-machine", "rm", "-y", name, check=False)
        if code != 0:
            raise StepError(f"machine {name} could not be removed:\n{output}")
        print(f"removed machine {name}")
    if LIVE.exists():
        code, output = run("gitlab-runner", "unregister", "--all-runners", check=False)
        print("unregistered" if code == 0 else f"GitLab still lists this runner manager; remove it there:\n{output}")


STEPS = {
    "key": show_key,
    "install": lambda: install(json.load(sys.stdin)),
    "user-data": stage_user_data,
    "secrets": stage_secrets,
    "config": stage_config,
    "remove": remove,
}


def main() -> int:
    step = sys.argv[1]
    os.umask(0o077)
    with open("/run/gitlab-runner-aws.lock", "w") as lock:
        # Two deployments at once take turns; the lock goes with its process, so none is ever left behind.
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            STEPS[step]()
        except (StepError, OSError, ValueError) as error:
            print(f"{step}: {error}", file=sys.stderr)
            if step != "remove":
                print(
                    "What was live before is still live. Then run `pulumi up` again; it goes on from here.",
                    file=sys.stderr,
                )
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
