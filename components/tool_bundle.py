"""The tool that runs on the manager, as one text that a preview can show and one shell command can unpack."""

import hashlib
import shlex
from pathlib import Path

_PACKAGE = Path(__file__).with_name("manager_tool")
_FOLDER = "/usr/local/lib/gitlab-runner-aws"
_MARK = "#### file: "

TARGET = f"{_FOLDER}/manager-tool"
"""Where the tool is on the manager, as a program with its step as the argument."""

_PROGRAM = """#!/usr/bin/env python3
import sys

from manager_tool.program import main

sys.exit(main())
"""


_NEEDED = {
    "[ -d /run/systemd/system ]": "the manager does not run systemd, which is to keep gitlab-runner running",
    'python3 -c "import sys; sys.exit(sys.version_info < (3, 9))"': "the manager's python3 is missing or below 3.9",
}
"""What must hold on the manager before anything is changed there, as shell commands, and what is wrong otherwise."""


def become_root(user: str) -> str:
    """Return what to put before a command so that it runs as root, or is not run with the reason told."""
    if user == "root":
        return ""
    reason = f"manager.user {user} may not use sudo without a password: allow that, or set a user that may"
    return f"sudo -n true </dev/null || {{ echo {shlex.quote(reason)} >&2; exit 1; }}; sudo -n "


def bundle() -> str:
    """Return all files of the tool, each behind a line with its name."""
    files = {f"manager_tool/{path.name}": path.read_text() for path in sorted(_PACKAGE.glob("*.py"))}
    return "".join(f"{_MARK}{name}\n{text}" for name, text in {"manager-tool": _PROGRAM, **files}.items())


def unpack(text: str) -> str:
    """Return the shell command that puts its standard input in place as the tool, if it is `text` as a whole.

    Each version has a folder of its own; renaming a link takes it into use, so that no other step ever sees a part.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()
    folder = f"{_FOLDER}/{digest[:12]}"
    checks = "".join(
        f"{test} || {{ echo {shlex.quote(f'{wrong}; choose another manager.os, ami or host')} >&2; exit 1; }}; "
        for test, wrong in _NEEDED.items()
    )
    return (
        f"{checks}set -e; umask 022; mkdir -p {folder}/manager_tool; cd {folder}; cat > bundle; "
        f"echo {digest} bundle | sha256sum -c --quiet -; "
        f"""awk '/^{_MARK}/ {{ close(file); file = $3; printf "" > file; next }} {{ print > file }}' bundle; """
        f"chmod 755 manager-tool; ln -sfn {digest[:12]}/manager-tool {TARGET}.new; mv -T {TARGET}.new {TARGET}; "
        f"find {_FOLDER} -mindepth 1 -maxdepth 1 -type d ! -name {digest[:12]} -exec rm -rf {{}} +"
    )
