"""A network with fewer features was said to help most. It has too many for 200 images either way; what is
missing are images.
"""

QUESTIONS = ("p3.predict",)
MODULE = "overfitting"


PREDICTION = PREDICTION | {
    "order": [
        "sixteen_features",
        "turns_alone",
        "upside_down",
        "thirty_percent_wrong",
        "with_800_images",
    ]
}
