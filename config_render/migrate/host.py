"""The config.toml of a running manager, by the system's own ssh: keys, jump hosts and host keys are ssh's matter."""

import re
import shlex
import subprocess

from ..files.checked_file import UnusableError
from .source import LARGEST

LIVE = "/etc/gitlab-runner/config.toml"
"""Where gitlab-runner has it by default when it runs as root."""
_HOST = re.compile(r"[A-Za-z0-9_\[](?:[\w.@:%/\[\]-]*[\w\]])?", re.ASCII)
_FAILED = 255
"""How ssh ends when there was no session, or it broke."""


def fetched(host: str, path: str) -> bytes:
    """Return a file of a host; it is in memory alone, and what ssh and the host say goes to the terminal.

    Args:
        host: What ssh takes: `user@host`, a name of its configuration, or `ssh://user@host:port`.
        path: The file, which root may read.

    Raises:
        UnusableError: It can't be had.
    """
    if not _HOST.fullmatch(host):
        raise UnusableError(f"{host!r} is no host; write it as user@host.example.com")
    file = shlex.quote(path)
    # Only root may look into the folder. -n: there is no terminal on which sudo could ask for a password.
    command = f"if [ -r {file} ]; then cat {file}; else sudo -n cat {file}; fi"
    try:
        with subprocess.Popen(["ssh", "-T", "--", host, command], stdout=subprocess.PIPE) as ssh:
            data = ssh.stdout.read(LARGEST + 1) if ssh.stdout else b""
            if len(data) > LARGEST:
                ssh.kill()
    except FileNotFoundError:
        raise UnusableError("the program ssh is missing; install OpenSSH's client, or copy the file here") from None
    if len(data) > LARGEST:
        raise UnusableError(
            f"{host}:{path}: has more than {LARGEST} bytes, which no config.toml has; name another file"
        )
    if ssh.returncode == _FAILED:
        raise UnusableError(f"{host}: ssh has failed, as it says above; try: ssh {host} true")
    if ssh.returncode != 0:
        raise UnusableError(
            f"{host}:{path}: can't be read there (exit code {ssh.returncode}); name another file with --path, or a "
            "user who may read it, or may use sudo without a password"
        )
    return data
