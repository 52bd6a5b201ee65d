"""How much data a file holds: much for weights in whatever form, little for code and prose of any length."""

from __future__ import annotations

import ast
import base64
import re
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.config import Course
from grader.held_data import READ_BYTES, held_bytes

ROOT = Path(__file__).parents[1]
COURSE = Course(ROOT)
ROW = ROOT / "tests" / "redteam" / "rows" / "ships_trained_weights" / "overfitting.py"
GATES = {
    name: spec.data_bytes
    for assignment in map(COURSE.assignment, COURSE.assignments())
    for name, spec in assignment.gates.items()
    if spec.data_bytes is not None
}
LEAST = min(GATES.values())


def weights() -> bytes:
    """4 bits of each of the row's 6,634 weights: those that compress least, as well packed weights do."""
    text = ROW.read_text(encoding="utf-8")
    literal = text[text.index("WEIGHTS = (") + len("WEIGHTS = ") : text.index("\n\n\nclass Shipped")]
    whole = zlib.decompress(base64.b85decode(ast.literal_eval(literal)))
    return bytes((one & 15) << 4 | other & 15 for one, other in zip(whole[::2], whole[1::2], strict=True))


RAW = weights()
HEX = RAW.hex()
LETTERS = HEX.translate(str.maketrans("0123456789", "ghijklmnop"))
B85 = base64.b85encode(RAW).decode("ascii")
B32 = base64.b32encode(RAW).decode("ascii")
B64 = base64.b64encode(RAW).decode("ascii")

SIGNS = "+-*/%&|^~<>=@:;,"


def pieces(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


FORMS = {
    "one string": f"W = {B85!r}\n",
    "short strings": "\n".join(f"    {piece!r}," for piece in pieces(B85, 6)),
    "strings of base 64": "\n".join(f"w += {piece!r}" for piece in pieces(B64, 40)),
    "strings of base 32": "\n".join(f"w += {piece!r}" for piece in pieces(B32, 40)),
    "escapes": f"W = {RAW!r}\n",
    "comments": "\n".join(f"# {piece}" for piece in pieces(B64, 40)),
    "comments of letters": "\n".join(f"# {piece}" for piece in pieces(LETTERS, 18)),
    "docstring": f'def f():\n    """{B85}"""\n',
    "names": "\n".join(f"def f_{piece}(): pass" for piece in pieces(HEX, 16)),
    "names of letters": "\n".join(f"{piece} = 1" for piece in pieces(LETTERS, 24)),
    "names of two cases": "\n".join(
        "".join(letter.upper() if byte >> bit & 1 else letter for bit, letter in enumerate("networks"))
        for byte in RAW
    ),
    "integers": "W = [" + ", ".join(map(str, RAW)) + "]\n",
    "integers, one a line": "\n".join(f"x = {byte}" for byte in RAW),
    "one integer": f"W = {int(HEX, 16):x}\n",
    "floats": ", ".join(f"{(byte - 128) / 128:.2f}" for byte in RAW),
    "small integers": ", ".join(f"{byte >> 4}, {byte & 15}" for byte in RAW),
    "operators": "x"
    + "x".join("+-*/%&|^~<>=@:;,"[byte >> 4] + "+-*/%&|^~<>=@:;,"[byte & 15] for byte in RAW),
    "one letter each": " ".join(LETTERS),
    "blanks and tabs": "\n".join(
        "x = 1" + "".join(" \t"[byte >> bit & 1] for bit in range(8)) for byte in RAW
    ),
    "accents": "".join(chr(0xC0 + (byte & 15)) + chr(0xE0 + (byte >> 4)) for byte in RAW),
    "Cyrillic": "".join(chr(0x410 + (byte & 15)) + chr(0x420 + (byte >> 4)) for byte in RAW),
    "Chinese": "".join(
        chr(0x4E00 + (first << 6 ^ second)) for first, second in zip(RAW[::2], RAW[1:][::2], strict=False)
    ),
    "hieroglyphs": "".join(chr(0x13000 + byte) for byte in RAW),
}


@pytest.mark.parametrize("form", FORMS)
def test_weights_count_in_whatever_form(form: str) -> None:
    assert held_bytes(FORMS[form].encode("utf-8")) > LEAST


def test_the_row_of_the_red_team_counts() -> None:
    assert held_bytes(ROW.read_bytes()) > 2 * LEAST


def test_another_encoding_hides_nothing() -> None:
    latin = RAW.translate(bytes(65 if byte in b'\n\r"\\' else byte for byte in range(256)))
    assert held_bytes(b'# coding: latin-1\nW = "' + latin + b'"\n') > LEAST


def test_repetition_says_nothing_new() -> None:
    """The same table ten times is one table."""
    table = ", ".join(str(byte) for byte in RAW[:100])
    once = held_bytes(table.encode())
    assert once > 100
    assert held_bytes("\n".join([table] * 10).encode()) < once + 100


# ---- Honest files


def held(folder: Path, files: list[str]) -> int:
    return sum(held_bytes((folder / name).read_bytes()) for name in files if (folder / name).is_file())


def solved(gate: str) -> tuple[list[str], Path, Path]:
    """The files handed in where a gate stands, the folder of their stubs, that of the reference."""
    assignment = COURSE.assignment(gate.partition(".")[0])
    reference = COURSE.reference(assignment.id)
    assert reference is not None
    return assignment.files, COURSE.starter(assignment.id), reference


@pytest.mark.parametrize("gate", GATES)
def test_three_times_as_much_as_the_reference_is_still_allowed(gate: str) -> None:
    files, starter, reference = solved(gate)
    stubs, whole = held(starter, files), held(reference, files)
    assert 0 < stubs < whole < GATES[gate] / 2
    assert stubs + 3 * (whole - stubs) < GATES[gate]


@pytest.mark.parametrize("gate", GATES)
def test_the_whole_handout_may_stand_in_comments(gate: str) -> None:
    """Thirty kilobytes of prose with figures in it, added to the reference; what is said on GPUs is about
    another file."""
    files, starter, reference = solved(gate)
    handout = (ROOT / "assignments" / starter.name / "README.md").read_text(encoding="utf-8")
    handout = re.sub(r"^## On a GPU.*?(?=^## )", "", handout, flags=re.MULTILINE | re.DOTALL)
    comments = "".join(f"# {line}\n" for line in handout.splitlines())
    noted = (reference / files[-1]).read_bytes() + comments.encode("utf-8")
    assert held(reference, files[:-1]) + held_bytes(noted) < GATES[gate]


TONGUES = {
    "English": "The validation loss turns before the accuracy does, so we keep the least one. ",
    "German": "Der Verlust auf den Validierungsdaten steigt früher, deshalb größere Geduld. ",
    "French": "La perte de validation remonte après quelques époques, donc on garde les poids. ",
    "Vietnamese": "Mất mát trên tập kiểm tra tăng lên trước, vì vậy giữ lại trọng số tốt nhất. ",
    "Russian": "\u041e\u0448\u0438\u0431\u043a\u0430 \u043d\u0430 "
    "\u043f\u0440\u043e\u0432\u0435\u0440\u043a\u0435 \u0440\u0430\u0441\u0442\u0451\u0442.",
    "Greek": "\u03a4\u03bf \u03c3\u03c6\u03ac\u03bb\u03bc\u03b1 "
    "\u03b1\u03c5\u03be\u03ac\u03bd\u03b5\u03c4\u03b1\u03b9 \u03bd\u03c9\u03c1\u03af\u03c2.",
    "Chinese": "\u9a8c\u8bc1\u635f\u5931\u5148\u4e8e\u51c6\u786e\u7387\u4e0a\u5347\u3002",
}


@pytest.mark.parametrize("tongue", TONGUES)
def test_comments_in_other_languages_are_prose(tongue: str) -> None:
    """A sentence counts little beside its letters; where its words cannot be told, what a code would take."""
    sentence = f"# {TONGUES[tongue]}\n"
    more = held_bytes(sentence.encode("utf-8")) - held_bytes(b"")
    most = {"Chinese": 2.0, "Vietnamese": 0.6}.get(tongue, 0.25)
    assert more < most * len(sentence)


def test_ordinary_code_counts_little() -> None:
    code = """
    def forward(self, images: Tensor) -> Tensor:
        hidden = F.relu(self.conv1(images.flatten(start_dim=1)))
        for layer in self.layers:
            hidden = layer(hidden) if layer.training else layer.eval()(hidden)
        return self.head(self.dropout(hidden))
"""
    assert held_bytes(code.encode()) < len(code) / 8


# ---- Hostile files


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 1000,
        b'x = """',
        b'"',
        b"# coding: no such encoding\n",
        b"# coding: utf-7\n+AGE-",
        b"\xff\xfe" * 1000,
        b"\xef\xbb\xbfx = 1",
        b"(" * 9_000_000,
        b"[" * 200_000 + b"]" * 200_000,
        b"a" * 9_000_000,
        b"b" * 9_000_000,
        b"aB" * 4_000_000,
        b"a\0" * 4_000_000,
        b"a(" * 4_000_000,
        b"-~" * 4_000_000,
        b" " * 9_000_000,
        b" " * 399_999 + b"\t" + b" " * 400_000,
        b"\n" + b" " * 399_000 + b"\t",
        b" \n" * 200_000 + b"\t",
        b"\t \n" * 3_000_000,
        b"1" * 9_000_000,
        bytes(range(256)) * 30_000,
        "\u0301".encode() * 3_000_000,
        "\uac00".encode() * 3_000_000,
        "\ufdfa".encode() * 3_000_000,
        "\udcff".encode("utf-8", "surrogatepass") * 1000,
    ],
    ids=lambda content: f"{content[:8]!r}, {len(content)}",
)
def test_a_hostile_file_has_an_amount_too(content: bytes) -> None:
    """What is read is bounded, and each step takes a time by its length: a square of it would time out."""
    assert 0 < held_bytes(content) <= 4 * len(content) + 100


def test_what_stands_behind_the_part_that_is_read_counts_in_full() -> None:
    assert held_bytes(b"x" * (READ_BYTES + 5000)) == held_bytes(b"x" * READ_BYTES) + 5000


@given(st.binary(max_size=3000) | st.text(max_size=1000).map(lambda text: text.encode("utf-8", "replace")))
@settings(deadline=None, max_examples=300)
def test_any_bytes_have_an_amount(content: bytes) -> None:
    assert 0 < held_bytes(content) <= 4 * len(content) + 100


@given(
    st.text(max_size=2000).map(lambda text: text.encode("utf-8", "replace")), st.sampled_from(sorted(FORMS))
)
@settings(deadline=None)
def test_nothing_that_stands_before_hides_what_follows(text: bytes, form: str) -> None:
    assert held_bytes(text + b"\n" + FORMS[form].encode("utf-8")) > LEAST
