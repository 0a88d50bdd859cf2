"""What the manager host stand-in understands of EC2 user data: the host keys that cloud-init would install."""

import asyncssh
import yaml


class UserDataError(ValueError):
    """User data that cloud-init would not accept, or of a kind that this stand-in does not execute."""


def host_key(user_data: str) -> asyncssh.SSHKey:
    """Return the SSH host key that cloud-config `user_data` asks for under `ssh_keys`, else a new one.

    Keys: https://cloudinit.readthedocs.io/en/latest/reference/modules.html#ssh. All other parts of the configuration
    are ignored. Raises `UserDataError`, without the text of a key.
    """
    keys = _ssh_keys(user_data)
    if "ed25519_private" not in keys:
        return asyncssh.generate_private_key("ssh-ed25519")
    try:
        private = asyncssh.import_private_key(keys["ed25519_private"])
        public = asyncssh.import_public_key(keys["ed25519_public"]) if "ed25519_public" in keys else private
    except asyncssh.KeyImportError as error:
        raise UserDataError(f"ssh_keys of the user data: {error}") from None
    if private.public_data != public.public_data:
        raise UserDataError("ssh_keys of the user data: ed25519_public does not belong to ed25519_private")
    return private


def _ssh_keys(user_data: str) -> dict[str, str]:
    if not user_data.strip():
        return {}
    if user_data.splitlines()[0].rstrip() != "#cloud-config":
        raise UserDataError("user data must start with the line #cloud-config; scripts are not executed here")
    try:
        config = yaml.safe_load(user_data)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise UserDataError(f"user data is not YAML: line {line}: {error.problem}") from None
    keys = config.get("ssh_keys", {}) if isinstance(config, dict) else None
    if config is not None and not isinstance(keys, dict):
        raise UserDataError("user data must be a mapping, and so must its ssh_keys")
    return {name: value for name, value in (keys or {}).items() if isinstance(value, str)}
