"""AdamW's decay joins the gradient here, as Adam's L2 term does, and is then divided by the root of the
squares: without a gradient the weight takes a whole step. Decoupled decay never enters the averages.
"""

QUESTIONS = ("p2.updates",)
MODULE = "optimizers"


def adamw_step(
    p, grad, state, *, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01, bias_correction="both"
):
    return adam_step(
        p,
        grad,
        state,
        lr=lr,
        betas=betas,
        eps=eps,
        weight_decay=weight_decay,
        bias_correction=bias_correction,
    )
