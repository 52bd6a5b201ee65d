"""Renders the pages of this package's templates. Their text may be a student's, so everything is escaped."""

from __future__ import annotations

import jinja2


def render(template: str, package: str = "grader.results", **values: object) -> str:
    """The text of a package's template; a name that ``values`` lacks is an error, not an empty string."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**values)
