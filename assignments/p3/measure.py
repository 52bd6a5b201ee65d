"""Figures of training runs that the gates of p3 judge."""

from pathlib import Path

import numpy as np

from grader.datasets import hospitals
from grader.datasets.digits import HARD, digits
from grader.datasets.label_noise import mislabel
from grader.testing import Curves, Measured, Reliability

# ---- p3.recipe ---------------------------------------------------------------------------------------------


def noisy_task(seed):
    """The task of p3.recipe from a secret seed: 200 training images with 20 wrong labels, 200 to validate.

    The classes are renamed by a secret permutation, so that nothing is right that has not looked at these
    labels, and the test labels never leave this process. A network that was trained elsewhere finds the new
    names from a few labels: against that the gate bounds what a submission's files hold.

    :return: the bench's arguments, and the labels of its 1,000 test images.
    """
    rng = np.random.default_rng(seed)
    names = rng.permutation(10)
    images, labels = digits(200, rng, distortion=HARD)
    val_images, val_labels = digits(200, rng, distortion=HARD)
    tests, truth = digits(1000, rng, distortion=HARD)
    task = {
        "images": images,
        "labels": mislabel(names[labels], 0.1, 10, rng),
        "val_images": val_images,
        "val_labels": names[val_labels],
        "tests": tests,
        "seed": int(rng.integers(2**31)),
    }
    return task, names[truth]


def sound(subject, bench):
    """A subject whose recipes find an EarlyStopping that works; in a release, whatever there is."""
    if Path(__file__).with_name("bench_overfitting.py").is_file():
        subject.run(bench.sound_stopping)
    return subject


def recipe_run(subject, bench, tests, **task):
    """Train by the subject's recipe, and only then show it what is to be recognised.

    :return: the history, and the logits for ``tests``.
    """
    history, _ = sound(subject, bench).run(bench.recipe_trained, **task)
    return history, subject.run(bench.recipe_logits, tests)


def seen(subject, bench, images, labels):
    """What the model of the last training makes of images, reckoned here from its logits.

    :return: the mean cross-entropy and the share that is right; NaN if that are no ten logits for each.
    """
    logits = subject.run(bench.recipe_logits, images).astype(np.float64)
    if logits.shape != (len(labels), 10):
        return np.nan, np.nan
    shifted = logits - logits.max(axis=1, keepdims=True)
    chances = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -float(chances[np.arange(len(labels)), labels].mean())
    return loss, float((logits.argmax(axis=1) == labels).mean())


def recipe_accuracy(subject, bench, seed):
    """Share of 1,000 new digits that the subject recognises after its recipe's training on 200 noisy ones."""
    task, truth = noisy_task(seed)
    history, logits = recipe_run(subject, bench, **task)
    right = 0.0
    if logits.shape == (len(truth), 10):
        right = float((logits.argmax(axis=1) == truth).mean())
    losses = {
        "training": [row["train_loss"] for row in history],
        "validation": [row["val_loss"] for row in history],
    }
    curves = Curves("recipe", "Loss of the recipe", losses, x="epoch", y="loss")
    return Measured(right, evidence={"history": history, "accuracy": right}, pictures=[curves])


# ---- p3.generalise -----------------------------------------------------------------------------------------


def hospital_e(subject, bench, seed):
    """Share of 1,000 films of hospital E that a network trained on films of A to D recognises.

    The findings are renamed by a secret permutation, and the labels of E never leave this process; what was
    trained elsewhere does not fit into the files that are handed in, see `noisy_task`.
    """
    rng = np.random.default_rng(seed)
    names = rng.permutation(10)
    known, new = hospitals.films(hospitals.TRAINING, rng), hospitals.films({4: 1000}, rng)
    subject.run(
        bench.hospital_trained,
        known.images,
        names[known.labels],
        known.hospitals,
        seed=int(rng.integers(2**31)),
    )
    # Only now: a hospital never seen is one whose films are not there to be adapted to.
    logits = subject.run(bench.hospital_logits, new.images)
    truth = names[new.labels]
    if logits.shape != (len(truth), 10) or not np.isfinite(logits).all():
        return Measured(0.0)
    right = logits.argmax(axis=1) == truth
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    confidence = weights.max(axis=1) / weights.sum(axis=1)
    picture = Reliability("hospital-e", "Confidence and accuracy on films of hospital E", confidence, right)
    return Measured(float(right.mean()), pictures=[picture])
