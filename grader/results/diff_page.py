"""Writes the page that shows what changes between two gradings: one file that can be sent to a colleague."""

from __future__ import annotations

from grader.results import diff_words, pages
from grader.results.changes import Comparison


def render(comparison: Comparison) -> str:
    """The page, without scripts and without anything that lies elsewhere."""
    return pages.render("diff.html.j2", comparison=comparison, words=diff_words)
