"""How `make` gets what is pinned."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from localcloud.cloud import ROOT

NOWHERE = "http://127.0.0.1:9/simple"
QUICKLY = {"UV_HTTP_RETRIES": "0", "UV_NO_CACHE": "1", "PIP_RETRIES": "0"}


def pinned(*names: str) -> str:
    """What requirements-dev.txt says of some packages, hashes included."""
    text = (ROOT / "requirements-dev.txt").read_text()
    return "".join(re.findall(rf"^(?:{'|'.join(names)})==(?:.*\\\n)+.*\n", text, re.MULTILINE))


def make_ready(folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    command = ["make", "--no-print-directory", ".venv/.ready"]
    environment = {**os.environ, **QUICKLY, **variables}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow  # a virtual environment is made three times
def test_uv_installs_from_pips_index_what_is_pinned_and_nothing_else_and_where_it_can_not_pip_does(
    tmp_path: Path,
) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").touch()
    wanted = tmp_path / "requirements-dev.txt"
    wanted.write_text(pinned("uv") + re.sub("sha256:.{4}", "sha256:0000", pinned("iniconfig")))

    refused = make_ready(tmp_path)
    assert refused.returncode != 0
    assert "Hash mismatch for `iniconfig" in refused.stderr, refused.stderr
    assert "DO NOT MATCH THE HASHES" in refused.stderr, refused.stderr
    assert not (tmp_path / ".venv" / ".ready").exists()

    wanted.write_text(pinned("uv", "iniconfig"))
    (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {NOWHERE}\n")
    refused = make_ready(tmp_path, PIP_CONFIG_FILE=str(tmp_path / "pip.conf"))
    assert refused.returncode != 0
    assert f"error sending request for url ({NOWHERE}/iniconfig/)" in refused.stderr, refused.stderr

    done = make_ready(tmp_path, UV_DEFAULT_INDEX=NOWHERE)
    assert done.returncode == 0, done.stderr
    assert "pip tries it" in done.stdout
    assert [*(tmp_path / ".venv").glob("lib/*/site-packages/iniconfig")]
