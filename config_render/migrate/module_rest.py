"""The module's variables that have no counterpart: why, and what to do instead."""

from collections.abc import Mapping
from typing import Any

_BY_REASON: Mapping[str, str] = {
    "the stack's name says it; for the tag Environment set tags": "environment",
    "no tag of the module's is there: only those of tags, and the stack's own": "suppressed_tags",
    "Pulumi names resources, and tags alone go onto them; set tags": """
        security_group_prefix iam_object_prefix overrides runner_instance.name_prefix
        runner_networking.security_group_description runner_worker_docker_machine_security_group_description""",
    "set tags, which are for manager and workers alike": "runner_instance.additional_tags",
    "make a key, and set cache.kmsKey": """
        enable_managed_kms_key kms_managed_alias_name kms_managed_deletion_rotation_window_in_days""",
    "pulumi preview --diff shows config.toml, without secrets": """
        debug debug.trace_runner_user_data debug.write_runner_config_to_file debug.write_runner_user_data_to_file""",
    "the manager is one on-demand instance, which is always there": """
        runner_instance.collect_autoscaling_metrics runner_instance.ebs_optimized runner_instance.max_lifetime_seconds
        runner_instance.spot_price runner_schedule_enable runner_schedule_config
        runner_terraform_timeout_delete_asg""",
    "a change of settings changes config.toml in place, and replaces no manager": """
        runner_enable_asg_recreation enable_forced_updates""",
    "the manager's disk is gp3 and encrypted; manager.rootSize is its size": """
        runner_instance.root_device_config runner_instance.root_device_config.device_name
        runner_instance.root_device_config.delete_on_termination runner_instance.root_device_config.volume_type
        runner_instance.root_device_config.encrypted runner_instance.root_device_config.iops
        runner_instance.root_device_config.throughput runner_instance.root_device_config.kms_key_id""",
    "the manager's image is current Ubuntu; set manager.os, manager.image or manager.ami for another": """
        runner_ami_filter runner_ami_owners""",
    "nothing may ping the manager": """
        runner_networking.allow_incoming_ping runner_networking.allow_incoming_ping_security_group_ids""",
    "the manager has the stack's own security group; set manager.sshFrom and manager.metricsFrom": """
        runner_networking runner_networking.security_group_ids runner_ingress_rules""",
    "set manager.sshFrom": "enable_gitlab_runner_ssh_access gitlab_runner_ssh_cidr_blocks",
    "set network.egressPorts": "runner_egress_rules runner_worker_egress_rules",
    "set network.workerSecurityGroup, a group of your own": """
        runner_worker_ingress_rules runner_worker_docker_autoscaler_asg.sg_ingresses""",
    "set identity.managerInstanceProfile to bring one with its role; else both are made": """
        runner_role runner_role.additional_tags runner_role.allow_iam_service_linked_role_creation
        runner_role.assume_role_policy_json runner_role.create_role_profile runner_role.role_profile_name""",
    "set identity.managerPolicies": "runner_role.policy_arns",
    "set identity.workerInstanceProfile and identity.workerRole": """
        runner_worker_docker_machine_role runner_worker_docker_machine_role.assume_role_policy_json
        runner_worker_docker_machine_role.profile_name
        runner_worker_docker_autoscaler_role runner_worker_docker_autoscaler_role.assume_role_policy_json
        runner_worker_docker_autoscaler_role.profile_name runner_worker_docker_autoscaler_asg.profile_name
        create_runners_iam_instance_profile""",
    "set identity.workerPolicies": """
        runner_worker_docker_machine_role.policy_arns runner_worker_docker_autoscaler_role.policy_arns""",
    "set identity.workerInstanceProfile, with a role that has the right": "runner_worker.ssm_access",
    "the manager's is IMDSv2 with one hop": """
        runner_metadata_options runner_metadata_options.http_endpoint runner_metadata_options.http_tokens
        runner_metadata_options.http_put_response_hop_limit runner_metadata_options.instance_metadata_tags""",
    "set manager.stopTimeout, which is what jobs get": "runner_terminate_ec2_lifecycle_timeout_duration",
    "the watch on the manager removes machines": """
        runner_terminate_ec2_lifecycle_hook_name runner_terminate_ec2_timeout_duration
        runner_terminate_ec2_environment_variables runner_terminate_ec2_lambda_handler
        runner_terminate_ec2_lambda_layer_arns runner_terminate_ec2_lambda_egress_rules
        asg_terminate_lifecycle_hook_create asg_terminate_lifecycle_lambda_memory_size
        asg_terminate_lifecycle_lambda_runtime""",
    "the stack makes a log group of its own": "runner_cloudwatch.log_group_name",
    "GitLab's docker-machine is installed; set manager.dockerMachine for another, with fork: cki for the CKI "
    "project's": "runner_install.docker_machine_version",
    "GitLab's docker-machine is installed; set manager.dockerMachine.url and sha256 for another": """
        runner_install.docker_machine_download_url""",
    "name an image of your own, which has it, in manager.ami": """
        runner_install runner_install.amazon_ecr_credential_helper runner_install.pre_install_script
        runner_install.post_install_script runner_install.start_script runner_install.yum_update""",
    "create a runner in GitLab, and set its token, or set createRunner: docs/tokens.md": """
        runner_gitlab.registration_token runner_gitlab_registration_config
        runner_gitlab_registration_config.registration_token runner_gitlab_registration_config.tag_list
        runner_gitlab_registration_config.description runner_gitlab_registration_config.locked_to_project
        runner_gitlab_registration_config.run_untagged runner_gitlab_registration_config.maximum_timeout
        runner_gitlab_registration_config.access_level runner_gitlab_registration_config.type
        runner_gitlab_registration_config.group_id runner_gitlab_registration_config.project_id""",
    "the stack keeps no token in Parameter Store; for one that you keep there set tokenParameter": """
        runner_gitlab.access_token_secure_parameter_store_name runner_gitlab_token_secure_parameter_store
        runner_gitlab_registration_token_secure_parameter_store_name enable_manage_gitlab_token""",
    "set sentry_dsn": "runner_sentry_secure_parameter_store_name",
    "the manager makes a key of its own for its machines": """
        runner_worker.use_private_key runner_worker_docker_autoscaler.key_pair_name
        runner_worker_docker_machine_fleet.key_pair_name""",
    "Pulumi makes the key by which it reaches the manager": "ssh_key_pair ssh_public_key",
    "the bucket is private, without versions; name your own in cache.s3.BucketName for another one": """
        runner_worker_cache.access_log_bucket_id runner_worker_cache.access_log_bucket_prefix
        runner_worker_cache.bucket_prefix runner_worker_cache.create_aws_s3_bucket_public_access_block
        runner_worker_cache.include_account_id runner_worker_cache.random_suffix runner_worker_cache.versioning""",
    "the manager's role gets rights to the bucket": "runner_worker_cache.policy",
    "the manager's instance profile signs in": "runner_worker_cache.authentication_type docker_machine_user",
    "it has no effect without create = false": "runner_worker_cache.bucket",
    "for a bucket of your own set that at the bucket": "runner_worker_cache.expiration_days",
    "a pool has all its zones and types; or set manager.dockerMachine.fork to cki": """
        runner_worker_docker_machine_fleet runner_worker_docker_machine_fleet.enable""",
    "machines start from a current Ubuntu; set pools[0].image for another image": """
        runner_worker_docker_machine_ami_filter runner_worker_docker_machine_ami_owners
        runner_worker_docker_autoscaler_ami_filter runner_worker_docker_autoscaler_ami_owners""",
    "a pool's group has all its zones and types, and nothing replaces its machines": """
        runner_worker_docker_autoscaler_asg.enabled_metrics runner_worker_docker_autoscaler_asg.health_check_type
        runner_worker_docker_autoscaler_asg.health_check_grace_period
        runner_worker_docker_autoscaler_asg.instance_refresh_min_healthy_percentage
        runner_worker_docker_autoscaler_asg.instance_refresh_triggers
        runner_worker_docker_autoscaler_asg.spot_allocation_strategy
        runner_worker_docker_autoscaler_asg.spot_instance_pools runner_worker_docker_autoscaler_asg.upgrade_strategy""",
    "gitlab-runner asks for as many machines as jobs need, up to limit": """
        runner_worker_docker_autoscaler_asg.max_growth_rate""",
    "name the types in pools[0].instanceTypes": "runner_worker_docker_autoscaler_asg.instance_requirements",
    "it has no effect without enable_mixed_instances_policy": """
        runner_worker_docker_autoscaler_asg.on_demand_base_capacity
        runner_worker_docker_autoscaler_asg.on_demand_percentage_above_base_capacity""",
    "it has no effect beside types": "runner_worker_docker_autoscaler_asg.default_instance_type",
    "user data are as they are": "runner_worker_docker_autoscaler_instance.start_script_compression_algorithm",
    "the region tells the partition of AWS": "arn_format",
    "the subnet tells the zone": "aws_zone",
    "the manager alone reaches the machines": "docker_machine_docker_cidr_blocks docker_machine_ssh_cidr_blocks",
    "it has no effect without runners_off_peak_periods": """
        runners_off_peak_idle_count runners_off_peak_idle_time runners_off_peak_timezone""",
    "the manager is in one subnet; set network.managerSubnetId": "subnet_ids_gitlab_runner",
}
"""Names of variables, of objects and of keys in these, by the reason."""

WHY: Mapping[str, str] = {name: why for why, names in _BY_REASON.items() for name in names.split()}

_SAME: Mapping[str, tuple[Any, ...]] = {
    "debug.trace_runner_user_data": (False,),
    "debug.write_runner_config_to_file": (False,),
    "debug.write_runner_user_data_to_file": (False,),
    "enable_managed_kms_key": (False,),
    "enable_gitlab_runner_ssh_access": (False,),
    "create_runners_iam_instance_profile": (True,),
    "runner_enable_asg_recreation": (False,),
    "enable_forced_updates": (False,),
    "runner_instance.ebs_optimized": (True,),
    "runner_instance.max_lifetime_seconds": (0,),
    "runner_instance.root_device_config.volume_type": ("gp3",),
    "runner_instance.root_device_config.encrypted": (True,),
    "runner_instance.root_device_config.delete_on_termination": (True,),
    "runner_networking.allow_incoming_ping": (False,),
    "runner_role.create_role_profile": (True,),
    "runner_role.allow_iam_service_linked_role_creation": (True,),
    "runner_metadata_options.http_endpoint": ("enabled",),
    "runner_metadata_options.http_tokens": ("required",),
    "runner_metadata_options.http_put_response_hop_limit": (1,),
    "runner_metadata_options.instance_metadata_tags": ("disabled",),
    "runner_schedule_enable": (False,),
    "asg_terminate_lifecycle_hook_create": (True,),
    "runner_install.amazon_ecr_credential_helper": (False,),
    "runner_install.yum_update": (False,),
    "runner_worker.ssm_access": (False,),
    "runner_worker.use_private_key": (False,),
    "runner_gitlab.registration_token": ("__REPLACED_BY_USER_DATA__",),
    "runner_gitlab_registration_config.registration_token": ("__GITLAB_REGISTRATION_TOKEN_FROM_SSM__",),
    "runner_worker_cache.authentication_type": ("iam",),
    "runner_worker_cache.create_aws_s3_bucket_public_access_block": (True,),
    "runner_worker_cache.include_account_id": (True,),
    "runner_worker_cache.random_suffix": (False,),
    "runner_worker_cache.versioning": (False,),
    "runner_worker_docker_machine_fleet.enable": (False,),
    "runner_worker_docker_autoscaler_asg.max_growth_rate": (0,),
}
"""Values that need no word: the stack does what they say."""

_FORBID = ("runner_egress_rules", "runner_worker_egress_rules")
"""Without an entry these forbid everything. Elsewhere an empty value is that of a variable that is left out."""


def why_left_out(name: str, value: object) -> str | None:
    """Return why what a variable says is not in the stack, and what to do; None where there is nothing to say.

    `name` is that of 7.0 and later, with a key of an object after a dot.
    """
    if (value in (None, "", [], {}) and name not in _FORBID) or _is_same(name, value):
        return None
    return WHY.get(name, "no release of the module from 4.0 to 9.5 has such a variable; is it spelled right?")


def _is_same(name: str, value: object) -> bool:
    return any(type(same) is type(value) and same == value for same in _SAME.get(name, ()))
