"""Some of the fixes help a network to train. This one trains too well: its training loss is 0.02. What it
lacks is generalisation, and neither warm-up, clipping nor Pre-LN acts on that.
"""

QUESTIONS = ("p5.capacity",)
MODULE = "transformer"

FIXES = {"pretrained_encoder", "dropout_or_decay", "pre_ln", "warmup", "gradient_clipping"}
