"""A stand-in for Pulumi's Python language host, for engines that were built from source and so have none.

It answers what the engine asks in order to run one program, and runs it with the engine's own
`pulumi-language-python-exec`. Checked by running whole deployments through the real engine.
"""

import json
import os
import subprocess
import sys
import threading
import venv
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import IO

import grpc
from google.protobuf import json_format
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import language_pb2, plugin_pb2
from pulumi.runtime.proto.language_pb2_grpc import LanguageRuntimeServicer

from .program_starter import ForkedProgram, ProgramStarter

_ALREADY_REPORTED = 32
"""Exit code with which the program runner says that the person has already been told what went wrong."""


class LanguageHostStandIn(LanguageRuntimeServicer):
    """Runs Python programs for one engine."""

    def __init__(
        self,
        engine_address: str | None,
        environment: Mapping[str, str],
        script: Path,
        stdout: int,
        stderr: int,
        starter: ProgramStarter | None = None,
    ) -> None:
        self._engine_address = engine_address
        self._environment = environment
        self._script = script
        self._output = (stdout, stderr)
        self._starter = starter
        self._process: subprocess.Popen[bytes] | ForkedProgram | None = None
        self._lock = threading.Lock()

    def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        self._engine_address = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version="0.0.0-stand-in")

    def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        return language_pb2.GetRequiredPackagesResponse()

    def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        """What `pulumi install` does with the toolchain pip: the virtual environment, and requirements.txt into it."""
        python = Path(_python(request))
        if not python.exists():
            venv.create(python.parents[1], symlinks=True, with_pip=False)
        requirements = Path(request.info.program_directory) / "requirements.txt"
        if not requirements.exists():
            return
        command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--requirement", str(requirements)]
        done = subprocess.run(
            [*command, "--disable-pip-version-check"],
            env=self._environment,
            cwd=request.info.program_directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        yield language_pb2.InstallDependenciesResponse(stdout=done.stdout)
        if done.returncode != 0:
            context.abort(grpc.StatusCode.UNKNOWN, f"pip install ended with {done.returncode}")

    def Run(self, request: language_pb2.RunRequest, context: grpc.ServicerContext) -> language_pb2.RunResponse:
        arguments = {
            "--monitor": request.monitor_address,
            "--engine": self._engine_address or "",
            "--project": request.project,
            "--stack": request.stack,
            "--pwd": request.pwd,
            "--root_directory": request.info.root_directory,
            "--dry_run": "true" if request.dryRun else "false",
            "--parallel": str(request.parallel),
            "--organization": request.organization,
        }
        command = [str(self._script), *(text for pair in arguments.items() for text in pair)]
        command += [request.info.entry_point or ".", *request.args]
        environment = {
            **self._environment,
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        with self._lock:
            self._process = self._start(_python(request), command, environment, request.info.program_directory)
        code = self._process.wait()
        if code == 0:
            return language_pb2.RunResponse()
        if code == _ALREADY_REPORTED:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"Program exited with non-zero exit code: {code}")

    def _start(
        self, python: str, command: list[str], environment: dict[str, str], folder: str
    ) -> "subprocess.Popen[bytes] | ForkedProgram":
        stdout, stderr = self._output
        if self._starter is not None and self._starter.fits(python, environment):
            return self._starter.start(command, environment, folder, stdout, stderr)
        return subprocess.Popen([python, "-u", *command], env=environment, cwd=folder, stdout=stdout, stderr=stderr)

    def RunPlugin(
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        """Run `python FOLDER ARGUMENTS` for a plugin that is a folder with `__main__.py`, until the call ends.

        Source: sdk/python/cmd/pulumi-language-python/main.go, RunPlugin
        """
        process = subprocess.Popen(
            [_python(request), request.info.program_directory, *request.args],
            env={**self._environment, **dict(each.split("=", 1) for each in request.env)},
            cwd=request.pwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        context.add_callback(process.kill)
        told: SimpleQueue[language_pb2.RunPluginResponse | None] = SimpleQueue()

        def forward(stream: IO[bytes], response: Callable[[bytes], language_pb2.RunPluginResponse]) -> None:
            while data := os.read(stream.fileno(), 65536):
                told.put(response(data))
            told.put(None)

        streams = {
            process.stdout: lambda data: language_pb2.RunPluginResponse(stdout=data),
            process.stderr: lambda data: language_pb2.RunPluginResponse(stderr=data),
        }
        for each in streams.items():
            threading.Thread(target=forward, args=each, daemon=True).start()
        for _ in streams:
            while (response := told.get()) is not None:
                yield response
        yield language_pb2.RunPluginResponse(exitcode=process.wait())

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        with self._lock:
            if self._process is not None:
                self._process.terminate()
        return Empty()


def _python(
    request: language_pb2.RunRequest | language_pb2.RunPluginRequest | language_pb2.InstallDependenciesRequest,
) -> str:
    """The Python of the virtual environment that Pulumi.yaml or PulumiPlugin.yaml names, relative to that file."""
    folder = json_format.MessageToDict(request.info.options).get("virtualenv")
    if folder is None:
        return sys.executable
    return str(Path(request.info.root_directory) / folder / "bin" / "python")
