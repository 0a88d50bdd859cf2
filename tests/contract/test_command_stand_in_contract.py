"""The stand-in for pulumi-command answers as the real provider did when it was recorded."""

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import grpc
import pytest
from google.protobuf import json_format
from pulumi.runtime.proto import provider_pb2

from .booted_host import BootedHost, booted, free_port
from .command_provider import Provider, served

RECORDING = Path(__file__).parents[2] / "localcloud" / "recordings" / "command_provider_rpc.json"
CALLS: list[dict[str, Any]] = json.loads(RECORDING.read_text())["calls"]
RECORDED_PORT, RECORDED_DEAD_PORT = 2222, 2299
COPY = "command:remote:CopyToRemote"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootedHost]:
    with booted(tmp_path_factory.mktemp("hosts")) as host:
        yield host


@pytest.fixture
def provider(host: BootedHost) -> Iterator[Provider]:
    with served(host) as provider:
        yield provider


@pytest.fixture(scope="module")
def sftp_port(tmp_path_factory: pytest.TempPathFactory, host: BootedHost) -> Iterator[int]:
    """The manager host has no SFTP, so copies go to a server that can write into one folder."""
    root = tmp_path_factory.mktemp("sftp")
    (root / "srv").mkdir()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> asyncssh.SSHAcceptor:
        allowed = asyncssh.import_authorized_keys(host.key.export_public_key().decode())
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[host.host_key],
            authorized_client_keys=allowed,
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(root).encode()),
        )

    async def stop() -> None:
        listener.close()
        await listener.wait_closed()

    listener = asyncio.run_coroutine_threadsafe(start(), loop).result()
    yield listener.get_port()
    asyncio.run_coroutine_threadsafe(stop(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
    assert (root / "srv" / "copied").read_text() == "hello"


@pytest.mark.parametrize("number", range(len(CALLS)), ids=[f"{c['case']}-{c['method']}" for c in CALLS])
def test_it_answers_as_the_real_provider_did(
    number: int, provider: Provider, host: BootedHost, request: pytest.FixtureRequest
) -> None:
    recorded = CALLS[number]
    method = recorded["method"]
    is_copy = recorded["request"]["type"] == COPY
    port = request.getfixturevalue("sftp_port") if is_copy and method == "Create" else host.port
    dead_port = free_port()

    def here(value: Any) -> Any:
        text = json.dumps(value).replace(json.dumps("<PRIVATE KEY>"), json.dumps(host.private_key))
        for old, new in ((RECORDED_PORT, port), (RECORDED_DEAD_PORT, dead_port)):
            text = re.sub(rf"\b{old}\b", str(new), text)
        return json.loads(text)

    message = getattr(provider_pb2, f"{method}Request")()
    call = getattr(provider.stub, method)
    try:
        answer = json_format.MessageToDict(call(json_format.ParseDict(here(recorded["request"]), message)))
    except grpc.RpcError as error:
        text = f"rpc error: code = {error.code().name.title()} desc = {error.details()}"
        assert [text] == here(recorded.get("errors"))
        return
    assert _comparable(answer) == _comparable(here(recorded["response"]))


def _comparable(answer: dict[str, Any]) -> dict[str, Any]:
    """The order of differences has no meaning, and eight random digits end an id."""
    answer = dict(answer)
    if "diffs" in answer:
        answer["diffs"] = sorted(answer["diffs"])
    if "id" in answer:
        answer["id"] = re.sub(r"[0-9a-f]{8}$", "<random>", answer["id"])
    return answer
