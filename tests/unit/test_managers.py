"""What the manager is, may do and tells when the settings say so."""

import json
from typing import Any

from .conftest import SSH, TOKEN
from .registered import named


def test_the_managers_instance_is_as_the_settings_say(deployed_with: Any) -> None:
    recorder = deployed_with(
        manager={
            **SSH,
            "os": "amazon-linux-2023",
            "instanceType": "t4g.small",
            "monitoring": True,
            "stopProtection": True,
            "elasticIp": True,
            "ssm": True,
        }
    )

    instance = recorder.named("runner-manager-instance-arm64")
    assert instance["ami"] == "ami-arm64"
    assert [instance[key] for key in ("monitoring", "disableApiStop", "disableApiTermination")] == [True] * 3
    assert instance["metadataOptions"] == {"httpTokens": "required", "httpPutResponseHopLimit": 1}
    assert instance["rootBlockDevice"]["encrypted"] is True
    assert instance["volumeTags"]["gitlab-runner-aws"] == "gitlab-runner-aws/test/runner"
    connection = recorder.secret("runner-registration-tool", "connection")
    assert (connection["user"], connection["host"]) == ("ec2-user", "192.0.2.9")
    assert {name: key["algorithm"] for name, key in named(recorder, "PrivateKey").items()} == {
        "manager-login": "ED25519",
        "manager-host": "ED25519",
    }
    assert recorder.named("runner-identity-ssm")["policyArn"].endswith(":aws:policy/AmazonSSMManagedInstanceCore")


def test_a_bastion_and_its_key_are_on_the_way_and_not_on_the_manager(deployed_with: Any) -> None:
    bastion = {"host": "bastion.example.com", "hostKey": "ssh-ed25519 AAAA", "privateKey": "<secret:bastionKey>"}
    recorder = deployed_with(secrets={"bastionKey": "PRIVATE"}, manager={**SSH, "bastion": bastion})

    proxy = recorder.secret("runner-registration-tool", "connection")["proxy"]
    assert proxy == {
        "host": "bastion.example.com",
        "port": 22,
        "user": "ubuntu",
        "hostKey": "ssh-ed25519 AAAA",
        "privateKey": "PRIVATE",
        "dialErrorLimit": 20,
        "perDialTimeout": 15,
    }
    assert list(json.loads(recorder.secret("runner-registration-secrets", "stdin"))) == ["token"]


def test_a_secret_that_config_toml_needs_too_is_on_the_manager_though_it_opens_the_bastion(deployed_with: Any) -> None:
    bastion = {"host": "bastion.example.com", "hostKey": "ssh-ed25519 AAAA", "privateKey": "<secret:shared>"}
    recorder = deployed_with(
        secrets={"shared": "PRIVATE", "hook": "s3cret"},
        manager={**SSH, "bastion": bastion},
        pool={"environment": ["KEY=<secret:shared>", "HOOK=<secret:hook>"]},
    )

    fed = json.loads(recorder.secret("runner-registration-secrets", "stdin"))
    assert fed == {"token": TOKEN, "shared": "PRIVATE", "hook": "s3cret"}


def test_a_host_that_is_there_is_taken_as_the_manager(deployed_with: Any) -> None:
    host = {
        "address": "ci.example.com",
        "hostKey": "ssh-ed25519 AAAA",
        "privateKey": "<secret:key>",
        "securityGroupId": "sg-0123",
    }
    recorder = deployed_with(secrets={"key": "PRIVATE"}, manager={"host": host, "user": "ci"})

    assert not named(recorder, "Instance")
    assert not named(recorder, "KeyPair")
    assert recorder.named("runner-network-worker-ssh")["referencedSecurityGroupId"] == "sg-0123"
    connection = recorder.secret("runner-registration-tool", "connection")
    assert (connection["host"], connection["user"], connection["privateKey"]) == ("ci.example.com", "ci", "PRIVATE")
    assert connection["hostKey"] == "ssh-ed25519 AAAA"


def test_alarms_and_spot_events_are_told(deployed_with: Any) -> None:
    topic = "arn:aws:sns:eu-central-1:123456789012:ci"
    recorder = deployed_with(manager={**SSH, "alarms": {"topicArn": topic}, "logs": {"retentionDays": 7}})

    alarms = named(recorder, "MetricAlarm")
    of_instance, of_machines = {"recovery", "status", "cpu"}, {"memory", "error-machines", "spot-failures", "paused"}
    assert set(alarms) == {f"watch-{what}" for what in of_instance | of_machines}
    assert alarms["watch-recovery"]["alarmActions"] == ["arn:aws:automate:eu-central-1:ec2:recover", topic]
    assert alarms["watch-cpu"]["dimensions"] == {"InstanceId": "runner-manager-instance-id"}
    assert named(recorder, "LogGroup")["watch-spot"]["retentionInDays"] == 7
    pattern = json.loads(named(recorder, "EventRule")["watch-spot"]["eventPattern"])
    assert pattern["detail-type"] == ["EC2 Spot Instance Interruption Warning", "EC2 Instance Rebalance Recommendation"]
    assert named(recorder, "EventTarget")["watch-spot"]["arn"].endswith(":log-group:runner-watch-spot")


def test_the_manager_may_report_what_is_asked_for(deployed_with: Any) -> None:
    topic = "arn:aws:sns:eu-central-1:123456789012:ci"

    def rights(**manager: Any) -> list[str]:
        policies = named(deployed_with(manager={**SSH, **manager}), "RolePolicy")
        if "watch-reports" not in policies:
            return []
        assert policies["watch-reports"]["role"] == policies["identity-manager"]["role"]
        return [statement["Sid"] for statement in json.loads(policies["watch-reports"]["policy"])["Statement"]]

    assert rights(logs={}) == []
    assert rights(logs={"journal": True}) == ["Logs"]
    assert rights(alarms={"topicArn": topic}) == ["Metrics"]
    assert rights(alarms={"topicArn": topic}, watch={"enabled": False}) == []
    assert rights(alarms={"topicArn": topic}, logs={"journal": True}) == ["Logs", "Metrics"]


def test_a_user_may_report_too(deployed_with: Any) -> None:
    recorder = deployed_with(manager={**SSH, "logs": {"journal": True}}, identity={"mode": "accessKey", "path": "/ci/"})

    assert named(recorder, "Policy")["watch-reports"]["path"] == "/ci/"
    assert set(named(recorder, "UserPolicyAttachment")) == {"identity-manager", "watch-reports"}


def test_the_watch_knows_machines_by_what_was_made_for_them(deployed_with: Any) -> None:
    def told(**given: Any) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(deployed_with(**given).named("runner-registration-watch")["stdin"])
        return found

    plain = told()
    assert (plain["deployment"], plain["region"]) == ("gitlab-runner-aws/test/runner", "eu-central-1")
    assert plain["profile"].startswith("runner-identity-worker-")
    assert plain["group"].startswith("runner-network-worker-")
    assert (plain["apart"], plain["logGroup"], plain["alarms"], plain["fleet"]) == (True, None, False, False)
    assert told(manager={**SSH, "logs": {"journal": True}})["logGroup"].startswith("runner-watch-spot-")
    assert told(manager={**SSH, "logs": {}})["logGroup"] is None
    assert (plain["ownInstance"], plain["stopTimeout"]) == (True, 7200)
    assert told(manager={**SSH, "watch": {"enabled": False}}).keys() == {"enabled", "breaker"}
    worker = {"workerInstanceProfile": "arn:aws:iam::1:instance-profile/w", "workerRole": "arn:aws:iam::1:role/w"}
    worker = {key: arn.replace("::1:", "::123456789012:") for key, arn in worker.items()}
    old = {"vpcId": "vpc-old", "subnetIds": ["subnet-a"], "workerSecurityGroup": "workers"}
    assert told(identity=worker)["apart"]
    assert (plain["ownProfile"], told(identity=worker)["ownProfile"]) == (True, False)
    assert not told(identity=worker, network=old)["apart"]
