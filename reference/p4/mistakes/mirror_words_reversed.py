"""The order of the words was reversed. The image is mirrored, not the sentence: one word changes and
the rest stays.
"""

QUESTIONS = ("p4.captions",)
MODULE = "captioning"


def mirror(tokens, left_id, right_id):
    return tokens.flip(1)
