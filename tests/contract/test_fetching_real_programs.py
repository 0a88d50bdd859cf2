"""Fetching real programs from their vendors' sites, here from a mirror: what arrives, and what is said otherwise."""

import hashlib
import io
import platform
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from config_render import ManagerSettings
from localcloud import real_programs
from localcloud.download_mirror import DownloadMirror
from localcloud.real_programs import PLUGINS
from tests.real.fetch import fetch_all

from .booted_host import PROGRAMS, free_port

MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
RUNNER = f"/gitlab-runner/v19.3.0/binaries/gitlab-runner-linux-{MACHINE}"


def archive(name: str) -> bytes:
    """A plugin as it is published: an archive with the program in it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as made:
        content = b"\x7fELF, or so it says"
        entry = tarfile.TarInfo(f"pulumi-resource-{name}")
        entry.size, entry.mode = len(content), 0o755
        made.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def published() -> dict[str, bytes]:
    files = {}
    for name in PLUGINS:
        number = version(f"pulumi-{name}")
        file_name, content = f"pulumi-resource-{name}-v{number}-linux-{MACHINE}.tar.gz", archive(name)
        files[f"/{file_name}"] = content
        checksum = f"{hashlib.sha256(content).hexdigest()}  {file_name}\n"
        files[f"/pulumi-{name}_{number}_checksums.txt"] = checksum.encode()
    return files


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            pass

        def do_GET(self) -> None:
            content = files.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def mirror() -> Iterator[DownloadMirror]:
    made = DownloadMirror(PROGRAMS)
    made.start()
    yield made
    made.close()


def settings(url: str) -> ManagerSettings:
    programs = {"gitlabRunner": {"url": f"{url}/gitlab-runner"}, "dockerMachine": {"url": f"{url}/docker-machine"}}
    return ManagerSettings.model_validate({"insecureDownloads": True, **programs})


def test_all_programs_arrive_where_the_local_cloud_finds_them(mirror: DownloadMirror, tmp_path: Path) -> None:
    said: list[str] = []
    with serving(published()) as plugins:
        assert fetch_all(tmp_path, said.append, settings(mirror.url), plugins) == []
    assert len(said) == 5

    found = real_programs.find({real_programs.VARIABLE: str(tmp_path)})

    assert {name: program.version for name, program in found.items()} == {
        "gitlab-runner": "19.3.0",
        "docker-machine": "0.16.2-gitlab.48",
        **{name: version(f"pulumi-{name}") for name in PLUGINS},
    }
    # Nobody needs to be there any more, nor for what somebody has put there.
    installed = real_programs.find({real_programs.VARIABLE: str(tmp_path)})["tls"].path
    installed.rename(tmp_path / installed.name)
    assert fetch_all(tmp_path, said.append, settings("http://127.0.0.1:9"), "http://127.0.0.1:9") == []


def test_what_was_altered_is_not_taken(mirror: DownloadMirror, tmp_path: Path) -> None:
    mirror.corrupt(RUNNER)
    files = published()
    archive_name = next(name for name in files if name.startswith("/pulumi-resource-tls"))
    files[archive_name] += b"#"
    with serving(files) as plugins:
        failures = fetch_all(tmp_path, lambda _: None, settings(mirror.url), plugins)

    assert [text.partition(":")[0] for text in failures] == ["gitlab-runner", "tls"]
    assert f"{RUNNER} has SHA-256 " in failures[0]
    assert f"{archive_name} has SHA-256 " in failures[1]
    found = real_programs.find({real_programs.VARIABLE: str(tmp_path)})
    assert found.keys() == {"docker-machine", "aws", "command"}
    assert not [*tmp_path.glob(".*")]


def test_each_program_that_can_not_be_had_is_told_in_a_line(mirror: DownloadMirror, tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    files = published()
    del files[f"/pulumi-aws_{version('pulumi-aws')}_checksums.txt"]
    with serving(files) as plugins:
        failures = fetch_all(tmp_path, lambda _: None, settings(nobody), plugins)

    assert [text.partition(":")[0] for text in failures] == ["gitlab-runner", "docker-machine", "aws"]
    assert all("\n" not in text for text in failures)
    assert failures[0].endswith("/gitlab-runner/v19.3.0/release.sha256: [Errno 111] Connection refused")
    assert failures[2].endswith("_checksums.txt: HTTP 404")
