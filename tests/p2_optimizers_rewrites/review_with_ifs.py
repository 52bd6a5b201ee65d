"""A correct answer in another style: a list of ifs, distances as logarithms."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p2.review",)
MODULE = "optimizers"


def review(sheet):
    found = []
    per_epoch = -(-sheet.samples // sheet.batch)
    if not sheet.warmup_steps < per_epoch * sheet.epochs:
        found.append("warmup_exceeds_run")
    if sheet.schedule == "step" and max(sheet.milestones, default=0) >= sheet.epochs:
        found.append("milestone_never_acts")
    fresh_cnn = (sheet.model, sheet.optimizer, sheet.pretrained) == ("cnn", "sgd", False)
    if fresh_cnn and abs(math.log2(sheet.lr) - math.log2(0.1 * sheet.batch / 256)) >= 2:
        found.append("lr_not_scaled")
    if sheet.weight_decay and "norm" in set(sheet.decayed_kinds):
        found.append("decays_norms")
    if sheet.step_on != sheet.horizon_unit and sheet.schedule != "constant":
        found.append("wrong_step_unit")
    if not sheet.warmup_steps and sheet.batch > 1023:
        found.append("no_warmup_large_batch")
    if sheet.model == "transformer" and sheet.optimizer == "adam" and sheet.weight_decay:
        found.append("l2_in_adam")
    if sheet.pretrained and not sheet.lr < 3e-4:
        found.append("rate_for_scratch")
    return set(found)
