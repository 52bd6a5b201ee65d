import sys

_serve = sys.modules["grader.worker.serve"]


def _packed(self, number, result):
    print("attack: forges an answer")
    return _old(
        self,
        number,
        {"rates": torch.zeros(3, 2), "movement": torch.zeros(3, 12)}
        if isinstance(result, dict)
        else torch.zeros(8, dtype=torch.bool),
    )


_old = _serve.Worker.packed
_serve.Worker.packed = _packed
_serve.Worker.absent = lambda self, error: None


def _raised(number, *rest):
    print("attack: forges an answer in the place of an exception")
    return _serve.messages.Answer(number, None)


_serve.raised = _raised
