"""No secret is in clear anywhere but in the files of the manager that need it."""

import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from localcloud import control
from localcloud.cloud import ROOT

from .conftest import STACK, TOKEN_KEY, Deployment

VERBOSE = ("-v=8", "--logtostderr", "--logflow")
"""What the engine logs short of the values of properties, which come with -v=9: docs/security.md says so."""

LIVE = "config.toml on the manager"
BY_HAND = "S3CRET-of-somebody"
HAND_EDIT = f"sed -i 's/^limit = /pre_get_sources_script = \"x {BY_HAND}\"\\n&/' /etc/gitlab-runner/config.toml"


def life(deployment: Deployment, *, whole: bool) -> dict[str, str]:
    """Deploy, for a whole life change and fail, show and destroy; return every text that this left, by what it is."""
    texts = {}

    def keep(what: str, *arguments: str, check: bool = True) -> None:
        result = deployment.run(*arguments, check=check)
        texts[what] = result.stdout + result.stderr

    up = ("up", "--yes", "--skip-preview", *VERBOSE)
    if whole:
        keep("first preview", "preview", "--diff", "--show-full-output", *VERBOSE)
    keep("engine log of the up", *up)
    exec_log = Path(deployment.host().exec_log)
    if whole:
        change_and_fail(deployment, texts, keep)
    keep("exported state", "stack", "export")
    state = deployment.cloud.folder / "state"
    texts["state files"] = "".join(path.read_text() for path in state.rglob("*.json"))
    keep("destroy", "destroy", "--yes", "--skip-preview", *VERBOSE)
    texts["arguments of every process on the manager"] = exec_log.read_text()
    texts["the local cloud's own log"] = (deployment.cloud.folder / "daemon.log").read_text()
    return texts


def change_and_fail(deployment: Deployment, texts: dict[str, str], keep: Callable[..., None]) -> None:
    """Change by hand what is live, then by settings, in the end by some that gitlab-runner refuses."""
    up = ("up", "--yes", "--skip-preview", *VERBOSE)
    texts[LIVE] = deployment.live()
    deployment.host().run(HAND_EDIT)
    deployment.pool["limit"] = 4
    deployment.configure()
    keep("up over a change by hand", *up)
    assert "pre_get_sources_script = <hidden>" in texts["up over a change by hand"]
    texts["what is kept of the change by hand"] = deployment.host().run("cat /etc/gitlab-runner/drifted/*")
    deployment.pool["extra"] = {"no_such_key": 1}
    deployment.configure()
    keep("failing up", *up, check=False)
    assert "no_such_key" in texts["failing up"]
    keep("preview", "preview", "--diff", "--show-full-output", "--json")
    keep("outputs", "stack", "output", "--json")


def get_a_token(deployment: Deployment) -> None:
    """Set a token that no other test has: the engine keeps copies of the states of those before."""
    deployment.token = control.create_runner(deployment.cloud)
    deployment.project.set_secret(TOKEN_KEY, deployment.token)


def places_with(token: str, texts: dict[str, str]) -> list[str]:
    return [what for what, text in texts.items() if token in text]


@pytest.mark.usefixtures("traced")
def test_no_secret_is_in_a_state_log_preview_output_error_or_argument(deployment: Deployment) -> None:
    get_a_token(deployment)
    secrets = {"keyId": "FURTHERSECRETKEYID", "key": 'further/"secret"', "password": "further-password"}
    for name, secret in secrets.items():
        deployment.project.set_secret(f"gitlab-runner-aws:secrets.{name}", secret)
    keys = {"AccessKey": "<secret:keyId>", "SecretKey": "<secret:key>"}
    deployment.config["gitlab-runner-aws:cache"] |= {"s3": keys}
    deployment.pool["environment"] = ["PASSWORD=<secret:password>"]
    deployment.configure()

    texts = life(deployment, whole=True)
    assert '"/usr/local/bin/gitlab-runner", "lint"' in texts["arguments of every process on the manager"]
    assert deployment.project.stack in texts["state files"]
    (runner,) = tomllib.loads(texts[LIVE])["runners"]
    assert (runner["cache"]["s3"]["AccessKey"], runner["cache"]["s3"]["SecretKey"]) == (
        secrets["keyId"],
        secrets["key"],
    )
    assert runner["environment"] == [f"PASSWORD={secrets['password']}"]
    for secret in (deployment.token, secrets["keyId"], "further/", secrets["password"]):
        assert places_with(secret, texts) == [LIVE]
    assert places_with(BY_HAND, texts) == []


def test_the_most_verbose_logs_hold_secrets_as_the_page_says(deployment: Deployment, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "security.md").read_text()
    assert "`-v=9` and above" in page
    assert "`PULUMI_DEBUG_GRPC`" in page
    assert deployment.token in deployment.run("preview", "-v=9", "--logtostderr", "--logflow").stderr
    calls = tmp_path / "calls"
    subprocess.run(
        deployment.project.command("preview", "--stack", STACK),
        cwd=deployment.project.folder,
        env={**deployment.cloud.environment(), "PULUMI_DEBUG_GRPC": str(calls)},
        check=True,
        capture_output=True,
    )
    assert deployment.token in calls.read_text()


@pytest.mark.usefixtures("traced")
def test_the_search_finds_a_token_that_a_program_puts_into_a_command(deployment: Deployment, tmp_path: Path) -> None:
    get_a_token(deployment)
    leaky = tmp_path / "leaky"
    leaky.mkdir()
    for part in ("Pulumi.yaml", "components", "config_render", "planning"):
        (leaky / part).symlink_to(ROOT / part)
    program = (ROOT / "__main__.py").read_text()
    (leaky / "__main__.py").write_text(
        program + "import pulumi_command as command\n"
        'plain = pulumi.Output.unsecret(stack.token).apply(lambda token: f"true {token}")\n'
        "command.remote.Command(\n"
        '    "leak", connection=runner.connection, create=plain, opts=pulumi.ResourceOptions(depends_on=[runner])\n'
        ")\n"
    )
    project = type(deployment.project).create(
        deployment.cloud, deployment.project.folder, STACK, deployment.project.config(), program=leaky
    )
    leaking = Deployment(project, deployment.config, deployment.token)
    found = places_with(deployment.token, life(leaking, whole=False))
    assert {"state files", "exported state", "arguments of every process on the manager"} <= set(found)
    assert control.leftovers(deployment.cloud) == []
