"""The identity of this machine among the managers of one runner."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
from pathlib import Path

from ..private_files import write_private
from .log import say

_SHAPE = re.compile(r"[sr]_[0-9a-zA-Z]{12}")
_MACHINE_IDS = (Path("/var/lib/dbus/machine-id"), Path("/etc/machine-id"))


def system_id(config: Path) -> str:
    """Return the content of `.runner_system_id` beside the config file, which is written when it is not there."""
    path = config.parent / ".runner_system_id"
    known = path.read_text(encoding="utf-8").strip() if path.exists() else ""
    if _SHAPE.fullmatch(known):
        return known
    fresh = _generate()
    try:
        write_private(path, fresh)
    except OSError as error:
        say("Couldn't save new system ID on state file", "WARNING", state_file=path, error=error.strerror)
    return fresh


def _generate() -> str:
    for path in _MACHINE_IDS:
        machine = path.read_text(encoding="utf-8").strip() if path.exists() else ""
        if machine:
            return "s_" + hmac.new(machine.encode(), b"gitlab-runner", hashlib.sha256).hexdigest()[:12]
    return "r_" + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(12))
