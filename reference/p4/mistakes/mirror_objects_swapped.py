"""The two objects changed places in the sentence. That says the same in other words; what is asked for
is the same sentence with the other relation.
"""

QUESTIONS = ("p4.captions",)
MODULE = "captioning"


def mirror(tokens, left_id, right_id):
    mirrored = tokens.clone()
    if tokens.shape[1] > 5:
        turned = ((tokens == left_id) | (tokens == right_id)).any(1)
        mirrored[turned, 1:3], mirrored[turned, 4:6] = tokens[turned, 4:6], tokens[turned, 1:3]
    return mirrored
