"""No secret is in clear anywhere but in the two files of the manager that need it."""

import tomllib
from pathlib import Path

from localcloud import control
from localcloud.cloud import ROOT

from .conftest import STACK, Deployment

FULL_VERBOSITY = ("-v=11", "--logtostderr", "--logflow")


LIVE = "config.toml on the manager"


def whole_life(deployment: Deployment) -> dict[str, str]:
    """Deploy, change, fail, show and destroy; return every text that this left somewhere, by what it is."""
    texts = {}

    def keep(what: str, *arguments: str, check: bool = True) -> None:
        result = deployment.run(*arguments, check=check)
        texts[what] = result.stdout + result.stderr

    up = ("up", "--yes", "--skip-preview", *FULL_VERBOSITY)
    keep("first preview", "preview", "--diff", "--show-full-output", *FULL_VERBOSITY)
    keep("engine log of the up", *up)
    exec_log = Path(deployment.host().exec_log)
    texts[LIVE] = deployment.live()
    deployment.pool["extra"] = {"no_such_key": 1}
    deployment.configure()
    keep("failing up", *up, check=False)
    assert "no_such_key" in texts["failing up"]
    keep("preview", "preview", "--diff", "--show-full-output", "--json")
    keep("outputs", "stack", "output", "--json")
    keep("exported state", "stack", "export")
    state = deployment.cloud.folder / "state"
    texts["state files"] = "".join(path.read_text() for path in state.rglob("*.json"))
    keep("destroy", "destroy", "--yes", "--skip-preview", *FULL_VERBOSITY)
    texts["arguments of every process on the manager"] = exec_log.read_text()
    texts["the local cloud's own log"] = (deployment.cloud.folder / "daemon.log").read_text()
    return texts


def places_with(token: str, texts: dict[str, str]) -> list[str]:
    return [what for what, text in texts.items() if token in text]


def test_no_secret_is_in_a_state_log_preview_output_error_or_argument(deployment: Deployment) -> None:
    secrets = {"keyId": "FURTHERSECRETKEYID", "key": 'further/"secret"', "password": "further-password"}
    for name, secret in secrets.items():
        deployment.project.set_secret(f"gitlab-runner-aws:secrets.{name}", secret)
    keys = {"AccessKey": "<secret:keyId>", "SecretKey": "<secret:key>"}
    deployment.config["gitlab-runner-aws:cache"] |= {"s3": keys}
    deployment.pool["environment"] = ["PASSWORD=<secret:password>"]
    deployment.configure()

    texts = whole_life(deployment)
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


def test_the_search_finds_a_token_that_a_program_puts_into_a_command(deployment: Deployment, tmp_path: Path) -> None:
    leaky = tmp_path / "leaky"
    leaky.mkdir()
    for part in ("Pulumi.yaml", "aws_market", "components", "config_render"):
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
    found = places_with(deployment.token, whole_life(Deployment(project, deployment.config, deployment.token)))
    assert {"state files", "exported state", "arguments of every process on the manager"} <= set(found)
    assert control.leftovers(deployment.cloud) == []
