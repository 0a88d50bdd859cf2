"""Real programs in a folder that LOCALCLOUD_REAL names: what is found there, and how the local cloud takes it."""

import hashlib
import platform
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from localcloud import control
from localcloud.cloud import LocalCloud, LocalCloudError
from localcloud.download_mirror import DownloadMirror
from localcloud.real_programs import VARIABLE, RealProgramError, find, installed_plugins

from .booted_host import PROGRAMS

RUNNER = "Version:      19.4.1\nGit revision: abc\n"
MACHINE = "docker-machine version 0.16.2-gitlab.48, build 1a2b3c4\n"
COMMAND = f"resource-command-v{version('pulumi-command')}"


def put(path: Path, says: str = "", mode: int = 0o755) -> Path:
    """A program that prints something."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\ncat <<'E'\n{says}E\n")
    path.chmod(mode)
    return path


def found(folder: Path) -> dict[str, str]:
    return {name: program.version for name, program in find({VARIABLE: str(folder)}).items()}


def test_without_the_variable_there_is_none() -> None:
    assert find({}) == find({VARIABLE: ""}) == {}


def test_programs_are_found_in_the_folder_with_the_versions_that_they_name(tmp_path: Path) -> None:
    put(tmp_path / "gitlab-runner", RUNNER)
    put(tmp_path / "docker-machine", MACHINE)
    put(tmp_path / "pulumi-resource-tls")

    versions = {"gitlab-runner": "19.4.1", "docker-machine": "0.16.2-gitlab.48", "tls": version("pulumi-tls")}
    assert found(tmp_path) == versions


@pytest.mark.parametrize("folder", ["", "plugins"], ids=["folder of plugins", "PULUMI_HOME"])
def test_plugins_are_found_where_pulumi_installs_them(tmp_path: Path, folder: str) -> None:
    path = put(tmp_path / folder / COMMAND / "pulumi-resource-command")

    assert find({VARIABLE: str(tmp_path)})["command"].path == path


def test_a_plugin_of_another_version_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "plugins" / "resource-command-v0.9.0" / "pulumi-resource-command")

    with pytest.raises(RealProgramError, match=r"has plugin command in version 0\.9\.0, wanted is .*; run: pulumi plu"):
        find({VARIABLE: str(tmp_path)})


def test_a_plugin_whose_installation_broke_off_is_none(tmp_path: Path) -> None:
    put(tmp_path / COMMAND / "pulumi-resource-command")
    put(tmp_path / "gitlab-runner", RUNNER)
    (tmp_path / f"{COMMAND}.partial").touch()

    assert found(tmp_path) == {"gitlab-runner": "19.4.1"}


@pytest.mark.parametrize(
    ("name", "says", "mode", "problem"),
    [
        ("README", "", 0o644, "has none of gitlab-runner, docker-machine, pulumi-resource-aws, .*`make real` fetches"),
        ("gitlab-runner", RUNNER, 0o644, "gitlab-runner is not executable; run: chmod"),
        ("gitlab-runner", "hello\n", 0o755, "--version names no version: 'hello'"),
    ],
)
def test_what_is_wrong_with_the_folder_is_told(tmp_path: Path, name: str, says: str, mode: int, problem: str) -> None:
    put(tmp_path / name, says, mode)

    with pytest.raises(RealProgramError, match=problem):
        find({VARIABLE: str(tmp_path)})


def test_a_program_for_another_machine_is_told(tmp_path: Path) -> None:
    put(tmp_path / "docker-machine").write_bytes(b"\x7fELF\x02\x01\x01")

    with pytest.raises(RealProgramError, match=r"docker-machine can't be run here: .*Exec format error"):
        find({VARIABLE: str(tmp_path)})


def test_of_the_persons_own_plugins_the_real_ones_of_the_right_version_are_taken(tmp_path: Path) -> None:
    put(tmp_path / "plugins" / COMMAND / "pulumi-resource-command").write_bytes(b"\x7fELF")
    # A launcher of a stand-in: the home is that of a local cloud.
    put(tmp_path / "plugins" / f"resource-tls-v{version('pulumi-tls')}" / "pulumi-resource-tls")
    put(tmp_path / "plugins" / f"resource-aws-v{version('pulumi-aws')}" / "pulumi-resource-aws").write_bytes(b"\x7fELF")

    assert installed_plugins({"PULUMI_HOME": str(tmp_path)}).keys() == {"command"}
    assert installed_plugins({"PULUMI_HOME": str(tmp_path / "nothing")}) == {}


def test_of_a_real_program_the_mirror_has_one_version_for_this_machine(tmp_path: Path) -> None:
    runner = put(tmp_path / "gitlab-runner", RUNNER)
    mirror = DownloadMirror(PROGRAMS, real=find({VARIABLE: str(tmp_path)}))
    mirror.start()
    try:
        kind = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
        path = f"/gitlab-runner/v19.4.1/binaries/gitlab-runner-linux-{kind}"
        with urllib.request.urlopen(f"{mirror.url}{path}") as answer:
            assert answer.read() == runner.read_bytes()
        assert mirror.checksums()[path] == hashlib.sha256(runner.read_bytes()).hexdigest()
        assert [each for each in mirror.checksums() if "gitlab-runner" in each] == [path]
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{mirror.url}/gitlab-runner/v19.3.0/release.sha256")
    finally:
        mirror.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("real")
    put(made / "gitlab-runner", RUNNER)
    put(made / "plugins" / COMMAND / "pulumi-resource-command", "the real one\n")
    return made


@pytest.fixture(scope="module")
def cloud(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(VARIABLE, str(folder))
        running = LocalCloud.start(tmp_path_factory.mktemp("cloud"))
    yield running
    running.stop()


def test_a_local_cloud_has_the_real_programs_instead_of_stand_ins(cloud: LocalCloud, folder: Path) -> None:
    assert cloud.addresses.real == {"command": version("pulumi-command"), "gitlab-runner": "19.4.1"}
    plugins = Path(cloud.environment()["PULUMI_HOME"], "plugins")
    assert (plugins / COMMAND / "pulumi-resource-command").samefile(
        folder / "plugins" / COMMAND / "pulumi-resource-command"
    )
    assert "plugin_launcher" in (plugins / f"resource-tls-v{version('pulumi-tls')}" / "pulumi-resource-tls").read_text()


def test_settings_name_the_version_of_the_real_program_unless_they_do_already(cloud: LocalCloud) -> None:
    given = {"aws:region": "eu-central-1", "gitlab-runner-aws:manager": {}, "gitlab-runner-aws:pools": []}
    manager = control.with_addresses(given, cloud)["gitlab-runner-aws:manager"]
    assert manager["gitlabRunner"]["version"] == "19.4.1"
    assert "version" not in manager["dockerMachine"]

    given["gitlab-runner-aws:manager"] = {"gitlabRunner": {"version": "19.2.0"}}
    manager = control.with_addresses(given, cloud)["gitlab-runner-aws:manager"]
    assert manager["gitlabRunner"]["version"] == "19.2.0"


def test_a_local_cloud_that_runs_without_them_is_not_taken_for_one_that_has_them(
    cloud: LocalCloud, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(folder))
    said: list[str] = []
    assert LocalCloud.start(cloud.folder, say=said.append).addresses == cloud.addresses
    assert said == [f"not stand-ins but real: command {version('pulumi-command')}, gitlab-runner 19.4.1"]

    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    put(tmp_path / "docker-machine", MACHINE)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(LocalCloudError, match="was started without the programs of LOCALCLOUD_REAL; run `make down`"):
        LocalCloud.start(cloud.folder)
