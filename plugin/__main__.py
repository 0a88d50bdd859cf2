"""What the engine runs as the plugin: `python plugin ADDRESS_OF_THE_ENGINE`."""

import sys
from pathlib import Path

# In place of this folder, whose modules belong to a package.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from plugin.provider import main  # noqa: E402

main()
