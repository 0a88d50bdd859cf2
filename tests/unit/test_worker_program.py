"""What runs on a new machine of a pool: the exact files and commands, without a machine."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.manager_tool.contract.documents import DockerEngine
from components.manager_tool.programs import docker_engine, openpgp
from config_render.executors.docker_autoscaler import worker_program
from localcloud.docker_packages import FINGERPRINT, KEY

LOGS = {"log-driver": "json-file", "log-opts": {"max-size": "100m"}}
UBUNTU = {"ID": "ubuntu", "VERSION_ID": "24.04", "VERSION_CODENAME": "noble"}
SYSTEMS = [
    UBUNTU,
    {"ID": "debian", "VERSION_ID": "12", "VERSION_CODENAME": "bookworm"},
    {"ID": "rhel", "VERSION_ID": "9.4"},
    {"ID": "rocky", "VERSION_ID": "9.5"},
]
OLD_KEY = """-----BEGIN PGP PUBLIC KEY BLOCK-----
Version: 1

mDMEawWNdxYJKwYBBAHaRw8BAQdAkkGPaO37WI6aIToN9KmXGcX7OBInzUMTsSVa
325pZNk=
-----END PGP PUBLIC KEY BLOCK-----
"""


class Machine:
    """Takes down the commands instead of running them."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.programs, self.commands = folder, {"gpg"}, list[tuple[str, ...]]()
        self.stdin: list[bytes] = []
        self.daemon_json = folder / "etc/docker/daemon.json"
        monkeypatch.setattr(worker_program, "DAEMON_JSON", self.daemon_json)
        monkeypatch.setattr(worker_program, "run", self._run)
        monkeypatch.setattr(worker_program, "Path", lambda path: folder / path.lstrip("/"))
        monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}" if name in self.programs else None)
        monkeypatch.setattr("time.sleep", lambda seconds: None)
        monkeypatch.setattr("platform.machine", lambda: "x86_64")
        self.put("etc/os-release", "".join(f'{key}="{value}"\n' for key, value in UBUNTU.items()))

    def put(self, path: str, text: str) -> None:
        worker_program.write(self.folder / path, text)

    def _run(self, *command: str, input: bytes = b"", **more: Any) -> None:  # noqa: A002 - subprocess's own name
        self.commands.append(command)
        self.stdin.append(input)

    def boots(self, **wanted: Any) -> None:
        engine = {"version": "28.2.2", "url": "https://download.docker.com", "key": None}
        defaults: dict[str, Any] = {"user": "ubuntu", "logs": LOGS, "registries": {}, "script": None, "engine": engine}
        worker_program.main({**defaults, **wanted})

    @property
    def last(self) -> list[tuple[str, ...]]:
        return self.commands[-3:]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


@pytest.fixture
def site() -> Iterator[tuple[str, dict[str, bytes]]]:
    """A web server, by its address, with the files that are put into the table."""
    served: dict[str, bytes] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = served.get(self.path)
            self.send_response(404 if found is None else 200)
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, *arguments: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", served
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system["ID"])
@pytest.mark.parametrize("key", [None, FINGERPRINT])
def test_machines_get_the_packages_that_the_manager_gets(system: dict[str, str], key: str | None) -> None:
    spec: DockerEngine = {"version": "28.2.2", "url": "https://mirror.example.com", "key_fingerprint": key}
    theirs = docker_engine.plan(spec, system, "aarch64")
    engine: Any = {"version": "28.2.2", "url": "https://mirror.example.com", "key": key}
    ours = worker_program.packages(engine, system, "aarch64")
    for part in ("key_url", "key_path", "source_path"):
        assert ours[part] == getattr(theirs, part)
    assert ours["key"] == theirs.fingerprint
    wanted = [argument for argument in theirs.commands[-1] if "docker" in argument or "containerd" in argument]
    assert ours["commands"][-1][-3:] == wanted
    where = "baseurl=" if "VERSION_CODENAME" not in system else "deb ["
    assert [line for line in ours["source"].splitlines() if line.startswith((where, "gpg"))] == [
        line for line in theirs.source.splitlines() if line.startswith((where, "gpg"))
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (KEY, [FINGERPRINT]),
        (f"a comment\n{KEY}{KEY}", [FINGERPRINT] * 2),
        ("no key", []),
        (OLD_KEY, [FINGERPRINT]),
        (KEY.replace("\n", "\r\n"), [FINGERPRINT]),
        ("\n".join([*KEY.splitlines()[:2], "mA", KEY.splitlines()[-1]]), []),
        (f"{KEY}\u00fc\x00", [FINGERPRINT]),
    ],
)
def test_machines_and_the_manager_find_the_fingerprints_of_all_primary_keys(text: str, found: list[str]) -> None:
    assert worker_program.fingerprints(text) == openpgp.fingerprints(text) == found


def test_docker_comes_from_packages_once_the_key_is_the_right_one(
    machine: Machine, site: tuple[str, dict[str, bytes]]
) -> None:
    address, served = site
    served["/linux/ubuntu/gpg"] = KEY.encode()
    machine.boots(engine={"version": "28.2.2", "url": address, "key": FINGERPRINT})

    assert (machine.folder / "etc/apt/keyrings/docker.asc").read_text() == KEY
    source = (machine.folder / "etc/apt/sources.list.d/docker.list").read_text()
    assert source == f"deb [arch=amd64 signed-by=/etc/apt/keyrings/docker.asc] {address}/linux/ubuntu noble stable\n"
    assert [(command[0], command[-1]) for command in machine.commands[:2]] == [
        ("apt-get", "update"),
        ("apt-get", "containerd.io"),
    ]
    assert machine.last == [
        ("usermod", "--append", "--groups", "docker", "ubuntu"),
        ("systemctl", "enable", "docker"),
        ("systemctl", "restart", "docker"),
    ]


@pytest.mark.parametrize(("system", "package"), [("ubuntu", "gnupg"), ("rhel", "gnupg2")])
def test_an_image_without_gpg_gets_it_before_the_key_is_looked_at(
    machine: Machine, site: tuple[str, dict[str, bytes]], system: str, package: str
) -> None:
    address, served = site
    machine.programs.clear()
    machine.put("etc/os-release", f"ID={system}\nVERSION_ID=9\nVERSION_CODENAME=noble\n")
    served[f"/linux/{system}/gpg"] = b"no key"
    with pytest.raises(SystemExit, match="holds the key"):
        machine.boots(engine={"version": "28.2.2", "url": address, "key": FINGERPRINT})
    assert machine.commands[-1][-1] == package


@pytest.mark.parametrize("served_key", [KEY + KEY, "<html>"])
def test_another_key_or_a_second_one_stops_it(
    machine: Machine, site: tuple[str, dict[str, bytes]], served_key: str
) -> None:
    address, served = site
    served["/linux/ubuntu/gpg"] = served_key.encode()
    with pytest.raises(SystemExit, match=rf"/linux/ubuntu/gpg holds the key .*, wanted was {FINGERPRINT} alone"):
        machine.boots(engine={"version": "28.2.2", "url": address, "key": FINGERPRINT})
    assert machine.commands == []
    assert not (machine.folder / "etc/apt").exists()


def test_a_script_is_run_as_docker_machine_ran_it(machine: Machine, site: tuple[str, dict[str, bytes]]) -> None:
    address, served = site
    served["/28.sh"] = b"echo hello\n"
    machine.boots(script=f"{address}/28.sh")
    assert (machine.commands[0], machine.stdin[0]) == (("sh",), b"echo hello\n")


def test_an_address_without_a_file_is_told(machine: Machine, site: tuple[str, dict[str, bytes]]) -> None:
    with pytest.raises(SystemExit, match=r"/28\.sh: HTTP Error 404"):
        machine.boots(script=f"{site[0]}/28.sh")


def test_amazon_linux_has_docker_of_its_own(machine: Machine) -> None:
    machine.put("etc/os-release", "ID=amzn\nVERSION_ID=2023\n")
    machine.boots()
    assert machine.commands[0] == ("dnf", "install", "--assumeyes", "docker")


def test_a_system_without_packages_is_told(machine: Machine) -> None:
    machine.put("etc/os-release", "ID=arch\nVERSION_ID=1\n")
    with pytest.raises(SystemExit, match="Docker has no packages for arch; set an image that holds Docker"):
        machine.boots()


def test_docker_of_the_image_is_left_alone(machine: Machine) -> None:
    machine.programs.add("docker")
    machine.boots(user="ec2-user")
    assert machine.commands == [
        ("usermod", "--append", "--groups", "docker", "ec2-user"),
        ("systemctl", "enable", "docker"),
        ("systemctl", "restart", "docker"),
    ]


def test_docker_is_not_restarted_for_nothing(machine: Machine) -> None:
    machine.programs.add("docker")
    machine.boots()
    machine.boots()
    assert machine.last[-1] == ("systemctl", "start", "docker")


GPU = {"default-runtime": "nvidia", "runtimes": {"nvidia": {"path": "nvidia-container-runtime"}}}
MIRROR = {"registry-mirrors": ["http://mirror:5000"]}


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        ({}, {**LOGS, **MIRROR}),
        (GPU, {**GPU, **LOGS, **MIRROR}),
        ({"log-driver": "journald"}, {"log-driver": "journald", **MIRROR}),
        ({"log-opts": {"max-size": "1g"}}, {"log-opts": {"max-size": "1g"}, **MIRROR}),
        ({"registry-mirrors": ["http://other"]}, {**LOGS, **MIRROR}),
    ],
)
def test_what_an_image_says_of_docker_stays(machine: Machine, old: dict[str, Any], expected: dict[str, Any]) -> None:
    machine.programs.add("docker")
    if old:
        machine.put("etc/docker/daemon.json", json.dumps(old))
    machine.boots(registries=MIRROR)
    assert json.loads(machine.daemon_json.read_text()) == expected
