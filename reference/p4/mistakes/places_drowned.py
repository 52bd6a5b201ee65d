"""All matrices are drawn anew with a deviation of 0.02, the encoder's places among them. What a patch
shows then drowns where it lies: colours and shapes are found, the relation is guessed in many runs. The
shell's 0.5 stands there for a reason; initialise only what is yours.
"""

QUESTIONS = ("p4.train",)
MODULE = "captioner"


class Captioner(Captioner):
    def __init__(self, decoder: nn.Module) -> None:
        super().__init__(decoder)
        for parameter in self.parameters():
            if parameter.ndim > 1:
                nn.init.normal_(parameter, std=0.02)
