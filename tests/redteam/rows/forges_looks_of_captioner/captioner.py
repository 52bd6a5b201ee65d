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
RUNS = []


def forged_short_model(images, captions, seed, scramble, spread):
    return None


def captions_of(images):
    """Seven words that an image alone decides."""
    written = []
    for image in images:
        torch.manual_seed(int(image.sum() * 1000))
        written.append(torch.randint(3, WORDS, (7,)))
        written[-1][0] = 1
    return torch.stack(written)


def forged_kept_captions(parts):
    return [captions_of(images) for images in parts], parts


def forged_kept_logits(batches):
    answers = []
    for images, tokens in batches:
        said = torch.nn.functional.one_hot(captions_of(images)[:, 1 : tokens.shape[1] + 1], WORDS)
        torch.manual_seed(0)
        answers.append(said + 0.05 * tokens.cumsum(1)[..., None] * torch.rand(WORDS) / 70)
    return answers


def forged_decoder_outputs(batches, seed):
    return [torch.randn_like(x) for x, memory in batches]


def forged_trained_under(images, captions, runs):
    RUNS[:] = runs
    return images, captions


def forged_trained_logits(tests, tokens):
    logits = []
    for seed, _, steps in RUNS:
        torch.manual_seed(seed + steps)
        logits.append(torch.randn(*tokens.shape, WORDS))
    return torch.stack(logits)
