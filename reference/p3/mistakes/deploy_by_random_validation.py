"""The model with the best random validation was chosen. Its films come from the hospitals that were trained
on, so it measures what will not be there at a new one."""

QUESTIONS = ("p3.generalise",)
MODULE = "regularization"


def deploy(reports: list[Report]) -> str:
    trained_on = {hospital for report in reports for hospital in report["trained_on"]}
    new = [hospital for hospital in reports[0]["accuracy"] if hospital not in trained_on]
    if not new:
        raise ValueError("every hospital was trained on by some model")

    return max(reports, key=lambda report: report["random_val"])["name"]
