"""Each model was judged on the hospitals that it was not trained on itself, so that models are compared on
different films. Compare on hospitals that are new to all of them."""

QUESTIONS = ("p3.generalise",)
MODULE = "regularization"


def deploy(reports: list[Report]) -> str:
    trained_on = {hospital for report in reports for hospital in report["trained_on"]}
    new = [hospital for hospital in reports[0]["accuracy"] if hospital not in trained_on]
    if not new:
        raise ValueError("every hospital was trained on by some model")

    def mean(report: Report) -> float:
        others = [
            value for hospital, value in report["accuracy"].items() if hospital not in report["trained_on"]
        ]
        return sum(others) / len(others)

    return max(reports, key=mean)["name"]
