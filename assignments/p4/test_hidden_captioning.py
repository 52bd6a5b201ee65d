"""Hidden tests of captioning.py, first part: mirrored captions, the loss, the cross-attention block."""

import numpy as np

from grader.testing import assert_close, assert_same, beside, check, check_each, graded

shared = beside(__file__, "shared_public_captioning")

# ---- p4.captions


def ask_mirror(subject, case):
    return subject.captioning.mirror(**case)


def words(rng, rows, length, vocabulary):
    """Captions in which both words occur, and the ids of these two words."""
    left, right = (int(one) for one in rng.choice(vocabulary, size=2, replace=False))
    tokens = rng.integers(0, vocabulary, size=(rows, length))
    tokens[0, :2] = left, right
    return {"tokens": tokens, "left_id": left, "right_id": right}


@graded(
    "p4.captions", points=1.2, rung="random", hint="Ask where left and right are before either is replaced."
)
def test_mirror_random(student, reference, rng):
    """Random captions, with several relations each and with any ids for left and right."""
    cases = [
        words(rng, int(rng.integers(2, 6)), int(rng.integers(3, 9)), int(rng.integers(6, 30)))
        for _ in range(20)
    ]
    check_each(cases, ask_mirror, student, reference)


@graded("p4.captions", points=0.6, rung="edges")
def test_mirror_edges(student, reference, bench, rng):
    """No relation, nothing but relations, one word, no captions, padding's id; the argument stays."""
    plain = words(rng, 3, 6, 9)
    absent = {"tokens": rng.integers(0, 5, size=(3, 4)), "left_id": 7, "right_id": 5}
    crowded = {"tokens": rng.choice([4, 9], size=(3, 6)), "left_id": 4, "right_id": 9}
    crowded["tokens"][:, :2] = 4, 9
    single = {"tokens": np.array([[3], [8]]), "left_id": 8, "right_id": 3}
    empty = {"tokens": np.zeros((0, 7), np.int64), "left_id": 1, "right_id": 2}
    zero = {"tokens": np.array([[0, 1, 2, 3]]), "left_id": 0, "right_id": 3}
    check_each([plain, crowded, single, zero, absent, empty], ask_mirror, student, reference)
    for case in (plain, crowded):
        _, given = student.run(bench.mirrored_captions, **case)
        assert_same(given, case["tokens"], "the captions that were handed over, afterwards")


# ---- p4.loss


def ask_loss(subject, case):
    return [np.asarray(each) for each in subject.captioning.caption_loss(**case)]


def ragged(rng, rows, length, vocabulary, smoothing=0.0):
    """Captions of different lengths, with padding behind them and any id for it."""
    pad = int(rng.integers(vocabulary))
    captions = rng.integers(0, vocabulary - 1, size=(rows, length))
    captions += captions >= pad  # every id but the padding's
    for row, end in enumerate(rng.integers(2, length + 1, size=rows)):
        captions[row, end:] = pad
    logits = (2.0 * rng.normal(size=(rows, length, vocabulary))).astype(np.float32)
    return {"logits": logits, "captions": captions, "pad": pad, "smoothing": smoothing}


def random_batches(rng, count):
    """Batches of all sizes, every other one smoothed."""
    return [
        ragged(
            rng,
            int(rng.integers(2, 6)),
            int(rng.integers(3, 9)),
            int(rng.integers(4, 12)),
            float(rng.uniform(0.05, 0.3)) * (at % 2),
        )
        for at in range(count)
    ]


@graded(
    "p4.loss", points=1.6, rung="random", hint="Which word is position t judged by, and which do not count?"
)
def test_loss_random(student, reference, rng):
    """Loss and perplexity of captions of different lengths, smoothed and not."""
    check_each(random_batches(rng, 24), ask_loss, student, reference)


@graded("p4.loss", points=1.2, rung="random", hint="Look at which positions get a gradient, and how large.")
def test_loss_gradients(student, reference, bench, rng):
    """Gradients of the loss with respect to the logits."""

    def ask(subject, case):
        return subject.run(bench.caption_gradient, **case)

    check_each(random_batches(rng, 8), ask, student, reference)


@graded(
    "p4.loss", points=0.7, rung="edges", hint="Mind as many words as positions, and where padding may stand."
)
def test_loss_unusual_batches(student, reference, bench, rng):
    """T = V and T = V + 1; padding in front, between and alone; large logits; strong smoothing."""
    cases = [ragged(rng, 3, 6, 6), ragged(rng, 3, 6, 5, 0.1), ragged(rng, 6, 6, 6, 0.2), ragged(rng, 2, 2, 3)]
    for front in (1, 2):
        case = ragged(rng, 4, 7, 5, 0.1)
        case["captions"][:2, :front] = case["pad"]
        case["captions"][2, 3] = case["pad"]
        cases.append(case)
    among = ragged(rng, 4, 5, 8)
    among["captions"][1:3] = among["pad"]
    large, strong = ragged(rng, 3, 5, 7), ragged(rng, 3, 5, 7, 0.9)
    large["logits"] += np.float32(200.0)
    large["logits"][:, -1] *= 50
    check_each([*cases, among, large, strong], ask_loss, student, reference)
    case = ragged(rng, 3, 5, 7, 0.1)
    _, _, logits, captions = student.run(bench.loss_and_arguments, **case)
    assert_same([logits, captions], [case["logits"], case["captions"]], "the arguments, afterwards")


@graded("p4.loss", points=0.7, rung="edges", hint="What is the mean over no targets?")
def test_loss_of_nothing(student, reference, bench, rng):
    """Nothing but padding, or one word: loss 0, perplexity 1, gradients of 0. Then a batch as usual."""
    usual, padding, single = ragged(rng, 3, 5, 6), ragged(rng, 3, 5, 6, 0.1), ragged(rng, 3, 4, 6)
    padding["captions"][:, 1:] = padding["pad"]
    single = single | {"logits": single["logits"][:, :1], "captions": single["captions"][:, :1]}
    check_each([usual, padding, single], ask_loss, student, reference, scale=1.0)
    for case in (padding, single):
        got = student.run(bench.caption_gradient, **case)
        assert_close(got, np.zeros_like(case["logits"]), "the gradient of a loss without targets")


# ---- p4.block


def random_block(rng, *, padded, places=None):
    """A block with random weights, words, and places, as many of these as is said."""
    heads = int(rng.choice([1, 2, 4]))
    d, rows, length = (
        heads * int(rng.integers(8, 14) // heads),
        int(rng.integers(2, 5)),
        int(rng.integers(2, 7)),
    )
    count = int(rng.integers(2, 9)) if places is None else places or length
    padding = None
    if padded:
        padding = rng.random((rows, count)) < 0.4
        padding[:, int(rng.integers(count))] = False  # to look at nothing means nothing
    return {
        "weights": shared.block_weights(rng, d),
        "num_heads": heads,
        "x": shared.stream(rng, rows, length, d),
        "memory": shared.stream(rng, rows, count, d),
        "memory_padding": padding,
    }


def block_with_a_choice(rng, *, padded):
    """A block in which some words see two places.

    Words that see one give it the weight 1 whatever they ask, and the gradient of what asks is rounding.
    """
    block = random_block(rng, padded=padded)
    while padded and not ((~block["memory_padding"]).sum(axis=1) > 1).any():
        block = random_block(rng, padded=padded)
    return block


def outputs(bench):
    def ask(subject, case):
        return subject.run(bench.cross_output, **case)

    return ask


@graded("p4.block", points=2.0, rung="random", hint="Who asks, who answers, and what is normalised?")
def test_block_random(student, reference, bench, rng):
    """Outputs for random weights, sizes, heads and padding."""
    cases = [random_block(rng, padded=at % 2 == 1) for at in range(16)]
    check_each(cases, outputs(bench), student, reference)


@graded("p4.block", points=1.6, rung="random")
def test_block_gradients(student, reference, bench, rng):
    """Gradients with respect to words, memory and every parameter."""
    cases = [block_with_a_choice(rng, padded=at % 2 == 1) for at in range(6)]
    for case in cases:
        case["direction"] = shared.stream(rng, *case["x"].shape)

    def ask(subject, case):
        return subject.run(bench.cross_gradients, **case)

    check_each(cases, ask, student, reference, scale=1.0)


@graded(
    "p4.block", points=1.0, rung="edges", hint="Mind as many words as places: is a sample still a sample?"
)
def test_block_sizes(student, reference, bench, rng):
    """As many words as places, and as samples; one of each; tiny inputs, equal features."""
    cases = [random_block(rng, padded=at % 2 == 1, places=0) for at in range(4)]
    for length, count in ((1, 5), (4, 1), (1, 1)):
        case = random_block(rng, padded=False, places=count)
        case["x"] = case["x"][:, :1].repeat(length, axis=1)
        cases.append(case)
    tiny, equal = random_block(rng, padded=False), random_block(rng, padded=False)
    tiny["x"] *= np.float32(1e-3)
    equal["x"] = np.ones_like(equal["x"]) * equal["x"][:, :, :1]
    square = random_block(rng, padded=False, places=3)
    square["x"], square["memory"] = (shared.stream(rng, 3, 3, square["x"].shape[2]) for _ in range(2))
    check_each([*cases, tiny, equal, square], outputs(bench), student, reference)
    arguments = {name: square[name] for name in ("weights", "num_heads", "x", "memory")}
    got = student.run(bench.cross_arguments, **arguments)
    assert_same(got, [square["x"], square["memory"]], "words and memory, afterwards")


@graded(
    "p4.block", points=0.8, rung="edges", hint="Dropout has four places in the docstring, and train and eval."
)
def test_block_under_dropout(student, reference, bench, rng):
    """Nothing is dropped in evaluation; in training what both sublayers give is, and the weights inside."""
    case = random_block(rng, padded=False)
    del case["memory_padding"]
    seed = int(rng.integers(2**31))
    settings = {"in evaluation, nothing is dropped": (0.5, False), "in training, all is dropped": (1.0, True)}

    def ask(subject, name):
        dropout, training = settings[name]
        return subject.run(bench.cross_under_dropout, **case, dropout=dropout, training=training, seed=seed)

    check_each(settings, ask, student, reference, label=str)
    for place, weights in telling_weights().items():
        x, memory = shared.stream(rng, 6, 8, 8), shared.stream(rng, 6, 5, 8)
        got = student.run(bench.cross_under_dropout, weights, 2, x, memory, 0.5, True, seed)
        assert_same(list(got.shape), list(x.shape), "the shape of the output")
        change = got - x
        gone = np.abs(change) < 1e-4
        check(0.3 < float(np.mean(gone)) < 0.75, f"in training, half of what comes out of {place} is dropped")
        # Of numbers dropped one by one, a whole word goes once in 120 times (both heads may see nothing), so
        # ten of 48 do once in 10**11 tests; where half of the words are dropped, fewer do once in 10**5.
        whole = max(int(np.sum(gone.all(axis=axis))) for axis in (1, 2))
        check(whole < 10, f"in training, single numbers of what comes out of {place} are dropped, not words")
        others = np.unique(np.round(change[~gone], 3))
        check(len(others) > 3, f"in training, dropout acts inside {place} too")
        if place == FEED_FORWARD:  # each of 32 numbers behind the GELU is dropped or doubled: whole multiples
            units = change * 32 / (4 * GELU_OF_ONE)
            whole = np.abs(units - np.round(units)) < 0.02
            check(bool(whole.all()), "in training, dropout acts after the GELU")


GELU_OF_ONE, FEED_FORWARD = 0.841345, "the feed-forward net"


def telling_weights():
    """Weights with which one sublayer adds the same number everywhere, unless something inside it is dropped.

    What is dropped behind a sublayer shows as zeros, what is dropped inside it as several other numbers.
    """
    silent = {name: np.zeros(shape, np.float32) for name, shape in shared.block_table(8).items()}
    silent["norm1.weight"] += 1
    silent["norm2.weight"] += 1
    one, two = dict(silent), dict(silent)
    one["attention.in_proj_bias"] = np.repeat([0.0, 0.0, 1.0], 8).astype(np.float32)  # every value is 1
    one["attention.out_proj.weight"] = np.eye(8, dtype=np.float32)
    two["ffn.0.bias"] = np.full(32, 1.0, np.float32)  # GELU(2) is not twice GELU(1)
    two["ffn.3.weight"] = np.full((8, 32), 1 / 32, np.float32)
    return {"the attention": one, FEED_FORWARD: two}
