"""What a person who calls the tool by hand is told."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

_TEXT = """usage: manager-tool watch [--dry-run]
       manager-tool STEP

Looks after gitlab-runner on this host, as root. `pulumi up` put it here and runs its steps.

  watch             one pass over what belongs to this manager, as gitlab-runner-aws-watch.timer runs it:
                    removes machines that nobody uses any more, and reports changes of config.toml
  watch --dry-run   tell what a pass would remove; changes nothing

Steps of a deployment read what they need from standard input, and are for `pulumi up` alone:
  {steps}

Its own files are in /etc/gitlab-runner/staged. What it did: journalctl -u gitlab-runner-aws-watch
"""
_ASKING = ("-h", "--help", "help")


def answer(arguments: Sequence[str], steps: Iterable[str]) -> int | None:
    """Say how the tool is called, or that it can't be called like this, and return the exit code; None for a call."""
    text = _TEXT.format(steps=", ".join(steps))
    if any(argument in _ASKING for argument in arguments):
        print(text, end="")
        return 0
    if not arguments:
        print(text, end="", file=sys.stderr)
        return 2
    step, *more = arguments
    if step not in (*steps, "watch"):
        wrong = f"there is no step {step}"
    elif step == "watch" and {*more} - {"--dry-run"}:
        wrong = f"watch takes nothing but --dry-run, not {' '.join(more)}"
    else:
        return None
    print(f"manager-tool: {wrong}; see manager-tool --help", file=sys.stderr)
    return 2
