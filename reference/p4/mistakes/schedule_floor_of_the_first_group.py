"""The floor is a tenth of the first group's peak, for every group. Each group falls to a tenth of its
own.
"""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


def schedule(optimizer, total, warmup, floor=0.1):
    peaks = [group["lr"] for group in optimizer.param_groups]

    def factor(peak):
        low = floor * peaks[0] / peak

        def at(step):
            if step < warmup:
                return step / warmup
            if step >= total:
                return low
            done = (step - warmup) / (total - warmup)
            return low + (1 - low) * (1 + math.cos(math.pi * done)) / 2

        return at

    return lr_scheduler.LambdaLR(optimizer, [factor(peak) for peak in peaks])
