"""A correct answer in another style: batch with broadcast outer products, averaged."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p1.batch",)
MODULE = "gradient_flow"


def backward_batch(x, w1, w2, w3, target, negative_slope=0.0):
    z1 = torch.matmul(x, w1.t())
    m1 = (z1 > 0).to(x.dtype) * (1 - negative_slope) + negative_slope
    h1 = z1 * m1
    z2 = torch.matmul(h1, w2.t())
    m2 = (z2 > 0).to(x.dtype) * (1 - negative_slope) + negative_slope
    h2 = z2 * m2
    e = torch.matmul(h2, w3.t()) - target
    d2 = torch.matmul(e, w3) * m2
    d1 = torch.matmul(d2, w2) * m1
    return {
        key: (d[:, :, None] * h[:, None, :]).mean(0)
        for key, d, h in (("dw1", d1, x), ("dw2", d2, h1), ("dw3", e, h2))
    }
