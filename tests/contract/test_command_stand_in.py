"""The stand-in for pulumi-command behaves as the provider's source says where the recording is silent."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import asyncssh
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import engine_pb2, provider_pb2

from .booted_host import BootedHost, booted, cloud_config, free_port
from .command_provider import URN, Provider, served


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootedHost]:
    with booted(tmp_path_factory.mktemp("hosts")) as host:
        yield host


@pytest.fixture
def provider(host: BootedHost) -> Iterator[Provider]:
    with served(host) as provider:
        yield provider


def test_a_connection_given_in_the_clear_becomes_secret_and_gets_the_defaults(provider: Provider) -> None:
    checked = provider.check(connection={"host": "h", "password": "pw"})["inputs"]

    connection = rpc.unwrap_rpc_secret(checked["connection"])
    assert rpc.unwrap_rpc_secret(connection["password"]) == "pw"
    del connection["password"]
    assert connection == {"host": "h", "port": 22, "user": "root", "dialErrorLimit": 10, "perDialTimeout": 15}


def test_inputs_that_the_provider_does_not_have_are_refused(provider: Provider) -> None:
    connection = {"host": "h", "host_key": "k", "proxy": {"prot": 1}}

    failures = provider.check(connection=connection, crate="x", logging="some", stdin=5)["failures"]

    assert {failure["property"] for failure in failures} == {
        *("crate", "logging", "stdin", "connection.host_key", "connection.proxy.prot", "connection.proxy.host"),
    }


def test_other_resource_types_are_refused(provider: Provider) -> None:
    request = provider_pb2.CheckRequest(urn="urn:pulumi:dev::p::command:local:Command::it")

    assert "command:local:Command" in provider.failure(lambda: provider.stub.Check(request))


def test_previews_run_nothing_and_know_no_output(provider: Provider) -> None:
    unknown_connection = provider.connection(host=rpc.UNKNOWN)

    created = provider.create(unknown_connection, preview=True, create="touch /srv/previewed")
    updated = provider.update(created, preview=True, create="touch /srv/previewed")

    assert [created["stdout"], created["stderr"]] == [rpc.UNKNOWN] * 2
    assert [updated["stdout"], updated["stderr"]] == [rpc.UNKNOWN] * 2
    assert provider.host.run("test -e /srv/previewed").returncode == 1


def test_an_update_without_an_update_command_runs_create_again(provider: Provider) -> None:
    old = provider.create(create="echo 1")

    assert provider.update(old, create="echo 2")["stdout"] == "2"
    assert provider.update(old, delete="true")["stdout"] == "1", "without any command the old output stays"


def test_two_megabytes_of_stdin_arrive(provider: Provider) -> None:
    assert provider.create(create="wc -c", stdin="x" * 2_000_000)["stdout"] == "2000000"


def test_a_command_that_does_not_read_its_stdin_succeeds(provider: Provider) -> None:
    assert provider.create(create="echo done", stdin="x" * 2_000_000)["stdout"] == "done"


def test_a_command_longer_than_one_argument_may_be_fails(provider: Provider) -> None:
    text = provider.failure(lambda: provider.create(create="true " + "x" * 131_072))

    assert text.startswith("Process exited with status 1: running ")
    assert text.endswith("Argument list too long\n")


def test_a_command_killed_by_a_signal_fails_with_its_name(provider: Provider) -> None:
    text = provider.failure(lambda: provider.create(create="kill -TERM $$"))

    assert text == 'Process exited with status 143 from signal TERM: running "kill -TERM $$":\n'


def test_a_failing_command_is_quoted_as_go_quotes(provider: Provider) -> None:
    text = provider.failure(lambda: provider.create(create='printf "ä\\t"\n\texit 4'))

    assert text == 'Process exited with status 4: running "printf \\"ä\\\\t\\"\\n\\texit 4":\nä\t'


def test_a_different_host_key_is_refused(provider: Provider) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    of_another_type = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode()

    for key in (other, of_another_type):
        text = provider.failure(partial(provider.create, provider.connection(hostKey=key), create="true"))
        assert text == "after 0 failed attempts: ssh: handshake failed: ssh: host key mismatch"


def test_a_key_that_is_not_authorized_is_refused(provider: Provider) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()

    text = provider.failure(lambda: provider.create(provider.connection(privateKey=stranger), create="true"))

    assert text.endswith("ssh: unable to authenticate, attempted methods [none publickey], no supported methods remain")


def test_an_unreadable_private_key_is_not_printed(provider: Provider) -> None:
    text = provider.failure(lambda: provider.create(provider.connection(privateKey="s3cret"), create="true"))

    assert text == "ssh: no key found"


def test_it_dials_until_the_host_answers(provider: Provider) -> None:
    here, next_address = provider.host, "127.0.0.2"

    def boot_late() -> str:
        time.sleep(0.3)
        authorized = here.key.export_public_key().decode()
        return here.hypervisor.boot("i-late", cloud_config(here.host_key), authorized)

    with ThreadPoolExecutor() as pool:
        booting = pool.submit(boot_late)
        connection = provider.connection(host=next_address, dialErrorLimit=10)
        assert provider.create(connection, create="echo reached")["stdout"] == "reached"
        assert booting.result() == next_address
    here.hypervisor.terminate("i-late")

    assert "Dial 1/10 failed: retrying" in provider.engine.texts(engine_pb2.INFO, ephemeral=True)


def test_a_bastion_is_gone_through(provider: Provider) -> None:
    connection = provider.connection(proxy=provider.connection(user="ubuntu"))

    assert provider.create(connection, create="echo behind it")["stdout"] == "behind it"


def test_a_bastion_that_does_not_answer_is_named(provider: Provider) -> None:
    connection = provider.connection(proxy=provider.connection(port=free_port()))

    text = provider.failure(lambda: provider.create(connection, create="true"))

    assert text.startswith("proxy: after 0 failed attempts: dial tcp ")


def test_a_bastion_that_refuses_is_told_from_the_host_behind_it(provider: Provider) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519")
    keys = {"privateKey": stranger.export_private_key().decode(), "hostKey": stranger.export_public_key().decode()}
    said = {
        "privateKey": "ssh: unable to authenticate, attempted methods [none publickey], no supported methods remain",
        "hostKey": "ssh: host key mismatch",
    }

    for name, key in keys.items():
        connection = provider.connection(proxy=provider.connection(dialErrorLimit=1, **{name: key}))
        text = provider.failure(partial(provider.create, connection, create="true"))
        assert text == f"proxy: after 1 failed attempts: ssh: handshake failed: {said[name]}"
    assert provider.engine.texts(engine_pb2.INFO, ephemeral=True) == ["Dial proxy 1/1 failed: retrying"] * 2
    unreadable = provider.connection(proxy=provider.connection(privateKey="s3cret"))
    assert provider.failure(lambda: provider.create(unreadable, create="true")) == "proxy: ssh: no key found"
    unreadable = provider.connection(proxy=provider.connection(), privateKey="s3cret")
    assert provider.failure(lambda: provider.create(unreadable, create="true")) == "ssh: no key found"


def test_a_host_that_its_bastion_does_not_reach_is_dialled_again(provider: Provider) -> None:
    connection = provider.connection(proxy=provider.connection(), port=free_port(), dialErrorLimit=1)

    text = provider.failure(lambda: provider.create(connection, create="true"))

    assert text.startswith("proxy: after 1 failed attempts: ssh: rejected: connect failed (")
    assert provider.engine.texts(engine_pb2.INFO, ephemeral=True) == ["Dial from proxy 1/1 failed: retrying"]


def test_a_handshake_behind_a_bastion_is_retried_in_vain(provider: Provider) -> None:
    """The provider goes on with the connection that `ssh.NewClientConn` has closed: any reason becomes EOF."""
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    connection = provider.connection(proxy=provider.connection(), hostKey=other)

    at_once = provider.failure(lambda: provider.create(connection, create="true"))
    assert at_once == "proxy: after 0 failed attempts: ssh: handshake failed: ssh: host key mismatch"
    again = provider.failure(lambda: provider.create({**connection, "dialErrorLimit": 2}, create="true"))
    assert again == "proxy: after 2 failed attempts: ssh: handshake failed: EOF"
    expected = [f"Dial {number}/2 failed: retrying" for number in (1, 2)]
    assert provider.engine.texts(engine_pb2.INFO, ephemeral=True) == expected


@pytest.mark.parametrize(
    ("logging", "lines"),
    [
        ({}, ["out", "err"]),
        ({"logging": "stdout"}, ["out"]),
        ({"logging": "stderr"}, ["err"]),
        ({"logging": "none"}, []),
    ],
)
def test_output_is_shown_only_while_the_command_runs(
    provider: Provider, logging: dict[str, Any], lines: list[str]
) -> None:
    """Source: `InfoStatus` in provider/pkg/provider/util/util.go of pulumi-command 1.2.1."""
    provider.create(create="echo out; sleep 0.05; echo err >&2", **logging)

    assert provider.engine.texts(engine_pb2.INFO, ephemeral=True) == lines
    assert provider.engine.texts(engine_pb2.INFO) == []
    assert {message.urn for message in provider.engine.messages} <= {URN}


def printing(length: int, end: str = "") -> str:
    return f"head -c {length} /dev/zero | tr '\\0' x; printf '{end}'"


@pytest.mark.parametrize("end", ["", "\\n"])
def test_a_line_that_the_real_provider_never_stops_to_read_fails(provider: Provider, end: str) -> None:
    """Its bufio.Scanner stops at a line that does not fit into 64 KiB, and the step hangs for ever."""
    assert provider.create(create=printing(65_535, end))["stdout"] == "x" * 65_535
    assert provider.create(create=printing(65_536, end), logging="none")["stdout"] == "x" * 65_536

    text = provider.failure(lambda: provider.create(create=printing(65_536, end)))
    assert text.startswith("a line of more than 65535 bytes was printed: ")


def test_previous_output_is_offered_unless_it_is_switched_off(provider: Provider) -> None:
    old = provider.create(create="echo 1")

    assert provider.update(old, update='echo "<$PULUMI_COMMAND_STDOUT>"')["stdout"] == "<>"
    warnings = provider.engine.texts(engine_pb2.WARNING)
    provider.update(old, update="true", addPreviousOutputInEnv=False)

    assert len(warnings) == 1
    assert "PULUMI_COMMAND_STDOUT" in warnings[0]
    assert provider.engine.texts(engine_pb2.WARNING) == warnings


def test_cancelling_ends_the_command_on_the_host_too(provider: Provider) -> None:
    with ThreadPoolExecutor() as pool:
        call = pool.submit(provider.failure, lambda: provider.create(create="echo started; exec sleep 1234"))
        while not provider.engine.texts(engine_pb2.INFO, ephemeral=True):
            time.sleep(0.01)
        provider.stub.Cancel(empty_pb2.Empty())
        assert call.result(timeout=5) == "context canceled"

    deadline = time.monotonic() + 100
    while provider.host.run("pgrep -f 'sleep 123[4]'").returncode == 0:
        assert time.monotonic() < deadline, "the command continues although its connection is closed"
        time.sleep(0.02)
