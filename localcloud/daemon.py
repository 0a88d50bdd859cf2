"""The one process behind a local cloud: emulated AWS, GitLab stand-in, download mirror, manager hosts, plugin servers.

Started by `localcloud.cloud`; everything listens on loopback only, on ports that were free.
"""

import json
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
from pulumi.runtime.proto.language_pb2_grpc import add_LanguageRuntimeServicer_to_server
from pulumi.runtime.proto.provider_pb2_grpc import (
    ResourceProviderServicer,
    add_ResourceProviderServicer_to_server,
)

from . import engine, plugins
from .addresses import KEY, Addresses, aws_client
from .aws_server import AwsServer
from .aws_stand_in import AwsProviderStandIn
from .command_stand_in import CommandProviderStandIn
from .download_mirror import DownloadMirror
from .gitlab_provider_stand_in import GitLabProviderStandIn
from .gitlab_stand_in import GitLabStandIn
from .language_host_stand_in import LanguageHostStandIn
from .manager_host import Hypervisor, ManagerHost
from .plugins import Launch, PluginServers
from .program_starter import ProgramStarter
from .real_programs import RealProgram
from .tls_stand_in import TlsProviderStandIn

_IMAGES = Path(__file__).with_name("images.json")
_PROGRAMS = Path(__file__).with_name("host_programs")
_CREDENTIALS = "[default]\naws_access_key_id = local\naws_secret_access_key = local\n"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start_aws(hypervisor: Hypervisor) -> str:
    # Set before moto is imported, which reads them once: the images that the program looks up.
    os.environ["MOTO_AMIS_PATH"] = str(_IMAGES)
    # AWS's own policies, such as the one for Systems Manager.
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    server = AwsServer(hosts=hypervisor)
    server.start()
    return server.url


def _provider(servicer: ResourceProviderServicer, server: grpc.Server) -> None:
    add_ResourceProviderServicer_to_server(servicer, server)


def _language(starter: ProgramStarter | None, launch: Launch, server: grpc.Server) -> None:
    script = engine.language_host_script()
    if script is None:
        raise FileNotFoundError("this engine has no program runner for Python; delete it and run `make up` again")
    output = launch.stdout, launch.stderr
    host = LanguageHostStandIn(launch.engine_address, launch.environment, script, *output, starter)
    add_LanguageRuntimeServicer_to_server(host, server)


def _described(host: ManagerHost) -> dict[str, Any]:
    return {"enter": host.enter, "exec_log": str(host.exec_log)}


def _make_key(aws: str) -> None:
    kms = aws_client(aws, "kms")
    kms.create_alias(AliasName=KEY, TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])


def _warm_up(aws: str) -> None:
    """Have ready now what the first deployment would otherwise wait for."""
    __import__("asyncssh")
    # moto reads all types at the first question, longer than a preview waits.
    aws_client(aws, "ec2").describe_instance_types(InstanceTypes=["t3.small"])


def _install_plugins(folder: Path, control: Path, real: Mapping[str, RealProgram]) -> None:
    home, providers = folder / "pulumi-home", ("aws", "command", "gitlab", "tls")
    plugins.install(home, control, {name: version(f"pulumi-{name}") for name in providers if name not in real})
    for name in real.keys() & {*providers}:
        plugins.link(home, name, real[name].version, real[name].path)
    plugins.install_language_host(folder / "bin", control)


def main(folder: Path, real: Mapping[str, RealProgram], *, hurried: bool) -> None:
    """Run until SIGTERM; `folder` is where this local cloud keeps its state, `real` what has no stand-in in it."""
    starter = ProgramStarter() if hurried else None
    gitlab, mirror = GitLabStandIn(), DownloadMirror(_PROGRAMS, real=real)
    gitlab.start()
    mirror.start()
    hypervisor = Hypervisor(folder / "hosts", ssh_port=_free_port(), programs=_PROGRAMS)
    aws = _start_aws(hypervisor)
    hypervisor.files.update(_files(aws, mirror.url, real))
    # A Unix socket's path may have 107 characters at most, which a test's own folder easily exceeds.
    with tempfile.TemporaryDirectory(prefix="local-cloud-") as sockets:
        control = Path(sockets) / "plugins"
        servers = PluginServers(
            control,
            {
                "aws": lambda launch, server: _provider(AwsProviderStandIn(), server),
                "command": lambda launch, server: _provider(CommandProviderStandIn(launch.engine_address), server),
                "gitlab": lambda launch, server: _provider(GitLabProviderStandIn(), server),
                "tls": lambda launch, server: _provider(TlsProviderStandIn(), server),
                "language-python": partial(_language, starter),
            },
            {
                "hosts": lambda: {i: _described(host) for i, host in hypervisor.hosts().items()},
                "power_off": hypervisor.power_off,
                "trace": hypervisor.trace,
            },
        )
        _install_plugins(folder, control, real)
        if hurried:
            # Where the engine would make its folder of logs; without one it continues.
            (folder / "pulumi-home" / "logs").touch()
            _make_key(aws)
        addresses = Addresses(
            pid=os.getpid(),
            aws=aws,
            gitlab=gitlab.url,
            gitlab_https=gitlab.https_url,
            gitlab_authority=gitlab.authority,
            mirror=mirror.url,
            ssh_port=hypervisor.ssh_port,
            control=str(control),
            real={name: program.version for name, program in real.items()},
        )
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        _warm_up(addresses.aws)
        addresses.save(folder)
        stopped.wait()
        servers.close()
        hypervisor.close()
        addresses.remove(folder)
    # Threads of the emulated AWS are not worth waiting for.
    os._exit(0)


def _files(aws: str, registry: str, real: Mapping[str, RealProgram]) -> dict[str, str]:
    """What an administrator would have put on each host, so that its programs find the stand-ins of AWS and GitLab."""
    variables = {"AWS_ENDPOINT_URL": aws, "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"{aws}/imds/{{instance}}"}
    text = "".join(f"{key}={value}\n" for key, value in variables.items())
    # The second is for the service itself, which asks AWS through the plugin of docker-autoscaler.
    files = {"/etc/default/gitlab-runner-aws": text, "/etc/sysconfig/gitlab-runner": text}
    files["/run/gitlab-runner-stand-in-registry"] = registry
    if "docker-machine" in real:
        # The real one looks here before it asks for the instance's profile, at an address that can't be had here.
        files["/root/.aws/credentials"] = _CREDENTIALS
    return files


if __name__ == "__main__":
    given = {name: RealProgram(Path(path), number) for name, (path, number) in json.loads(sys.argv[2]).items()}
    main(Path(sys.argv[1]), given, hurried="--hurried" in sys.argv[3:])
