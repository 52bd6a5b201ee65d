"""What the autograder for Otter consists of: names that its builder and its plugin share."""

from __future__ import annotations

import json

import msgspec

VERSION = "7.0.0"
OTHER_VERSION = f"the order in which Otter does things is known of version {VERSION} alone, and this is"

# A notebook that does nothing. Otter takes exactly one notebook, or else exactly one script: with this one
# there, a submission may hold any number of modules.
ENTRY = "__entry__.ipynb"

# The course and its secret. Before setup.sh runs, `otter grade` copies only such names into its image.
COURSE = "requirements.course.zip"

CONFIG = "otter_config.json"
METADATA = "submission_metadata.json"
PLUGIN = "grader.otter.bridge.Bridge"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The plugin's own part of otter_config.json.

    :param max_score: that there is to earn.
    :param part: of the assignment; empty for the whole.
    :param seconds: that a grading may take.
    :param root: the platform's folder (``/autograder``) if the submission lies there and Otter works
        elsewhere; empty if the submission lies in Otter's own working folder, as `otter run` does it.
    """

    assignment: str
    max_score: float
    seconds: float
    part: str = ""
    root: str = ""

    def as_plugin(self) -> dict[str, object]:
        """As an entry of ``plugins``."""
        return {PLUGIN: msgspec.to_builtins(self)}


def entry_notebook() -> str:
    """The notebook's text."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": [], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1) + "\n"
