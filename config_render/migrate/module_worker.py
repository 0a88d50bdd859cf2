"""The config.toml that the module makes of its variables, as its `template/runner-config.tftpl` has it."""

import tomllib
from typing import Any

from .module_call import RUNNER, ModuleCall
from .module_group import GROUP_NAMES, autoscaler_table
from .module_machines import MACHINE_NAMES, machine_table

_TOKEN = f"glrt-{'x' * 20}"
"""Of the form of a token; no real one is ever here."""
_DOCKER = "runner_worker_docker_options"
_CACHE = "runner_worker_cache"
_URL = "https://gitlab.example.com"
_BUCKET = "my-cache"
_SENTRY = "__SENTRY_DSN_REPLACED_BY_USER_DATA__"
_DIND = ["/certs/client", "/builds", "/var/run/docker.sock:/var/run/docker.sock"]
"""Volumes that the module adds for Docker in Docker."""


def config_toml(call: ModuleCall) -> dict[str, Any]:
    """Return the content of the module's config.toml, and take down in `call` what of it comes from where."""
    content: dict[str, Any] = {}
    row: tuple[str, str, Any]
    for row in (
        ("concurrent", "runner_manager.maximum_concurrent_jobs", 10),
        ("check_interval", "runner_manager.gitlab_check_interval", 0 if call.is_before(4, 36) else 3),
        ("sentry_dsn", "runner_manager.sentry_dsn", None),
        ("listen_address", "runner_manager.prometheus_listen_address", None),
        ("connection_max_age", "runner_manager.connection_max_age", None),
    ):
        call.become(content, "", *row)
    if content.get("sentry_dsn") == _SENTRY:
        del content["sentry_dsn"]
    return {**content, "runners": [_runner(call)]}


def _runner(call: ModuleCall) -> dict[str, Any]:
    runner: dict[str, Any] = {"token": _TOKEN, "url": call.ask("runner_gitlab.url", "gitlab.url", _URL)}
    call.names[f"{RUNNER}.token"] = "the runner's authentication token, which GitLab shows once"
    call.mark(f"{RUNNER}.url", "runner_gitlab.url")
    if runner["url"] is None:
        runner["url"] = _URL
        call.invented.append("gitlab.url")
    row: tuple[str, str, Any]
    for row in (
        ("name", "runner_instance.name", "gitlab-runner"),
        ("clone_url", "runner_gitlab.url_clone", None),
        ("executor", "runner_worker.type", "docker+machine"),
        ("limit", "runner_worker.max_jobs", 0),
        ("output_limit", "runner_worker.output_limit", 4096),
        ("request_concurrency", "runner_worker.request_concurrency", 1),
        ("environment", "runner_worker.environment_variables", None),
        ("pre_build_script", "runner_worker_gitlab_pipeline.pre_build_script", None),
        ("post_build_script", "runner_worker_gitlab_pipeline.post_build_script", None),
        ("pre_get_sources_script", "runner_worker_gitlab_pipeline.pre_clone_script", None),
    ):
        call.become(runner, RUNNER, *row)
    for key in ("pre_build_script", "post_build_script", "pre_get_sources_script"):
        if key in runner:
            runner[key] = _as_toml(runner[key])
    runner["docker"] = _docker(call)
    if cache := _cache(call):
        runner["cache"] = cache
    if runner.get("executor") == "docker-autoscaler":
        runner["autoscaler"] = autoscaler_table(call, runner)
        call.leave_out(MACHINE_NAMES, "it has no effect with the executor docker-autoscaler")
    else:
        runner["machine"] = machine_table(call)
        call.leave_out(GROUP_NAMES, "it has no effect with the executor docker+machine")
    return {key: value for key, value in runner.items() if value != ""}


def _as_toml(text: Any) -> Any:
    """Return the script that a variable is: since 4.23 it is TOML, with the quotes."""
    try:
        value = tomllib.loads(f"x = {text.strip()}")["x"]
    except (AttributeError, ValueError, RecursionError):
        return text
    return value if isinstance(value, str) else text


def _docker(call: ModuleCall) -> dict[str, Any]:
    at = f"{RUNNER}.docker"
    docker: dict[str, Any] = {"disable_cache": False, "image": "docker:18.03.1-ce", "privileged": True}
    for key in call.keys_of(_DOCKER):
        if key not in ("pull_policies", "volumes"):
            call.become(docker, at, key, f"{_DOCKER}.{key}")
    one, several = "runners_pull_policy", f"{_DOCKER}.pull_policies"
    if call.gives(one):
        call.leave_out([several], f"{call.place(one)} is there too, and the module takes that")
        call.become(docker, at, "pull_policy", one, "always")
    else:
        call.become(docker, at, "pull_policy", several, ["always"])
    call.become(docker, at, "volumes", f"{_DOCKER}.volumes", [] if call.former else ["/cache"])
    dind = _DIND if call.take("runner_worker_docker_add_dind_volumes", default=False) is True else []
    given = docker.get("volumes", [])
    if isinstance(given, list):
        # Until 7.0 the module put its own volumes before those of the variable.
        whole = ["/cache", *dind, *given] if call.former else [*given, *dind]
        docker["volumes"] = [each for index, each in enumerate(whole) if each not in whole[:index]]
    call.become(docker, at, "services", "runner_worker_docker_services")
    for key, name in (("tmpfs", "volumes_tmpfs"), ("services_tmpfs", "services_volumes_tmpfs")):
        mounts = call.take(f"runner_worker_docker_{name}", [], f"pools[0].docker.{key}")
        call.mark(f"{at}.{key}", f"runner_worker_docker_{name}")
        listed = mounts if isinstance(mounts, list) else [mounts]
        usable = [each for each in listed if isinstance(each, dict) and "volume" in each]
        if usable != listed:
            call.findings.note(call.place(f"runner_worker_docker_{name}"), "only entries with a volume are taken")
        if found := {str(each["volume"]): each.get("options", "") for each in usable}:
            docker[key] = found
    for key in ("sysctls", "container_labels"):  # lists in the module, while gitlab-runner takes tables alone
        if isinstance(docker.get(key), list):
            docker[key] = dict(str(each).partition("=")[::2] for each in docker[key])
    return docker


def _cache(call: ModuleCall) -> dict[str, Any]:
    at = f"{RUNNER}.cache"
    cache: dict[str, Any] = {"Type": "s3"}
    call.become(cache, at, "Shared", f"{_CACHE}.shared", default=False)
    if call.take(f"{_CACHE}.create", default=True, becomes="cache.s3.BucketName") is not False:
        call.set(
            "cache.expireDays",
            call.take(f"{_CACHE}.expiration_days", 1, "cache.expireDays"),
            f"{_CACHE}.expiration_days",
        )
        return cache
    bucket = call.ask(f"{_CACHE}.bucket", "cache.s3.BucketName", _BUCKET)
    call.mark(f"{at}.s3.BucketName", f"{_CACHE}.bucket")
    if bucket is None:
        call.invented.append("cache.s3.BucketName")
    return {**cache, "s3": {"BucketName": _BUCKET if bucket is None else bucket}}
