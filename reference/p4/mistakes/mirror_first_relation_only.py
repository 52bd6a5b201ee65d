"""Only the first relation of each caption was turned. Every left and every right is false in the
mirror.
"""

QUESTIONS = ("p4.captions",)
MODULE = "captioning"


def mirror(tokens, left_id, right_id):
    mirrored = tokens.clone()
    for row, words in enumerate(tokens):
        for place, word in enumerate(words.tolist()):
            if word in (left_id, right_id):
                mirrored[row, place] = left_id + right_id - word
                break
    return mirrored
