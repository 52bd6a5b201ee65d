"""Left was replaced first, and then every right, those just made among them: nothing remains but one
of the two words. (Replacing right alone gives the same.) Ask where both words are before either is
replaced.
"""

QUESTIONS = ("p4.captions",)
MODULE = "captioning"


def mirror(tokens, left_id, right_id):
    mirrored = tokens.clone()
    mirrored[mirrored == left_id] = right_id
    mirrored[mirrored == right_id] = left_id
    return mirrored
