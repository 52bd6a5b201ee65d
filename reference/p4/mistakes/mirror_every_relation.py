"""Above and below were turned too, those two words before left and right. A mirror from left to right
leaves above what was above.
"""

QUESTIONS = ("p4.captions",)
MODULE = "captioning"


def mirror(tokens, left_id, right_id):
    low = min(left_id, right_id)
    mirrored = torch.where((tokens == left_id) | (tokens == right_id), left_id + right_id - tokens, tokens)
    over = (tokens == low - 2) | (tokens == low - 1)
    return torch.where(over, 2 * low - 3 - tokens, mirrored)
