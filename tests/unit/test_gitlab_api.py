"""Why GitLab could not be asked, as the manager says it, and how it gets there."""

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from components.manager_tool import host
from components.manager_tool.gitlab import api as gitlab_api
from components.manager_tool.gitlab import egress
from components.manager_tool.gitlab.api import GitLabError
from components.manager_tool.host import StepError
from localcloud.gitlab_stand_in import GitLabStandIn

from ..contract.gitlab_client import Client

VERIFY = "/api/v4/runners/verify"


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the tool's files, and nothing to wait for."""
    monkeypatch.setattr(egress, "PLAN", tmp_path / "gitlab.json")
    monkeypatch.setattr(egress, "SECRETS", tmp_path / "secrets.json")
    monkeypatch.setattr(egress, "HOME", tmp_path)
    monkeypatch.setattr(gitlab_api, "_SYSTEM_ID", tmp_path / "system-id")
    monkeypatch.setattr(time, "sleep", lambda _: None)
    (tmp_path / "system-id").write_text("s_0123456789ab\n")
    return tmp_path


@pytest.fixture
def server() -> Iterator[GitLabStandIn]:
    stand_in = GitLabStandIn()
    stand_in.start()
    yield stand_in
    stand_in.close()


def fault(server: GitLabStandIn, **what: Any) -> None:
    Client(server).send("POST", "/-/stand-in/faults", {"path": VERIFY, **what})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (socket.gaierror(-2, "Name or service not known"), "can't resolve the name gitlab.example.com (DNS)"),
        (TimeoutError("timed out"), "gitlab.example.com did not answer the manager within 20 s: check routes"),
        (OSError(101, "Network is unreachable"), "could not be reached from the manager: [Errno 101] Network is"),
        (OSError("Tunnel connection failed: 407 Proxy Authentication Required"), "407 Proxy Authentication Required"),
    ],
)
def test_no_answer_is_told_with_its_reason_and_the_fix(
    monkeypatch: pytest.MonkeyPatch, error: OSError, said: str
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise urllib.error.URLError(error)

    monkeypatch.setattr(urllib.request.HTTPSHandler, "https_open", fail)
    with pytest.raises(GitLabError) as failure:
        gitlab_api.verify("https://gitlab.example.com", "glrt-x")
    assert said in str(failure.value)
    assert "check" in str(failure.value)
    assert failure.value.status == 0


def test_a_refused_connection_is_told() -> None:
    port = free_port()
    with pytest.raises(GitLabError, match=f"127.0.0.1:{port} refused the manager's connection: check gitlab.url"):
        gitlab_api.verify(f"http://127.0.0.1:{port}", "glrt-x")


def test_a_server_that_is_no_gitlab_is_told() -> None:
    class Page(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            pass

        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")

    page = HTTPServer(("127.0.0.1", 0), Page)
    Thread(target=page.handle_request).start()
    with pytest.raises(GitLabError, match="answered POST runners/verify with something that is not GitLab's"):
        gitlab_api.verify(f"http://127.0.0.1:{page.server_address[1]}", "glrt-x")
    page.server_close()


def test_a_busy_gitlab_is_asked_again_but_never_twice_to_create(server: GitLabStandIn) -> None:
    _, token = Client(server).new_runner()
    fault(server, status=502, times=2)
    assert gitlab_api.verify(server.url, token)["token"] == token
    fault(server, close=True, times=1)
    assert gitlab_api.verify(server.url, token)["token"] == token
    fault(server, status=500, times=3)
    with pytest.raises(GitLabError, match="GitLab answered 500 to POST runners/verify: 500 by request of the test"):
        gitlab_api.verify(server.url, token)
    fault(server, path="/api/v4/user/runners", status=502, times=1)
    with pytest.raises(GitLabError):
        gitlab_api.call(server.url, "POST", "user/runners", {}, "glpat-x")
    assert [path for _, path, _ in server.requests].count("/api/v4/user/runners") == 1


@pytest.mark.parametrize(("ahead", "said"), [(3600, "60 minutes behind"), (-900, "15 minutes ahead of")])
def test_a_clock_that_is_off_is_told(server: GitLabStandIn, ahead: int, said: str) -> None:
    _, token = Client(server).new_runner()
    Client(server).send("POST", "/-/stand-in/clock", {"ahead": ahead})
    with pytest.raises(StepError, match=f"manager's clock is {said} GitLab's .* timedatectl set-ntp true"):
        gitlab_api.verify(server.url, token)
    Client(server).send("POST", "/-/stand-in/clock", {"ahead": 200})
    gitlab_api.verify(server.url, token)


def test_an_authority_of_ones_own_is_trusted_where_it_is_given(server: GitLabStandIn, files: Path) -> None:
    _, token = Client(server).new_runner()
    url = server.https_url
    with pytest.raises(GitLabError, match=r"does not trust the certificate of .*; set gitlab.ca to the PEM text"):
        gitlab_api.verify(url, token)
    with pytest.raises(GitLabError, match="no TLS with"):
        gitlab_api.verify(server.url.replace("http:", "https:"), token)

    egress.PLAN.write_text(json.dumps({"url": url, "ca": server.authority}))
    gitlab_api.verify(url, token)
    certificate = files / "certs" / "127.0.0.1.crt"
    assert not certificate.exists(), "it would be used before it is known to be right"
    egress.place_authority()
    assert server.authority in certificate.read_text()
    egress.PLAN.write_text(json.dumps({"url": url}))
    gitlab_api.verify(url, token)
    egress.place_authority()
    assert not certificate.exists()


def test_a_certificate_that_somebody_else_has_put_there_stays(server: GitLabStandIn, files: Path) -> None:
    _, token = Client(server).new_runner()
    certificate = files / "certs" / "127.0.0.1.crt"
    certificate.parent.mkdir()
    certificate.write_text(server.authority)
    egress.PLAN.write_text(json.dumps({"url": server.https_url}))
    egress.place_authority()
    gitlab_api.verify(server.https_url, token)
    assert certificate.read_text() == server.authority


def test_the_system_id_is_the_one_that_gitlab_runner_would_choose(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert gitlab_api.system_id() == "s_0123456789ab"
    (files / "system-id").write_text("no such id")
    (files / "machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    monkeypatch.setattr(gitlab_api, "_MACHINE_ID", files / "machine-id")
    # openssl's: printf gitlab-runner | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
    assert gitlab_api.system_id() == "s_ee3af03959fe"
    assert (files / "system-id").read_text() == "s_ee3af03959fe"
    (files / "machine-id").write_text("")
    (files / "system-id").unlink()
    made = gitlab_api.system_id()
    assert made.startswith("r_")
    assert gitlab_api.system_id() == made


def test_a_proxy_is_used_but_not_for_what_is_reached_directly(
    files: Path, monkeypatch: pytest.MonkeyPatch, server: GitLabStandIn
) -> None:
    asked: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            pass

        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response(403)
            self.end_headers()

    proxy = HTTPServer(("127.0.0.1", 0), Proxy)
    Thread(target=proxy.handle_request).start()
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.setenv(name, "")
        monkeypatch.setenv(name.upper(), "")
    monkeypatch.setattr(urllib.request, "_opener", None)
    monkeypatch.setattr(host, "ENVIRONMENT", {})
    (files / "secrets.json").write_text(json.dumps({"proxy": f"http://127.0.0.1:{proxy.server_address[1]}"}))
    plan = {"url": "http://gitlab.example.com", "proxy": {"url": "<secret:proxy>", "noProxy": ["127.0.0.1"]}}
    egress.PLAN.write_text(json.dumps(plan))
    egress.use_proxy()

    with pytest.raises(GitLabError):
        gitlab_api.verify("http://gitlab.example.com", "glrt-x")
    assert asked == ["http://gitlab.example.com/api/v4/runners/verify"]
    gitlab_api.verify(server.url, Client(server).new_runner()[1])
    assert host.ENVIRONMENT["NO_PROXY"] == "127.0.0.1"
    proxy.server_close()


def test_the_service_learns_of_the_proxy_without_showing_its_password(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(egress, "_VARIABLES", files / "proxy.env")
    monkeypatch.setattr(egress, "_DROP_IN", files / "systemd" / "proxy.conf")
    reloads: list[tuple[str, ...]] = []
    monkeypatch.setattr(egress, "run", lambda *command: reloads.append(command))
    (files / "secrets.json").write_text(json.dumps({"proxy": "http://me:p%40ss@proxy:3128"}))
    assert not egress.place_proxy()
    plan = {"url": "http://gitlab.example.com", "proxy": {"url": "<secret:proxy>", "noProxy": ["127.0.0.1"]}}
    egress.PLAN.write_text(json.dumps(plan))
    assert egress.place_proxy()
    assert not egress.place_proxy()
    assert (files / "systemd" / "proxy.conf").read_text() == f"[Service]\nEnvironmentFile=-{files}/proxy.env\n"
    text = (files / "proxy.env").read_text()
    assert 'HTTPS_PROXY="http://me:p%40ss@proxy:3128"' in text
    assert (files / "proxy.env").stat().st_mode & 0o777 == 0o600
    egress.PLAN.write_text(json.dumps({"url": "http://gitlab.example.com"}))
    assert egress.place_proxy()
    assert (files / "proxy.env").read_text() == ""
    assert len(reloads) == 2
