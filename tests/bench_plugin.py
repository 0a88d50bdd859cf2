"""How much longer a preview takes whose component comes from the plugin, as it does in other languages than Python."""

import statistics
import time
from pathlib import Path

from localcloud import control
from localcloud.cloud import LocalCloud

from .plugin import test_remote_component as programs
from .plugin.programs import Program, plugin_folder
from .plugin.test_names import program_names

_RUNS = 5
_MOST = 1.5


def preview_figure(folder: Path) -> None:
    """Show the median times of previews with the component itself and with the plugin's, one after the other."""
    folder.mkdir()
    cloud = LocalCloud.start(folder / "cloud")
    try:
        plugin = plugin_folder(folder / "plugin")
        program = Program.create(cloud, folder / "acme", plugin, programs.PYTHON)
        own, aws = programs.settings(cloud)
        secrets = {"token": control.create_runner(cloud), "cacheKey": programs.SECRET}
        program.configure({**aws, "local": own, "remote": program_names(own)}, secrets)
        local: list[float] = []
        remote: list[float] = []
        for _ in range(_RUNS):
            for text, seconds in ((programs.LOCAL, local), (programs.REMOTE, remote)):
                program.write("__main__.py", text)
                started = time.monotonic()
                program.pulumi("preview")
                seconds.append(time.monotonic() - started)
    finally:
        cloud.stop()
    seconds_each, factor = statistics.median(remote), statistics.median(remote) / statistics.median(local)
    limit, verdict = f"at most {_MOST}x: {factor:.1f}x", "ok" if factor <= _MOST else "TOO SLOW"
    print(f"{'preview of the component from the plugin':<44} {seconds_each:6.2f} s {'':>10}   {limit:<28} {verdict}")
