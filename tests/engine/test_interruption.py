"""The engine is told to end in the middle of an up: by Ctrl-C, or as a CI job does that is cancelled."""

import signal
import subprocess

from localcloud import control

from .conftest import STACK, Deployment


def interrupt(deployment: Deployment, number: signal.Signals, step: str) -> None:
    """Begin an `up` and send its engine a signal while a step runs."""
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
    seen, sent = "", False
    for line in process.stdout:
        seen += line
        if step in line and "creating" in line:
            process.send_signal(number)
            sent = True
            break
    rest, _ = process.communicate(timeout=60)
    assert sent, f"it did not come to {step}:\n{seen}"
    assert process.returncode != 0, f"it was finished before it could be interrupted:\n{seen}{rest}"


def test_an_up_after_an_interrupted_one_finishes_what_was_begun(deployment: Deployment) -> None:
    interrupt(deployment, signal.SIGINT, "runner-registration-install")
    # This one goes on from there, as far as the next step.
    interrupt(deployment, signal.SIGTERM, "runner-registration-config")

    deployment.up()
    deployment.up("--expect-no-changes")
    assert "token = " in deployment.live()
    deployment.destroy()
    assert control.leftovers(deployment.cloud) == []
