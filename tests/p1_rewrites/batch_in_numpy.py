"""A correct answer in another style: batch in NumPy with einsum."""

QUESTIONS = ("p1.batch",)
MODULE = "gradient_flow"


def backward_batch(x, w1, w2, w3, target, negative_slope=0.0):
    import numpy as np

    x, w1, w2, w3, target = (tensor.numpy() for tensor in (x, w1, w2, w3, target))
    s1 = np.where(x @ w1.T > 0, 1.0, negative_slope)
    h1 = s1 * np.einsum("ni,ji->nj", x, w1)
    s2 = np.where(np.einsum("nj,kj->nk", h1, w2) > 0, 1.0, negative_slope)
    h2 = s2 * (h1 @ w2.T)
    error = h2 @ w3.T - target
    d2 = np.einsum("no,ok->nk", error, w3) * s2
    d1 = np.einsum("nk,kj->nj", d2, w2) * s1
    n = len(x)
    return {"dw1": np.einsum("nj,ni->ji", d1, x) / n, "dw2": d2.T @ h1 / n, "dw3": error.T.dot(h2) / n}
