"""A stand-in for Pulumi's Node.js language host, for engines that were built from source and so have none.

It runs a program with the SDK's own `@pulumi/pulumi/cmd/run`, as the real one does.
Source: sdk/nodejs/cmd/pulumi-language-nodejs/main.go, Run

Usage: python -m tests.plugin.node_host_stand_in NODE [options] ENGINE
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import language_pb2, plugin_pb2
from pulumi.runtime.proto.language_pb2_grpc import LanguageRuntimeServicer, add_LanguageRuntimeServicer_to_server

_ALREADY_REPORTED = 32


class NodeHostStandIn(LanguageRuntimeServicer):
    """Runs programs of JavaScript for one engine."""

    def __init__(self, node: str, engine: str) -> None:
        self._node, self._engine = node, engine

    def Handshake(  # noqa: N802
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        self._engine = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802
        return plugin_pb2.PluginInfo(version="0.0.0-stand-in")

    def GetRequiredPackages(  # noqa: N802
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        return language_pb2.GetRequiredPackagesResponse()

    def InstallDependencies(  # noqa: N802
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        yield from ()

    def Run(self, request: language_pb2.RunRequest, context: grpc.ServicerContext) -> language_pb2.RunResponse:  # noqa: N802
        folder = Path(request.info.root_directory)
        options = {
            "--monitor": request.monitor_address,
            "--engine": self._engine,
            "--organization": request.organization,
            "--project": request.project,
            "--stack": request.stack,
            "--pwd": request.pwd,
            "--root-directory": request.info.root_directory,
            "--parallel": str(request.parallel),
        }
        command = [self._node, str(folder / "node_modules" / "@pulumi" / "pulumi" / "cmd" / "run")]
        command += [text for pair in options.items() for text in pair]
        command += ["--dry-run"] * request.dryRun + [request.info.entry_point or "."]
        environment = {
            **os.environ,
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        # The program writes to this process's own output, where the engine reads it.
        done = subprocess.run(command, cwd=folder, env=environment, check=False)
        if done.returncode == 0:
            return language_pb2.RunResponse()
        if done.returncode == _ALREADY_REPORTED:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"Program exited with non-zero exit code: {done.returncode}")


def main() -> None:
    """Serve the engine until it ends this process."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # how the engine ends a plugin: no news worth a traceback
    node, *arguments = sys.argv[1:]
    engine = next((each for each in arguments if not each.startswith("-")), "")
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    add_LanguageRuntimeServicer_to_server(NodeHostStandIn(node, engine), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
