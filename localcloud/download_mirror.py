"""A stand-in for the download sites of gitlab-runner, docker-machine, fleeting-plugin-aws and Docker.

Paths and checksums are like theirs; the plugin is there as a file and as in GitLab's container registry.

The programs it serves are stand-ins as well, but for the real ones that it is given. Where GitLab publishes
`release.sha256` for gitlab-runner is known; that the other site has one beside each version of docker-machine is this
project's assumption.
"""

import hashlib
import platform
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from . import docker_packages, oci_registry_stand_in
from . import host_program_archives as archives
from .real_programs import RealProgram

_GITLAB_RUNNER_ARCHITECTURES = ("amd64", "arm64")
_DOCKER_MACHINE_ARCHITECTURES = ("x86_64", "aarch64")
_GO_MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "")
_FAULTS = {"99.0.0-no-start": "no start", "99.0.0-early-end": "early end"}
"""Versions of gitlab-runner that an upgrade has to come back from."""


class DownloadMirror:
    """The server, in a thread of its own.

    `programs` is the folder `host_programs`; a version that is not among those given is answered with 404.
    """

    def __init__(
        self,
        programs: Path,
        *,
        gitlab_runner_versions: Sequence[str] = ("19.3.0", "19.2.0"),
        docker_machine_versions: Sequence[str] = ("0.16.2-gitlab.48", "0.16.2-gitlab.47"),
        plugin_versions: Sequence[str] = ("1.1.0", "1.0.1"),
        docker_versions: Sequence[str] = ("28.2.2", "28.1.1"),
        real: Mapping[str, RealProgram] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """With `real`, of those programs there is that version alone, for this machine alone."""
        self._files: dict[str, bytes] = {}
        real = real or {}
        if "gitlab-runner" in real:
            self._add_real(real["gitlab-runner"], "gitlab-runner", f"binaries/gitlab-runner-linux-{_GO_MACHINE}")
        else:
            for version in (*gitlab_runner_versions, *_FAULTS):
                folder = f"/gitlab-runner/v{version}"
                for kind in _GITLAB_RUNNER_ARCHITECTURES:
                    path = f"{folder}/binaries/gitlab-runner-linux-{kind}"
                    self._files[path] = archives.gitlab_runner(programs, version, kind, _FAULTS.get(version, ""))
                self._add_checksums(folder)
        if "docker-machine" in real:
            self._add_real(real["docker-machine"], "docker-machine", f"docker-machine-Linux-{platform.machine()}")
        else:
            for version in docker_machine_versions:
                folder = f"/docker-machine/v{version}"
                for kind in _DOCKER_MACHINE_ARCHITECTURES:
                    path = f"{folder}/docker-machine-Linux-{kind}"
                    self._files[path] = archives.docker_machine(programs, version, kind)
                self._add_checksums(folder)
        self._add_plugins(programs, plugin_versions)
        self._files |= {f"/docker{path}": content for path, content in docker_packages.files(docker_versions)}
        handler = type("Handler", (_Handler,), {"files": self._files})
        self._server = ThreadingHTTPServer((host, port), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering and give the port back."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def checksums(self) -> dict[str, str]:
        """The SHA-256 of each program as it is published, by path."""
        published = {}
        for path, content in self._files.items():
            if path.endswith("/release.sha256"):
                for line in content.decode().splitlines():
                    digest, name = line.split("  ")
                    published[f"{path.removesuffix('release.sha256')}{name}"] = digest
        return published

    def corrupt(self, path: str) -> None:
        """Serve other bytes at `path` from now on; the published checksum stays."""
        self._files[path] += b"#"

    def _add_real(self, program: RealProgram, site: str, name: str) -> None:
        folder = f"/{site}/v{program.version}"
        self._files[f"{folder}/{name}"] = program.path.read_bytes()
        self._add_checksums(folder)

    def _add_plugins(self, programs: Path, versions: Sequence[str]) -> None:
        built = {
            version: {
                kind: archives.fleeting_plugin_aws(programs, version, kind) for kind in _GITLAB_RUNNER_ARCHITECTURES
            }
            for version in versions
        }
        for version, of_kind in built.items():
            folder = f"/fleeting-plugin-aws/v{version}"
            for kind, content in of_kind.items():
                self._files[f"{folder}/fleeting-plugin-aws-linux-{kind}"] = content
            self._add_checksums(folder)
        self._files |= oci_registry_stand_in.files(built)

    def _add_checksums(self, folder: str) -> None:
        lines = [
            f"{hashlib.sha256(content).hexdigest()}  {path.removeprefix(folder + '/')}\n"
            for path, content in self._files.items()
            if path.startswith(f"{folder}/")
        ]
        self._files[f"{folder}/release.sha256"] = "".join(lines).encode()


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    files: dict[str, bytes]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""

    def do_GET(self) -> None:
        """Send the file of this path."""
        content = self.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
