"""Stand-in for pulumi-command: a text or a file copied to a remote host, by SFTP."""

from pathlib import Path
from typing import Any

import asyncssh

from .dialing import dialled
from .engine_log import EngineLog
from .errors import CommandError


async def copy(inputs: dict[str, Any], log: EngineLog) -> None:
    """Write the asset `source` to `remotePath`; raises `CommandError`."""
    source, target = inputs["source"], inputs["remotePath"]
    content = Path(source["path"]).read_bytes() if source.get("path") else source["text"].encode()
    async with dialled(inputs["connection"], log) as connection:
        try:
            async with connection.start_sftp_client() as sftp, sftp.open(target, "wb") as file:
                await file.write(content)
        except asyncssh.Error as error:
            raise CommandError(f"failed to create remote file {target}: {error.reason}") from None
