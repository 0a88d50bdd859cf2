"""What steps on the manager say that people must read is told by the program, once, in the update that ran the step."""

import os
import pty
import re
import subprocess
import termios

from localcloud import control
from localcloud.cloud import ROOT

from .conftest import STACK, Deployment

LIVE = "/etc/gitlab-runner/config.toml"
SECRET = "S3CRET-of-somebody"
HAND_EDIT = (
    rf"sed -i 's/^concurrent = .*/concurrent = 77/; s/^limit = /clone_url = \"http:\/\/x:{SECRET}@x\"\n&/' {LIVE}"
)
TOLD = f"warning: runner-registration-config: {LIVE} was changed by hand; it is replaced, and kept as "
LOST = ["-concurrent = 10", "+concurrent = 77", "+runners[local].clone_url = <hidden>"]
MANAGERS = "/api/v4/runners/managers"
KNOWN = ("PATH", "HOME", "LANG", "TMPDIR", "PULUMI_", "AWS_", "XDG_")
CODES = re.compile(r"\x1b\[(?P<number>[0-9;?]*)(?P<code>[A-Za-z])|(?P<end>[\r\n])|(?P<text>[^\x1b\r\n]+)")


def left_on_a_terminal(deployment: Deployment, *arguments: str) -> str:
    """What is on the screen when a command has ended that was run on a terminal."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (60, 250))
    variables = deployment.cloud.environment()
    with subprocess.Popen(
        [str(deployment.cloud.cli), *arguments, "--stack", STACK],
        cwd=deployment.project.folder,
        # Few variables: by some of them the engine takes a terminal for a CI job's.
        env={key: value for key, value in variables.items() if key.startswith(KNOWN)} | {"TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        printed = b""
        while True:
            try:
                printed += os.read(ours, 65536)
            except OSError:  # the last one has closed the other end
                break
    os.close(ours)
    assert re.search(rb"\x1b\[\d+A", printed), "the rows were not drawn as on a terminal"
    screen = on_screen(printed.decode())
    assert process.returncode == 0, screen
    return screen


def without_one(deployment: Deployment, *arguments: str) -> str:
    """What a command prints that is run elsewhere, as with --non-interactive."""
    return deployment.run(*arguments).stdout


def on_screen(printed: str) -> str:
    """Draw what the engine draws: rows, over which it goes again and again."""
    rows, row, column = [""], 0, 0
    for found in CODES.finditer(printed):
        if found["text"]:
            rows[row] = rows[row][:column].ljust(column) + found["text"] + rows[row][column + len(found["text"]) :]
            column += len(found["text"])
        elif found["end"] == "\r":
            column = 0
        elif found["end"]:
            row += 1
            rows += [""] * (row == len(rows))
        elif found["code"] == "A":
            row -= int(found["number"])
        elif found["code"] == "K":
            rows[row] = rows[row][:column]
    return "\n".join(rows)


def change(deployment: Deployment, limit: int) -> None:
    deployment.pool["limit"] = limit
    deployment.configure()


def test_what_drift_warns_of_is_left_on_a_terminal_and_told_no_second_time(deployed: Deployment) -> None:
    deployed.host().run(HAND_EDIT)
    change(deployed, 4)
    shown = left_on_a_terminal(deployed, "up", "--yes", "--skip-preview")
    lines = [line.strip() for line in shown.splitlines()]
    (first,) = (number for number, line in enumerate(lines) if line.startswith(TOLD))
    assert lines[first + 1 : first + 4] == LOST
    assert "config.toml is live" not in shown, "the command provider's status stays, which it does not"

    later = [
        deployed.run("preview", "--diff"),
        deployed.up("--expect-no-changes"),
        deployed.up("--refresh"),
        deployed.run("stack", "export"),
    ]
    assert not any("changed by hand" in each.stdout + each.stderr for each in later[:3])
    assert not any(SECRET in each.stdout + each.stderr for each in later)
    assert SECRET not in shown
    kept = deployed.host().run("cat /etc/gitlab-runner/drifted/*")
    assert "+concurrent = 77" in kept
    assert SECRET not in kept
    assert deployed.token not in kept

    deployed.host().run(f"sed -i \"s/^image = .*/image = '$(head -c 70000 /dev/zero | tr '\\0' x)'/\" {LIVE}")
    change(deployed, 5)
    told = deployed.up().stdout
    assert '+runners[local].docker.image = "xxx' in told
    assert "xxx ... (cut)" in told, "the real provider waits for ever at a line of more than 64 KiB"

    change(deployed, 6)
    assert "changed by hand" not in deployed.up().stdout


def test_what_is_left_over_at_gitlab_is_told(deployed: Deployment) -> None:
    other = control.create_runner(deployed.cloud)
    control.gitlab(deployed.cloud, "faults", {"path": MANAGERS, "status": 400, "times": 1})
    deployed.project.set_secret("gitlab-runner-aws:token", other)
    shown = left_on_a_terminal(deployed, "up", "--yes", "--skip-preview")
    assert re.search(
        r"warning: runner-registration-secrets: http\S+ still lists this manager of runner \d+; delete", shown
    )
    control.delete_runner(deployed.cloud, deployed.token)
    deployed.token = other


def test_what_a_destroy_says_passes_by_on_a_terminal_and_stays_elsewhere_as_the_page_says(
    deployed: Deployment,
) -> None:
    """The program does not run at a destroy, so that nothing could tell it but the command provider."""
    assert "pulumi destroy --yes --non-interactive" in (ROOT / "docs" / "drain.md").read_text()
    for show in (left_on_a_terminal, without_one):
        deployed.up()
        control.gitlab(deployed.cloud, "faults", {"path": MANAGERS, "status": 400, "times": 1})
        shown = show(deployed, "destroy", "--yes", "--skip-preview")
        assert ("still lists this manager" in shown) == (show is without_one)
