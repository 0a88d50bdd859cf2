"""The config.toml of a running manager, by the system's own ssh: keys, jump hosts and host keys are ssh's matter."""

import os
import re
import subprocess

from ..files.checked_file import UnusableError
from .source import LARGEST

LIVE = "/etc/gitlab-runner/config.toml"
"""Where gitlab-runner has it by default when it runs as root."""
_HOST = re.compile(r"[A-Za-z0-9_\[](?:[\w.@:%/\[\]-]*[\w\]])?", re.ASCII)
_LONGEST_PATH = 4095
_UNCHANGED = re.compile(rb"[A-Za-z0-9/._-]")
_FAILED = 255
"""How ssh ends when there was no session, or it broke."""


def fetched(host: str, path: str) -> bytes:
    """Return a file of a host; it is in memory alone, and what ssh and the host say goes to the terminal.

    Args:
        host: What ssh takes: `user@host`, a name of its configuration, or `ssh://user@host:port`.
        path: The file, which root may read.

    Raises:
        UnusableError: It can't be had, or `path` is not absolute.
    """
    if not _HOST.fullmatch(host):
        raise UnusableError(f"{host!r} is not a valid host; write it as user@host.example.com")
    if not path.startswith("/") or not path.isprintable() or len(os.fsencode(path)) > _LONGEST_PATH:
        raise UnusableError(f"--path {path!r}: is not an absolute path on one line; write it as {LIVE}")
    # Without a terminal nobody can type a password: ssh then fails at once, and opens no window that asks for one.
    batch = [] if _has_terminal() else ["-o", "BatchMode=yes"]
    arguments = ["ssh", "-T", *batch, "--", host, _command(path)]
    try:
        with subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as ssh:
            data = ssh.stdout.read(LARGEST + 1) if ssh.stdout else b""
            if len(data) > LARGEST:
                ssh.kill()
    except FileNotFoundError:
        raise UnusableError("the program ssh is missing; install OpenSSH's client, or copy the file here") from None
    except OSError as error:
        raise UnusableError(f"the program ssh can't be started ({error.strerror}); copy the file here") from None
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


def _command(path: str) -> str:
    """Return the command that prints a file, in words that every login shell takes alike, fish and csh too.

    What is special to any of them in a path becomes an octal number, which `printf` of `sh` reads.
    """
    parts = (bytes([each]) for each in os.fsencode(path))
    spelled = "".join(each.decode() if _UNCHANGED.fullmatch(each) else f"\\0{each[0]:03o}" for each in parts)
    # Only root may look into the folder. -n: there is no terminal on which sudo could ask for a password.
    return f"""sh -c 'f=$(printf %b "{spelled}"); if [ -r "$f" ]; then cat "$f"; else sudo -n cat "$f"; fi'"""


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
