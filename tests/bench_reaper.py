"""How long the reaper looks at ten thousand machines, against an emulated AWS in a process of its own."""

import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from copy import copy
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from localcloud.cloud import ROOT

MACHINES, KNOWN = 10_000, 9_990
NAME = "runner-abcdefghi-local-{}-0a1b2c3d"
_LOOK = """
import json, sys, time
from manager_tool.executors.docker_machine import reaper, reaping
settings = json.loads(sys.argv[1])
names = {"runner-abcdefghi-local-%s"}
ours = reaper.Ownership("bench", "workers", "workers", True, names, "i-0")
seen = reaping.look(reaping.account(settings, {"awsAccessKeyId": "a", "awsSecretAccessKey": "b"}), settings, ours)
found = list(reaper.findings(seen._replace(now=time.time() + 60), ours, {}, 0))
print(len(seen.instances), len(found))
"""


def name(number: int) -> str:
    return NAME.format(1_600_000_000 + number)


def _serve(answer: Connection) -> None:
    """Serve an emulated account with so many copies of one instance: making each would take longer each time."""
    from moto.ec2.models import ec2_backends

    from localcloud.aws_server import AwsServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = AwsServer()
    backend = ec2_backends["123456789012"]["eu-central-1"]
    kind = {"instance_type": "m5.large", "is_instance_type_default": False, "region_name": "eu-central-1"}
    first = backend.run_instances("ami-1", 1, None, [], key_name="first", tags={}, nics=[], **kind)
    first.instances[0].iam_instance_profile = {"Arn": "arn:aws:iam::123456789012:instance-profile/workers"}
    first_pair = backend.create_key_pair("first", "ed25519", {})
    backend.reservations.clear()
    for number in range(MACHINES):
        reservation, instance = copy(first), copy(first.instances[0])
        reservation.id, instance.id, instance.key_name = f"r-{number:017x}", f"i-{number:017x}", name(number)
        # moto looks through all tags for those of one instance.
        tags = {"Name": name(number), "gitlab-runner-aws": "bench"}
        told = [{"key": key, "value": value, "resource_id": instance.id} for key, value in tags.items()]
        instance.__dict__["get_tags"] = partial(list, told)
        reservation.instances = [instance]
        backend.reservations[reservation.id] = reservation
        pair = copy(first_pair)
        pair.key_name = name(number)
        backend.key_pairs[pair.key_name] = pair
    answer.send((server.url, first.instances[0].vpc_id))
    server.start()
    answer.recv()


def look(folder: Path) -> tuple[float, float, float, str]:
    """Return the seconds of one look, those of its own processor time, its largest size in MiB, and what it found."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,))
    process.start()
    theirs.close()  # so that a server that fails is noticed
    url, vpc = ours.recv()
    for number in range(KNOWN):
        machine = folder / "machines" / name(number)
        machine.mkdir(parents=True)
        document = {"DriverName": "amazonec2", "Driver": {"InstanceId": f"i-{number:017x}", "IPAddress": "10.0.0.1"}}
        (machine / "config.json").write_text(json.dumps(document))
    settings = {"region": "eu-central-1", "vpc": vpc, "deployment": "bench", "fleet": False, "spot": True}
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "components"),
        "AWS_ENDPOINT_URL": url,
        "MACHINE_STORAGE_PATH": str(folder),
    }
    started = time.monotonic()
    command = [sys.executable, "-c", _LOOK, json.dumps(settings)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as looking:
        assert looking.stdout
        told = looking.stdout.read().strip()
        _, status, usage = os.wait4(looking.pid, 0)
        looking.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - started
    ours.send("end")
    process.join()
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, told


def figures() -> None:
    """Print them, as `make bench` does."""
    with tempfile.TemporaryDirectory() as folder:
        seconds, own, size, told = look(Path(folder))
    expected = f"{MACHINES} {MACHINES - KNOWN}"
    ok = own < 10 and size < 100 and told == expected
    what = f"the reaper's look at {MACHINES:,} machines"
    limit = f"at most 10 s of its own, 100 MiB; {seconds - own:.0f} s are moto's"
    print(f"{what:<44} {seconds:6.2f} s {size:6.0f} MiB   {limit}   {'ok' if ok else 'TOO SLOW'}")


if __name__ == "__main__":
    figures()
