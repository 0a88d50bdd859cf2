"""Installing the plugin of docker-autoscaler, from GitLab's registry by gitlab-runner or from a mirror, and the key."""

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from components.manager.installation import installation
from components.manager_tool.executors.docker_autoscaler import known, plugin
from components.manager_tool.host import StepError
from components.manager_tool.programs import kept
from config_render import ManagerSettings

PLUGIN = b"#!/bin/sh\n"
DIGEST = hashlib.sha256(PLUGIN).hexdigest()
# As gitlab-runner 19.3 does it: commands/fleeting/fleeting.go, and `LookPath` of fleeting-artifact.
RUNNER = """#!/bin/sh
case "$*" in "fleeting --config "*" list"|"fleeting --config "*" install"*) ;; *) exit 64 ;; esac
wanted=$(sed -n 's/^plugin = "aws:\\(.*\\)"/\\1/p' "$3")
path="$FLEETING_PLUGIN_PATH/registry.gitlab.com/gitlab-org/fleeting/plugins/aws/$wanted/plugin"
shift 3
if [ "$1" = install ]; then
    [ -d "${path%/*}" ] && [ "$2" != --upgrade ] && exit 0
    echo "$*" >> "$FLEETING_PLUGIN_PATH/fetched"
    [ "$wanted" = 9.9.9 ] && { echo "runner: x, plugin: aws, install/update error:: MANIFEST_UNKNOWN" >&2; exit 1; }
    mkdir -p "${path%/*}"
    printf '#!/bin/sh\\n' > "$path"
elif [ ! -d "${path%/*}" ]; then
    echo "runner: x, plugin: aws:$wanted, error: plugin not found" >&2
    exit 1
fi
echo "runner: x, plugin: aws:$wanted, path: $path"
"""


class Manager:
    """The tool's folders in one of the test's, and a program that stands in for gitlab-runner."""

    def __init__(self, folder: Path) -> None:
        self.plugins, self.key = folder / "plugins", folder / "etc" / "worker-key"
        self.plugins.mkdir()
        self.gitlab_runner = folder / "gitlab-runner"
        self.gitlab_runner.write_text(RUNNER)
        self.gitlab_runner.chmod(0o755)

    def install(self, **given: Any) -> None:
        settings = ManagerSettings.model_validate({"fleetingPlugin": given})
        wanted = installation(settings, 0, "eu-central-1")["plugin"]
        wanted = {**wanted, "folder": str(self.plugins), "key": str(self.key)}
        if given.get("url"):
            wanted["reference"] = str(self.plugins / Path(wanted["reference"]).name)
        plugin.install(wanted, self.gitlab_runner)

    @property
    def fetched(self) -> list[str]:
        """With which arguments gitlab-runner was asked to fetch a plugin."""
        log = self.plugins / "fetched"
        return log.read_text().splitlines() if log.exists() else []

    def path(self, version: str) -> Path:
        return self.plugins / f"registry.gitlab.com/gitlab-org/fleeting/plugins/aws/{version}/plugin"


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manager:
    monkeypatch.setattr(plugin, "_CONFIG", tmp_path / "staged" / "fleeting.toml")
    monkeypatch.setattr(kept, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(kept, "SOURCES", tmp_path / "sources.json")
    monkeypatch.setattr(kept, "BINARIES", tmp_path / "bin")
    monkeypatch.setattr("time.sleep", lambda _: None)
    return Manager(tmp_path)


def test_gitlab_runner_fetches_a_version_once(manager: Manager) -> None:
    manager.install(version="1.1.0", sha256=DIGEST)
    manager.install(version="1.1.0", sha256=DIGEST)
    manager.install(version="1.1.0")
    assert manager.fetched == ["install"]
    manager.install(version="1.2.0")
    assert (manager.path("1.1.0").read_bytes(), manager.path("1.2.0").read_bytes()) == (PLUGIN, PLUGIN)


def test_a_plugin_that_was_lost_or_altered_on_the_manager_is_fetched_again(manager: Manager) -> None:
    manager.path("1.1.0").parent.mkdir(parents=True)
    manager.install()
    assert manager.path("1.1.0").read_bytes() == PLUGIN
    manager.path("1.1.0").write_text("another")
    manager.install(sha256=DIGEST)
    assert manager.path("1.1.0").read_bytes() == PLUGIN
    assert manager.fetched == ["install --upgrade"] * 2


def test_what_is_not_to_be_had_or_not_what_was_wanted_is_named_with_its_setting(manager: Manager) -> None:
    with pytest.raises(StepError, match=r"MANIFEST_UNKNOWN\n.*manager\.fleetingPlugin\.version.*\.url to a mirror"):
        manager.install(version="9.9.9")
    with pytest.raises(StepError, match=rf"has SHA-256 {DIGEST}, wanted was {'0' * 64}.*manager\.fleetingPlugin\.sha"):
        manager.install(sha256="0" * 64)
    assert not manager.key.exists()


def test_a_mirrors_file_is_checked_and_put_where_config_toml_says(manager: Manager, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror" / "v1.1.0"
    mirror.mkdir(parents=True)
    for architecture in ("amd64", "arm64"):
        (mirror / f"fleeting-plugin-aws-linux-{architecture}").write_bytes(PLUGIN)
    downloads: list[str] = []

    def download(url: str, target: Path, missing: str) -> str:
        downloads.append(url)
        target.write_bytes((tmp_path / url.removeprefix("https://")).read_bytes())
        return hashlib.sha256(target.read_bytes()).hexdigest()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "download", download)
        manager.install(url="https://mirror", sha256=DIGEST)
        manager.install(url="https://mirror", sha256=DIGEST)
        place = manager.plugins / "fleeting-plugin-aws-1.1.0"
        assert (place.read_bytes(), place.stat().st_mode & 0o777) == (PLUGIN, 0o755)
        with pytest.raises(StepError, match=r"wanted was 0{64}; nothing was replaced. Check manager\.fleetingPlugin"):
            manager.install(url="https://mirror", sha256="0" * 64)
    assert downloads[0].startswith("https://mirror/v1.1.0/fleeting-plugin-aws-linux-")
    assert (len(downloads), manager.fetched, place.read_bytes()) == (2, [], PLUGIN)


def test_the_key_is_made_once_and_read_by_root_alone(manager: Manager) -> None:
    manager.install()
    made, public = manager.key.read_text(), manager.key.with_name("worker-key.pub")
    assert (manager.key.stat().st_mode & 0o777, public.read_text().split()[0]) == (0o600, "ssh-ed25519")
    words = public.read_text().split()
    public.unlink()
    manager.key.chmod(0o644)
    manager.install()
    assert (manager.key.read_text(), public.read_text().split()[:2]) == (made, words[:2])
    assert manager.key.stat().st_mode & 0o777 == 0o600
    # One of which a crash has left the public half alone is made anew.
    manager.key.unlink()
    manager.install()
    again = subprocess.run(["ssh-keygen", "-y", "-f", manager.key], capture_output=True, text=True, check=True).stdout
    assert again.split()[:2] == public.read_text().split()[:2] != words[:2]
    assert sorted(os.listdir(manager.key.parent)) == ["worker-key", "worker-key.pub"]


def test_only_a_stack_with_such_pools_is_told_of_plugins_and_a_region() -> None:
    settings = ManagerSettings.model_validate({})
    without, given = installation(settings, 5), installation(settings, 5, "eu-central-1")
    assert "plugin" not in without
    assert without["service"] == {"OOMPolicy": "continue", "RestartSec": "5"}
    words = given["service"]["Environment"].split()
    assert words == [f"FLEETING_PLUGIN_PATH={given['plugin']['folder']}", "AWS_REGION=eu-central-1"]
    assert {key: value for key, value in given.items() if key not in ("service", "plugin")} == {
        key: value for key, value in without.items() if key != "service"
    }


def test_what_was_installed_is_known_after_the_last_such_pool_has_gone(
    manager: Manager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known, "_FILE", tmp_path / "autoscaler.json")
    spec = installation(ManagerSettings.model_validate({}), 5, "eu-central-1")
    spec["plugin"] = {**spec["plugin"], "folder": str(manager.plugins), "key": str(manager.key)}
    assert known.known() is None
    known.remember(spec)
    known.remember(installation(ManagerSettings.model_validate({}), 5))
    manager.install()
    kept_facts = known.known()
    assert kept_facts is not None
    assert (kept_facts["region"], kept_facts["folder"]) == ("eu-central-1", str(manager.plugins))
    known.forget()
    assert (manager.plugins.exists(), manager.key.exists(), [*manager.key.parent.iterdir()]) == (False, False, [])


def test_the_manager_is_told_of_the_plugin_where_a_pool_has_the_executor(deployed_with: Any) -> None:
    for given, region in (({}, None), ({"executor": "docker-autoscaler"}, "eu-central-1")):
        told = json.loads(deployed_with(pool=given).named("runner-registration-install")["stdin"])
        assert told.get("plugin", {}).get("region") == region
