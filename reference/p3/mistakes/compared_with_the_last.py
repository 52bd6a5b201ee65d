"""Each loss is compared with the one before it. After a bad epoch every recovery then looks like progress;
the best loss is the one to beat.
"""

QUESTIONS = ("p3.early_stopping",)
MODULE = "overfitting"


_right_stopping = EarlyStopping


class EarlyStopping(_right_stopping):
    _last = math.inf

    def step(self, val_loss, epoch, model):
        improved = val_loss < self._last - self.min_delta
        self._last = val_loss
        if improved:
            self.best_loss, self.best_epoch, self._waited = val_loss, epoch, 0
            self._kept = {name: value.detach().clone() for name, value in model.state_dict().items()}
        else:
            self._waited += 1
        return self._waited >= self.patience
