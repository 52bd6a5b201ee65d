"""A patience below one epoch or a negative min_delta was taken without a word. Neither can be meant."""

QUESTIONS = ("p3.early_stopping",)
MODULE = "overfitting"


_right_stopping = EarlyStopping


class EarlyStopping(_right_stopping):
    def __init__(self, patience, min_delta=0.0):
        super().__init__(max(1, patience), max(0.0, min_delta))
        self.patience, self.min_delta = patience, min_delta
