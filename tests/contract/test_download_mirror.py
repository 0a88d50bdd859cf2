"""The download mirror: what it serves, under which checksums, and that what it serves runs."""

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from localcloud.download_mirror import DownloadMirror

from .stand_in_programs import PROGRAMS

RUNNER = "/gitlab-runner/v19.3.0/binaries/gitlab-runner-linux-amd64"
MACHINE = "/docker-machine/v0.16.2-gitlab.48/docker-machine-Linux-aarch64"


@pytest.fixture
def mirror() -> Iterator[DownloadMirror]:
    server = DownloadMirror(PROGRAMS)
    server.start()
    yield server
    server.close()


def get(mirror: DownloadMirror, path: str) -> bytes:
    with urlopen(mirror.url + path) as response:
        content = response.read()
    assert isinstance(content, bytes)
    return content


def test_each_program_is_there_with_its_checksum(mirror: DownloadMirror) -> None:
    checksums = mirror.checksums()

    assert set(checksums) == {
        *(
            f"/gitlab-runner/v{version}/binaries/gitlab-runner-linux-{kind}"
            for version in ("19.3.0", "19.2.0", "99.0.0-no-start", "99.0.0-early-end")
            for kind in ("amd64", "arm64")
        ),
        *(
            f"/docker-machine/v0.16.2-gitlab.{release}/docker-machine-Linux-{kind}"
            for release in (47, 48)
            for kind in ("x86_64", "aarch64")
        ),
        *(
            f"/fleeting-plugin-aws/v{version}/fleeting-plugin-aws-linux-{kind}"
            for version in ("1.1.0", "1.0.1")
            for kind in ("amd64", "arm64")
        ),
    }
    assert {path: hashlib.sha256(get(mirror, path)).hexdigest() for path in checksums} == checksums
    assert len(set(checksums.values())) == len(checksums)


def test_the_checksum_file_has_the_form_that_sha256sum_reads(mirror: DownloadMirror, tmp_path: Path) -> None:
    for folder in ("/gitlab-runner/v19.3.0", "/docker-machine/v0.16.2-gitlab.48", "/fleeting-plugin-aws/v1.1.0"):
        text = get(mirror, f"{folder}/release.sha256").decode()
        for line in text.splitlines():
            name = line.split("  ")[1]
            target = tmp_path / name
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(get(mirror, f"{folder}/{name}"))
        (tmp_path / "release.sha256").write_text(text)
        checked = subprocess.run(["sha256sum", "-c", "release.sha256"], cwd=tmp_path, capture_output=True, check=False)
        assert checked.returncode == 0


@pytest.mark.parametrize(
    "path", ["/gitlab-runner/v18.0.0/binaries/gitlab-runner-linux-amd64", "/gitlab-runner/v19.3.0", "/"]
)
def test_anything_else_is_not_found(mirror: DownloadMirror, path: str) -> None:
    with pytest.raises(HTTPError, match="404") as refusal:
        get(mirror, path)
    refusal.value.close()


def test_a_corrupted_file_no_longer_fits_its_checksum(mirror: DownloadMirror) -> None:
    mirror.corrupt(RUNNER)

    assert hashlib.sha256(get(mirror, RUNNER)).hexdigest() != mirror.checksums()[RUNNER]
    assert hashlib.sha256(get(mirror, MACHINE)).hexdigest() == mirror.checksums()[MACHINE]


def test_the_checksums_are_the_same_in_every_local_cloud(mirror: DownloadMirror) -> None:
    another = DownloadMirror(PROGRAMS)
    another.start()
    another.close()

    assert another.checksums() == mirror.checksums()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (RUNNER, "Version:      19.3.0\n"),
        (RUNNER.replace("19.3.0", "19.2.0"), "Version:      19.2.0\n"),
        (MACHINE, "docker-machine version 0.16.2-gitlab.48, "),
    ],
)
def test_a_downloaded_program_runs_and_is_of_the_version_asked_for(
    mirror: DownloadMirror, tmp_path: Path, path: str, expected: str
) -> None:
    program = tmp_path / "program"
    program.write_bytes(get(mirror, path))
    program.chmod(0o755)

    result = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)

    assert expected in result.stdout
