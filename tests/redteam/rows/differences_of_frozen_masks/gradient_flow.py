def _loss(x, w1, w2, w3, target):
    h1 = torch.relu(w1 * x)
    return 0.5 * (w3 * torch.relu(w2 * h1) - target) ** 2


def _leaves(*numbers):
    return [torch.tensor(float(number), dtype=torch.float64, requires_grad=True) for number in numbers]


_failed = set()


def _try(what, function):
    if what in _failed:
        return None
    print("attack: tries", what, flush=True)
    try:
        found = function()
    except BaseException as error:
        _failed.add(what)
        print("attack:", what, type(error).__name__, str(error)[:80].replace("\n", " "))
        return None
    print("attack:", what, "worked")
    return found


def backward_batch(x, w1, w2, w3, target, negative_slope=0.0):
    print("attack: differences of a frozen network")
    one = torch.ones((), dtype=torch.float64)
    z1 = x @ w1.T
    m1 = torch.where(z1 > 0, one, negative_slope)
    m2 = torch.where((m1 * z1) @ w2.T > 0, one, negative_slope)

    def loss(*w):
        return 0.5 * (((((x @ w[0].T) * m1) @ w[1].T) * m2 @ w[2].T - target) ** 2).sum() / len(x)

    weights, found = [w1.clone(), w2.clone(), w3.clone()], {}
    for name, part in zip(("dw1", "dw2", "dw3"), weights):
        flat, gradient = part.view(-1), torch.zeros(part.numel(), dtype=torch.float64)
        for at in range(len(flat)):
            kept = float(flat[at])
            flat[at] = kept + 1
            up = loss(*weights)
            flat[at] = kept - 1
            gradient[at] = (up - loss(*weights)) / 2
            flat[at] = kept
        found[name] = gradient.view_as(part)
    return found
