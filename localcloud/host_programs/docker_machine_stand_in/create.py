"""The `create` command: its flags, the driver's settings made of them, and the creation itself."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from ..aws_query import AwsError
from ..go_flags import Flag, parse
from ..program_stamp import stamp
from . import files
from .creation import DriverError, NewMachine
from .errors import CommandError
from .store import NAME, Store

# Where there are no keys the real driver asks the instance's metadata service, which a local host has not.
_INSTANCE_ROLE = ("instance-role", "instance-role")
_DRIVERS = ("amazonec2", "none")


def execute(arguments: list[str], store: Store) -> None:
    """Create one machine. Raises `UsageError` and `CommandError`."""
    parsed = parse(_flags(_driver_named(arguments)), arguments, os.environ)
    options = parsed.values
    if options["driver"] not in _DRIVERS:
        raise CommandError(f'Driver "{options["driver"]}" not found. Do you have the plugin binary accessible?')
    if len(parsed.rest) != 1:
        text = f"Invalid command line. Found extra arguments {parsed.rest[1:]}"
        raise CommandError(text if parsed.rest else "Error: No machine name specified")
    name = parsed.rest[0]
    if not NAME.fullmatch(name):
        raise CommandError(
            "Error creating machine: Invalid hostname specified. Allowed hostname chars are: 0-9a-zA-Z . -"
        )
    if store.exists(name):
        raise CommandError(f'Docker machine "{name}" already exists')
    files.prepare_certificates(store)
    if options["driver"] == "none":
        files.save(_document(name, "none", _none_settings(name, options), options, store), store)
    else:
        _create_on_ec2(name, options, store)
    print(f"Docker is up and running! (a stand-in's machine: {name})")


def _driver_named(arguments: list[str]) -> str:
    """The driver, found before the flags are read, as it decides which flags there are."""
    text = " ".join(arguments)
    match = re.search(r"(?:^|\s)--?(?:driver|d)[= ](\S+)", text)
    return match[1] if match else os.environ.get("MACHINE_DRIVER", "virtualbox")


def _flags(driver: str) -> list[Flag]:
    facts = stamp()
    own = facts["driver_flags"] if driver == "amazonec2" else [{"name": "url"}] if driver == "none" else []
    return [
        Flag("driver", short="d", env="MACHINE_DRIVER", default="virtualbox"),
        *(Flag(**fact) for fact in (*facts["create_flags"], *own)),
    ]


def _create_on_ec2(name: str, options: Mapping[str, Any], store: Store) -> None:
    machine = NewMachine(_ec2_settings(name, options, store), store)
    try:
        machine.validate()
    except (AwsError, DriverError) as error:
        raise CommandError(f"Error setting machine configuration from flags provided: {error}") from None
    document = _document(name, "amazonec2", machine.driver, options, store)
    try:
        machine.pre_create()
    except (AwsError, DriverError) as error:
        raise CommandError(f'Error with pre-create check: "{error}"', 3) from None
    # Saved before anything exists, so that a creation that fails can be removed by its name.
    files.save(document, store)
    try:
        machine.create()
    except (AwsError, DriverError, OSError) as error:
        raise CommandError(f"Error creating machine: Error in driver during machine creation: {error}") from None
    finally:
        files.save(document, store)
    files.write_server_files(name, store)


def _document(
    name: str, driver: str, settings: dict[str, Any], options: Mapping[str, Any], store: Store
) -> dict[str, Any]:
    engine = {
        "InstallURL": options["engine-install-url"],
        "RegistryMirror": options["engine-registry-mirror"],
        "InsecureRegistry": options["engine-insecure-registry"],
        "ArbitraryFlags": options["engine-opt"],
        "Env": options["engine-env"],
        "Labels": options["engine-label"],
        "StorageDriver": options["engine-storage-driver"],
    }
    authentication = {
        "CertDir": str(store.folder / "certs"),
        "StorePath": str(store.machine_folder(name)),
        "ServerCertSANs": options["tls-san"],
    }
    return {
        "ConfigVersion": 3,
        "Driver": settings,
        "DriverName": driver,
        "HostOptions": {"EngineOptions": engine, "AuthOptions": authentication},
        "Name": name,
    }


def _none_settings(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    if not options["url"]:
        text = "--url option is required when no driver is selected"
        raise CommandError(f"Error setting machine configuration from flags provided: {text}")
    return {"MachineName": name, "URL": options["url"], "IPAddress": options["url"]}


def _ec2_settings(name: str, options: Mapping[str, Any], store: Store) -> dict[str, Any]:
    ec2 = {key.removeprefix("amazonec2-"): value for key, value in options.items()}
    _check_combinations(ec2)
    access, secret = ec2["access-key"], ec2["secret-key"]
    keys_given = bool(access and secret)
    if not keys_given:
        access, secret = _INSTANCE_ROLE
    endpoint = ec2["endpoint"] or ""
    return {
        "MachineName": name,
        "IPAddress": "",
        "PrivateIPAddress": "",
        "InstanceId": "",
        "SSHUser": ec2["ssh-user"] or "ubuntu",
        "SSHPort": ec2["ssh-port"],
        "SSHKeyPath": str(store.machine_folder(name) / "id_rsa"),
        "SSHPrivateKeyPath": ec2["ssh-keypath"] or "",
        "AccessKey": access,
        "SecretKey": secret,
        "SessionToken": (ec2["session-token"] or "") if keys_given else "",
        "Region": ec2["region"],
        "AMI": ec2["ami"] or stamp()["default_images"].get(ec2["region"], ""),
        "ExistingKey": bool(ec2["keypair-name"]),
        "KeyName": ec2["keypair-name"] or name,
        "InstanceType": ec2["instance-type"],
        "SecurityGroupNames": ec2["security-group"],
        "SecurityGroupIds": [],
        "SecurityGroupReadOnly": ec2["security-group-readonly"],
        "OpenPorts": ec2["open-port"],
        "Tags": ec2["tags"] or "",
        "DeviceName": ec2["device-name"],
        "RootSize": ec2["root-size"],
        "VolumeType": ec2["volume-type"],
        "VolumeIops": ec2.get("volume-iops"),
        "VolumeThroughput": ec2.get("volume-throughput"),
        "CreditSpecification": ec2.get("credit-specification"),
        "VolumeEncrypted": ec2["volume-encrypted"],
        "VolumeKmsKeyID": ec2["volume-kms-key"] or "",
        "IamInstanceProfile": ec2["iam-instance-profile"] or "",
        "VpcId": ec2["vpc-id"] or "",
        "SubnetId": ec2["subnet-id"] or "",
        "Zone": ec2["zone"] if endpoint else f"{ec2['region']}{ec2['zone']}",
        "RequestSpotInstance": ec2["request-spot-instance"],
        "SpotPrice": ec2["spot-price"],
        "BlockDurationMinutes": ec2["block-duration-minutes"],
        "PrivateIPOnly": ec2["private-address-only"],
        "UsePrivateIP": ec2["use-private-address"],
        "UseEbsOptimizedInstance": ec2["use-ebs-optimized-instance"],
        "Monitoring": ec2["monitoring"],
        "RetryCount": ec2["retries"],
        "Endpoint": endpoint,
        "DisableSSL": ec2["insecure-transport"],
        "UserDataFile": ec2["userdata"] or "",
        "MetadataTokenSetting": ec2["metadata-token"],
        "MetadataTokenResponseHopLimit": ec2["metadata-token-response-hop-limit"],
    }


def _check_combinations(ec2: Mapping[str, Any]) -> None:
    problem = ""
    if not ec2["endpoint"] and ec2["region"] not in stamp()["default_images"]:
        problem = "Invalid region specified"
    elif ec2["insecure-transport"] and not ec2["endpoint"]:
        problem = "using --amazonec2-insecure-transport also requires --amazonec2-endpoint"
    elif ec2["keypair-name"] and not ec2["ssh-keypath"]:
        problem = "using --amazonec2-keypair-name also requires --amazonec2-ssh-keypath"
    if problem:
        raise CommandError(f"Error setting machine configuration from flags provided: {problem}")
