"""Untrusted text comes out printable, bounded and in one piece."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.text import count, one_line, plain


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("as it is: ümläut, 数, 🙂", "as it is: ümläut, 数, 🙂"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[2J\x1b[1;1Htop", "top"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPsixel\x9cafter", "after"),
        ("\x1b(Bset", "set"),
        ("\x1bcreset", "reset"),
        ("cut \x1b", "cut"),
        ("\x1b[", ""),
        ("a\x00b\x07c\x08d\x7fe", "abcde"),
        ("one\r\ntwo\rthree\x85four\u2028five\u2029six", "one\ntwo\nthree\nfour\nfive\nsix"),
        ("tab\tkept", "tab\tkept"),
        ("left\u202eright\u2066x\u200b", "leftrightx"),
        ("lone \udcff surrogate", "lone \N{REPLACEMENT CHARACTER} surrogate"),
        ("trailing \n\n", "trailing"),
        ("[bold]markup[/bold] <b>&amp;", "[bold]markup[/bold] <b>&amp;"),
        ("::error file=x::\nx[::2]\n \t::::", ": :error file=x::\nx[::2]\n \t: :::"),
        ("a ##[error] ##vso[task] ##teamcity[x ## [", "a ## [error] ## vso[task] ## teamcity[x ## ["),
        ("\x1b[0m::set-env", ": :set-env"),
        ("", ""),
    ],
)
def test_what_is_left(text: str, clean: str) -> None:
    assert plain(text) == clean


def test_long_text_is_cut_and_says_so() -> None:
    assert plain("x" * 50, 10) == "xxxxxxxxxx\n[cut; 50 characters in all]"
    assert plain("x" * 10, 10) == "x" * 10
    assert plain("\x1b[0m" * 50, 10) == "\n[cut; 200 characters in all]"


def test_one_line_has_no_line_ends_and_a_limit() -> None:
    assert one_line("a\n b\t\tc\r\nd ") == "a b c d"
    assert one_line("word " * 100, 20) == "word word word wo..."
    assert one_line("x" * 20, 20) == "x" * 20
    assert one_line("x" * 21, 20) == "x" * 17 + "..."


@given(st.text(alphabet=st.characters(), max_size=200))
def test_nothing_unprintable_ever_comes_through(text: str) -> None:
    for clean in (plain(text), one_line(text)):
        assert all(c in "\n\t" or unicodedata.category(c)[0] != "C" for c in clean)
        assert plain(clean) == clean
        clean.encode("utf-8")
    assert "\n" not in one_line(text)


@pytest.mark.parametrize(("number", "said"), [(0, "0 findings"), (1, "1 finding"), (2, "2 findings")])
def test_one_is_no_plural(number: int, said: str) -> None:
    assert count(number, "finding") == said


def test_a_plural_of_its_own() -> None:
    assert [count(number, "entry", "entries") for number in (1, 3)] == ["1 entry", "3 entries"]
