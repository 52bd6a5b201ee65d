"""How much data a submitted file holds: what stands in it that is neither code nor prose.

Where a training is asked, weights that were trained elsewhere are no answer, and a small network fits into a
few kilobytes of text: 6,500 weights of 4 bits are 3,200 bytes. So the file is looked at, neither run nor
parsed, and what is ordinary in it is taken out:

- words, wherever they stand (names, comments, strings): two to twenty letters in which vowels and consonants
  take turns as in a language; ``camelCase`` is two of them;
- up to three signs behind a word, which is most of what holds code together, and signs repeated;
- blanks, line ends and indentation.

What is left are numbers, signs without words, letters in no order. Its size when compressed is the amount of
data, for what says nothing new (the fifth ``x[i]``) compresses. Where data stand does not matter: in one
string or in a thousand, as a list of numbers, in comments, docstrings or names.

Accents count six bits each. Characters of scripts that are neither Latin, Greek nor Cyrillic, which cannot
be told to be words in this way, count six bits too, and a byte more where they stand for the first time:
comments of 1,000 Chinese characters count a thousand bytes or so.

What this does not stop: fewer weights or coarser ones (3 bits each, packed well, are 1,300 bytes and still
recognise 0.7 of the digits of p3), weights spelled as words (10,000 letters of them, in no order that makes
sense), weights that wordy code computes. It makes data bulky, and plain to see for whoever opens the file; it
cannot read.
"""

from __future__ import annotations

import re
import unicodedata
import zlib

# A file is tens of kilobytes. What stands beyond this counts byte by byte, so that no file takes seconds.
READ_BYTES = 400_000
STRANGE_BITS = 6  # of an accent, or of a character that belongs to no word

# Latin, Greek, Cyrillic.
_VOWELS = "aeiouyæœø\u03b1\u03b5\u03b7\u03b9\u03bf\u03c5\u03c9"
_VOWELS += "\u0430\u0435\u0438\u043e\u0443\u044b\u044d\u044e\u044f"
_runs = re.compile(r"[^\W_]+")
_parts = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+")
_spoken = re.compile(
    rf"(?=.{{2,20}}\Z)(?=.*[{_VOWELS}])(?!.*[{_VOWELS}]{{4}})(?!.*[^{_VOWELS}]{{5}}).*", re.IGNORECASE
)
_accents = re.compile("[\u0300-\u036f]")  # split off their letters
_strange = re.compile("[^\x01-\u02ff\u0300-\u04ff]")
_signs = "!-/:-@\\[-^`{-~_"
_repeated = re.compile(rf"([{_signs}])\1+")
_joined = re.compile(rf"\0[{_signs}]{{0,3}}")
# One kind of blank, before and behind line ends too; a mixture of them is kept, for it can spell.
_blanks = re.compile(r" *\n[\n ]*(?![\t ])| *\n[\n\t]*(?![\t ])| +(?![\t\n])")


def held_bytes(content: bytes) -> int:
    """The amount of data in a file's content, in bytes. Any content has one: nothing is raised."""
    head, rest = content[:READ_BYTES], max(len(content) - READ_BYTES, 0)
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError:  # cut within a letter, or of another encoding: its bytes, one by one
        text = head.decode("latin-1")
    text = text.replace("\0", "\x01").replace("\r\n", "\n")
    strange = _strange.findall(text)
    plain, accents = _accents.subn("", unicodedata.normalize("NFD", _strange.sub("", text)))
    left = zlib.compress(_left(plain).encode("utf-8"), 9)
    return len(left) + (len(strange) + accents) * STRANGE_BITS // 8 + len(set(strange)) + rest


def _left(text: str) -> str:
    """What is neither word nor the signs and blanks around words."""
    text = _runs.sub(_without_words, text)
    return _joined.sub("", _repeated.sub(r"\1", _blanks.sub("", text)))


def _without_words(found: re.Match[str]) -> str:
    """A run of letters and digits, NUL in the place of words: letters of base 64 hold some by chance."""
    run = found.group()
    letters = run.rstrip("0123456789")
    if letters.isalpha() and all(map(_spoken.fullmatch, _parts.findall(letters))):
        return "\0" + run[len(letters) :]
    return run
