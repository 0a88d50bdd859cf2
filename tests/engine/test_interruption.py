"""Ctrl-C in the middle of an up."""

import signal
import subprocess

from localcloud import control

from .conftest import STACK, Deployment


def test_an_up_after_ctrl_c_finishes_what_was_begun(deployment: Deployment) -> None:
    command = deployment.project.command("up", "--yes", "--skip-preview", "--stack", STACK)
    process = subprocess.Popen(
        command,
        cwd=deployment.project.folder,
        env=deployment.cloud.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if "runner-registration-install" in line and "creating" in line:
            process.send_signal(signal.SIGINT)
            break
    rest, _ = process.communicate(timeout=60)
    assert process.returncode != 0, f"it was finished before it could be interrupted:\n{seen}{rest}"

    deployment.up()
    deployment.up("--expect-no-changes")
    assert "token = " in deployment.live()
    deployment.destroy()
    assert control.leftovers(deployment.cloud) == []
