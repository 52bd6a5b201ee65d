"""The network has as many parameters as it should, and some of them never touch an image: the logits are the
same without them. Give the network one image and then another, and print the gradient of each parameter.
"""

QUESTIONS = ("p4.architecture",)
MODULE = "network"


_RightResNetD = ResNetD


class ResNetD(_RightResNetD):
    def forward(self, x):
        with torch.no_grad():
            behind = self.stem(x)
        return self.head(self.stages(torch.zeros_like(behind)).mean(dim=(2, 3)))
