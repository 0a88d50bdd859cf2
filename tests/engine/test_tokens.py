"""A runner's token from each source, through its changes, to a GitLab in which nothing is left."""

import time
import tomllib
from typing import Any

import pytest

from localcloud import control

from .conftest import TOKEN_KEY, Deployment

NAMESPACE = "gitlab-runner-aws:"
LOG = "/var/log/journal-stand-in/gitlab-runner.log"


def without_machines(deployment: Deployment) -> None:
    deployment.pool["machine"] |= {"IdleCount": 0, "autoscaling": []}
    deployment.configure()


def runners(deployment: Deployment) -> dict[int, dict[str, Any]]:
    """What GitLab lists, by ids."""
    return {runner["id"]: runner for runner in control.gitlab(deployment.cloud, "state")["runners"]}


def online(deployment: Deployment) -> list[int]:
    """The ids of the runners that this manager has asked for jobs; waits for the first."""
    deadline = time.monotonic() + 100
    system = deployment.host().read("/etc/gitlab-runner/.runner_system_id").strip()
    while True:
        found = [
            number
            for number, runner in runners(deployment).items()
            for manager in runner["managers"]
            if (manager["system_id"], manager["status"]) == (system, "online")
        ]
        if found:
            return found
        assert time.monotonic() < deadline, "the runner did not come online"
        time.sleep(0.2)


def section(deployment: Deployment) -> dict[str, Any]:
    (found,) = tomllib.loads(deployment.live())["runners"]
    assert isinstance(found, dict)
    return found


def with_limit(deployment: Deployment, limit: int) -> None:
    deployment.pool["limit"] = limit
    deployment.configure()


def changed(deployment: Deployment) -> set[str]:
    """The commands that a preview would run."""
    return {name.removeprefix("runner-registration-") for name in deployment.plan() if "registration-" in name}


def test_a_gitlab_that_can_not_be_asked_changes_nothing_and_each_reason_is_told(deployment: Deployment) -> None:
    cloud = deployment.cloud
    deployment.config["gitlab-runner-aws:manager"]["connectAttempts"] = 2
    without_machines(deployment)

    def refused(**gitlab: Any) -> str:
        addresses = {"url": cloud.addresses.gitlab_https, "check": False, **gitlab}
        settings = control.with_addresses(deployment.config, cloud)
        deployment.project.configure({**settings, f"{NAMESPACE}gitlab": addresses})
        result = deployment.up(check=False)
        return "" if result.returncode == 0 else result.stdout + result.stderr

    output = refused()
    assert "does not trust the certificate" in output
    assert "set gitlab.ca to the PEM text" in output
    assert "[[runners]]" not in deployment.live()

    trusted = {"ca": cloud.addresses.gitlab_authority}
    assert refused(**trusted) == ""
    (number,) = online(deployment)
    live, pid = deployment.live(), deployment.service_pid()

    deployment.pool["limit"] = 7
    control.gitlab(cloud, "clock", {"ahead": 3600})
    assert "the manager's clock is 60 minutes behind GitLab's" in refused(**trusted)
    control.gitlab(cloud, "clock", {"ahead": 0})
    control.gitlab(cloud, "faults", {"path": "/api/v4/runners/verify", "status": 500, "times": 3})
    assert "GitLab answered 500 to POST runners/verify" in refused(**trusted)
    assert "refused the manager's connection" in refused(url="http://127.0.0.1:9")
    assert (deployment.live(), deployment.service_pid()) == (live, pid)

    # Another address and another token at once: a runner of the older kind takes over, and the first loses its manager.
    control.gitlab(cloud, "registration-token", {"token": "GR1348941abcdefghijklmnop"})
    deployment.run("config", "rm", TOKEN_KEY)
    deployment.project.set_secret(f"{NAMESPACE}registrationToken", "GR1348941abcdefghijklmnop")
    assert refused(url=cloud.addresses.gitlab, **trusted) == ""
    (successor,) = online(deployment)
    assert successor != number
    assert section(deployment)["limit"] == 7
    control.gitlab(cloud, "registration-token", {"token": None})

    deployment.destroy()
    assert successor not in runners(deployment)
    assert control.leftovers(cloud) == []


@pytest.fixture(scope="module")
def stack(shared: Deployment) -> Deployment:
    """The stack of the tests after this, without the token that its file has; the last one destroys it."""
    shared.run("config", "rm", TOKEN_KEY)
    return shared


def test_a_token_is_read_on_the_manager_from_parameter_store_and_from_secrets_manager(stack: Deployment) -> None:
    cloud, second = stack.cloud, control.create_runner(stack.cloud)
    control.aws(cloud, "ssm").put_parameter(Name="/ci/token", Value=stack.token, Type="SecureString")
    control.aws(cloud, "secretsmanager").create_secret(Name="ci-token", SecretString=second)
    stack.config[f"{NAMESPACE}tokenParameter"] = "/ci/token"
    without_machines(stack)
    stack.up()
    assert section(stack)["token"] == stack.token
    first = section(stack)["id"]
    assert stack.token not in stack.run("stack", "export", "--show-secrets").stdout

    del stack.config[f"{NAMESPACE}tokenParameter"]
    stack.config[f"{NAMESPACE}tokenSecret"] = "ci-token"
    stack.configure()
    stack.up()
    assert section(stack)["token"] == second
    managers = {number: len(each["managers"]) for number, each in runners(stack).items()}
    assert (managers[section(stack)["id"]], managers[first]) == (1, 0)


def test_a_runner_that_the_stack_then_creates_lives_and_goes_with_it(stack: Deployment) -> None:
    scopes = ["create_runner", "manage_runner"]
    access = control.gitlab(stack.cloud, "access-tokens", {"scopes": scopes})["token"]
    stack.config.pop(f"{NAMESPACE}tokenSecret", None)
    stack.project.set_secret(f"{NAMESPACE}accessToken", access)
    stack.config[f"{NAMESPACE}createRunner"] = {"runnerType": "group_type", "groupId": 5, "tags": ["a"]}
    without_machines(stack)
    before = runners(stack).keys()

    stack.up()
    (number,) = online(stack)
    assert runners(stack).keys() - before == {number}
    assert runners(stack)[number]["tag_list"] == ["a"]
    stack.up("--expect-no-changes")

    stack.config[f"{NAMESPACE}createRunner"]["tags"] = ["b", "c"]
    stack.configure()
    assert changed(stack) == {"gitlab", "runners"}
    stack.up()
    assert runners(stack)[number]["tag_list"] == ["b", "c"]

    # As gitlab-runner does by itself before a token expires.
    time.sleep(1)  # the times of tokens are whole seconds
    stack.host().run("gitlab-runner reset-token --all-runners")
    rotated = section(stack)["token"]
    with_limit(stack, 6)
    stack.up()
    assert (section(stack)["token"], section(stack)["limit"]) == (rotated, 6)
    assert online(stack) == [number]

    headers = {"Private-Token": access}
    control.gitlab_api(stack.cloud, "DELETE", f"runners/{number}", headers=headers)
    with_limit(stack, 7)
    stack.up()
    (successor,) = online(stack)
    assert successor != number

    assert f"no longer lists runner {successor}" in stack.destroy().stdout
    assert runners(stack).keys() == before
    assert control.leftovers(stack.cloud) == []
