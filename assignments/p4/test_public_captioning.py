"""Public tests of captioning.py: form, figures to check by hand, laws that hold for any input."""

import itertools
import math

import numpy as np

from grader.datasets.scenes import WORDS
from grader.testing import Curves, assert_close, assert_same, beside, check, graded

shared = beside(__file__, "shared_public_captioning")

LEFT, RIGHT = WORDS.index("left"), WORDS.index("right")


def caption(text):
    """Ids of the words of a caption."""
    return [WORDS.index(word) for word in ["<bos>", *text.split(), "<eos>"]]


def gradient_of_loss(student, bench, **case):
    return student.run(bench.caption_gradient, **case)


# ---- p4.captions -------------------------------------------------------------------------------------------


@graded("p4.captions", points=0.3, rung="interface")
def test_mirror_form(student, bench):
    """mirror returns captions of the same shape and leaves those that it was given alone."""
    tokens = np.array([caption("red ring left blue cross")] * 2)
    got, given = student.run(bench.mirrored_captions, tokens=tokens, left_id=LEFT, right_id=RIGHT)
    assert_same(list(got.shape), [2, 7], "the shape of the mirrored captions")
    check(got.dtype == np.int64, "the mirrored captions are not int64")
    assert_same(given, tokens, "the captions that were handed over, afterwards")


@graded("p4.captions", points=0.9, rung="figures")
def test_mirror_sentences(student):
    """Left becomes right and right becomes left; above and below stay."""
    pairs = {
        "red ring left blue cross": "red ring right blue cross",
        "yellow square right red ring": "yellow square left red ring",
        "green cross above red ring": "green cross above red ring",
        "blue ring below green ring": "blue ring below green ring",
    }
    tokens = np.array([caption(text) for text in pairs])
    want = np.array([caption(text) for text in pairs.values()])
    got = student.captioning.mirror(tokens, left_id=LEFT, right_id=RIGHT)
    assert_same(got, want, "the mirrored captions")


@graded("p4.captions", points=0, rung="random")
def test_mirror_twice(student, rng):
    """Mirrored twice, captions are as they were; mirrored once, lefts are as many as rights were."""
    tokens = rng.integers(0, 14, size=(6, 9))
    tokens[:, 4] = LEFT
    once = student.captioning.mirror(tokens, LEFT, RIGHT)
    assert_same(student.captioning.mirror(once, LEFT, RIGHT), tokens, "captions mirrored twice")
    lefts = [int(np.sum(each == LEFT)) for each in np.asarray(once)]
    assert_same(lefts, [int(np.sum(each == RIGHT)) for each in tokens], "the number of lefts in each caption")


# ---- p4.loss -----------------------------------------------------------------------------------------------


def numbers_of(answer):
    """Loss and perplexity as numbers; tensors with dimensions are none."""
    assert_same([list(np.shape(each)) for each in answer], [[], []], "the shapes of loss and perplexity")
    return [float(each) for each in answer]


@graded("p4.loss", points=0.7, rung="interface")
def test_loss_form(student):
    """caption_loss returns two numbers: 1.3863 and 4.0 for four equally likely words."""
    got = student.captioning.caption_loss(
        np.zeros((2, 3, 4), np.float32), np.array([[1, 2, 3], [3, 3, 1]]), pad=0
    )
    assert_close(numbers_of(got), [math.log(4), 4.0], "loss and perplexity")


@graded("p4.loss", points=1.1, rung="figures")
def test_loss_by_hand(student):
    """Three captions on paper: what is predicted, what is padding, and what each position is judged by."""
    right, wrong = 0.7, 0.1  # probabilities: 0.7 for one word, 0.1 for each of three others
    said = np.array([[[wrong] * 4] * 4] * 3)
    for row, words in enumerate(([2, 3, 1, 0], [2, 1, 1, 0], [3, 3, 3, 2])):
        for position, word in enumerate(words):
            said[row, position, word] = right
    captions = np.array([[1, 2, 3, 1], [1, 3, 0, 0], [1, 3, 0, 3]])
    # Targets: 2 3 1, all said; 3, where 2 was said; 3 and 3, both said. Five are right and one is wrong.
    mean = -(5 * math.log(right) + math.log(wrong)) / 6
    got = student.captioning.caption_loss(np.log(said).astype(np.float32), captions, pad=0)
    assert_close(numbers_of(got), [mean, math.exp(mean)], "loss and perplexity")


@graded("p4.loss", points=1.0, rung="figures")
def test_loss_of_knowing_nothing_and_everything(student):
    """GPT-2's 50,257 words: 10.825 for knowing nothing. The scenes' 14, smoothed: 0.547 for knowing all."""
    ask, captions = student.captioning.caption_loss, np.array([[7, 11]])
    got = ask(np.zeros((1, 2, 50_257), np.float32), captions, pad=50_256, smoothing=0.1)
    loss, perplexity = numbers_of(got)
    assert_close(loss, 10.824905, "the loss of equal probabilities")
    assert_close(perplexity, 50_257.0, "the perplexity of equal probabilities")
    knowing = np.full((1, 2, 14), math.log(0.1 / 14))
    knowing[:, :, 11] = math.log(0.9 + 0.1 / 14)
    loss, perplexity = numbers_of(ask(knowing.astype(np.float32), captions, pad=0, smoothing=0.1))
    assert_close(loss, 0.5472730, "the smallest loss there is under smoothing")
    assert_close(perplexity, 1.1023622, "the perplexity of these probabilities")


@graded("p4.loss", points=0, rung="random")
def test_loss_laws(student, bench, rng):
    """Behind the last word and where a target is padding, logits count for nothing; elsewhere they do."""
    captions = rng.integers(1, 6, size=(4, 5))
    captions[1, 3:], captions[2, 2:], captions[3, :2] = 0, 0, 0
    logits = rng.normal(size=(4, 5, 6)).astype(np.float32)
    found = gradient_of_loss(student, bench, logits=logits, captions=captions, pad=0, smoothing=0.0)
    assert_same(list(found.shape), [4, 5, 6], "the shape of the gradient")
    reached = np.any(found != 0, axis=2)
    counted = np.concatenate([captions[:, 1:] != 0, np.zeros((4, 1), bool)], axis=1)
    assert_same(reached, counted, "the positions that have a gradient")
    first = student.captioning.caption_loss(logits, captions, pad=0, smoothing=0.2)
    shifted = (logits + rng.normal(size=(4, 5, 1))).astype(np.float32)
    again = student.captioning.caption_loss(shifted, captions, pad=0, smoothing=0.2)
    numbers = [numbers_of(pair) for pair in (first, again)]
    assert_close(numbers[1], numbers[0], "loss and perplexity, with a constant added to every position")
    check(1.0 < numbers[0][1] < math.inf, "a perplexity lies above 1")


# ---- p4.block ----------------------------------------------------------------------------------------------


@graded("p4.block", points=0.9, rung="interface")
def test_block_keys(student, bench):
    """state_dict keys and shapes of the block."""
    got = student.run(bench.cross_shapes, d_model=8, num_heads=2)
    assert_same(got, shared.block_table(8), "keys and shapes of the block")


@graded("p4.block", points=2.7, rung="figures")
def test_block_equals_its_arithmetic(student, bench):
    """The block equals the two lines of the docstring, written out for five words and nine places."""
    rng = np.random.default_rng(4)
    weights = shared.block_weights(rng, 12)
    for words, places in ((5, 9), (6, 6)):
        x, memory = shared.stream(rng, 3, words, 12), shared.stream(rng, 3, places, 12)
        want = shared.expected_block(weights, 3, x, memory)
        got = student.run(bench.cross_output, weights, 3, x, memory)
        assert_close(got, want, f"output for {words} words and {places} places")


@graded("p4.block", points=0, rung="random")
def test_block_laws(student, bench, rng):
    """Output projections of zero: nothing changes. Samples do not mix, padding is not looked at, order of
    places is not known.
    """
    weights = shared.block_weights(rng, 8)
    x, memory = shared.stream(rng, 3, 4, 8), shared.stream(rng, 3, 4, 8)

    def block(memory, padding=None):
        return student.run(bench.cross_output, weights, 2, x, memory, padding)

    silent = {
        name: 0 * v if name.startswith(("attention.out", "ffn.3")) else v for name, v in weights.items()
    }
    got = student.run(bench.cross_output, silent, 2, x, memory)
    assert_close(got, x, "a block whose sublayers give zero")
    first = block(memory)
    assert_same(list(first.shape), [3, 4, 8], "the shape of the output")
    check(bool(np.any(np.abs(first - x) > 0.01)), "a block with random weights changes nothing")
    other = np.concatenate([memory[:1], shared.stream(rng, 2, 4, 8)])
    assert_close(block(other)[0], first[0], "the first sample, whatever the images of the others are")
    check(bool(np.any(np.abs(block(other)[1] - first[1]) > 0.001)), "another image changes nothing")
    assert_close(block(memory[:, ::-1].copy()), first, "the output for the same places in another order")
    padding = np.array([[False, False, True, False]] * 3)
    changed = np.where(padding[:, :, None], 5.0, memory).astype(np.float32)
    assert_close(block(changed, padding), block(memory, padding), "the output, whatever the padding holds")


# ---- p4.init -----------------------------------------------------------------------------------------------


@graded("p4.init", points=0.4, rung="interface")
def test_start_form(student, bench):
    """Nothing but the new block changes, and all of the new block does."""
    seen = student.run(bench.initialised_parts, structure="one block", width=16, seed=1, fill=7.0)
    block = {f"cross.0.{name.replace('ffn.3', 'ffn.2')}": of for name, of in shared.block_table(16).items()}
    got = {name: list(found.shape) for name, found in seen["new"].items()}
    assert_same(got, block, "the new parameters and their shapes")
    assert_same(seen["moved"], [], "parameters and buffers that are not new and changed")
    assert_same(seen["replaced"], [], "parameters that are not the same objects as before")
    untouched = [name for name, found in seen["new"].items() if bool(np.any(found == 7.0))]
    assert_same(untouched, [], "new parameters that are what they were")


@graded("p4.init", points=1.2, rung="figures")
def test_start_of_a_block(student, bench):
    """In the new block matrices are Xavier's, biases 0, norms 1 and 0."""
    shared.check_start(
        student.run(bench.initialised_parts, structure="one block", width=32, seed=2, fill=7.0)
    )


@graded("p4.init", points=0, rung="random")
def test_start_is_drawn_anew(student, bench, rng):
    """Two starts have different matrices."""
    drawn = rng.choice(2**31, size=2, replace=False).tolist()
    starts = [student.run(bench.initialised_parts, "one block", 16, seed, 7.0)["new"] for seed in drawn]
    for name, found in starts[0].items():
        if found.ndim > 1:
            check(float(np.mean(found == starts[1][name])) < 0.1, f"{name} is the same in two starts")


# ---- p4.groups ---------------------------------------------------------------------------------------------


def ask_groups(student, bench, encoder_depth, decoder_depth, lr_new, decay, weight_decay, head_first=False):
    return student.run(
        bench.captioner_groups, encoder_depth, decoder_depth, 4, lr_new, decay, weight_decay, head_first
    )


@graded("p4.groups", points=0.4, rung="interface")
def test_groups_form(student, bench):
    """An optimizer takes the groups, and every parameter is in one of them, the shared one too."""
    got = ask_groups(student, bench, 2, 1, 1e-3, 0.5, 0.1)
    assert_same(got["strangers"], 0, "parameters in the groups that are not the model's")
    counts = {name: len(held) for name, held in got["lr"].items()}
    assert_same(counts, dict.fromkeys(counts, 1), "in how many groups each parameter is")


@graded("p4.groups", points=0.3, rung="interface")
def test_schedule_form(student, bench):
    """A scheduler that moves the rate of every group."""
    first, second = student.run(
        bench.scheduled_rates, [1e-3, 1e-5], total=10, warmup=2, floor=None, steps=[0, 2, 6, 10]
    )
    assert_same([list(first.shape), list(second.shape)], [[4], [4]], "the shapes of the rates")
    check(float(first[1]) > float(first[2]) > float(first[3]), "the first group's rate does not fall")
    check(float(second[1]) > float(second[2]) > float(second[3]), "the second group's rate does not fall")


@graded("p4.groups", points=1.2, rung="figures")
def test_groups_of_the_handout(student, bench):
    """The table of the handout: a rate of 5e-5 for what is new, 0.7 of it for each layer further down."""
    got = ask_groups(
        student, bench, encoder_depth=3, decoder_depth=2, lr_new=5e-5, decay=0.7, weight_decay=0.01
    )
    table = {
        "projection.weight": (5e-5, 0.01),
        "cross.1.attention.in_proj_bias": (5e-5, 0.0),
        "encoder.norm.weight": (3.5e-5, 0.0),
        "encoder.layers.2.linear1.weight": (3.5e-5, 0.01),
        "encoder.layers.1.linear1.bias": (2.45e-5, 0.0),
        "encoder.layers.0.self_attn.in_proj_weight": (1.715e-5, 0.01),
        "encoder.patch_embedding.weight": (1.2005e-5, 0.01),
        "encoder.cls": (1.2005e-5, 0.0),
        "decoder.norm.bias": (3.5e-5, 0.0),
        "decoder.layers.0.mix.out_proj.weight": (2.45e-5, 0.01),
        "decoder.positions.weight": (1.715e-5, 0.0),
        "decoder.tokens.weight": (1.715e-5, 0.0),
        "decoder.head.weight": (1.715e-5, 0.0),
    }
    for name, want in table.items():
        for key, number in zip(("lr", "weight_decay"), want, strict=True):
            assert_close(got[key].get(name), [number], f"{key} of {name}")


@graded("p4.groups", points=0.9, rung="figures")
def test_schedule_of_the_handout(student, bench, artifacts):
    """A run of 1,000 updates with 50 of warm-up: each group from its own peak to a tenth of it."""
    factors = {0: 0.0, 25: 0.5, 50: 1.0, 525: 0.55, 1000: 0.1, 1003: 0.1}
    peaks, steps = [5e-5, 1e-5], sorted({*factors, *range(0, 1050, 10)})
    got = student.run(bench.scheduled_rates, peaks, total=1000, warmup=50, floor=None, steps=steps)
    check(len(got) == 2 and all(rates.shape == (len(steps),) for rates in got), "a rate is missing")
    lines = {f"peak {peak:g}": rates.tolist() for peak, rates in zip(peaks, got, strict=True)}
    artifacts.add(Curves("rates", "Learning rates of two groups", lines, "update", "learning rate", at=steps))
    places = [steps.index(step) for step in factors]
    for peak, rates in zip(peaks, got, strict=True):
        want = peak * np.array([*factors.values()])
        assert_close(rates[places], want, f"the rates of the group whose peak is {peak:g}")


@graded("p4.groups", points=0, rung="random")
def test_groups_laws(student, bench, rng):
    """Early parts are slower than late ones, late ones than new ones; decay 1 makes all rates equal."""
    lr, decay = float(rng.uniform(1e-4, 1e-2)), float(rng.uniform(0.5, 0.9))
    rates = ask_groups(student, bench, 3, 3, lr, decay, 0.1)["lr"]
    chain = ["encoder.cls", *(f"encoder.layers.{k}.norm1.weight" for k in range(3)), "projection.weight"]
    found = [float(rates[name][0]) if rates[name] else 0.0 for name in chain]
    check(found[0] > 0, f"{chain[0]} is in no group")
    assert_close(
        [later / earlier for earlier, later in itertools.pairwise(found)],
        [1 / decay] * 4,
        "how much faster each part is than the one before it",
    )
    equal = ask_groups(student, bench, 2, 2, lr, 1.0, 0.1)["lr"]
    assert_close([float(held[0]) for held in equal.values() if held], [lr] * len(equal), "rates with decay 1")
