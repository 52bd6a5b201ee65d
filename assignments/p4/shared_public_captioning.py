"""What the public and the hidden tests of captioning.py share: a block's weights, and how fresh ones look."""

import math

import numpy as np

from grader.testing import check


def block_table(d):
    """Shapes of a CrossAttentionBlock's parameters."""
    square, wide = (d, d), (4 * d, d)
    matrices = {
        "attention.in_proj": (3 * d, d),
        "attention.out_proj": square,
        "ffn.0": wide,
        "ffn.3": wide[::-1],
    }
    table = {"norm1.weight": [d], "norm1.bias": [d], "norm2.weight": [d], "norm2.bias": [d]}
    for name, shape in matrices.items():
        joint = "_" if name.endswith("in_proj") else "."
        table |= {f"{name}{joint}weight": list(shape), f"{name}{joint}bias": [shape[0]]}
    return table


def block_weights(rng, d):
    """Weights for a block: matrices that keep the size of what they multiply, nothing 0 or 1."""
    weights = {}
    for name, shape in block_table(d).items():
        drawn = rng.normal(size=shape) * (shape[-1] ** -0.5 if len(shape) == 2 else 0.4)
        weights[name] = (drawn + name.startswith("norm")).astype(np.float32)
    return weights


def stream(rng, *shape):
    """Words or places: (B, T, d)."""
    return rng.normal(size=shape).astype(np.float32)


# ---- The block's arithmetic --------------------------------------------------------------------------------

_erf = np.vectorize(math.erf, otypes=[float])


def _standardised(rows, gain, shift):
    centred = rows - rows.mean(axis=-1, keepdims=True)
    return gain * centred / np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + 1e-5) + shift


def expected_block(weights, num_heads, words, places):
    """What a cross-attention block makes of words (B, T, d) and places (B, S, d), in float64."""
    of = {name: np.asarray(value, np.float64) for name, value in weights.items()}
    words, places = np.asarray(words, np.float64), np.asarray(places, np.float64)
    askers = _standardised(words, of["norm1.weight"], of["norm1.bias"])
    matrices, shifts = (np.split(of[f"attention.in_proj_{part}"], 3) for part in ("weight", "bias"))
    asked, keys, values = (
        np.stack(np.split(rows @ matrix.T + shift, num_heads, axis=-1))  # (heads, B, ., d / heads)
        for rows, matrix, shift in zip((askers, places, places), matrices, shifts, strict=True)
    )
    scores = np.einsum("hbtc,hbsc->hbts", asked, keys) / math.sqrt(asked.shape[-1])
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    seen = np.concatenate(list(np.einsum("hbts,hbsc->hbtc", shares, values)), axis=-1)
    words = words + seen @ of["attention.out_proj.weight"].T + of["attention.out_proj.bias"]
    wide = _standardised(words, of["norm2.weight"], of["norm2.bias"]) @ of["ffn.0.weight"].T
    wide = wide + of["ffn.0.bias"]
    wide = wide * (1 + _erf(wide / math.sqrt(2))) / 2
    return words + wide @ of["ffn.3.weight"].T + of["ffn.3.bias"]


# ---- Fresh weights -----------------------------------------------------------------------------------------

SIGMAS = 6.0  # a right solution is outside once in 5e8 comparisons


def xavier_bounds(name, shape):
    """The bounds that a matrix may be drawn with. A packed one is taken as one matrix or as three."""
    whole = math.sqrt(6.0 / sum(shape))
    if name.endswith("in_proj_weight"):
        return [whole, math.sqrt(6.0 / (2 * shape[1]))]
    return [whole]


def is_uniform(drawn, bound):
    """Whether numbers look as if they came from U(-bound, bound)."""
    count, scaled = drawn.size, drawn.astype(np.float64).ravel() / bound
    spread = abs(math.sqrt(3.0) * float(np.std(scaled)) - 1.0) <= SIGMAS * math.sqrt(0.2 / count)
    centred = abs(float(np.mean(scaled))) <= SIGMAS / math.sqrt(3.0 * count)
    inside = float(np.max(np.abs(scaled))) <= 1.0 + 1e-5
    return spread and centred and inside and np.unique(scaled).size >= 0.9 * count


def fault_of_fresh(new):
    """What is wrong with the first weights of new parts, by name -> array; an empty string: nothing."""
    for name, found in new.items():
        if not bool(np.all(np.isfinite(found))):
            return "a new parameter is not finite"
        if name.endswith("bias"):
            if float(np.max(np.abs(found))) > 0:
                packed = ", the packed one of query, key and value" if name.endswith("in_proj_bias") else ""
                return f"a new bias is not 0{packed}"
        elif found.ndim < 2:
            if float(np.max(np.abs(found - 1.0))) > 0:
                return "the weight of a new LayerNorm is not 1"
        elif not any(
            all(is_uniform(part, bound) for part in np.array_split(found, 3 if "in_proj" in name else 1))
            for bound in xavier_bounds(name, found.shape)
        ):
            kind = "of query, key or value" if "in_proj" in name or "_proj_weight" in name else "of a layer"
            return f"a new matrix {kind} is not drawn from Xavier's uniform distribution"
    matrices = [found for found in new.values() if found.ndim == 2]
    for at, one in enumerate(matrices):
        for other in matrices[:at]:
            if other.shape == one.shape and float(np.mean(one == other)) > 0.1:
                return "two new matrices are the same"
    return ""


def fault_of_start(seen):
    """What is wrong with a model after `initialise`, from what the bench saw; an empty string: nothing."""
    if len(seen["moved"]):
        return "a parameter or a buffer that is not new has changed"
    if len(seen["replaced"]):
        return "a parameter is not the same object as before"
    return fault_of_fresh(seen["new"])


def check_start(seen):
    """Fail unless the new parts, and only these, have first weights."""
    fault = fault_of_start(seen)
    check(not fault, fault or "nothing")
