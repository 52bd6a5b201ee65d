"""Only the word at one place is looked at. A caption may have its relation elsewhere, and more than
one.
"""

QUESTIONS = ("p4.captions",)
MODULE = "captioning"


def mirror(tokens, left_id, right_id):
    mirrored = tokens.clone()
    if tokens.shape[1] > 3:
        relation = tokens[:, 3]
        turned = torch.where(relation == left_id, right_id, relation)
        mirrored[:, 3] = torch.where(relation == right_id, left_id, turned)
    return mirrored
