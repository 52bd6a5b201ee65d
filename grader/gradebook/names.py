"""Keeps students' names out of text that somebody else wrote: a reason, a message, the name of a file."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Final

from grader.gradebook.model import Submission

REPLACEMENT: Final = "[name]"
# Shorter ones are words or numbers of any sentence: "An", "100". Two letters of other scripts are a name.
LEAST_LETTERS: Final = 3
LEAST_OTHER_LETTERS: Final = 2
LEAST_DIGITS: Final = 5

_word = re.compile(r"[^\W_]+")  # "_" parts words: names of files are made so


class Names:
    """All that tells who somebody is: keys, names, numbers, addresses, logins.

    :param submissions: of the whole gradebook.
    :param parts: take first and last names alone for names too, as a person writes. In a test's message
        "max" is hardly somebody's name.
    """

    def __init__(self, submissions: Iterable[Submission], *, parts: bool = False) -> None:
        self._owners: dict[str, set[str]] = {}
        for submission in submissions:
            for name in _identifiers(submission, parts=parts):
                self._owners.setdefault(name, set()).add(submission.pseudonym)
        # Looked up by their rarest word: a class has a thousand names, and a report ten thousand lines.
        often = Counter(word for name in self._owners for word in _word.findall(name))
        self._by_word: dict[str, list[str]] = {}
        for name in self._owners:
            if words := _word.findall(name):
                self._by_word.setdefault(min(words, key=lambda word: often[word]), []).append(name)

    def out_of(self, text: str, *, but: str = "") -> str:
        """``text`` without names.

        :param but: the pseudonym of a submission whose own names may stay.
        """
        text = unicodedata.normalize("NFC", text)  # a name of a file from macOS has its accents apart
        words = dict.fromkeys(_word.findall(text.lower()))
        found = [name for word in words for name in self._by_word.get(word, ())]
        found = [name for name in found if not but or but not in self._owners[name]]
        if not found:
            return text
        longest_first = sorted(found, key=len, reverse=True)
        either = "|".join(r"\s+".join(map(re.escape, name.split())) for name in longest_first)
        return re.sub(rf"(?<![^\W_])(?:{either})(?![^\W_])", REPLACEMENT, text, flags=re.IGNORECASE)


def _identifiers(submission: Submission, *, parts: bool) -> set[str]:
    """In the form in which they are compared."""
    said = [submission.key]
    for student in submission.students:
        said += [student.name, student.sid, student.email, student.login, student.platform_id]
        said += student.name.split() if parts else []
    tidy = {" ".join(unicodedata.normalize("NFC", name).split()).lower() for name in said}
    return {name for name in tidy if len(name) >= _least(name)}


def _least(name: str) -> int:
    if name.isdigit():
        return LEAST_DIGITS
    return LEAST_LETTERS if name.isascii() else LEAST_OTHER_LETTERS
