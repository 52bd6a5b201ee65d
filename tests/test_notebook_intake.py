"""A notebook in the place of files: which one counts, which of its cells, what becomes of hostile ones."""

from __future__ import annotations

import base64
import json
import random
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from archives import zipped
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from notebook_files import code, notebook, prose
from submissions import CHOICE, FLOW, P1

from grader.cells import (
    CELLS_FILE,
    MAX_CELLS,
    Cell,
    NotebookError,
    checksum,
    code_checksum,
    handed_in,
    read,
    stamped,
    unwritten,
)
from grader.config import Part
from grader.handed_in import MAX_FILE_BYTES
from grader.held_data import held_bytes
from grader.submission import FileState, Submission, SubmissionFolderError, collect

FLOW_CELL = "# ---- flow.py: p1.flow ----\ndef flow():\n    return 1\n"
CHOICE_CELL = "# ---- choice.py: p1.choice ----\nCHOICE = 'adam'\n"
GOOD = notebook(
    prose("# p1"),
    "# scratch\nimport x",
    FLOW_CELL,
    '# ---- check: p1.flow ----\ncheck("p1.flow")',
    CHOICE_CELL,
)

Take = Callable[..., Submission]


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """Collects these files, as a folder and as a zip, which are to be the same."""
    starter = tmp_path / "starter"
    starter.mkdir()
    (starter / "given.py").write_text("ours = 1\n")
    runs = iter(range(100))

    def collected(files: dict[str, bytes], assignment: Any = P1) -> Submission:
        number = next(runs)
        folder = tmp_path / f"folder {number}"
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        (tmp_path / f"{number}.zip").write_bytes(zipped(files))
        got: list[Submission | str] = []
        for path in (folder, tmp_path / f"{number}.zip"):
            try:
                got.append(collect(assignment, path, tmp_path / f"run {number} {path.suffix}", starter))
            except SubmissionFolderError as error:
                got.append(str(error).replace(str(path), "IT"))
        first, second = got
        if isinstance(first, str) or isinstance(second, str):
            assert first == second
            assert first.isprintable()
            raise SubmissionFolderError(first)
        for part in ("files", "digest", "remarks", "cells", "ignored", "held_bytes"):
            assert getattr(first, part) == getattr(second, part)
        return first

    return collected


def cells(submission: Submission) -> list[Cell]:
    """As a worker reads them."""
    return msgspec.json.decode((submission.run_folder / CELLS_FILE).read_bytes(), type=list[Cell])


def states(submission: Submission) -> list[tuple[str, FileState]]:
    return [(file.name, file.state) for file in submission.files]


BOTH = [("flow.py", FileState.OK), ("choice.py", FileState.OK)]

# -- which notebook counts


@pytest.mark.parametrize(
    "name", ["p1.ipynb", "p1/p1.ipynb", "work/p1/mine (1).ipynb", "P1.IPYNB", "flow.ipynb"]
)
def test_one_notebook_is_taken_whatever_its_name(take: Take, name: str) -> None:
    submission = take({name: GOOD, "notes.txt": b"n"} if "/" not in name else {name: GOOD})
    assert states(submission) == BOTH
    assert submission.notes == ()
    assert name not in submission.ignored
    assert [cell.number for cell in cells(submission)] == [2, 4]
    assert submission.cells == {2: "p1.flow", 4: "p1.choice"}


def test_a_notebook_may_be_named_itself(tmp_path: Path, take: Take) -> None:
    (tmp_path / "mine.ipynb").write_bytes(GOOD)
    (tmp_path / "other.ipynb").write_bytes(b"{}")
    submission = collect(P1, tmp_path / "mine.ipynb", tmp_path / "run", tmp_path / "starter")
    assert states(submission) == BOTH
    assert submission.folder == tmp_path / "mine.ipynb"
    assert submission.digest == take({"p1.ipynb": GOOD}).digest
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "mine.ipynb")
    linked = collect(P1, tmp_path / "link.ipynb", tmp_path / "run 2", tmp_path / "starter")
    assert linked.digest == submission.digest  # whoever named it is not the one who handed it in


def test_of_several_the_one_with_the_assignments_name_counts(take: Take) -> None:
    submission = take({"p1.ipynb": GOOD, "p1-Copy1.ipynb": b"{}", "a.ipynb": b"{}"})
    assert states(submission) == BOTH
    assert submission.ignored == ("a.ipynb", "p1-Copy1.ipynb")
    with pytest.raises(
        SubmissionFolderError, match=r"several notebooks \('a.ipynb' and 'b.ipynb'\).* p1.ipynb"
    ):
        take({"a.ipynb": GOOD, "b.ipynb": GOOD})


def test_a_notebook_one_folder_down_is_found_and_two_of_them_are_not_guessed_between(take: Take) -> None:
    with pytest.raises(SubmissionFolderError, match="several submissions"):
        take({"ann/p1.ipynb": GOOD, "bob/p1.ipynb": GOOD})
    assert states(take({"ann/p1.ipynb": GOOD, ".ipynb_checkpoints/p1-checkpoint.ipynb": b"{}"})) == BOTH


def test_a_folder_or_a_link_of_that_name_is_no_notebook(tmp_path: Path, take: Take) -> None:
    (tmp_path / "mine.ipynb").write_bytes(GOOD)
    (tmp_path / "handed in" / "p1.ipynb").mkdir(parents=True)
    (tmp_path / "handed in" / "other.ipynb").symlink_to(tmp_path / "mine.ipynb")
    submission = collect(P1, tmp_path / "handed in", tmp_path / "run", tmp_path / "starter")
    assert [state for _, state in states(submission)] == [FileState.MISSING, FileState.MISSING]


# -- beside modules


def test_modules_count_and_the_notebook_beside_them_is_not_looked_at(take: Take) -> None:
    alone = take({"flow.py": FLOW, "choice.py": CHOICE})
    beside = take({"flow.py": FLOW, "choice.py": CHOICE, "p1.ipynb": b"no notebook at all"})
    assert beside.digest == alone.digest
    assert beside.cells == {}
    assert beside.notes == (
        "'p1.ipynb' was not looked at, because flow.py and choice.py lie beside it: hand in one or the other",
    )


def test_one_module_is_enough_to_count(take: Take) -> None:
    submission = take({"flow.py": FLOW, "p1.ipynb": GOOD})
    assert states(submission) == [("flow.py", FileState.OK), ("choice.py", FileState.MISSING)]
    assert "'p1.ipynb' was not looked at" in submission.notes[0]


def test_a_misspelt_module_is_told_about_rather_than_the_notebook_taken(take: Take) -> None:
    submission = take({"Flow.py": FLOW, "p1.ipynb": GOOD})
    assert states(submission)[0] == ("flow.py", FileState.MISNAMED)
    assert any("rename it to flow.py" in note for note in submission.notes)


STUBS = {
    "flow.py": b"def flow():\n    raise NotImplementedError('p1.flow')\n",
    "choice.py": b"CHOICE = None\n",
}
ABOUT = {"grader": {"assignment": "p1", "stubs": {name: checksum(text) for name, text in STUBS.items()}}}
OURS = notebook(FLOW_CELL, CHOICE_CELL, metadata=ABOUT)


def test_stubs_that_nobody_has_touched_do_not_hide_the_notebook(take: Take) -> None:
    """Whoever zips the whole folder of a release sends the stubs along."""
    submission = take({**STUBS, "p1.ipynb": OURS})
    assert states(submission) == BOTH
    assert submission.cells
    assert "'p1.ipynb' counts: nobody has worked on flow.py and choice.py" in submission.notes[0]
    windows = {name: text.replace(b"\n", b"\r\n") for name, text in STUBS.items()}
    assert take({**windows, "p1.ipynb": OURS}).digest == submission.digest
    touched = take({**STUBS, "flow.py": FLOW, "p1.ipynb": OURS})
    assert touched.cells == {}
    assert "was not looked at" in touched.notes[0]


def test_a_notebook_that_nobody_has_touched_is_no_matter(take: Take) -> None:
    """It lies beside the stubs in a release, and many will never open it."""
    out = {**ABOUT["grader"], "code": code_checksum(read(OURS).code)}
    fresh = notebook(FLOW_CELL, CHOICE_CELL, prose("read"), metadata={"grader": out})
    for modules in (STUBS, {**STUBS, "flow.py": FLOW}):
        beside = take({**modules, "p1.ipynb": fresh})
        assert (beside.notes, beside.cells) == ((), {})
        assert beside.digest == take(modules).digest
    assert take({"p1.ipynb": fresh}).cells  # alone it is what was handed in
    assert take({**STUBS, "p1.ipynb": fresh.replace(b"adam", b"sgd")}).cells


def test_files_that_save_modules_wrote_do_not_hide_the_notebook_until_somebody_changes_them(
    take: Take,
) -> None:
    written = {name: stamped(text.decode(), "p1.ipynb") for name, text in STUBS.items()}
    assert take({**written, "p1.ipynb": GOOD}).cells
    changed = {**written, "flow.py": written["flow.py"] + b"\n# mine\nx = 1\n"}
    assert take({**changed, "p1.ipynb": GOOD}).cells == {}
    assert not unwritten("flow.py", b"\xff\xfe", read(GOOD))


# -- which cells


def test_cells_that_were_added_belong_to_the_file_of_the_marker_above(take: Take) -> None:
    content = notebook(
        "top = 0", FLOW_CELL, "helper = 1", CHOICE_CELL, "more = 2", "# Scratch  trying\ny = 3"
    )
    submission = take({"p1.ipynb": content})
    assert [(cell.number, cell.modules) for cell in cells(submission)] == [
        (1, ["flow"]),  # above the first marker: of the first file
        (2, ["flow"]),
        (3, ["flow"]),
        (4, ["choice"]),
        (5, ["choice"]),
    ]


def test_merged_cells_belong_to_both_files_and_the_next_one_to_the_last(take: Take) -> None:
    submission = take({"p1.ipynb": notebook(FLOW_CELL + "\n" + CHOICE_CELL, "after = 1")})
    assert [cell.modules for cell in cells(submission)] == [["flow", "choice"], ["choice"]]


@pytest.mark.parametrize(
    "marker",
    [
        "#----flow.py: p1.flow----",
        "  # -- flow.py",
        "# ----- flow.py : p1.flow, mine",
        "\n\n# ---- flow.py: p1.flow ----",
    ],
)
def test_a_marker_that_was_retyped_is_understood(take: Take, marker: str) -> None:
    submission = take({"p1.ipynb": notebook(CHOICE_CELL, f"{marker}\nx = 1")})
    assert [cell.modules for cell in cells(submission)] == [["choice"], ["flow"]]
    assert submission.notes == ()


def test_where_the_markers_of_a_file_are_lost_every_cell_is_taken_for_it_and_that_is_said(take: Take) -> None:
    submission = take({"p1.ipynb": notebook(FLOW_CELL, "CHOICE = 'adam'")})
    assert states(submission) == BOTH
    assert [cell.modules for cell in cells(submission)] == [["flow", "choice"], ["flow", "choice"]]
    assert submission.notes == (
        "no cell of the notebook begins with a line such as '# ---- choice.py ----', so every cell is taken "
        "for choice.py: put the line back",
    )
    plain = take({"p1.ipynb": notebook("def flow(): ...", "CHOICE = 1")})
    assert [cell.modules for cell in cells(plain)] == [["flow", "choice"]] * 2
    assert len(plain.notes) == 2


def test_cells_of_other_languages_are_left_out(take: Take) -> None:
    content = notebook("%%bash\nrm -rf x", "%%time\n" + FLOW_CELL, "%%timeit\n" + CHOICE_CELL, CHOICE_CELL)
    submission = take({"p1.ipynb": content})
    assert [cell.number for cell in cells(submission)] == [2, 4]
    assert submission.notes == ("cell 3 begins with a %% line and is not run: delete that line",)


def test_cells_that_only_check_are_not_handed_in(take: Take) -> None:
    own = [
        "check()",
        '# all\ncheck("p1.flow")\n\nsave_modules() ;',
        "from grader.notebook import check",
        "# only",
    ]
    kept = ["x = check()", "check()\nx = 1", "# ---- choice.py ----"]
    submission = take({"p1.ipynb": notebook(FLOW_CELL, *own, *kept)})
    assert [cell.text for cell in cells(submission)] == [FLOW_CELL, *kept]


def test_a_notebook_without_code_answers_nothing(take: Take) -> None:
    submission = take({"p1.ipynb": notebook(prose("text"), "", "  \n", "# scratch\nx")})
    assert [state for _, state in states(submission)] == [FileState.MISSING] * 2
    assert submission.notes[0] == "flow.py is missing: no cell of the notebook is handed in for it"


def test_of_a_part_only_its_files_are_asked_and_the_markers_of_the_others_are_known(take: Take) -> None:
    parts = {"one": Part(title="One", files=["flow.py"]), "two": Part(title="Two", files=["choice.py"])}
    part = replace(P1, parts=parts, questions={}).only("one")
    submission = take({"p1.ipynb": GOOD}, part)
    assert states(submission) == [("flow.py", FileState.OK)]
    assert [cell.modules for cell in cells(submission)] == [["flow"], ["choice"]]


def test_the_files_are_those_of_the_cells_as_far_as_seed_and_data_go(take: Take) -> None:
    base = take({"p1.ipynb": GOOD})
    document = json.loads(GOOD)
    document["cells"][2].update(execution_count=7, outputs=[{"output_type": "stream", "text": "x" * 5000}])
    document["cells"].insert(0, prose("more text"))
    document["cells"].insert(0, code("# scratch\nmore = 1"))
    document["metadata"]["kernelspec"] = {"name": "other"}
    run_again = take({"p1.ipynb": json.dumps(document, indent=1).encode()})
    assert run_again.digest == base.digest
    assert run_again.held_bytes == base.held_bytes
    lines = json.loads(GOOD)
    for cell in lines["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
    assert take({"p1.ipynb": json.dumps(lines).encode()}).digest == base.digest
    assert take({"p1.ipynb": GOOD.replace(b"adam", b"sgd")}).digest != base.digest
    assert base.held_bytes == sum(held_bytes(f"{text}\n".encode()) for text in (FLOW_CELL, CHOICE_CELL))
    # A module built on another file's cells is no reason to count these twice.
    data = "DATA = '" + "".join(f"{number * 7919 % 9973:x}" for number in range(4000)) + "'"
    with_data = take({"p1.ipynb": notebook(f"{FLOW_CELL}{data}", CHOICE_CELL)})
    assert with_data.held_bytes < 1.2 * held_bytes(data.encode())


# -- formats


def test_the_third_format_is_read_too() -> None:
    cell = {"cell_type": "code", "input": ["x = 1\n", "y = 2"], "language": "python"}
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": [cell]}]}
    assert read(json.dumps(old).encode()).code == ("x = 1\ny = 2",)


@pytest.mark.parametrize("nbformat", [0, 2, 5, -1])
def test_other_formats_are_refused_in_a_sentence(take: Take, nbformat: int) -> None:
    with pytest.raises(SubmissionFolderError, match=f"has the notebook format {nbformat}, which is not read"):
        take({"p1.ipynb": notebook(FLOW_CELL, nbformat=nbformat)})


def test_line_ends_and_a_byte_order_mark_make_no_difference() -> None:
    assert read(b"\xef\xbb\xbf" + notebook("a\r\nb\rc")).code == ("a\nb\nc",)


# -- hostile ones

DEEP = 100_000
HOSTILE = {
    "no JSON": b"import torch",
    "empty": b"",
    "cut": GOOD[: len(GOOD) // 2],
    "Latin-1": GOOD.replace(b"adam", "ädam".encode("latin-1")),
    "half a character": GOOD.replace(b"adam", b"\\ud800"),
    "NaN": GOOD.replace(b"{}", b'{"x": NaN}', 1),
    "deep, unknown": b'{"nbformat": 4, "x": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep, unclosed": b'{"nbformat": 4, "x": ' + b"[" * DEEP,
    "deep, objects": b'{"nbformat": 4, "x": ' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
    "deep, metadata": b'{"nbformat": 4, "metadata": {"grader": ' + b"[" * DEEP + b"]" * DEEP + b"}}",
    "cells no list": b'{"nbformat": 4, "cells": {"a": 1}}',
    "a cell no object": b'{"nbformat": 4, "cells": [1]}',
    "a source no text": b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": {"a": 1}}]}',
    "a number too large": b'{"nbformat": 1' + b"0" * 5000 + b"}",
    "too many cells": notebook(*["x"] * (MAX_CELLS + 1)),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_cannot_be_read_is_refused_in_a_sentence(take: Take, kind: str) -> None:
    with pytest.raises(
        SubmissionFolderError, match=r"^'p1.ipynb' (is no notebook that can be read|has more than)"
    ):
        take({"p1.ipynb": HOSTILE[kind]})


def test_pictures_that_make_a_notebook_too_large_are_to_be_cleared(take: Take) -> None:
    large = json.loads(GOOD)
    picture = random.Random(1).randbytes(MAX_FILE_BYTES * 3 // 4)
    large["cells"][2]["outputs"] = [{"data": {"image/png": base64.b64encode(picture).decode()}}]
    with pytest.raises(SubmissionFolderError, match=r"'p1.ipynb' is larger than 8 MiB: clear all outputs"):
        take({"p1.ipynb": json.dumps(large).encode()})


@pytest.mark.parametrize(
    "content",
    [
        b'{"nbformat": 4, "cells": [' + b"{}," * 2_700_000 + b"{}]}",
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": [' + b'"ab",' * 1_600_000 + b'"a"]}]}',
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "' + b"-" * 8_000_000 + b'"}]}',
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "' + b"#-" * 4_000_000 + b'"}]}',
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "' + b"\\n# --" * 1_300_000 + b'"}]}',
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "' + b"\\n" * 4_000_000 + b'"}]}',
    ],
    ids=["cells", "lines", "dashes", "comments", "markers", "blank lines"],
)
def test_eight_mebibytes_take_neither_long_nor_much(content: bytes) -> None:
    assert len(content) <= MAX_FILE_BYTES + 100_000
    tracemalloc.start()
    started = time.process_time()
    handed_in(read(content), P1.files)
    seconds, (_, peak) = time.process_time() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 20  # traced, which is slow: 1 to 3 s here
    assert peak < 600 << 20


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
LINES = st.sampled_from(
    [
        "# ---- flow.py: p1.flow ----",
        "# ---- choice.py ----",
        "# ---- check: p1.flow ----",
        "# scratch",
        "%%time",
        "%%bash",
        "x = 1",
        "",
        "\0",
        "\u2028",
    ]
)
TEXTS = st.lists(LINES | st.text(max_size=10), max_size=5).map("\n".join) | st.lists(LINES, max_size=3)
CELLS = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown", "raw", "", 1])},
    optional={"source": TEXTS | JSON, "input": TEXTS},
)
DOCUMENTS = st.fixed_dictionaries(
    {"nbformat": st.sampled_from([3, 4, 4, 4, "4", None]), "cells": st.lists(CELLS, max_size=6) | JSON},
    optional={"metadata": JSON | st.fixed_dictionaries({"grader": JSON}), "worksheets": JSON},
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DOCUMENTS.map(lambda document: json.dumps(document).encode()) | st.binary(max_size=60))
@example(b'{"nbformat": 4, "cells": [], "metadata": {"grader": {"stubs": [1]}}}')
def test_any_notebook_is_taken_or_refused(content: bytes) -> None:
    try:
        found = read(content)
    except NotebookError:
        return
    handed = handed_in(found, P1.files)
    numbers = [cell.number for cell in handed.cells]
    assert numbers == sorted(set(numbers))
    assert set(numbers) == set(handed.questions)
    assert all(set(cell.modules) <= {"flow", "choice"} and cell.modules for cell in handed.cells)
    if handed.cells:  # nothing that is handed in for anybody may end up with nobody
        assert all(handed.own_text(module) for module in ("flow", "choice"))
    assert msgspec.json.decode(handed.encoded(), type=list[Cell]) == list(handed.cells)
