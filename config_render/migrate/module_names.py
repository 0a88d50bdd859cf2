"""What variables of the Terraform module were called before, by `variables.tf` of its releases 4.0 to 9.5.

Everything else here knows them by the names that they have had since 7.0.
"""

from collections.abc import Mapping

FIRST_WITH_OBJECTS = (7,)
"""The release that put most variables into objects, such as `runner_worker`."""

_MACHINE = "runner_worker_docker_machine"
_INSTANCE = f"{_MACHINE}_instance"
_DOCKER = "runner_worker_docker_options"
_HOOK = "runner_terminate_ec2_lifecycle"

BEFORE_7: Mapping[str, str] = {
    "agent_tags": "runner_instance.additional_tags",
    "allow_iam_service_linked_role_creation": "runner_role.allow_iam_service_linked_role_creation",
    "ami_filter": "runner_ami_filter",
    "ami_owners": "runner_ami_owners",
    "asg_delete_timeout": "runner_terraform_timeout_delete_asg",
    "asg_max_instance_lifetime": "runner_instance.max_lifetime_seconds",
    "asg_terminate_lifecycle_hook_heartbeat_timeout": f"{_HOOK}_timeout_duration",
    "asg_terminate_lifecycle_hook_name": f"{_HOOK}_hook_name",
    "asg_terminate_lifecycle_lambda_timeout": "runner_terminate_ec2_timeout_duration",
    "auth_type_cache_sr": "runner_worker_cache.authentication_type",
    "cache_bucket": "runner_worker_cache",
    "cache_bucket_name_include_account_id": "runner_worker_cache.include_account_id",
    "cache_bucket_prefix": "runner_worker_cache.bucket_prefix",
    "cache_bucket_set_random_suffix": "runner_worker_cache.random_suffix",
    "cache_bucket_versioning": "runner_worker_cache.versioning",
    "cache_expiration_days": "runner_worker_cache.expiration_days",
    "cache_logging_bucket": "runner_worker_cache.access_log_bucket_id",
    "cache_logging_bucket_prefix": "runner_worker_cache.access_log_bucket_prefix",
    "cache_shared": "runner_worker_cache.shared",
    "cloudwatch_logging_retention_in_days": "runner_cloudwatch.retention_days",
    "create_runner_iam_role": "runner_role.create_role_profile",
    "debug.output_runner_config_to_file": "debug.write_runner_config_to_file",
    "debug.output_runner_user_data_to_file": "debug.write_runner_user_data_to_file",
    "docker_machine_download_url": "runner_install.docker_machine_download_url",
    "docker_machine_egress_rules": "runner_worker_egress_rules",
    "docker_machine_iam_policy_arns": f"{_MACHINE}_role.policy_arns",
    "docker_machine_instance_metadata_options": f"{_MACHINE}_ec2_metadata_options",
    "docker_machine_instance_type": f"{_INSTANCE}.types",
    "docker_machine_options": f"{_MACHINE}_ec2_options",
    "docker_machine_role_json": f"{_MACHINE}_role.assume_role_policy_json",
    "docker_machine_security_group_description": f"{_MACHINE}_security_group_description",
    "docker_machine_spot_price_bid": f"{_INSTANCE}_spot.max_price",
    "docker_machine_version": "runner_install.docker_machine_version",
    "enable_asg_recreation": "runner_enable_asg_recreation",
    "enable_cloudwatch_logging": "runner_cloudwatch.enable",
    "enable_docker_machine_ssm_access": "runner_worker.ssm_access",
    "enable_eip": "runner_instance.use_eip",
    "enable_kms": "enable_managed_kms_key",
    "enable_ping": "runner_networking.allow_incoming_ping",
    "enable_runner_ssm_access": "runner_instance.ssm_access",
    "enable_runner_user_data_trace_log": "debug.trace_runner_user_data",
    "enable_schedule": "runner_schedule_enable",
    "extra_security_group_ids_runner_agent": "runner_networking.security_group_ids",
    "fleet_executor_subnet_ids": f"{_INSTANCE}.subnet_ids",
    "fleet_key_pair_name": f"{_MACHINE}_fleet.key_pair_name",
    "gitlab_runner_egress_rules": "runner_egress_rules",
    "gitlab_runner_registration_config": "runner_gitlab_registration_config",
    "gitlab_runner_security_group_description": "runner_networking.security_group_description",
    "gitlab_runner_security_group_ids": "runner_networking.allow_incoming_ping_security_group_ids",
    "gitlab_runner_version": "runner_gitlab.runner_version",
    "instance_role_json": "runner_role.assume_role_policy_json",
    "instance_type": "runner_instance.type",
    "kms_alias_name": "kms_managed_alias_name",
    "kms_deletion_window_in_days": "kms_managed_deletion_rotation_window_in_days",
    "log_group_name": "runner_cloudwatch.log_group_name",
    "metrics_autoscaling": "runner_instance.collect_autoscaling_metrics",
    "overrides.name_docker_machine_runners": f"{_INSTANCE}.name_prefix",
    "overrides.name_iam_objects": "iam_object_prefix",
    "overrides.name_runner_agent_instance": "runner_instance.name_prefix",
    "overrides.name_sg": "security_group_prefix",
    "permissions_boundary": "iam_permissions_boundary",
    "prometheus_listen_address": "runner_manager.prometheus_listen_address",
    "role_tags": "runner_role.additional_tags",
    "runner_agent_uses_private_address": "runner_instance.private_address_only",
    # Images of workers then, and those of the manager since 7.0.
    "runner_ami_filter": f"{_MACHINE}_ami_filter",
    "runner_ami_owners": f"{_MACHINE}_ami_owners",
    "runner_extra_config": "runner_install.start_script",
    "runner_iam_policy_arns": "runner_role.policy_arns",
    "runner_iam_role_name": "runner_role.role_profile_name",
    "runner_instance_ebs_optimized": "runner_instance.ebs_optimized",
    "runner_instance_enable_monitoring": "runner_instance.monitoring",
    "runner_instance_metadata_options": "runner_metadata_options",
    "runner_instance_metadata_options_http_endpoint": "runner_metadata_options.http_endpoint",
    "runner_instance_metadata_options_http_tokens": "runner_metadata_options.http_tokens",
    "runner_instance_spot_price": "runner_instance.spot_price",
    "runner_root_block_device": "runner_instance.root_device_config",
    "runner_tags": f"{_MACHINE}_role.additional_tags",
    "runner_yum_update": "runner_install.yum_update",
    "runners_add_dind_volumes": "runner_worker_docker_add_dind_volumes",
    "runners_additional_volumes": f"{_DOCKER}.volumes",
    "runners_ca_certificate": "runner_gitlab.ca_certificate",
    "runners_check_interval": "runner_manager.gitlab_check_interval",
    "runners_clone_url": "runner_gitlab.url_clone",
    "runners_concurrent": "runner_manager.maximum_concurrent_jobs",
    "runners_disable_cache": f"{_DOCKER}.disable_cache",
    "runners_docker_registry_mirror": f"{_INSTANCE}.docker_registry_mirror_url",
    "runners_docker_runtime": f"{_DOCKER}.runtime",
    "runners_docker_services": "runner_worker_docker_services",
    "runners_ebs_optimized": f"{_INSTANCE}.ebs_optimized",
    "runners_environment_vars": "runner_worker.environment_variables",
    "runners_executor": "runner_worker.type",
    "runners_extra_hosts": f"{_DOCKER}.extra_hosts",
    "runners_gitlab_certificate": "runner_gitlab.certificate",
    "runners_gitlab_url": "runner_gitlab.url",
    "runners_helper_image": f"{_DOCKER}.helper_image",
    "runners_iam_instance_profile_name": f"{_MACHINE}_role.profile_name",
    "runners_idle_count": f"{_INSTANCE}.idle_count",
    "runners_idle_time": f"{_INSTANCE}.idle_time",
    "runners_image": f"{_DOCKER}.image",
    "runners_install_amazon_ecr_credential_helper": "runner_install.amazon_ecr_credential_helper",
    "runners_limit": "runner_worker.max_jobs",
    "runners_machine_autoscaling": f"{_MACHINE}_autoscaling_options",
    "runners_max_builds": f"{_INSTANCE}.destroy_after_max_builds",
    "runners_monitoring": f"{_INSTANCE}.monitoring",
    "runners_name": "runner_instance.name",
    "runners_output_limit": "runner_worker.output_limit",
    "runners_post_build_script": "runner_worker_gitlab_pipeline.post_build_script",
    "runners_pre_build_script": "runner_worker_gitlab_pipeline.pre_build_script",
    "runners_pre_clone_script": "runner_worker_gitlab_pipeline.pre_clone_script",
    "runners_privileged": f"{_DOCKER}.privileged",
    "runners_pull_policies": f"{_DOCKER}.pull_policies",
    "runners_request_concurrency": "runner_worker.request_concurrency",
    "runners_request_spot_instance": f"{_INSTANCE}_spot.enable",
    "runners_root_size": f"{_INSTANCE}.root_size",
    "runners_services_volumes_tmpfs": "runner_worker_docker_services_volumes_tmpfs",
    "runners_shm_size": f"{_DOCKER}.shm_size",
    "runners_token": "runner_gitlab.registration_token",
    "runners_use_private_address": f"{_INSTANCE}.private_address_only",
    "runners_userdata": f"{_INSTANCE}.start_script",
    "runners_volume_type": f"{_INSTANCE}.volume_type",
    "runners_volumes_tmpfs": "runner_worker_docker_volumes_tmpfs",
    "runners_wait_for_services_timeout": f"{_DOCKER}.wait_for_services_timeout",
    "schedule_config": "runner_schedule_config",
    "secure_parameter_store_gitlab_runner_registration_token_name": (
        "runner_gitlab_registration_token_secure_parameter_store_name"
    ),
    "secure_parameter_store_runner_sentry_dsn": "runner_sentry_secure_parameter_store_name",
    "secure_parameter_store_runner_token_key": "runner_gitlab_token_secure_parameter_store",
    "sentry_dsn": "runner_manager.sentry_dsn",
    "show_user_data_in_plan": "debug.write_runner_config_to_file",
    "use_fleet": f"{_MACHINE}_fleet.enable",
    "userdata_post_install": "runner_install.post_install_script",
    "userdata_pre_install": "runner_install.pre_install_script",
}
"""By the names of before 7.0."""

BEFORE_9: Mapping[str, str] = {
    "runner_networking_egress_rules": "runner_egress_rules",
    f"{_MACHINE}_extra_egress_rules": "runner_worker_egress_rules",
}
"""By the names of 7 and 8."""

GONE_SINCE_7 = (
    *("arn_format", "asg_terminate_lifecycle_hook_create", "asg_terminate_lifecycle_lambda_memory_size"),
    *("asg_terminate_lifecycle_lambda_runtime", "aws_region", "aws_zone", "create_runners_iam_instance_profile"),
    *("docker_machine_docker_cidr_blocks", "docker_machine_instance_types_fleet", "docker_machine_ssh_cidr_blocks"),
    *("docker_machine_user", "enable_forced_updates", "enable_gitlab_runner_ssh_access", "enable_manage_gitlab_token"),
    *("gitlab_runner_ssh_cidr_blocks", "overrides", "runners_off_peak_idle_count", "runners_off_peak_idle_time"),
    *("runners_off_peak_periods", "runners_off_peak_timezone", "runners_pull_policy", "ssh_key_pair"),
    *("ssh_public_key", "subnet_id_runners", "subnet_ids_gitlab_runner"),
)
"""Variables of before 7.0 that have had no other name since."""

ANOTHER_SINCE_7 = ("runner_ami_filter", "runner_ami_owners")
"""Names that have meant something else since 7.0."""


def name_of(top: str, key: str | None, *, former: bool) -> str:
    """Return what a variable, or a key of an object, has been called since 7.0 or 9.0.

    `former` tells whether the call is one of before 7.0.
    """
    whole = top if key is None else f"{top}.{key}"
    names = {**BEFORE_7, **BEFORE_9}
    if not former:
        names = {old: new for old, new in names.items() if old not in ANOTHER_SINCE_7}
    if whole in names or key is None:
        return names.get(whole, whole)
    return f"{names.get(top, top)}.{key}"


def is_of_before_7(name: str) -> bool:
    """Return whether a variable's name says that its call is one of before 7.0."""
    renamed = name in BEFORE_7 and name not in ANOTHER_SINCE_7
    return renamed or name in GONE_SINCE_7
