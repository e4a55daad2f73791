"""Softmax regression on images of digits, with numpy. Knows nothing about sharing."""
from collections import OrderedDict

import numpy as np

PIXELS, CLASSES, BATCH = 64, 10, 10


def load(path):
    """(images, digits) to train on and (images, digits) to test with; see digits.txt."""
    table = np.loadtxt(path, delimiter=",", ndmin=2)
    test_rows = np.loadtxt(path.rsplit(".", 1)[0] + ".test", dtype=int)
    images, digits = table[:, :PIXELS] / 16.0, table[:, PIXELS].astype(int)
    is_test = np.zeros(len(table), dtype=bool)
    is_test[test_rows] = True
    return (images[~is_test], digits[~is_test]), (images[is_test], digits[is_test])


def batches(images):
    """How many steps go once through so many images."""
    return max(images // BATCH, 1)


def start():
    """The parameters before any step."""
    return OrderedDict([
        ("weights", np.zeros((PIXELS, CLASSES))),
        ("bias", np.zeros(CLASSES)),
    ])


def probabilities(state, images):
    scores = images.dot(state["weights"]) + state["bias"]
    # The largest is subtracted so that exp() stays finite.
    likely = np.exp(scores - scores.max(axis=1, keepdims=True))
    return likely / likely.sum(axis=1, keepdims=True)


def gradient(state, images, digits):
    """Of the mean cross-entropy of these images: arrays of the names of the parameters."""
    error = probabilities(state, images)
    error[np.arange(len(digits)), digits] -= 1
    error /= len(digits)
    return OrderedDict([("weights", images.T.dot(error)), ("bias", error.sum(axis=0))])


def loss(state, images, digits):
    likely = probabilities(state, images)[np.arange(len(digits)), digits]
    return float(-np.log(np.maximum(likely, 1e-300)).mean())


def accuracy(state, images, digits):
    return float((probabilities(state, images).argmax(axis=1) == digits).mean())
