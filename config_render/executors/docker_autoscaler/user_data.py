"""The user data of a pool's machines: Docker as the pool wants it, and what the pool's own user data say."""

import hashlib
import json
from email.message import EmailMessage
from email.policy import EmailPolicy
from functools import cache
from importlib.resources import files

from ...settings.pool import LONGEST_USER_DATA, Pool
from ...settings.programs import WORKER_DOCKER, DockerEngine
from .group import login_user

_LOGS = {"log-driver": "json-file", "log-opts": {"max-size": "100m", "max-file": "2"}}
"""Docker sets no limit itself, and a machine may live for weeks."""

_PROGRAM = "/usr/local/lib/gitlab-runner-aws/start-docker.py"
_APPEND = "list(append)+dict(recurse_array)+str()"
"""Without it cloud-init would take `runcmd` and `write_files` from one of the parts alone (`Merging user-data sections`
in its documentation)."""
_MAIL = EmailPolicy(linesep="\n")


def user_data(pool: Pool) -> str:
    """Return the user data of a pool's machines, as cloud-init reads them. Equal pools give equal bytes."""
    ours = docker_user_data(pool)
    return ours if pool.user_data is None else _multipart(pool.user_data, ours)


def user_data_problem(pool: Pool) -> str | None:
    """Return why a pool's `userData` can't be joined with what starts Docker, or None."""
    if pool.user_data is None:
        return None
    given, size = len(pool.user_data.encode()), len(user_data(pool).encode())
    if size <= LONGEST_USER_DATA:
        return None
    return (
        f"has {given} bytes; with the {size - given} that start Docker on a machine these are {size}, while EC2 takes "
        f"{LONGEST_USER_DATA}: let it fetch the rest from a bucket"
    )


def docker_user_data(pool: Pool, *, dockerd_options: bool = True) -> str:
    """Return the cloud-config that installs and starts Docker on a machine, and nothing of the pool's own user data.

    Args:
        pool: Whose machine it is.
        dockerd_options: Whether `/etc/docker/daemon.json` gets what the pool says of dockerd. docker-machine gives
            it as flags instead, and dockerd does not start where both name an option.
    """
    wanted = _wanted(pool)
    if not dockerd_options:
        wanted |= {"logs": {}, "registries": {}}
    config = {
        "write_files": [{"path": _PROGRAM, "content": _program(), "permissions": "0755"}],
        "runcmd": [["python3", _PROGRAM, json.dumps(wanted, ensure_ascii=False)]],
    }
    # JSON is YAML.
    return f"#cloud-config\n{json.dumps(config, indent=1, ensure_ascii=False)}\n"


@cache
def _program() -> str:
    return files(__package__).joinpath("worker_program.py").read_text()


def _wanted(pool: Pool) -> dict[str, object]:
    """Return the argument of `worker_program.py`."""
    options = pool.given_options()
    engine = pool.docker_engine or DockerEngine(version=WORKER_DOCKER)
    registries = {
        "registry-mirrors": options.get("engine-registry-mirror"),
        "insecure-registries": options.get("engine-insecure-registry"),
    }
    return {
        "user": login_user(pool),
        "logs": _LOGS,
        "registries": {key: list(given) for key, given in registries.items() if given},
        "script": options.get("engine-install-url"),
        "engine": {"version": engine.version, "url": engine.url, "key": engine.key_fingerprint},
    }


def _multipart(given: str, ours: str) -> str:
    """Join two texts; the pool's own comes first, so that what it prepares is there when Docker starts."""
    whole = EmailMessage(_MAIL)
    whole["Content-Type"] = "multipart/mixed"
    whole["MIME-Version"] = "1.0"
    whole.set_boundary(hashlib.sha256(f"{given}{ours}".encode()).hexdigest()[:32])
    # Of plain text cloud-init looks at the first line, as it would without the other part.
    whole.attach(_part(given, "plain"))
    part = _part(ours, "cloud-config")
    part["Merge-Type"] = _APPEND
    whole.attach(part)
    return whole.as_bytes().decode()


def _part(text: str, subtype: str) -> EmailMessage:
    part = EmailMessage(_MAIL)
    # Base64 is a third longer, and of 8bit cloud-init makes Latin-1 (`get_payload` of a text that is no bytes).
    part.set_content(text, subtype=subtype, cte="7bit" if text.isascii() else "quoted-printable")
    del part["MIME-Version"]
    return part
