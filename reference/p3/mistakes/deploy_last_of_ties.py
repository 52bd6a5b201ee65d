"""Of two models with the same figure the last one was taken. The one that stands first is asked."""

QUESTIONS = ("p3.generalise",)
MODULE = "regularization"


def deploy(reports: list[Report]) -> str:
    trained_on = {hospital for report in reports for hospital in report["trained_on"]}
    new = [hospital for hospital in reports[0]["accuracy"] if hospital not in trained_on]
    if not new:
        raise ValueError("every hospital was trained on by some model")

    return max(
        reversed(reports), key=lambda report: sum(report["accuracy"][hospital] for hospital in new) / len(new)
    )["name"]
