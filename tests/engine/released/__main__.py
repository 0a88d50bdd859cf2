"""`python -m tests.engine.released VERSION`: keep the state that this checkout leaves as that of a release."""

import sys
import tempfile
from pathlib import Path

from localcloud.cloud import LocalCloud

from . import record

with tempfile.TemporaryDirectory() as scratch:
    cloud = LocalCloud.start(Path(scratch) / "cloud")
    try:
        record(cloud, Path(scratch) / "project", sys.argv[1])
    finally:
        cloud.stop()
