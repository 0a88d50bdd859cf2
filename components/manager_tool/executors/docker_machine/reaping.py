"""The reaper's eyes and hands: it looks at EC2 and at docker-machine's folders, and removes what is to go."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from ...aws import ec2_sweep
from ...aws.account import account as account_in
from ...aws.api import Aws, AwsError
from ...contract.documents import WatchSettings
from ...host import StepError, run
from . import reaper
from .folders import folders
from .reaper import Inventory, Orphan, Ownership

_INSTANCES_PER_CALL = 100
_SECONDS = 60
"""How long one pass removes: a deployment waits until it has ended. The next pass continues."""


def account(settings: WatchSettings, secrets: dict[str, str]) -> Aws:
    """AWS in the deployment's region, as whoever the manager is."""
    return account_in(settings["region"], secrets)


def look(aws: Aws, settings: WatchSettings, ours: Ownership) -> Inventory:
    """See what there is. Raises `AwsError`, and then nothing may be concluded."""
    # Folders first: an instance that comes later is younger than any grace, a folder that comes later is not seen.
    machines = list(folders())
    instances = list(ec2_sweep.instances(aws, settings["vpc"]))
    swept = {instance.id for instance in instances}
    # Those that the sweep does not find may be in another VPC since a change of settings.
    missing = [folder.instance for folder in machines if folder.instance and folder.instance not in swept]
    pairs = list(ec2_sweep.key_pairs(aws))
    near = {instance.key for instance in instances} | {folder.name for folder in machines}
    unused = [pair.name for pair in pairs if pair.name not in near and reaper.named_by_runner(pair.name, ours)]
    return Inventory(
        now=time.time(),
        folders=machines,
        instances=instances,
        alive=swept | ec2_sweep.alive(aws, missing),
        key_pairs=pairs,
        keys_elsewhere=ec2_sweep.keys_in_use(aws, unused),
        requests=list(ec2_sweep.spot_requests(aws, None if settings["fleet"] else ours.deployment))
        if settings["spot"]
        else (),
        volumes=list(ec2_sweep.volumes(aws, ours.deployment)),
    )


def remove(aws: Aws, found: Iterable[Orphan], say: Callable[[str], None], seconds: float = _SECONDS) -> dict[str, int]:
    """Remove what was found and say so, a line each; return how many of each kind are gone, and of `failed`.

    After `seconds` the rest is left to the next pass.
    """
    done = dict.fromkeys((*reaper.KINDS, "failed"), 0)
    deadline = time.monotonic() + seconds
    waiting = sorted(found, key=lambda finding: reaper.KINDS.index(finding.kind))
    while waiting and time.monotonic() < deadline:
        kind = waiting[0].kind
        size = _INSTANCES_PER_CALL if kind == "instance" else 1
        batch = [finding for finding in waiting[:size] if finding.kind == kind]
        waiting = waiting[len(batch) :]
        try:
            _remove(aws, kind, [finding.id for finding in batch])
        except StepError as error:
            if len(batch) > 1:
                # One that can't be terminated must not keep the others.
                for finding in batch:
                    one = remove(aws, [finding], say)
                    done = {key: done[key] + one[key] for key in done}
                continue
            done["failed"] += 1
            say(f"{kind} {batch[0].id} could not be removed: {error}")
            continue
        done[kind] += len(batch)
        for finding in batch:
            say(f"removed {kind} {finding.id}: {finding.why}")
    if waiting:
        say(f"{len(waiting)} more are left to the next pass")
    return done


def _remove(aws: Aws, kind: str, ids: Sequence[str]) -> None:
    if kind == "machine":
        # By force: what EC2 still has of it, if anything, is found by itself.
        run("docker-machine", "rm", "-f", "-y", ids[0])
        return
    action, parameter, gone = _CALLS[kind]
    try:
        aws.query("ec2", action, {parameter.format(place): resource for place, resource in enumerate(ids, 1)})
    except AwsError as error:
        # Where several are named, AWS does nothing if it does not know one of them.
        if error.code != gone or len(ids) > 1:
            raise


_CALLS = {
    "instance": ("TerminateInstances", "InstanceId.{}", "InvalidInstanceID.NotFound"),
    "key pair": ("DeleteKeyPair", "KeyName", "InvalidKeyPair.NotFound"),
    "spot request": ("CancelSpotInstanceRequests", "SpotInstanceRequestId.{}", "InvalidSpotInstanceRequestID.NotFound"),
    "volume": ("DeleteVolume", "VolumeId", "InvalidVolume.NotFound"),
}
"""Each kind's call, its parameter, and the code by which AWS says that it is gone already."""
