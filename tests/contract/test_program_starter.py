"""A program that is forked finds what it would find in a process of its own, and ends as it would end there."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.cloud import ROOT
from localcloud.program_starter import ProgramStarter

_SAYS = """
import json, os, sys
ours = [name for name in sys.modules if name.split(".")[0] in ("components", "config_render", "planning", "review")]
print(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd(), sys.path[0], __name__, ours, "pulumi" in sys.modules]))
sys.exit(32)
"""


@pytest.fixture(scope="module")
def starter() -> Iterator[ProgramStarter]:
    made = ProgramStarter()
    yield made
    made.close()


def test_a_program_has_its_own_arguments_environment_and_folder_and_tells_its_exit_code(
    starter: ProgramStarter, tmp_path: Path
) -> None:
    script, out = tmp_path / "says.py", tmp_path / "out"
    script.write_text(_SAYS)
    with out.open("w") as output:
        number = output.fileno()
        program = starter.start([str(script), "a", "b"], {"ONLY": "this"}, "/usr", number, number)
        code = program.wait()

    assert code == 32
    assert json.loads(out.read_text()) == [["a", "b"], {"ONLY": "this"}, "/usr", str(tmp_path), "__main__", [], True]


def test_the_program_of_this_checkout_finds_its_modules_loaded(starter: ProgramStarter, tmp_path: Path) -> None:
    script, out = tmp_path / "says.py", tmp_path / "out"
    script.write_text("import sys; print(sys.modules['components'].__file__, *sys.path, sep='\\n')")
    with out.open("w") as output:
        assert starter.start([str(script)], {}, str(ROOT), output.fileno(), output.fileno()).wait() == 0

    file, *path = out.read_text().splitlines()
    assert file == str(ROOT / "components" / "__init__.py")
    assert str(ROOT) not in path


def test_programs_run_at_the_same_time_and_each_can_be_ended(starter: ProgramStarter, tmp_path: Path) -> None:
    script = tmp_path / "waits.py"
    script.write_text("import os, time\nos.write(1, b'runs\\n')\ntime.sleep(300)\n")
    began, telling = os.pipe()
    first, second = (starter.start([str(script)], {}, "/", telling, telling) for _ in range(2))
    with os.fdopen(began) as said:
        assert [said.readline(), said.readline()] == ["runs\n"] * 2
        os.close(telling)
        second.terminate()
        assert second.wait() == -15
        first.terminate()
        assert first.wait() == -15


def test_only_a_program_of_the_same_python_is_forked(starter: ProgramStarter, tmp_path: Path) -> None:
    environment = dict(os.environ)
    linked = tmp_path / "venv"
    linked.symlink_to(sys.prefix)

    assert starter.fits(f"{sys.prefix}/bin/python", environment)
    assert starter.fits(f"{linked}/bin/python", environment)
    assert not starter.fits(f"{tmp_path}/other/bin/python", environment)
    assert not starter.fits(f"{sys.prefix}/bin/python", {**environment, "PYTHONPATH": "/elsewhere"})
