"""The best validation loss came first and every step after it made things worse, so training longer is no
fix; and restoring the last weights throws away what early stopping saved.
"""

QUESTIONS = ("p5.capacity",)
MODULE = "transformer"

FIXES = {"pretrained_encoder", "smaller_model", "dropout_or_decay", "train_longer", "restore_last_weights"}
