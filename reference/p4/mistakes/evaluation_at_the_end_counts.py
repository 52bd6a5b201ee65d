"""An evaluation at the very step of the first NaN was counted. The training is over there, and what is
evaluated after that step is no alert's business.
"""

QUESTIONS = ("p4.monitor",)
MODULE = "training"


def alerts(trace):
    logged = zip(trace["loss"], trace["grad_norm"], strict=True)
    finite = [math.isfinite(a) and math.isfinite(b) for a, b in logged]
    end = finite.index(False) if False in finite else len(finite)
    loss, norm, speed = trace["loss"][:end], trace["grad_norm"][:end], trace["throughput"][:end]
    warmup = trace["warmup"]
    off = [abs(a - b) > 1e-3 * b for a, b in zip(trace["lr"], trace["planned_lr"], strict=True)]
    usual = median(speed[:50])
    slow = 0
    found: dict[str, int] = {} if end == len(finite) else {"nan": end}
    best_before = math.inf
    for t in range(end):
        slow = slow + 1 if speed[t] < 0.5 * usual else 0
        if t - 200 >= warmup:
            best_before = min(best_before, loss[t - 200])
            if min(loss[t - 199 : t + 1]) > 0.99 * best_before:
                found.setdefault("plateau", t)
        if t >= 50 and loss[t] > 3 * median(loss[t - 50 : t]):
            found.setdefault("spike", t)
        if t >= 50 and norm[t] > 10 * median(norm[t - 50 : t]):
            found.setdefault("exploding_grad", t)
        if t >= 1 and off[t - 1] and off[t]:
            found.setdefault("lr_off_schedule", t)
        if slow >= 20:
            found.setdefault("throughput_drop", t)
    at, val, score = trace["eval_steps"], trace["val_loss"], trace["caption_score"]
    for k in range(sum(step <= end for step in at)):
        if k >= 3 and val[k - 3] < val[k - 2] < val[k - 1] < val[k]:
            then, now = (median(loss[max(0, step - 49) : step + 1]) for step in (at[k - 3], at[k]))
            if now < then:
                found.setdefault("overfit", at[k])
        if k >= 2 and all(val[j] < 0.5 * trace["chance_loss"] and score[j] < 0.05 for j in (k - 2, k - 1, k)):
            found.setdefault("score_disagrees", at[k])
    return found
