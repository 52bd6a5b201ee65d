"""The captions that were handed over are changed. They belong to the caller, who may still need them
for the image as it was.
"""

QUESTIONS = ("p4.captions",)
MODULE = "captioning"


def mirror(tokens, left_id, right_id):
    left, right = tokens == left_id, tokens == right_id
    tokens[left], tokens[right] = right_id, left_id
    return tokens
