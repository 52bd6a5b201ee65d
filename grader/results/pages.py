"""Renders the pages of this package's templates. Their text may be a student's, so everything is escaped."""

from __future__ import annotations

from functools import cache

import jinja2


def render(template: str, package: str = "grader.results", **values: object) -> str:
    """The text of a package's template; a name that ``values`` lacks is an error, not an empty string."""
    return _environment(package).get_template(template).render(**values)


@cache  # with the templates that it compiled: a class has a page for everybody
def _environment(package: str) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
