"""The engine is told to end in the middle of an up: by Ctrl-C, or as a CI job does that is cancelled."""

import signal
import subprocess

import pytest

from localcloud import control

from .conftest import STACK, Deployment


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_up_after_an_interrupted_one_finishes_what_was_begun(deployment: Deployment, number: signal.Signals) -> None:
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
            process.send_signal(number)
            break
    rest, _ = process.communicate(timeout=60)
    assert process.returncode != 0, f"it was finished before it could be interrupted:\n{seen}{rest}"

    deployment.up()
    deployment.up("--expect-no-changes")
    assert "token = " in deployment.live()
    deployment.destroy()
    assert control.leftovers(deployment.cloud) == []
