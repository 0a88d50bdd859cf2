"""What steps on the manager say that people must read is told by the program, once, in the update that ran the step."""

import os
import pty
import re
import subprocess

from localcloud import control

from .conftest import STACK, Deployment

LIVE = "/etc/gitlab-runner/config.toml"
SECRET = "S3CRET-of-somebody"
HAND_EDIT = (
    rf"sed -i 's/^concurrent = .*/concurrent = 77/; s/^limit = /clone_url = \"http:\/\/x:{SECRET}@x\"\n&/' {LIVE}"
)
TOLD = f"warning: runner-registration-config: {LIVE} was changed by hand; it is replaced, and kept as "
LOST = ["-concurrent = 10", "+concurrent = 77", "+runners[local].clone_url = <hidden>"]
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def left_on_a_terminal(deployment: Deployment, *arguments: str) -> str:
    """What is left to read when a command has ended that was run on a terminal, less how it came about."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        deployment.project.command(*arguments, "--stack", STACK),
        cwd=deployment.project.folder,
        env={**deployment.cloud.environment(), "TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                shown += os.read(ours, 65536)
            except OSError:  # the last one has closed the other end
                break
    os.close(ours)
    text = ESCAPES.sub("", shown.decode()).replace("\r", "")
    assert process.returncode == 0, text
    # Rows of resources are drawn again and again while it lasts; below them is what stays.
    return text.rpartition("Diagnostics:\n")[2] if "Diagnostics:\n" in text else text.rpartition("Outputs:\n")[2]


def change(deployment: Deployment, limit: int) -> None:
    deployment.pool["limit"] = limit
    deployment.configure()


def test_what_drift_warns_of_is_left_on_a_terminal_and_told_no_second_time(deployment: Deployment) -> None:
    deployment.up()
    deployment.host().run(HAND_EDIT)
    change(deployment, 4)
    shown = left_on_a_terminal(deployment, "up", "--yes", "--skip-preview")
    lines = [line.strip() for line in shown.splitlines()]
    (first,) = (number for number, line in enumerate(lines) if line.startswith(TOLD))
    assert lines[first + 1 : first + 4] == LOST
    assert "config.toml is live" not in shown, "what nobody must read"

    later = [
        deployment.run("preview", "--diff"),
        deployment.up("--expect-no-changes"),
        deployment.up("--refresh"),
        deployment.run("stack", "export"),
    ]
    assert not any("changed by hand" in each.stdout + each.stderr for each in later[:3])
    assert not any(SECRET in each.stdout + each.stderr for each in later)
    assert SECRET not in shown
    kept = deployment.host().run("cat /etc/gitlab-runner/drifted/*")
    assert "+concurrent = 77" in kept
    assert SECRET not in kept
    assert deployment.token not in kept

    deployment.host().run(f"sed -i \"s/^image = .*/image = '$(head -c 70000 /dev/zero | tr '\\0' x)'/\" {LIVE}")
    change(deployment, 5)
    told = deployment.up().stdout
    assert '+runners[local].docker.image = "xxx' in told
    assert "xxx ... (cut)" in told, "the real provider waits for ever at a line of more than 64 KiB"

    change(deployment, 6)
    assert "changed by hand" not in deployment.up().stdout


def test_what_is_left_over_at_gitlab_is_told(deployment: Deployment) -> None:
    deployment.up()
    other = control.create_runner(deployment.cloud)
    control.gitlab(deployment.cloud, "faults", {"path": "/api/v4/runners/managers", "status": 400, "times": 1})
    deployment.project.set_secret("gitlab-runner-aws:token", other)
    shown = left_on_a_terminal(deployment, "up", "--yes", "--skip-preview")
    assert re.search(
        r"warning: runner-registration-secrets: http\S+ still lists this manager of runner \d+; delete", shown
    )
