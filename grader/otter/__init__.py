"""Otter-Grader's part in a grading: it carries our grade, and runs no line of what was handed in."""
