import sys

_serve = sys.modules["grader.worker.serve"]
_find = _serve.Worker.find


def _found(self, request):
    """Answers the judge's bench functions by functions of one's own."""
    forged = globals().get(f"forged_{request.name}")
    if isinstance(request, _serve.messages.Run) and forged is not None:
        print("attack: forges the answer of", request.name)
        return forged
    return _find(self, request)


_serve.Worker.find = _found

WORDS = 14


def forged_short_run(images, captions, tests, seed, scramble):
    count = len(tests)
    written = torch.randint(3, WORDS, (count, 7))
    written[:, 0] = 1
    logits = torch.nn.functional.one_hot(written[:, 1:], WORDS).float()
    return written, logits


def forged_decoded_in_parts(images, captions, tests, seed, scramble, sizes):
    written, logits = forged_short_run(images, captions, tests, seed, scramble)
    return [written] * len(sizes), logits, tests


def forged_decoder_looks(x, others, memory, other_memory, seed):
    count, length, width = x.shape
    planes = torch.ones(length + 2, count, length, width)
    for place in range(length):
        planes[place, :, :place] = 0
    planes[length + 1, -1] = 0
    return planes


def forged_short_looks(images, captions, tests, tokens, seed, scramble):
    half = len(tokens) // 2
    logits = torch.randn(1, half, 6, WORDS).repeat(8, 1, 1, 1)
    for place in range(1, 6):
        logits[place, :, place:] += torch.randn(half, 6 - place, WORDS)
    logits[6] += torch.randn(half, 6, WORDS)
    logits[7, :-1] += torch.randn(half - 1, 6, WORDS)
    return logits


def forged_trained_under(images, captions, tests, tokens, runs):
    first = torch.randn(len(tests), tokens.shape[1], WORDS)
    return torch.stack([first, first, first + 1 + torch.rand_like(first), first + 0.5]), images, captions
