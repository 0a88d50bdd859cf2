"""The user data of a pool's machines: what cloud-init is told, and that nothing of the pool's own is lost."""

import email
import json
import random
from typing import Any

import pytest

from config_render.executors.docker_autoscaler.user_data import user_data, user_data_problem
from config_render.settings.pool import LONGEST_USER_DATA, Pool
from config_render.settings.programs import WORKER_DOCKER

from .test_autoscaler_group import pool_of

PIECES = [
    *("\n", "\r\n", " ", "\t", "--", "--\n--x", "=", "=3D", "From ", ".", "\x00", "\x0c", "\x7f", "é", "\u2028", "🚀"),
    *(
        "Content-Type: text/plain\n\n",
        "MIME-Version: 1.0\n",
        "x" * 1500,
        '"',
        "'",
        "\\",
        "#",
        "#!/bin/sh\n",
        "a b: [c]",
    ),
]


def mails(pool: Pool) -> list[Any]:
    found: Any = email.message_from_string(user_data(pool)).get_payload()
    assert len(found) == 2
    return list(found)


def parts(pool: Pool) -> tuple[str, ...]:
    """The pool's own text and ours, as cloud-init's own reader of mail gets them."""
    return tuple(part.get_payload(decode=True).decode() for part in mails(pool))


def config(text: str) -> dict[str, Any]:
    first, _, rest = text.partition("\n")
    assert first == "#cloud-config"
    found: dict[str, Any] = json.loads(rest)
    return found


def wanted(pool: Pool) -> dict[str, Any]:
    """What the program on the machine is told."""
    (command,) = config(user_data(pool))["runcmd"]
    program, argument = command[1:]
    (file,) = config(user_data(pool))["write_files"]
    assert (command[0], file["path"]) == ("python3", program)
    compile(file["content"], program, "exec")
    found: dict[str, Any] = json.loads(argument)
    return found


def test_machines_get_a_pinned_docker() -> None:
    assert wanted(pool_of()) == {
        "user": "ubuntu",
        "logs": {"log-driver": "json-file", "log-opts": {"max-size": "100m", "max-file": "2"}},
        "registries": {},
        "script": None,
        "engine": {"version": WORKER_DOCKER, "url": "https://download.docker.com", "key": None},
    }


def test_machines_get_what_the_pool_says_of_docker() -> None:
    pool = pool_of(
        dockerEngine={"version": "28.2.2", "url": "https://mirror.example.com/docker", "keyFingerprint": "A" * 40},
        autoscaler={"connector_config": {"username": "admin"}},
        driver={"engine-registry-mirror": ["http://mirror:5000"]},
        machine={
            "MachineOptions": [
                "engine-insecure-registry=registry:5000",
                "engine-insecure-registry=10.0.0.0/8",
                "engine-install-url=https://get.example.com/28.sh",
            ]
        },
    )
    assert {key: value for key, value in wanted(pool).items() if key != "logs"} == {
        "user": "admin",
        "registries": {
            "registry-mirrors": ["http://mirror:5000"],
            "insecure-registries": ["registry:5000", "10.0.0.0/8"],
        },
        "script": "https://get.example.com/28.sh",
        "engine": {"version": "28.2.2", "url": "https://mirror.example.com/docker", "key": "A" * 40},
    }


def test_the_pools_own_user_data_come_first_and_ours_are_added_to_them() -> None:
    own = "#cloud-config\nruncmd: [[mount, /dev/nvme1n1, /var/lib/docker]]\n"
    kinds = [(part.get_content_type(), part["Merge-Type"]) for part in mails(pool_of(userData=own))]
    assert kinds == [("text/plain", None), ("text/cloud-config", "list(append)+dict(recurse_array)+str()")]
    assert parts(pool_of(userData=own)) == (own, user_data(pool_of()))


def test_any_text_of_the_pools_own_arrives_as_it_is() -> None:
    chance = random.Random(18)  # noqa: S311 - a test's choices
    for _ in range(300):
        own = "#" + "".join(chance.choices(PIECES, k=chance.randint(1, 8)))
        assert [*map(lines, parts(pool_of(userData=own)))] == [lines(own), lines(user_data(pool_of()))]


def lines(text: str) -> list[str]:
    """Mail has one kind of line ends, and one at its end."""
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")


def test_equal_pools_have_equal_bytes() -> None:
    assert user_data(pool_of(userData="#!/bin/sh\n")) == user_data(pool_of(userData="#!/bin/sh\n"))


def room() -> int:
    """How many bytes of its own a pool may have."""
    return LONGEST_USER_DATA - len(user_data(pool_of(userData="#")).encode()) + 1


def test_half_of_what_ec2_takes_is_the_pools() -> None:
    assert room() > LONGEST_USER_DATA / 2


def test_as_much_as_ec2_takes_is_taken() -> None:
    assert user_data_problem(pool_of()) is None
    assert user_data_problem(pool_of(userData="#" * room())) is None


def test_a_byte_more_is_told_with_what_we_add() -> None:
    reason = user_data_problem(pool_of(userData="#" * (room() + 1)))
    assert reason == (
        f"has {room() + 1} bytes; with the {LONGEST_USER_DATA - room()} that start Docker on a machine these are "
        "16385, while EC2 takes 16384: let it fetch the rest from a bucket"
    )


@pytest.mark.parametrize("own", ["#!/bin/sh\necho é\n", "#!/bin/sh\n"])
def test_what_ec2_gets_is_plain_where_it_is_mail(own: str) -> None:
    # cloud-init would read Latin-1 of anything else.
    assert user_data(pool_of(userData=own)).isascii()
