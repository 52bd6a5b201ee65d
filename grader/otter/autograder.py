"""The way in of Gradescope and of ``otter grade``: runs Otter in a folder of its own, beside the platform's.

Otter would copy its files into ``/autograder/submission``, where links, folders and files of the same names
may lie already. Here it works in an empty submission, and the plugin grades what was handed in.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from otter.run.run_autograder import main as run_otter

from grader.otter.layout import CONFIG, ENTRY, METADATA, PLUGIN, entry_notebook
from grader.results import files


def main(root: Path) -> None:
    """Grade what lies in ``root/submission``; the answers go to ``root/results``."""
    with tempfile.TemporaryDirectory(prefix="grader-otter-") as own:
        work = Path(own, "autograder")
        for name in ("source", "submission", "results"):
            (work / name).mkdir(parents=True)
        config = json.loads((root / "source" / CONFIG).read_bytes())
        (work / "source" / CONFIG).write_text(json.dumps(config))
        shutil.copytree(root / "source" / "tests", work / "source" / "tests")
        (work / "submission" / ENTRY).write_text(entry_notebook())
        # The plugin reads the platform's own, if it says anything: `otter grade` leaves an empty file.
        (work / METADATA).write_text("{}")
        # IPython and Jupyter write into the home folder; the platform's is not theirs.
        os.environ["HOME"] = own
        plugins = [
            {PLUGIN: {**entry[PLUGIN], "root": str(root)}} if PLUGIN in entry else entry
            for entry in config["plugins"]
        ]
        # What `otter grade` writes into the settings does not concern the empty submission.
        run_otter(str(work), plugins=plugins, zips=False, pdf=False, logo=False)
        for name in ("results.json", "results.pkl"):
            files.replace(root / "results" / name, (work / "results" / name).read_bytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
