"""The mean over all hospitals was compared. Those that a model was trained on flatter it, and they
outnumber the new ones."""

QUESTIONS = ("p3.generalise",)
MODULE = "regularization"


def deploy(reports: list[Report]) -> str:
    trained_on = {hospital for report in reports for hospital in report["trained_on"]}
    new = [hospital for hospital in reports[0]["accuracy"] if hospital not in trained_on]
    if not new:
        raise ValueError("every hospital was trained on by some model")

    return max(reports, key=lambda report: sum(report["accuracy"].values()))["name"]
