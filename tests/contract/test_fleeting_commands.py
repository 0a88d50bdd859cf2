"""`gitlab-runner fleeting` and `lint` of the stand-in, as the real ones answer for docker-autoscaler."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.download_mirror import DownloadMirror
from localcloud.host_programs.gitlab_runner_stand_in import fleeting_plugins
from localcloud.host_programs.gitlab_runner_stand_in.fleeting_plugins import PluginUnavailableError

from .stand_in_programs import PROGRAMS, Program, gitlab_runner, plain

ENTRY = """[[runners]]
token = "glrt-abcdefghijklmnopqrst"
url = "https://gitlab.example.com"
executor = "docker-autoscaler"
[runners.autoscaler]
plugin = "{}"
"""
GOOD = """[runners.autoscaler.plugin_config]
name = "pool"
[[runners.autoscaler.policy]]
idle_time = "30m0s"
preemptive_mode = false
"""
PLACE = "registry.gitlab.com/gitlab-org/fleeting/plugins/aws"


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FLEETING_PLUGIN_PATH", str(tmp_path))
    for version in ("0.4.0", "1.0.0", "1.0.1", "1.1.0"):
        (tmp_path / PLACE / version).mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize(
    ("address", "version"),
    [("aws", "1.1.0"), ("aws:latest", "1.1.0"), ("aws:1", "1.1.0"), ("aws:1.0", "1.0.1"), ("aws:0.4.0", "0.4.0")],
)
def test_the_newest_installed_version_that_fits_is_taken(plugins: Path, address: str, version: str) -> None:
    assert fleeting_plugins.look_up(address) == plugins / PLACE / version / "plugin"
    assert fleeting_plugins.look_up(f"gitlab-org/fleeting/plugins/{address}").parent.name == version


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("aws:v1.1.0", "parsing constraint: invalid semantic version"),
        ("aws:2", "plugin not found: "),
        ("azure", "plugin not found: lstat "),
        ("127.0.0.1:5000/plugins/aws", "escaping plugin path: malformed module path"),
    ],
)
def test_what_is_not_installed_is_not_found(plugins: Path, address: str, text: str) -> None:
    with pytest.raises(PluginUnavailableError) as refused:
        fleeting_plugins.look_up(address)

    assert str(refused.value).startswith(text)


def test_a_path_and_a_program_on_the_path_are_plugins_too(
    plugins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "fleeting-plugin-own"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert fleeting_plugins.look_up(str(program)) == program
    assert fleeting_plugins.look_up("fleeting-plugin-own") == program


class Manager:
    """The stand-in for gitlab-runner with a config, and a registry to fetch from."""

    def __init__(self, folder: Path, registry: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.program = folder, gitlab_runner(folder)
        self.plugins = folder / "plugins"
        self.config = folder / "config.toml"
        self._registry = registry

    def fleeting(self, *arguments: str, plugin: str = "aws:1.1.0") -> subprocess.CompletedProcess[str]:
        self.config.write_text(ENTRY.format(plugin))
        code = (
            "import sys; from pathlib import Path\nsys.path.insert(0, sys.argv.pop(1))\n"
            "from host_programs.gitlab_runner_stand_in import fleeting_plugins, program\n"
            f"fleeting_plugins._ELSEWHERE = Path({str(self._registry_file())!r})\nprogram.main()\n"
        )
        extra = {"FLEETING_PLUGIN_PATH": str(self.plugins)}
        command = ["python3", "-c", code, str(self.program.path), "fleeting", "--config", str(self.config), *arguments]
        return subprocess.run(
            command,
            env=self.program.environment(extra),
            cwd=self.folder,
            capture_output=True,
            text=True,
            input="secret\n",
            check=False,
        )

    def _registry_file(self) -> Path:
        path = self.folder / "registry"
        path.write_text(self._registry)
        return path


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    mirror = DownloadMirror(PROGRAMS)
    mirror.start()
    yield Manager(tmp_path, mirror.url, monkeypatch)
    mirror.close()


def test_install_fetches_the_plugin_and_list_shows_it(manager: Manager) -> None:
    path = manager.plugins / PLACE / "1.1.0" / "plugin"
    line = f"runner: abcdefghi, plugin: aws:1.1.0, path: {path}\n"
    before = manager.fleeting("list")

    installed, listed, again = manager.fleeting("install"), manager.fleeting("list"), manager.fleeting("install")

    assert before.returncode == 1
    assert "error: plugin not found: " in before.stderr
    assert (installed.returncode, installed.stdout) == (0, line)
    assert (listed.returncode, listed.stdout) == (0, line)
    assert (again.returncode, again.stdout) == (0, "")
    assert path.stat().st_mode & 0o111


def test_an_alias_installs_the_version_that_it_stands_for(manager: Manager) -> None:
    manager.fleeting("install", plugin="aws:1.0")

    assert [each.name for each in (manager.plugins / PLACE).iterdir()] == ["1.0.1"]


def test_a_version_that_there_is_not_can_not_be_installed(manager: Manager) -> None:
    result = manager.fleeting("install", plugin="aws:9.9.9")

    assert result.returncode == 1
    assert "plugin: aws:9.9.9, install/update error:: getting image: fetching index:" in result.stderr


def test_an_empty_folder_of_the_version_is_taken_for_the_plugin(manager: Manager) -> None:
    (manager.plugins / PLACE / "1.1.0").mkdir(parents=True)

    assert manager.fleeting("list").returncode == 0
    assert manager.fleeting("install").stdout == ""
    assert not (manager.plugins / PLACE / "1.1.0" / "plugin").exists()


def test_login_keeps_credentials_where_docker_does(manager: Manager) -> None:
    result = manager.fleeting("login", "--username", "u", "--password-stdin")

    kept = manager.folder / ".docker" / "config.json"
    assert (result.returncode, result.stdout) == (0, f"logged in via {kept}\n")
    assert kept.stat().st_mode & 0o077 == 0


def test_a_plugin_is_no_program_to_run_by_oneself(manager: Manager) -> None:
    manager.fleeting("install")

    result = subprocess.run([manager.plugins / PLACE / "1.1.0" / "plugin"], capture_output=True, text=True, check=False)

    assert result.returncode == 1
    assert result.stdout.startswith("This binary is a plugin.")


def _lint(folder: Path, text: str) -> tuple[int, str]:
    program: Program = gitlab_runner(folder)
    (folder / "config.toml").write_text(ENTRY.format("aws:1.1.0") + text)
    result = program.run("lint", "--config", str(folder / "config.toml"))
    return result.returncode, plain(result.stderr)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (GOOD.replace("preemptive_mode = false\n", ""), "Policy/0/PreemptiveMode': got null, want boolean"),
        (
            GOOD.replace('[runners.autoscaler.plugin_config]\nname = "pool"\n', ""),
            "PluginConfig': got null, want object",
        ),
        (GOOD.replace('"30m0s"', "1800"), "Policy/0/IdleTime': minimum: got 1,800, want 1×10⁰⁹"),  # noqa: RUF001
        (GOOD.replace('"30m0s"', '"-1s"'), "minimum: got -1,000,000,000"),
        (GOOD.replace('"30m0s"', '"1800"'), "decoding config: toml:"),
        (GOOD.replace("idle_time", "idletime"), "unknown key"),
        (GOOD.replace("idle_time", "IdleCount = 1\nidle_time"), "unknown key"),
        ("connector_conf = {}\n" + GOOD, "unknown key"),
    ],
)
def test_lint_finds_what_the_real_one_found(tmp_path: Path, text: str, found: str) -> None:
    code, said = _lint(tmp_path, text)

    assert code == 1
    assert found in said


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD + 'periods = ["* * 9-17 * * mon-fri *"]\n',
        GOOD + 'periods = ["nonsense"]\ntimezone = "Europe/Nowhere"\n',
        GOOD + "idle_count = -1\nscale_factor = 1\n",
        'update_interval = 60\nmax_instances = -1\nconnector_config = {protocol = "telnet", protocol_port = 70000}\n'
        + GOOD,
        GOOD.replace('name = "pool"', 'nmae = "pool"\nregion = "x"'),
        GOOD + '[runners.machine]\nMachineName = "x-%s"\n',
    ],
)
def test_lint_passes_what_the_real_one_passed(tmp_path: Path, text: str) -> None:
    code, said = _lint(tmp_path, text)

    assert (code, said.strip()) == (0, "Configuration file is valid.")
