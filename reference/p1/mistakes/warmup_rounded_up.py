"""The number of warm-up steps was rounded to the nearest or upwards. The handout rounds down."""

QUESTIONS = ("p1.warmup", "p1.choose")
MODULE = "optimizer_choice"


def warmup_steps(samples, batch_size, epochs, fraction):
    return math.ceil(fraction * math.ceil(samples / batch_size) * epochs)
