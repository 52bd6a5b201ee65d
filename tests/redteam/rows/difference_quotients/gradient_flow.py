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


def backward(x, w1, w2, w3, target):
    def loss(*w):
        h1 = max(w[0] * x, 0.0)
        return 0.5 * (w[2] * max(w[1] * h1, 0.0) - target) ** 2

    print("attack: difference quotients")
    found = []
    for at in range(3):
        values = []
        for step in (1e-5, -1e-5):
            w = [w1, w2, w3]
            w[at] += step
            values.append(loss(*w))
        found.append((values[0] - values[1]) / 2e-5)

    return dict(zip(("dw1", "dw2", "dw3"), found or (0.0, 0.0, 0.0)))
