"""What a test looks at besides where a training misses its mark: evidence for signatures.py, not for points.

The measures of the gates stay as they were calibrated. What is asked here is asked after the verdict.
"""

from contextlib import contextmanager, suppress

import numpy as np

from grader.datasets import hospitals
from grader.datasets.digits import HARD, digits
from grader.faults import Mismatch, SubmissionFault
from grader.testing import beside

BENDING = beside(__file__, "bending")
MEASURE = beside(__file__, "measure")

MARKED_ROWS = 2  # of a film: its scanner's mark
EXCHANGED = 500


@contextmanager
def closer_look(student, look):
    """Where the test fails within, leave what ``look()`` returns as evidence; the failure stays the same."""
    try:
        yield
    except Mismatch:
        with suppress(SubmissionFault):
            student.evidence.append(look())
        raise


# ---- p3.recipe ---------------------------------------------------------------------------------------------


def returned(subject, bench, task, history):
    """The evidence of a short training: its history, and the model that came back.

    :return: {"short": rows, "returned": (loss, accuracy) on the validation images, "dropout": its dropout}.
    """
    kept = MEASURE.seen(subject, bench, task["val_images"], task["val_labels"])
    return {"short": history, "returned": kept, "dropout": subject.run(bench.recipe_dropout)}


def at_recipe(subject, bench, rng, task):
    """Of the last training {"upside_down": the share of new digits that get the same class upside down}. Then
    a short training of ``task``, see `returned`."""
    images, _ = digits(300, rng, distortion=HARD)
    turned = np.ascontiguousarray(images[:, :, ::-1, ::-1])
    upright, overturned = (subject.run(bench.recipe_logits, batch) for batch in (images, turned))
    known = upright.shape == overturned.shape == (len(images), 10)
    same = float((upright.argmax(axis=1) == overturned.argmax(axis=1)).mean()) if known else 0.0
    history, _ = MEASURE.sound(subject, bench).run(bench.recipe_trained, **task)
    return {"upside_down": same} | returned(subject, bench, task, history)


# ---- p3.generalise -----------------------------------------------------------------------------------------


def at_films(subject, bench, rng, figures):
    """A training on films of A to D, watched at ``given.fit``: what was trained on, and what came of it.

    :param figures: copies of one film, for the augmentation that was used.
    :return: {"watched": what bench.training_watched says, and "marked": the share of films of A to C with
        another film's mark that are taken for the finding of the mark; "moved": the share of what the
        augmentation changed that bends explain; "changed": by how much it changed a pixel on average}.
    """
    known = hospitals.films(hospitals.TRAINING, rng)
    large = np.flatnonzero(np.isin(known.hospitals, hospitals.LARGE))
    marks, bodies = rng.permutation(large)[: 2 * EXCHANGED].reshape(2, EXCHANGED)
    other = known.labels[marks] != known.labels[bodies]
    marks, bodies = marks[other], bodies[other]
    exchanged = known.images[bodies]
    exchanged[:, :, :MARKED_ROWS] = known.images[marks, :, :MARKED_ROWS]
    seed = int(rng.integers(2**31))
    watched, logits, augmented = subject.run(
        bench.training_watched, *known, seed=seed, exchanged=exchanged, figures=figures
    )
    fits = logits.shape == (len(marks), 10)
    marked = float((logits.argmax(axis=1) == known.labels[marks]).mean()) if fits else 0.0
    fits = augmented.shape == figures.shape
    moved = BENDING.moved_share(figures[0, 0], augmented[:, 0]) if fits else 0.0
    changed = float(np.abs(augmented - figures).mean()) if fits else 0.0
    return {"watched": watched | {"marked": marked, "moved": moved, "changed": changed}}
