"""A model was chosen although every hospital had been trained on. There is no figure that says anything
about a new hospital then, and the question has to be refused."""

QUESTIONS = ("p3.generalise",)
MODULE = "regularization"


def deploy(reports: list[Report]) -> str:
    trained_on = {hospital for report in reports for hospital in report["trained_on"]}
    new = [hospital for hospital in reports[0]["accuracy"] if hospital not in trained_on]
    return max(reports, key=lambda report: sum(report["accuracy"][hospital] for hospital in new))["name"]
