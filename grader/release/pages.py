"""Renders the text files of a release from the templates in this package."""

from __future__ import annotations

import re
from importlib import metadata

import jinja2

EXTRA = re.compile(r"\bextra\s*==")


def render(template: str, **values: object) -> str:
    """The text of a template; a name that ``values`` lacks is an error, not an empty string."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("grader.release"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # Markdown, TOML and shell; every value is the course's own
    )
    return environment.get_template(template).render(**values)


def engine_version() -> str:
    """The version of this package as it is installed."""
    return metadata.version("grader")


def requirements() -> list[str]:
    """What this package needs at run time, extras aside, sorted."""
    return sorted(line for line in metadata.requires("grader") or () if not EXTRA.search(line))
