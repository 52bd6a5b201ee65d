"""A correct answer in another style: batch with functional calls and a loop over layers."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p1.batch",)
MODULE = "gradient_flow"


def backward_batch(x, w1, w2, w3, target, negative_slope=0.0):
    weights, inputs, before = [w1, w2, w3], [x], []
    for weight in weights[:2]:
        before.append(torch.nn.functional.linear(inputs[-1], weight))
        inputs.append(torch.nn.functional.leaky_relu(before[-1], negative_slope))
    delta = (torch.nn.functional.linear(inputs[-1], w3) - target).div(x.size(0))
    gradients = {}
    for layer in (2, 1, 0):
        gradients[f"dw{layer + 1}"] = torch.einsum("no,ni->oi", delta, inputs[layer])
        if layer:
            back = delta.mm(weights[layer])
            delta = torch.where(before[layer - 1] > 0, back, back * negative_slope)
    return gradients
