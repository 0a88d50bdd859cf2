"""What the project writes for other programs, judged by these programs themselves."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest
import yaml

from components.manager.instance import cloud_config
from components.manager_tool.contract.constants import TARGET
from components.manager_tool.maintenance import metrics
from config_render.executors.docker_autoscaler.user_data import user_data as workers_user_data
from config_render.settings.pool import Pool
from tests.host.managed_host import ManagedHost, managed, output
from tests.unit.test_watch import MEASURED

from .programs import judged, path_of

UNITS = "/etc/systemd/system"
WRITING = """
from manager_tool.gitlab import egress
from manager_tool.maintenance import removal
from manager_tool.programs import watch_units

egress.propose({"url": "https://gitlab.example.com", "proxy": {"url": "http://proxy:3128", "noProxy": []}})
egress.place_proxy()
removal.abort_jobs()
watch_units.put(60)
"""

PYTHON_OF_CLOUD_INIT = "/usr/bin/python3"
MERGING = """
import sys
import tempfile

from cloudinit import handlers, helpers, user_data
from cloudinit.handlers.cloud_config import CloudConfigPartHandler

folder = tempfile.mkdtemp()
paths = helpers.Paths({"cloud_dir": folder, "run_dir": folder})
paths.get_ipath = lambda name: folder + "/" + name
handler = CloudConfigPartHandler(paths)
handler.handle_part(None, handlers.CONTENT_START, None, None, None, None)
for part in user_data.UserDataProcessor(paths).process(sys.stdin.buffer.read()).walk():
    if part.get_content_type() == "text/cloud-config":
        text = part.get_payload(decode=True).decode()
        handler.handle_part(None, "text/cloud-config", part.get_filename(), text, None, part)
handler.handle_part(None, handlers.CONTENT_END, None, None, None, None)
print(open(folder + "/cloud_config").read())
"""
"""Has cloud-init take user data apart and join them as it does on a machine; prints the cloud-config that is left."""


def user_data() -> str:
    key = asyncssh.generate_private_key("ssh-ed25519")
    return cloud_config(key.export_private_key().decode(), key.export_public_key().decode())


def test_cloud_init_accepts_the_managers_user_data(tmp_path: Path) -> None:
    file = tmp_path / "user-data"
    file.write_text(user_data())

    judged("cloud-init", "schema", "--config-file", str(file))


def test_cloud_init_would_refuse_a_wrong_key(tmp_path: Path) -> None:
    file = tmp_path / "user-data"
    file.write_text(user_data().replace("ssh_deletekeys: true", "ssh_deletekeys: [true]"))

    with pytest.raises(AssertionError, match="ssh_deletekeys"):
        judged("cloud-init", "schema", "--config-file", str(file))


@pytest.mark.parametrize("own", ["", "#cloud-config\npackages: [jq]\nruncmd: [[echo, é]]\n", "#!/bin/sh\n"])
def test_cloud_init_accepts_the_workers_user_data(own: str, tmp_path: Path) -> None:
    pool = Pool.model_validate({"name": "ci", "limit": 1, "userData": own or None})
    merged = judged(PYTHON_OF_CLOUD_INIT, "-c", MERGING, stdin=workers_user_data(pool))
    file = tmp_path / "user-data"
    file.write_text(merged)

    judged("cloud-init", "schema", "--config-file", str(file))
    config = yaml.safe_load(merged)
    commands = [command[:2] for command in config["runcmd"]]
    assert commands == [*([["echo", "é"]] if "echo" in own else []), ["python3", config["write_files"][0]["path"]]]
    assert config.get("packages") == (["jq"] if "jq" in own else None)


def test_promtool_accepts_the_metrics() -> None:
    judged("promtool", "check", "metrics", stdin=metrics.prometheus(MEASURED))


def test_promtool_would_refuse_a_counter_of_another_name() -> None:
    text = metrics.prometheus(MEASURED).replace("removed_total", "removed")

    with pytest.raises(AssertionError, match="removed"):
        judged("promtool", "check", "metrics", stdin=text)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManagedHost]:
    """A host on which the tool has written all its units."""
    with managed(tmp_path_factory.mktemp("host")) as made:
        output(made.unpack())
        output(made.install())
        made.configure()
        # The proxy's, the watch's, and the one that lives only while jobs are aborted.
        made.booted.run(f"cd $(dirname $(readlink -f {TARGET})) && python3 -", WRITING.encode()).check_returncode()
        yield made


def verified(host: ManagedHost) -> subprocess.CompletedProcess[bytes]:
    units = host.run(f"ls {UNITS}/*.service {UNITS}/*.timer").split()
    return host.booted.run(f"{path_of('systemd-analyze')} verify --man=no {' '.join(units)}")


def test_systemd_accepts_the_units_as_they_are_on_the_manager(host: ManagedHost) -> None:
    written = {*host.run(f"cd {UNITS} && find . -type f").split()}
    assert {
        "./gitlab-runner.service",
        "./gitlab-runner.service.d/gitlab-runner-aws.conf",
        "./gitlab-runner.service.d/proxy.conf",
        "./gitlab-runner.service.d/stop-at-once.conf",
        "./gitlab-runner-aws-watch.service",
        "./gitlab-runner-aws-watch.timer",
    } <= written

    done = verified(host)

    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [("KillMode=mixed", "KilMode=mixed", b"KilMode"), ("OOMPolicy=continue", "OOMPolicy=go-on", b"go-on")],
)
def test_systemd_would_refuse_what_it_does_not_know(host: ManagedHost, right: str, wrong: str, said: bytes) -> None:
    drop_in = f"{UNITS}/gitlab-runner.service.d/gitlab-runner-aws.conf"
    assert right in host.run(f"cat {drop_in}").splitlines()
    host.run(f"sed -i s/{right}/{wrong}/ {drop_in}")
    try:
        done = verified(host)
    finally:
        host.run(f"sed -i s/{wrong}/{right}/ {drop_in}")

    assert said in done.stderr
