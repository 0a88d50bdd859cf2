"""How the tool on the manager downloads programs from servers that are not at their best."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from components.manager_tool.host import StepError
from components.manager_tool.programs import downloads as tool
from localcloud.throwaway_authority import served

from .hostile_answers import NO_ANSWERS
from .unhelpful_servers import answering_server, hanging_server, http

PROGRAM = b"program" * 1000
MISSING = "check manager.gitlabRunner.version"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)


@contextmanager
def answering(*answers: tuple[int, bytes], promised: int = len(PROGRAM)) -> Iterator[str]:
    """A server that gives these answers, one per request; `promised` is the length that it tells of good ones."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = left.pop(0)
            self.send_response(status)
            self.send_header("Content-Length", str(promised if status == 200 else len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/program"
    finally:
        server.shutdown()
        server.server_close()
    assert left == []


def test_a_download_is_written_and_its_checksum_told(tmp_path: Path) -> None:
    with answering((200, PROGRAM)) as url:
        assert tool.download(url, tmp_path / "new", MISSING) == hashlib.sha256(PROGRAM).hexdigest()
    assert (tmp_path / "new").read_bytes() == PROGRAM


@pytest.mark.parametrize(
    ("first", "reason"), [((503, b""), "HTTP 503"), ((200, PROGRAM[:10]), "it broke off after 10 of 7000 bytes")]
)
def test_what_may_pass_is_tried_again(
    first: tuple[int, bytes], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(first, (200, PROGRAM)) as url:
        tool.download(url, tmp_path / "new", MISSING)
    assert (tmp_path / "new").read_bytes() == PROGRAM
    assert capsys.readouterr().out == f"downloading {url}\n{url}: {reason}; trying again (2 of 3)\n"


def test_a_server_that_stays_broken_is_given_up() -> None:
    with answering(*[(500, b"")] * 3) as url, pytest.raises(StepError) as refused:
        tool.fetch(url, MISSING)
    assert str(refused.value) == (
        f"{url} could not be downloaded: HTTP 500; check that the manager gets there, or name a mirror"
    )


@pytest.mark.parametrize("status", [403, 404, 410])
def test_what_is_not_there_is_not_asked_for_again(status: int) -> None:
    with answering((status, b"")) as url, pytest.raises(StepError) as refused:
        tool.fetch(url, MISSING)
    assert str(refused.value) == f"{url} does not exist (HTTP {status}); {MISSING}"


def test_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool, "_SECONDS", 0.1)
    with hanging_server() as server, pytest.raises(StepError, match="could not be downloaded: timed out"):
        tool.fetch(server.url, MISSING)


def test_a_disk_that_fills_up_is_no_reason_to_try_again() -> None:
    with answering((200, PROGRAM)) as url, pytest.raises(StepError) as refused:
        tool.download(url, Path("/dev/full"), MISSING)
    assert str(refused.value) == "/dev/full could not be written: No space left on device"


def test_a_disk_that_is_too_small_is_found_out_before(tmp_path: Path) -> None:
    enough = 1 << 62
    with answering((200, b""), promised=enough) as url, pytest.raises(StepError, match=f"{tmp_path} has .* MiB left"):
        tool.download(url, tmp_path / "new", MISSING)
    assert list(tmp_path.iterdir()) == []


def test_a_list_of_checksums_names_files_with_or_without_folders() -> None:
    amd, arm, path = "a1" * 32, "b2" * 32, "../" * 10 + "x"
    lines = (f"{amd}  binaries/gitlab-runner-linux-amd64", f"{arm} *gitlab-runner-linux-arm64", f"{path} other")
    text = "\n".join(lines).encode()
    for name, checksum in (("gitlab-runner-linux-amd64", amd), ("gitlab-runner-linux-arm64", arm)):
        with answering((200, text), promised=len(text)) as url:
            assert tool.published_checksum(url, name, "manager.gitlabRunner", MISSING) == checksum
    with (
        answering((200, text), promised=len(text)) as url,
        pytest.raises(StepError, match=r"names no checksum for other; set manager\.gitlabRunner\.sha256"),
    ):
        tool.published_checksum(url, "other", "manager.gitlabRunner", MISSING)


@pytest.mark.parametrize("length", ["no number", "-1", "9" * 50, "٣"])
def test_a_length_that_can_not_be_does_not_keep_a_program_from_being_downloaded(length: str, tmp_path: Path) -> None:
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n".encode() + PROGRAM
    with answering_server(lambda *_: answer) as server:
        assert tool.download(server.url, tmp_path / "new", MISSING) == hashlib.sha256(PROGRAM).hexdigest()


@pytest.mark.parametrize("answer", NO_ANSWERS)
def test_what_is_no_download_ends_in_one_clear_error(
    answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tool, "_LARGEST", 1 << 20)
    with answering_server(lambda *_: NO_ANSWERS[answer]()) as server:
        for take in (lambda url: tool.fetch(url, MISSING), lambda url: tool.download(url, tmp_path / "new", MISSING)):
            with pytest.raises(StepError, match="could not be downloaded: ") as refused:
                take(server.url)
            said = str(refused.value) + capsys.readouterr().out.replace("\n", "")
            assert said.isprintable()
            assert len(said) < 2000


def test_a_download_that_comes_in_drops_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool, "_LONGEST_SECONDS", 0.2)
    done = Event()

    def drops() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
        while not done.wait(0.02):
            yield b"a"

    with answering_server(lambda *_: drops()) as server:
        with pytest.raises(StepError, match=r"takes 0\.2 s"):
            tool.fetch(server.url, MISSING)
        done.set()


@pytest.mark.parametrize("to", ["http", "ftp", "nowhere"])
def test_a_redirect_leads_from_https_to_https_alone(to: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = served("127.0.0.1")
    (tmp_path / "ca").write_text(certificate.authority)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca"))
    with (
        answering_server(lambda *_: http(PROGRAM)) as plain,
        answering_server(lambda *_: http(PROGRAM), certificate.context) as safe,
    ):
        there = {"http": plain.url, "ftp": "ftp://127.0.0.1/", "nowhere": "https://[x/"}[to]
        with (
            answering_server(lambda *_: http("", 302, f"Location: {there}"), certificate.context) as server,
            pytest.raises(StepError, match="could not be downloaded: "),
        ):
            tool.fetch(server.url, MISSING)
        assert plain.asked == []
        with answering_server(lambda *_: http("", 302, f"Location: {safe.url}"), certificate.context) as server:
            assert tool.fetch(server.url, MISSING) == PROGRAM
