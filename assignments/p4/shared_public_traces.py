"""Traces of trainings with faults planted in them, for the public and the hidden tests of p4.monitor.

What is planted is far from every limit of the handout's table, and so is what only looks like a fault.
"""

import math

import numpy as np

from grader.testing import check

SHAPES = ("falls", "plateau", "overfit", "score_disagrees", "hump")
EVENTS = ("exploding_grad", "lr_off_schedule", "nan", "spike", "throughput_drop")
NEAR = 5  # steps by which an answer may miss


def trace(rng, shape="falls", events=(), harmless=True):
    """One trace.

    :param shape: of the losses, one of SHAPES; "falls" is a training in order.
    :param events: what happens to it besides, from EVENTS.
    :param harmless: with what an alert must not be raised for.
    :return: the trace, and the alerts that are right: {alert: first step}.
    """
    drawn = _Drawn(rng, shape)
    getattr(drawn, f"shape_{shape}")()
    if harmless:
        drawn.harmless()
    for event in sorted(events, key=lambda event: (event == "nan", event)):  # the end comes last
        getattr(drawn, f"plant_{event}")()
    return drawn.columns(), drawn.right()


def named(answer):
    """An answer as {alert: step}; steps may have come as arrays without dimensions."""
    check(all(isinstance(alert, str) for alert in answer), "an alert is not a text")
    return {alert: int(step) for alert, step in answer.items()}


def judged(at, answer, right):
    """Named, required and wrong items of one trace, for closed_share: a step that is near is the step."""
    items = set()
    for alert, step in named(answer).items():
        near = alert in right and abs(step - right[alert]) <= NEAR
        items.add((at, alert, right[alert] if near else "elsewhere"))
    required = {(at, alert, step) for alert, step in right.items()}
    return items, required, items - required


class _Drawn:
    """A trace in the making."""

    def __init__(self, rng, shape):
        self.rng = rng
        self.shape = shape
        self.n = int(rng.integers(750, 1300))
        self.warmup = int(rng.integers(45, 120))
        self.chance = math.log(int(rng.integers(20, 40_000)))
        self.every = int(rng.integers(40, 70))
        self.at = np.arange(max(60, self.every), self.n, self.every)
        self.found = {}
        self.end = self.n
        # A flat loss is told from a falling one by 1 %, so there the noise is small.
        self.noise = 0.0005 if shape == "plateau" or rng.random() < 0.2 else float(rng.uniform(0.01, 0.04))
        norm = 1 + 3 * np.exp(-np.arange(self.n) / 20)
        self.norm = float(rng.uniform(0.2, 4)) * norm * np.exp(0.2 * self._normal())
        self.peak = float(10 ** rng.uniform(-5, -3))
        self.planned = self._schedule()
        self.lr = self.planned * (1 + 1e-7 * rng.uniform(-1, 1, size=self.n))
        self.usual = float(rng.uniform(150, 3000))
        self.speed = self.usual * (1 + 0.03 * self._normal())

    def _normal(self):
        return self.rng.normal(size=self.n).clip(-3, 3)

    def _schedule(self):
        """A warm-up and a cosine to a tenth."""
        t = np.arange(self.n)
        done = np.clip((t - self.warmup) / (self.n - self.warmup), 0, 1)
        return self.peak * np.minimum((t + 1) / self.warmup, 0.55 + 0.45 * np.cos(math.pi * done))

    def _time(self, first, last=25):
        """A step at which something may happen."""
        return int(self.rng.integers(first, self.n - last))

    # -- what the losses do

    def shape_falls(self, rate=None):
        """Losses that fall by a factor of 5 to 12, and captions that come right with them."""
        t = np.arange(self.n)
        self.rate = math.log(self.rng.uniform(5, 12)) / self.n if rate is None else rate
        slow = self.shape == "falls" and self.rng.random() < 0.3
        if slow:  # a long warm-up, in which next to nothing happens
            self.warmup, self.noise = int(self.rng.integers(235, 260)), 0.0005
            self.planned = self._schedule()
            self.lr = self.planned.copy()
            t = np.maximum(t - self.warmup, 0) + 1e-5 * t / self.rate
        self.smooth = self.chance * float(self.rng.uniform(1.0, 1.1)) * np.exp(-self.rate * t)
        self.val = self.smooth[self.at] * float(self.rng.uniform(1.02, 1.15))
        if not slow:
            self.val *= 1 + 0.004 * self.rng.uniform(-1, 1, size=len(self.at))
        self._score()

    def _score(self):
        share = 1 - self.val / (0.75 * self.chance)
        self.score = np.clip(share + 0.01 * self.rng.normal(size=len(self.at)), 0, 1)
        self.score[self.val > 0.72 * self.chance] = 0

    def shape_plateau(self):
        """From some step on the losses stay where they are."""
        self.shape_falls()
        flat = int(self.rng.integers(self.warmup + 60, self.n - 230))
        self.smooth[flat:] = self.smooth[flat]
        first = int(np.searchsorted(self.at, flat))
        level = self.val[first - 1] if first else self.val[0]
        self.val[first:] = level * (1 - 0.006 * np.arange(1, len(self.at) - first + 1))
        self._score()
        # 200 steps later the flat part alone is left, but for the last 1 % of the fall.
        self.found["plateau"] = math.ceil(flat + 200 + math.log(0.99) / self.rate)

    def shape_overfit(self):
        """The validation loss turns, and the training loss does not."""
        self.shape_falls()
        best = int(self.rng.integers(1, len(self.at) - 4))
        growth = 1 + self.rng.uniform(0.02, 0.08, size=len(self.at) - best - 1)
        self.val[best + 1 :] = self.val[best] * np.cumprod(growth)
        self.found["overfit"] = int(self.at[best + 3])

    def shape_score_disagrees(self):
        """The losses are the lowest of all, and no caption is right."""
        half = int(self.rng.integers(1, 3))  # the evaluation after which half of the chance loss is passed
        middle = self.at[half] - self.every / 2
        self.shape_falls(rate=math.log(2 * self.rng.uniform(1.02, 1.1)) / middle)
        self.smooth = 0.5 * self.chance * np.exp(-self.rate * (np.arange(self.n) - middle))
        self.val = self.smooth[self.at] * (1 + 0.004 * self.rng.uniform(-1, 1, size=len(self.at)))
        self.score = self.rng.uniform(0, 0.02, size=len(self.at))
        self.found["score_disagrees"] = int(self.at[half + 2])

    def shape_hump(self):
        """Both losses rise for three evaluations, and come down again: nothing is learned by heart."""
        self.every = 40
        self.at = np.arange(60, self.n, self.every)
        self.shape_falls()
        start = int(self.at[int(self.rng.integers(2, len(self.at) - 7))])
        rise, back = np.arange(3 * self.every + 1), 15
        hump = np.exp((self.rate + 0.0025) * rise)
        self.smooth[start : start + len(hump)] *= hump
        self.smooth[start + len(hump) : start + len(hump) + back] *= np.geomspace(hump[-1], 1, back)
        self.val = self.smooth[self.at] * 1.06
        self._score()

    # -- what looks odd and is in order

    def harmless(self):
        """Some of: slow steps, pauses to save, a rate off for a step, bumps, late scores, bad evaluations."""
        rng = self.rng
        if rng.random() < 0.5:
            self.speed[self._time(60)] *= 0.05
        if rng.random() < 0.5:
            for start in range(250, self.n - 20, 250):
                self.speed[start : start + int(rng.integers(4, 10))] *= 0.2
        if rng.random() < 0.3:
            self.speed[self._time(100) :] *= 0.75
        if rng.random() < 0.4:  # a quick spell: its end is a drop beside it, and none beside the first steps
            start = self._time(60, last=300)
            self.speed[start : start + int(rng.integers(80, 200))] *= 3
        if rng.random() < 0.5:
            self.lr[self._time(2)] *= 1.3
        if rng.random() < 0.5:
            self.norm[self._time(60)] *= 3
        if rng.random() < 0.5:
            self.smooth[self._time(60)] *= 1.8
        if rng.random() < 0.3:
            self.smooth[20] *= 6  # before step 50 nothing is compared
        if self.shape == "falls":
            if rng.random() < 0.5:
                below = int(np.argmax(self.val < 0.58 * self.chance))
                self.score[: below + 2] = 0.0
            k = int(rng.integers(2, len(self.at) - 2))
            if rng.random() < 0.5 and self.val[k - 1] > 0.7 * self.chance:
                self.val[k], self.val[k + 1] = self.val[k - 1] * 1.02, self.val[k - 1] * 1.04

    # -- what is planted

    def plant_spike(self):
        """A loss that jumps and comes down again in a few steps."""
        start = self._time(130)
        height = self.rng.uniform(5, 12)
        # Behind a hump the 50 steps before are higher than the loss is.
        height *= max(1.0, 0.8 * float(np.median(self.smooth[start - 50 : start])) / self.smooth[start])
        for k in range(int(self.rng.integers(1, 5))):
            self.smooth[start + k] *= height / 1.5**k
        self.found["spike"] = start

    def plant_exploding_grad(self):
        """Gradient norms that jump."""
        start = self._time(130)
        self.norm[start : start + int(self.rng.integers(1, 4))] *= self.rng.uniform(50, 400)
        self.found["exploding_grad"] = start

    def plant_lr_off_schedule(self):
        """From some step on another rate than planned."""
        start = self._time(2)
        self.lr[start:] = self.planned[start:] * self.rng.choice([0.1, 0.5, 0.9, 1.1, 2, 10])
        self.found["lr_off_schedule"] = start + 1

    def plant_throughput_drop(self):
        """Images come slowly for a while, or from then on."""
        start = self._time(160, last=60)
        length = int(self.rng.choice([30, 50, self.n]))
        before = self.speed[start - 30 : start]  # a pause just before would lengthen the drop
        before[before < 0.6 * self.usual] = 0.9 * self.usual
        low = self.rng.uniform(0.1, 0.35)
        if self.rng.random() < 0.4:  # by stairs, none of which is a drop beside the one before
            self.speed[start - 90 : start] = 0.68 * self.usual
            length, low = self.n, 0.38
        during = self.speed[start : start + length]
        during[:] = low * self.usual
        self.speed[start - 90 : start + length] *= 1 + 0.03 * self._normal()[start - 90 : start + length]
        self.found["throughput_drop"] = start + 19

    def plant_nan(self):
        """A loss or a norm that is no number any more, and what it leaves behind."""
        ends = np.arange(self.n // 2, self.n - 5)
        for step in self.found.values():  # what is due is due well before the end, or well after it
            ends = ends[np.abs(ends - step) > 4 * NEAR]
        self.end = int(self.rng.choice(ends))
        self.found["nan"] = self.end

    # -- the result

    def right(self):
        """The alerts that are due: after a NaN none is."""
        return {alert: step for alert, step in self.found.items() if step < self.end or alert == "nan"}

    def columns(self):
        """The trace in plain lists."""
        loss = self.smooth * np.exp(self.noise * self._normal())
        norm = self.norm.copy()
        if self.end < self.n:
            bad = self.rng.choice([math.nan, math.inf])
            left = slice(self.end, self.end + 1) if self.rng.random() < 0.4 else slice(self.end, None)
            (loss if self.rng.random() < 0.6 else norm)[left] = bad
        return {
            "loss": loss.tolist(),
            "grad_norm": norm.tolist(),
            "lr": self.lr.tolist(),
            "planned_lr": self.planned.tolist(),
            "throughput": self.speed.tolist(),
            "eval_steps": self.at.tolist(),
            "val_loss": self.val.tolist(),
            "caption_score": self.score.tolist(),
            "warmup": self.warmup,
            "chance_loss": self.chance,
        }
