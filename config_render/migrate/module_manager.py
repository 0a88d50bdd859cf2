"""What the module's variables say of the manager, of rights and of the stack as a whole."""

import re
from collections.abc import Mapping

from ..base.secret_texts import holds_secret
from ..settings.manager import Logs
from .module_call import ModuleCall

_AS_IT_IS: Mapping[str, str] = {
    "tags": "tags",
    "runner_instance.type": "manager.instanceType",
    "runner_instance.ssm_access": "manager.ssm",
    "runner_instance.use_eip": "manager.elasticIp",
    "runner_instance.monitoring": "manager.monitoring",
    "runner_ami_id": "manager.ami",
    "runner_gitlab.runner_version": "manager.gitlabRunner.version",
}
"""Settings by the variables whose values they take."""
_DISK = "runner_instance.root_device_config"
_BOUNDARY, _BOUNDARY_ARN = "iam_permissions_boundary", "arn:aws:iam::123456789012:policy/"
_POLICY = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
_PARAMETER = "runner_gitlab.preregistered_runner_token_ssm_parameter_name"
_KEY_ARN = "arn:aws:kms:eu-central-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"


def take_the_rest(call: ModuleCall) -> None:
    """Take what is neither in config.toml nor about machines, and tell of what is left."""
    call.set("tokenParameter", call.ask(_PARAMETER, "tokenParameter", "/ci/runner-token", needed=False), _PARAMETER)
    for name, path in _AS_IT_IS.items():
        call.set(path, call.take(name, becomes=path), name)
    size = f"{_DISK}.volume_size"
    call.set("manager.rootSize", call.take(size, 0, "manager.rootSize") or None, size)
    _address(call)
    _logs(call)
    _authorities(call)
    _key(call)
    boundary = call.ask(_BOUNDARY, "identity.permissionsBoundary", f"{_BOUNDARY_ARN}ci", needed=False)
    if isinstance(boundary, str) and boundary.startswith("arn:"):
        call.set("identity.permissionsBoundary", boundary, _BOUNDARY)
    elif boundary is not None:
        why = f"{call.place(_BOUNDARY)} is a name: the ARN of that policy"
        name = boundary if _POLICY.fullmatch(str(boundary)) and not holds_secret(str(boundary)) else "ci"
        call.findings.want("identity.permissionsBoundary", f"{_BOUNDARY_ARN}{name}", why)
    _profile(call)
    call.tell_the_rest()


def _address(call: ModuleCall) -> None:
    name = "runner_instance.private_address_only"
    private = call.take(name, default=True, becomes="manager.publicAddress")
    if private is not False and call.private_workers is not False and "manager.elasticIp" not in call.settings:
        call.settings["manager.publicAddress"] = False, call.place(name)


def _logs(call: ModuleCall) -> None:
    enable, days = "runner_cloudwatch.enable", "runner_cloudwatch.retention_days"
    if call.take(enable, default=True, becomes="manager.logs.journal") is False:
        call.leave_out([days], f"it has no effect while {call.place(enable)} is false")
        return
    call.settings["manager.logs.journal"] = True, call.place(enable)
    path = "manager.logs.retentionDays"
    is_given, kept = call.gives(days), call.take(days, 0, path)
    if kept == 0 and is_given:
        default = Logs.model_fields["retention_days"].default
        call.findings.note(call.place(days), f"0 is for ever; {path} is {default} by default, and at most 3653")
    elif kept != 0:
        call.set(path, kept, days)


def _authorities(call: ModuleCall) -> None:
    found = {}
    for name in ("runner_gitlab.certificate", "runner_gitlab.ca_certificate"):
        if isinstance(text := call.take(name, "", "gitlab.ca"), str) and text.strip():
            found[name] = text.strip()
    if found:
        call.set("gitlab.ca", "".join(f"{text}\n" for text in found.values()), next(iter(found)))


def _key(call: ModuleCall) -> None:
    name, path = "kms_key_id", "cache.kmsKey"
    encrypts_disks = not call.former and (call.release is None or call.release >= (8,))
    key = call.ask(name, path, _KEY_ARN, needed=False)
    if key is None:
        return
    if not str(key).startswith("arn:"):
        call.findings.want(path, _KEY_ARN, f"{call.place(name)} is not a valid ARN: the ARN of that key")
        return
    call.set(path, key, name)
    if encrypts_disks:
        call.set("pools[0].driver.amazonec2-volume-kms-key", key, name)


def _profile(call: ModuleCall) -> None:
    made, name, path = (
        "runner_role.create_role_profile",
        "runner_role.role_profile_name",
        "identity.managerInstanceProfile",
    )
    if call.take(made, default=True) is not False:
        return
    profile = call.take(name, "", path)
    if profile == "":
        call.findings.note(call.place(made), f"the stack makes one; to bring your own, set {path}")
    call.set(path, profile, name)
