"""Errors in the settings: all are reported at once, before anything is created."""

from .conftest import Deployment


def test_every_mistake_is_told_at_once_before_any_resource(deployment: Deployment) -> None:
    deployment.project.set_secret("gitlab-runner-aws:token", "glrt-short")
    deployment.config["aws:region"] = "eu-centrall-1"
    deployment.config["gitlab-runner-aws:concurent"] = 3
    deployment.pool["limit"] = 1
    deployment.pool["machine"] |= {"IdleCount": 2, "MachineName": "no-place-for-an-id"}
    deployment.configure()
    deployment.project.configure(
        {
            **deployment.project.config(),
            "gitlab-runner-aws:gitlab": {"url": deployment.cloud.addresses.mirror},
        }
    )

    failed = deployment.up(check=False)
    output = failed.stdout + failed.stderr
    assert failed.returncode != 0
    for expected in (
        "aws:region = eu-centrall-1",
        "gitlab-runner-aws:token",
        f"gitlab-runner-aws:gitlab.url = {deployment.cloud.addresses.mirror}: is not a GitLab",
        "gitlab-runner-aws:concurent",
        "`concurrent`",
        "Pulumi.local.yaml:",
        "gitlab-runner-aws:pools[0].limit = 1",
        "gitlab-runner-aws:pools[0].machine.MachineName = no-place-for-an-id",
    ):
        assert expected in output, output
    limit = next(line for line in output.splitlines() if "pools[0].limit = 1" in line).strip()
    number = int(limit.split(":")[1])
    stack_file = (deployment.project.folder / "Pulumi.local.yaml").read_text().splitlines()
    assert stack_file[number - 1].strip() == "limit: 1"
    assert "Traceback" not in output
    assert "glrt-short" not in output
    assert [r for r in deployment.resources() if r["type"] != "pulumi:pulumi:Stack"] == []


def test_a_gitlab_that_cannot_be_reached_is_told(deployment: Deployment) -> None:
    deployment.project.configure(
        {**deployment.project.config(), "gitlab-runner-aws:gitlab": {"url": "http://127.0.0.1:9"}}
    )
    failed = deployment.up(check=False)
    assert failed.returncode != 0
    assert "gitlab-runner-aws:gitlab.url = http://127.0.0.1:9: can't be reached" in failed.stdout + failed.stderr


def test_secrets_in_clear_text_are_refused(deployment: Deployment) -> None:
    clear = "glrt-in-clear-text-0123456789"
    secrets = {"gitlab-runner-aws:token": clear, "gitlab-runner-aws:secrets": {"key": clear}}
    deployment.project.configure({**deployment.project.config(), **secrets})
    failed = deployment.up(check=False)
    output = failed.stdout + failed.stderr
    assert failed.returncode != 0
    assert "pulumi config set --secret gitlab-runner-aws:token" in output
    assert "pulumi config set --secret --path gitlab-runner-aws:secrets.NAME" in output
    assert clear not in output


def test_what_may_cost_something_is_warned_of_at_preview_with_its_line(deployment: Deployment) -> None:
    deployment.pool["machine"]["IdleTime"] = 0
    deployment.configure()
    shown = deployment.run("preview").stdout
    assert "warning: Pulumi.local.yaml:" in shown
    assert "gitlab-runner-aws:pools[0].machine.IdleTime = 0: removes a spare machine at once" in shown
