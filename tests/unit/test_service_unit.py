"""Which units the tool takes for its own, whatever release of gitlab-runner wrote them."""

from pathlib import Path

import pytest

from components.manager_tool.programs import kept as programs
from components.manager_tool.programs import unit

ARGUMENTS = '"run" "--config" "/etc/gitlab-runner/config.toml" "--working-directory" "/root" "--user" "root"'
OURS = f"/usr/local/bin/gitlab-runner {ARGUMENTS}"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(unit, "PATH", tmp_path / "gitlab-runner.service")
    monkeypatch.setattr(programs, "PLACED", tmp_path / "programs.json")
    (tmp_path / "programs.json").write_text('{"gitlab-runner": {"sha256": "0", "version": "19.3.0"}, "later": 1}')
    return tmp_path / "gitlab-runner.service"


@pytest.mark.parametrize(
    "text",
    [
        f"[Service]\nExecStart={OURS}\n",
        f"[Unit]\nDescription=B\n[Service]\n# ExecStart=/bin/false\nExecStart = {OURS} \\\n --syslog\nUser=root\n",
        '[Service]\nExecStart=/usr/local/bin/gitlab-runner run --user root --working-directory "/root" --service '
        "gitlab-runner --config /etc/gitlab-runner/config.toml\n",
    ],
)
def test_order_and_other_settings_do_not_count(path: Path, text: str) -> None:
    path.write_text(text)
    assert unit.is_ours()
    assert unit.replaced() == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"ExecStart=/none/gitlab-runner {ARGUMENTS}", "/none/gitlab-runner (which can't be run) for /usr/local/bin/"),
        (f"ExecStart=/bin/sleep {ARGUMENTS}", "/bin/sleep for /usr/local/bin/gitlab-runner (19.3.0)"),
        (f"ExecStart={OURS}".replace('"root"', '"gitlab-runner"'), "--user gitlab-runner for root"),
        (f"ExecStart={OURS}".replace(' "--user" "root"', ""), "--user left out for root"),
        (
            f"ExecStart={OURS}".replace("/etc/gitlab-runner", "/home"),
            "--config /home/config.toml for /etc/gitlab-runner",
        ),
        (f"ExecStart={OURS}\nUser=gitlab-runner", "User=gitlab-runner for root"),
        (f"ExecStart={OURS} 'open", "--user"),
        (f"ExecStart={OURS}\nExecStart=", "no program for"),
        ("\x1b[2Jgarbage", "no program for"),
        (f"ExecStart={OURS}\nUser=\x1b[2J", "User="),
    ],
)
def test_what_runs_otherwise_is_named_in_one_line(path: Path, text: str, told: str) -> None:
    path.write_text(f"[Service]\n{text}\n")
    (line,) = unit.replaced()
    assert told in line
    assert line.endswith(programs.PUT_BACK)
    assert line.isprintable()
    assert len(line) < 600


def test_nothing_is_said_where_nothing_was_put_in_place(path: Path) -> None:
    path.with_name("programs.json").unlink()
    assert unit.replaced() == []


@pytest.mark.parametrize("placed", [True, False])
def test_a_missing_unit_is_put_back_with_a_word_unless_it_is_the_first(
    path: Path, placed: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not placed:
        path.with_name("programs.json").unlink()
    ran: list[str] = []
    monkeypatch.setattr(unit, "HOME", path.parent)
    monkeypatch.setattr(unit, "run", lambda *command: ran.append(" ".join(command[:2])))

    unit.put()

    assert ran == ["gitlab-runner install", "systemctl daemon-reload"]
    assert capsys.readouterr().out == (f"{path} was missing; it is put back\n" if placed else "")
