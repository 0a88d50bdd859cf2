"""The manager host stand-in's first process: makes the throw-away root, then holds it until its standard input ends.

Started by `host.py` under `unshare`, in namespaces of its own. The folders in which an installation leaves traces, and
those of Python's packages, become empty file systems in memory, /etc a copy, and everything else read-only. Only the
standard library is imported, and all of it before anything is covered.
"""

import base64
import contextlib
import ctypes
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

_TMP = "/tmp"  # noqa: S108 - the host's own, in memory

COVERED = (
    *("/root", "/home", "/usr/local/bin", "/usr/local/sbin", "/usr/local/lib"),
    *("/var", "/opt", "/srv", "/run", "/dev", _TMP),
)
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts")
_FOLDERS = {
    "/root": 0o700,
    _TMP: 0o1777,
    "/home/ubuntu": 0o755,
    "/dev/shm": 0o1777,  # noqa: S108 - likewise
    "/run/lock": 0o1777,
    "/run/systemd/system": 0o755,  # by which sd_booted(3) knows that systemd runs
    "/var/cache": 0o755,
    "/var/lib": 0o755,
    "/var/log": 0o755,
    "/var/tmp": 0o1777,  # noqa: S108 - likewise
}
_LINKS = {
    "/var/run": "/run",
    "/var/lock": "/run/lock",
    "/dev/fd": "/proc/self/fd",
    "/dev/stdin": "/proc/self/fd/0",
    "/dev/stdout": "/proc/self/fd/1",
    "/dev/stderr": "/proc/self/fd/2",
}

_MS_BIND, _MS_MOVE, _MS_REC = 0x1000, 0x2000, 0x4000
_SYS_MOUNT_SETATTR = 442  # mount_setattr(2), Linux 5.12; the same number on x86 and ARM
_AT_FDCWD, _AT_RECURSIVE, _MOUNT_ATTR_RDONLY = -100, 0x8000, 1

_libc = ctypes.CDLL(None, use_errno=True)


class _MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("attr_set", "attr_clr", "propagation", "userns_fd")]


def _check(result: int, what: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def _mount(source: str, target: str, kind: str | None = None, flags: int = 0, options: str = "") -> None:
    encoded = kind.encode() if kind else None
    result = _libc.mount(source.encode(), target.encode(), encoded, ctypes.c_ulong(flags), options.encode())
    _check(result, f"mount on {target}")


def _make_everything_read_only() -> None:
    wanted = _MountAttributes(attr_set=_MOUNT_ATTR_RDONLY)
    arguments = (_AT_FDCWD, b"/", _AT_RECURSIVE, ctypes.byref(wanted), ctypes.c_size_t(ctypes.sizeof(wanted)))
    _check(_libc.syscall(_SYS_MOUNT_SETATTR, *arguments), "making the file systems read-only")


def _cover(kept: list[str], hidden: list[str]) -> None:
    """Mount an empty file system over each of the folders, and bind what must stay visible back into place.

    What is `hidden` is empty even there.
    """
    kept = [*kept, *(f"/dev/{name}" for name in _DEVICES if Path("/dev", name).exists())]
    handles = {path: os.open(path, os.O_PATH) for path in kept}
    for folder in COVERED:
        if Path(folder).is_dir():
            _mount("tmpfs", folder, "tmpfs", options="mode=0755")
    for path, handle in handles.items():
        if Path(f"/proc/self/fd/{handle}").is_dir():
            Path(path).mkdir(parents=True, exist_ok=True)
        else:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).touch()
        _mount(f"/proc/self/fd/{handle}", path, flags=_MS_BIND | _MS_REC)
        os.close(handle)
    for folder in hidden:
        _mount("tmpfs", folder, "tmpfs", options="mode=0755")


def _replace_etc() -> None:
    staging = Path(_TMP, "etc")
    staging.mkdir()
    _mount("tmpfs", str(staging), "tmpfs", options="mode=0755")
    # What this user may not read is left out, as are sockets and pipes.
    with contextlib.suppress(shutil.Error):
        shutil.copytree("/etc", staging, symlinks=True, dirs_exist_ok=True)
    _mount(str(staging), "/etc", flags=_MS_MOVE)
    staging.rmdir()
    shutil.rmtree("/etc/gitlab-runner", ignore_errors=True)
    Path("/etc/machine-id").unlink(missing_ok=True)
    Path("/etc/machine-id").write_text(os.urandom(16).hex() + "\n")


def _furnish(python: str, programs: dict[str, str]) -> None:
    for folder, mode in _FOLDERS.items():
        Path(folder).mkdir(parents=True, exist_ok=True)
        Path(folder).chmod(mode)
    for link, target in _LINKS.items():
        Path(link).symlink_to(target)
    python3 = Path("/usr/local/bin/python3")
    if not python3.exists():
        python3.symlink_to(python)
    for name, content in programs.items():
        path = Path("/usr/local/bin", name)
        path.write_bytes(base64.b64decode(content))
        path.chmod(0o755)


def main() -> None:
    settings: dict[str, Any] = json.loads(sys.stdin.readline())
    os.umask(0o022)
    # As process 1 of the host it inherits orphans; the kernel removes them itself when this signal is ignored.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    _make_everything_read_only()
    _cover(settings["kept"], settings["hidden"])
    _replace_etc()
    _furnish(settings["python"], settings["programs"])
    os.chdir("/")
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
