"""Tells known mistakes of p4 from what a training run left behind; each function bears its mistake's name.

The evidence of p4.train. A gate's run leaves
  losses   what backward was called on, step by step
  captions (N, 7) as decode gave them; right, the same shape; by_word, exact: shares of words and captions
  looks    what logits depend on, (8, K, 6, V), as bench_public_captioner._looks says
A short test leaves looks, or written and logits (each word, and the logits that it was to be chosen by), or
whether a second training was the same and what was handed over is as it was.
"""

import numpy as np

_EOS = 2


def _moved(evidence):
    """By how much each exchange moved each position, (7, K, 6), as a share of the largest logit; else None.

    Row s - 1 exchanges word s, row 5 the images, row 6 all samples but the last. NaN counts as unmoved.
    """
    looks = evidence.get("looks")
    if looks is None or looks.dtype.kind != "f" or looks.ndim != 4 or looks.shape[::2] != (8, 6):
        return None
    if not looks.size:
        return None
    change = np.nan_to_num(np.abs(looks[1:] - looks[:1]), nan=0.0, posinf=0.0).max(axis=3)
    return change / max(float(np.nan_to_num(np.abs(looks[0])).max()), 1e-9)


def _touches(moved, word, position):
    """Whether exchanging a word moves the logits of a position, beyond rounding."""
    return float(moved[word - 1, :, position].max()) > 1e-4


def _sound(evidence):
    """Whether logits depend on the words before them, on the image, and on nothing else."""
    moved = _moved(evidence)
    if moved is None:
        return False
    ahead = any(_touches(moved, word, position) for word in range(1, 6) for position in range(word))
    beside, image = float(moved[6, -1].max()) > 1e-4, float(moved[5].max()) > 1e-4
    return _touches(moved, 1, 4) and image and not ahead and not beside


def _tail(evidence):
    """The mean of the last losses; NaN without any."""
    losses = evidence.get("losses")
    return float(np.mean(losses[-20:])) if losses else float("nan")


def _tenths(evidence):
    """The mean loss of each tenth of a training; empty for one of fewer than 40 steps."""
    losses = evidence.get("losses") or []
    return [float(np.mean(part)) for part in np.array_split(losses, 10)] if len(losses) >= 40 else []


def _captions(evidence):
    """The captions of a whole run; None where there are none, or none of this shape."""
    captions = evidence.get("captions")
    return (
        captions if captions is not None and np.ndim(captions) == 2 and np.shape(captions)[1] == 7 else None
    )


def _trained(evidence):
    """Whether a sound model came to a low loss in a whole run."""
    return _sound(evidence) and _captions(evidence) is not None and _tail(evidence) < 0.3


# ---- the decoder


def no_causal_mask(evidence):
    """The last word decides about the first one, and the other way round."""
    moved = _moved(evidence)
    return moved is not None and _touches(moved, 5, 0) and _touches(moved, 1, 4)


def mask_one_too_late(evidence):
    """The next word is seen, and none behind it."""
    moved = _moved(evidence)
    return moved is not None and all(
        _touches(moved, word, word - 1) and not (word > 1 and _touches(moved, word, word - 2))
        for word in range(1, 6)
    )


def mask_inverted(evidence):
    """What lies ahead is seen, what lies behind is not."""
    moved = _moved(evidence)
    return moved is not None and _touches(moved, 5, 0) and not _touches(moved, 1, 4)


def no_cross_attention(evidence):
    """Another image moves nothing; the words before do."""
    moved = _moved(evidence)
    return moved is not None and float(moved[5].max()) == 0.0 and _touches(moved, 1, 4)


def batch_first_forgotten(evidence):
    """A sample's logits follow the samples beside it."""
    moved = _moved(evidence)
    return moved is not None and float(moved[6, -1].max()) > 1e-4


def words_not_looked_at(evidence):
    """Each position knows its own word and no other."""
    moved = _moved(evidence)
    if moved is None or float(moved[6, -1].max()) > 1e-4 or not _touches(moved, 1, 1):
        return False
    return not any(
        _touches(moved, word, position) for word in range(1, 6) for position in range(6) if word != position
    )


# ---- the training


def no_shift(evidence):
    """<bos> seven times, at a loss of next to nothing."""
    captions = _captions(evidence)
    return captions is not None and _trained(evidence) and bool((captions == 1).all())


def last_word_only(evidence):
    """<eos> at once and for ever, at a loss of next to nothing."""
    captions = _captions(evidence)
    return captions is not None and _trained(evidence) and bool((captions[:, 1:] == _EOS).all())


def hundred_scenes_only(evidence):
    """Training captions known by heart, new ones mostly right word by word and wrong as a whole."""
    return _trained(evidence) and _tail(evidence) < 0.08 and 0.2 < evidence["exact"] < 0.7


def places_drowned(evidence):
    """The word for the relation is the worst of all, colours are right, and the loss has not come to rest."""
    if not _trained(evidence) and not (_sound(evidence) and _tail(evidence) < 0.8):
        return False
    by_word = evidence.get("by_word")
    if by_word is None:
        return False
    return bool(by_word[3] == by_word.min() and by_word[3] < 0.9 and min(by_word[1], by_word[4]) > 0.95)


def learning_rate_too_small(evidence):
    """The loss falls all the way, and not far from where it began."""
    tenths = _tenths(evidence)
    return bool(tenths) and all(np.diff(tenths[::3]) < 0) and 1.3 < _tail(evidence) < 2.64


def learning_rate_too_large(evidence):
    """A loss far above that of guessing in the first steps, and no way back."""
    return bool(_tenths(evidence)) and max(evidence["losses"][:20]) > 4 and _tail(evidence) > 0.9


def gradients_never_cleared(evidence):
    """A quiet beginning, a loss that comes down to that of the grammar, and rises again."""
    tenths = _tenths(evidence)
    if not tenths or max(evidence["losses"][:20]) > 4 or evidence["exact"] > 0.1:
        return False
    return 0.5 < min(tenths) < 1.3 and tenths[-1] > 1.2 * min(tenths)


def logits_reshaped_not_transposed(evidence):
    """A low loss of a sound model, and captions that are no sentences, and not all the same."""
    by_word = evidence.get("by_word")
    if not _trained(evidence) or by_word is None or len(np.unique(evidence["captions"], axis=0)) == 1:
        return False
    return bool(by_word[0] == 1 and by_word[1] < 0.6 and by_word[6] < 0.6)


# ---- the captions: of a whole run, or of a short test


def _written(evidence):
    """Captions of whatever run or test there was, (M, anything); None without any."""
    written = evidence.get("captions", evidence.get("written"))
    return written if written is not None and written.ndim == 2 and written.dtype.kind in "iu" else None


def _unlikely(evidence):
    """Which words of a short test are not the likeliest ones, (M, 6); None without any."""
    written, logits = evidence.get("written"), evidence.get("logits")
    if written is None or logits is None or written.ndim != 2:
        return None
    if written.dtype.kind not in "iu" or logits.dtype.kind != "f":
        return None
    if written.shape[1] != 7 or logits.ndim != 3 or logits.shape[:2] != (len(written), 6) or not logits.size:
        return None
    words = np.clip(written[:, 1:], 0, logits.shape[2] - 1).astype(np.int64)
    chosen = np.take_along_axis(logits, words[..., None], axis=2)[..., 0]
    return chosen < logits.max(axis=2) - 1e-4 * np.abs(logits).max()


def captions_without_bos(evidence):
    """Six words, of which the first is not <bos>."""
    written = _written(evidence)
    return written is not None and written.shape[1] == 6 and not (written[:, 0] == 1).all()


def one_word_too_few(evidence):
    """Six words, of which the first is <bos>."""
    written = _written(evidence)
    return written is not None and written.shape[1] == 6 and bool((written[:, 0] == 1).all())


def begun_with_padding(evidence):
    """Padding where <bos> belongs."""
    written = _written(evidence)
    return written is not None and written.shape[1] == 7 and bool((written[:, 0] == 0).all())


def one_image_for_all(evidence):
    """One caption for all, right for the first image, or of a model that knows its scenes."""
    written, unlikely = _written(evidence), _unlikely(evidence)
    if written is None or written.shape[1] != 7 or len(np.unique(written, axis=0)) > 1:
        return False
    if unlikely is None:
        return _trained(evidence) and len(np.unique(written[:, 1:])) > 1
    return bool(unlikely.any() and not unlikely[0].any())


def first_position_read(evidence):
    """The first word, which is right, over and over again, and not the same one for all."""
    written, unlikely = _written(evidence), _unlikely(evidence)
    if written is None or written.shape[1] != 7 or not (written[:, 1:] == written[:, 1:2]).all():
        return False
    if unlikely is None:
        return _trained(evidence) and "by_word" in evidence and evidence["by_word"][1] > 0.5
    return bool(unlikely.any() and not unlikely[:, 0].any())


def padded_after_eos(evidence):
    """What is unlikely is padding, and stands behind <eos>."""
    unlikely = _unlikely(evidence)
    if unlikely is None or not unlikely.any():
        return False
    written = evidence["written"]
    behind = (written[:, :-1] == _EOS).cumsum(axis=1) > 0
    return bool((behind & (written[:, 1:] == 0))[unlikely].all())


def sampled_words(evidence):
    """Unlikely words at every place, the first included, in captions that begin rightly and differ."""
    unlikely = _unlikely(evidence)
    if unlikely is None or not unlikely.any(axis=0).all() or one_image_for_all(evidence):
        return False
    return bool((evidence["written"][:, 0] == 1).all())


def decoded_in_one_pass(evidence):
    """The first word always the likeliest, the others as if nothing had been said."""
    unlikely = _unlikely(evidence)
    if unlikely is None or unlikely[:, 0].any() or not unlikely[:, 1:].any():
        return False
    others = (first_position_read, one_image_for_all, padded_after_eos, begun_with_padding)
    return not any(known(evidence) for known in others)


# ---- the same again


def noise_added_in_place(evidence):
    """The images that were handed over are others now."""
    return evidence.get("images_kept") is False


def seed_ignored(evidence):
    """What was handed over is untouched, and the same seed gives another model."""
    return evidence.get("images_kept") is True and evidence.get("same_again") is False
