"""state_dict() was kept, or a copy of the dictionary alone. The tensors in it are the model's own: training
goes on in them, and what is restored at the end are the last weights.
"""

QUESTIONS = ("p3.early_stopping",)
MODULE = "overfitting"


_right_stopping = EarlyStopping


class EarlyStopping(_right_stopping):
    def step(self, val_loss, epoch, model):
        if val_loss < self.best_loss - self.min_delta:
            self.best_loss, self.best_epoch = val_loss, epoch
            self._waited = 0
            self._kept = model.state_dict()
        else:
            self._waited += 1
        return self._waited >= self.patience
