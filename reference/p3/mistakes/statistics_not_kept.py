"""Only parameters were kept. BatchNorm's running statistics are buffers: they belong to the weights that
they were averaged with.
"""

QUESTIONS = ("p3.early_stopping",)
MODULE = "overfitting"


_right_stopping = EarlyStopping


class EarlyStopping(_right_stopping):
    def step(self, val_loss, epoch, model):
        if val_loss < self.best_loss - self.min_delta:
            self.best_loss, self.best_epoch, self._waited = val_loss, epoch, 0
            self._kept = {name: value.detach().clone() for name, value in model.named_parameters()}
        else:
            self._waited += 1
        return self._waited >= self.patience

    def restore(self, model):
        if self._kept is not None:
            model.load_state_dict(self._kept, strict=False)
