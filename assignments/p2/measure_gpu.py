"""What the GPU question of p2 is judged by: blocks of numbers after 1,000 steps, computed again in
float64.
"""

import numpy as np

from grader.testing import Round, Work, check

# Of |p| up to about 1 after 1,000 steps: float32 rounds p, and the factor 1 - lr * weight_decay, by 6e-8 at
# each. On a CPU (65,536 numbers, lr 2e-3) float32 came to 2.1e-5, fused or step by step; a mean kept in
# bfloat16 to 2e-3, the known mistakes to 2e-2 and more.
TOLERANCE = 1e-4
BLOCK = 16384
STRIPES = 64
BLOCKS = 4  # that are looked at


def gpu_adamw(rng, size):
    """One round: which share of the numbers looked at agrees with the exact rule; 1 or the answer is
    wrong.
    """
    seed = int(rng.integers(2**30))
    rule = gpu_rule(rng)
    blocks = np.sort(rng.choice(size["parameters"] // BLOCK, min(BLOCKS, size["parameters"] // BLOCK), False))
    places = (blocks[:, None] * BLOCK + np.arange(BLOCK)).ravel()
    exact, left = gpu_adamw_exact(seed, places, size["parameters"], size["steps"], rule)

    def score(answers, wanted):
        """The share; sums that were told before the blocks were asked for settle what p held."""
        sums, held = answers
        form = np.shape(sums) == (size["parameters"] // BLOCK,)
        form = form and np.shape(held["p"]) == (len(blocks), BLOCK)
        check(form and np.asarray(held["p"]).dtype == np.float32, "p has another shape or type than before")
        p = held["p"].astype(np.float64)
        check(bool(np.isfinite(p).all()), "p holds NaN or infinity")
        check(bool((held["grad"].ravel() == left).all()), "the gradient was changed")
        settled = np.abs(sums[blocks] - p.sum(axis=1)) <= 1e-9 * np.abs(p).sum(axis=1)
        check(bool(settled.all()), "p changed after the last step")
        share = float((np.abs(p.ravel() - exact) <= TOLERANCE).mean())
        check(share == 1.0, "p is not what AdamW makes of it")
        return share

    return Round(
        inputs=[
            {"seed": seed, "parameters": size["parameters"], "steps": size["steps"], **rule},
            {"blocks": blocks},
        ],
        score=score,
    )


def gpu_adamw_work(size):
    """28 bytes a parameter a step: p, gradient and two averages are read, p and the averages written, 4 bytes
    each.

    No cache holds them from step to step: at the size of the race they take 1.8 GB. At toy size they fit, so
    this is a floor on a GPU only.
    """
    return Work(bytes=28 * size["parameters"] * size["steps"], operations=0, precision="fp32")


def gpu_rule(rng):
    """Hyperparameters of a round."""
    return {
        "lr": float(rng.uniform(5e-4, 2e-3)),
        "betas": (float(rng.uniform(0.85, 0.95)), float(rng.uniform(0.98, 0.999))),
        "eps": 1e-8,
        "weight_decay": float(rng.uniform(0.02, 0.1)),
        "bias_correction": str(rng.choice(["both", "second", "none"])),
    }


def gpu_adamw_exact(seed, places, count, steps, rule):
    """p at these places after the steps, in float64, and what the gradient is there at last."""
    p = gpu_uniform(seed, places).astype(np.float64)
    powers = np.array([10.0**-power for power in range(8)], np.float32)
    grad = gpu_uniform(seed + 1, places) * powers[places % 8]
    stripe = places // (count // STRIPES)
    mean = square = np.zeros_like(p)
    for number in range(steps):
        if number:
            grad = np.where(stripe == number % STRIPES, -grad, grad)
        p, mean, square = gpu_adamw_rule(p, grad.astype(np.float64), mean, square, number + 1, **rule)
    return p, grad


def gpu_adamw_rule(p, grad, mean, square, step, *, lr, betas, eps, weight_decay, bias_correction):
    """One step: the new p and averages."""
    mean = betas[0] * mean + (1 - betas[0]) * grad
    square = betas[1] * square + (1 - betas[1]) * grad**2
    first = 1 - betas[0] ** step if bias_correction == "both" else 1.0
    second = 1 - betas[1] ** step if bias_correction != "none" else 1.0
    return p - lr * weight_decay * p - lr * mean / first / (np.sqrt(square / second) + eps), mean, square


def gpu_uniform(seed, places):
    """What gpu_numbers.uniform has at these places."""
    mask = np.uint64(2**32 - 1)
    mixed = (places.astype(np.uint64) * np.uint64(0x9E3779B1) + np.uint64(seed)) & mask
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        mixed ^= mixed >> np.uint64(shift)
        mixed = (mixed * np.uint64(factor)) & mask
    mixed ^= mixed >> np.uint64(16)
    return (mixed >> np.uint64(8)).astype(np.float32) * np.float32(2.0**-23) - np.float32(1)


def gpu_steps_of(rng, bias_correction):
    """Arguments of bench_gpu.gpu_adamw_steps, and the exact answers: a few numbers, gradients of all
    sizes.
    """
    count, steps = int(rng.integers(20, 60)), int(rng.integers(6, 12))
    rule = {**gpu_rule(rng), "lr": float(rng.uniform(0.01, 0.1)), "bias_correction": bias_correction}
    p = rng.normal(size=count)
    grads = rng.normal(size=(steps, count)) * 10.0 ** -rng.integers(0, 9, size=count)
    wanted = {"grad": grads[-1]}
    for name, factor, taken in (("one", 1, grads), ("two", 2, grads[1::2])):
        q, mean, square = factor * p, np.zeros(count), np.zeros(count)
        for number, grad in enumerate(taken, 1):
            q, mean, square = gpu_adamw_rule(q, grad, mean, square, number, **rule)
        wanted[name] = q
    return {"p": p, "grads": grads, **rule}, wanted
