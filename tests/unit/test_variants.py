"""What a deployment has of identities, caches and images when its settings say so."""

import json
import tomllib
from fnmatch import fnmatchcase
from typing import Any

import pytest

from .registered import named, options, policy_of


def test_with_an_access_key_the_manager_has_a_user_and_no_profile(deployed_with: Any) -> None:
    recorder = deployed_with(identity={"mode": "accessKey", "path": "/ci/"})

    assert "iamInstanceProfile" not in recorder.named("runner-manager-instance")
    assert set(named(recorder, "Role")) == {"identity-worker"}
    assert named(recorder, "User")["identity-manager"]["path"] == "/ci/"
    assert named(recorder, "UserPolicyAttachment")["identity-manager"]["user"] == "runner-identity-manager-0000000"
    fed = json.loads(recorder.secret("runner-registration-secrets", "stdin"))
    assert set(fed) == {"token", "awsAccessKeyId", "awsSecretAccessKey"}
    assert "the-secret-key" not in recorder.in_the_clear
    assert "amazonec2-secret-key=<secret:awsSecretAccessKey>" in options(recorder)
    (runner,) = tomllib.loads(recorder.named("runner-registration-config")["stdin"])["runners"]
    assert runner["cache"]["s3"]["AccessKey"] == "<secret:awsAccessKeyId>"
    assert "AuthenticationType" not in runner["cache"]["s3"]


def test_identities_that_are_there_are_taken(deployed_with: Any) -> None:
    account = "arn:aws:iam::123456789012"
    recorder = deployed_with(
        identity={
            "managerInstanceProfile": "old-manager",
            "workerInstanceProfile": f"{account}:instance-profile/ci/old-workers",
        }
    )

    assert not named(recorder, "Role")
    assert not named(recorder, "RolePolicy")
    assert recorder.named("runner-manager-instance")["iamInstanceProfile"] == "old-manager"
    assert "amazonec2-iam-instance-profile=old-workers" in options(recorder)


def test_machines_may_get_the_tag_that_config_toml_has_until_a_renamed_stacks_up_has_changed_it(
    deployed_with: Any,
) -> None:
    recorder = deployed_with()
    (tagging,) = [each for each in json.loads(policy_of(recorder))["Statement"] if each["Sid"] == "TagOnStart"]
    allowed = tagging["Condition"]["StringLike"]["aws:RequestTag/gitlab-runner-aws"]

    def may(tag: str) -> bool:
        return any(fnmatchcase(tag, pattern) for pattern in allowed)

    assert may("gitlab-runner-aws/test/runner")
    assert may("gitlab-runner-aws/what-it-was-called/runner")
    assert not may("another-project/test/runner")
    assert not may("gitlab-runner-aws/test/another-runner")


def test_a_boundary_and_a_path_are_on_every_role(deployed_with: Any) -> None:
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    recorder = deployed_with(identity={"permissionsBoundary": boundary, "path": "/ci/"}, cache={"uploadRole": True})

    roles = named(recorder, "Role")
    assert set(roles) == {"identity-manager", "identity-worker", "identity-cache"}
    assert {(role["permissionsBoundary"], role["path"]) for role in roles.values()} == {(boundary, "/ci/")}
    assert {profile["path"] for profile in named(recorder, "InstanceProfile").values()} == {"/ci/"}


OURS, AWSS = "arn:aws:iam::123456789012:policy/ci/images", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


def test_further_policies_are_attached_to_the_roles_that_are_made_one_by_one(deployed_with: Any) -> None:
    identity = {"managerPolicies": [OURS], "workerPolicies": [AWSS, OURS]}
    attached = named(deployed_with(identity=identity), "RolePolicyAttachment")

    manager, worker = (f"runner-identity-{who}-0000000" for who in ("manager", "worker"))
    assert attached == {
        "identity-manager-123456789012/ci/images": {"role": manager, "policyArn": OURS},
        "identity-worker-123456789012/ci/images": {"role": worker, "policyArn": OURS},
        "identity-worker-aws/AmazonS3ReadOnlyAccess": {"role": worker, "policyArn": AWSS},
    }


def test_the_order_of_further_policies_names_nothing_and_without_them_all_is_as_before(deployed_with: Any) -> None:
    before = deployed_with().urns
    one, other = (deployed_with(identity={"workerPolicies": order}).urns for order in ([OURS, AWSS], [AWSS, OURS]))

    assert one == other
    assert before < one
    assert {urn.rpartition("::")[2] for urn in one - before} == {
        "runner-identity-worker-123456789012/ci/images",
        "runner-identity-worker-aws/AmazonS3ReadOnlyAccess",
    }


def test_a_user_gets_the_managers_further_policies_before_its_key_is_made(deployed_with: Any) -> None:
    identity = {"mode": "accessKey", "managerPolicies": [OURS], "workerPolicies": [AWSS]}
    recorder = deployed_with(identity=identity)

    attached = named(recorder, "UserPolicyAttachment")
    assert attached["identity-manager-123456789012/ci/images"]["policyArn"] == OURS
    assert set(named(recorder, "RolePolicyAttachment")) == {"identity-worker-aws/AmazonS3ReadOnlyAccess"}
    key = recorder.requests["aws:iam/accessKey:AccessKey::runner-identity-manager"]
    waits_for = {urn.rpartition("::")[2] for urn in key.dependencies}
    assert {f"runner-{name}" for name in attached} <= waits_for


REPOSITORIES = ["arn:aws:ecr:us-east-1:210987654321:repository/ci/*"]


@pytest.mark.parametrize(
    ("ecr", "repositories", "registry", "fetches"),
    [
        (
            {},
            ["arn:aws:ecr:eu-central-1:123456789012:repository/*"],
            "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
            False,
        ),
        (
            {"repositories": REPOSITORIES, "pullThroughCache": True},
            REPOSITORIES,
            "210987654321.dkr.ecr.us-east-1.amazonaws.com",
            True,
        ),
    ],
)
def test_the_manager_pulls_images_from_ecr(
    deployed_with: Any, ecr: dict[str, Any], repositories: list[str], registry: str, fetches: bool
) -> None:
    without, recorder = deployed_with(), deployed_with(identity={"ecr": ecr})

    assert {urn.rpartition("::")[2] for urn in recorder.urns - without.urns} == {"runner-identity-ecr"}
    given = recorder.named("runner-identity-ecr")
    assert given["role"] == "runner-identity-manager-0000000"
    login, pull = json.loads(given["policy"])["Statement"]
    assert (login["Action"], login["Resource"]) == (["ecr:GetAuthorizationToken"], ["*"])
    assert pull["Resource"] == repositories
    assert ("ecr:CreateRepository" in pull["Action"], "ecr:BatchImportUpstreamImage" in pull["Action"]) == (
        fetches,
        fetches,
    )
    wanted, before = (json.loads(each.named("runner-registration-install")["stdin"]) for each in (recorder, without))
    assert wanted == {**before, "registries": [registry]}


def test_with_an_instance_profile_of_ones_own_ecr_takes_the_helper_alone(deployed_with: Any) -> None:
    recorder = deployed_with(identity={"managerInstanceProfile": "ours", "ecr": {}})

    assert "identity-ecr" not in named(recorder, "RolePolicy")
    assert "registries" in json.loads(recorder.named("runner-registration-install")["stdin"])


def test_large_caches_go_by_a_role_that_the_manager_alone_may_take(deployed_with: Any) -> None:
    recorder = deployed_with(cache={"uploadRole": True})

    trust = json.loads(named(recorder, "Role")["identity-cache"]["assumeRolePolicy"])
    assert "arn:aws:iam::123456789012:role/runner-identity-manager" in json.dumps(trust)
    (runner,) = tomllib.loads(recorder.named("runner-registration-config")["stdin"])["runners"]
    assert runner["cache"]["s3"]["RoleARN"] == "arn:aws:iam::123456789012:role/runner-identity-cache"


@pytest.mark.parametrize(
    "cache",
    [
        {"s3": {"BucketName": "our-cache", "BucketLocation": "us-west-2"}},
        {"Type": "gcs", "gcs": {"BucketName": "ours", "CredentialsFile": "/etc/gcs.json"}},
        {
            "s3": {
                "ServerAddress": "minio:9000",
                "BucketName": "ours",
                "AccessKey": "<secret:id>",
                "SecretKey": "<secret:k>",
            }
        },
    ],
)
def test_a_cache_that_is_elsewhere_makes_no_bucket(deployed_with: Any, cache: dict[str, Any]) -> None:
    recorder = deployed_with(secrets={"id": "one", "k": "two"}, cache=cache)

    assert not named(recorder, "Bucket")
    policy = policy_of(recorder)
    assert ("arn:aws:s3:::our-cache" in policy) == ("BucketLocation" in str(cache))
    (runner,) = tomllib.loads(recorder.named("runner-registration-config")["stdin"])["runners"]
    kind = cache.get("Type", "s3")
    assert runner["cache"][kind].items() >= cache[kind].items()


def test_a_bucket_with_a_customers_key_asks_for_it_once_for_many_objects(deployed_with: Any) -> None:
    key = "arn:aws:kms:eu-central-1:123456789012:key/1"
    (rule,) = deployed_with(cache={"kmsKey": key}).named("runner-cache-encryption")["rules"]

    default = rule["applyServerSideEncryptionByDefault"]
    assert (default["sseAlgorithm"], default["kmsMasterKeyId"], rule["bucketKeyEnabled"]) == ("aws:kms", key, True)


def test_images_are_looked_up_as_a_pool_says(deployed_with: Any) -> None:
    recorder = deployed_with(pool={"image": {"ssmParameter": "/ci/worker"}})

    assert "amazonec2-ami=ami-0123456789abcdef0" in options(recorder)
    assert "ami-0123456789abcdef0" in policy_of(recorder)


def test_user_data_is_a_file_on_the_manager_that_docker_machine_hands_on(deployed_with: Any) -> None:
    recorder = deployed_with(pool={"userData": "#!/bin/sh\necho hello\n"})

    assert json.loads(recorder.named("runner-registration-user-data")["stdin"]) == {"ci": "#!/bin/sh\necho hello\n"}
    assert "amazonec2-userdata=/etc/gitlab-runner/user-data/ci" in options(recorder)
