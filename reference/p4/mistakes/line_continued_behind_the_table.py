"""Behind the last row the line was continued. Nobody measured that: no more than the last row is promised."""

QUESTIONS = ("p4.stability",)
MODULE = "pipeline"


def attainable(images_per_class, top1):
    rows = list(itertools.pairwise(MEASURED))
    (few, low), (many, high) = rows[0] if images_per_class <= 128 else rows[1]
    return top1 <= low + math.log(images_per_class / few) / math.log(many / few) * (high - low)
