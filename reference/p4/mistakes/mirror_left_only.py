"""Only left was replaced. A caption that says right is as false in the mirror."""

QUESTIONS = ("p4.captions",)
MODULE = "captioning"


def mirror(tokens, left_id, right_id):
    return torch.where(tokens == left_id, right_id, tokens)
