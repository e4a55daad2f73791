"""A worker: computes gradients of its share of the images and lets them act on the parameters."""
import os
import time

import numpy as np

import SHMArrays
import sgd_model

ALPHA = 0.1


class Curve(object):
    """What this worker shows of its loss over time: rows of the array with its number."""

    def __init__(self, history, number, epochs, images):
        self.history, self.number, self.images = history, number, images
        self.rows = history[number]
        self.every = -(-epochs // (len(self.rows) - 1))

    def record(self, epoch, state):
        if epoch % self.every == 0:
            row = epoch // self.every
            self.rows[row] = time.time(), sgd_model.loss(state, *self.images)
            self.history[self.number] = self.rows


def share_of(images, number, workers):
    """The pictures and digits that are this worker's, and in how many batches it takes them."""
    mine = slice(number, None, workers)
    pictures, digits = [array[mine] for array in images.read_arrays().values()]
    return pictures, digits, sgd_model.batches(len(digits))


def work(number, workers, epochs, model, images, history):
    parent = os.getppid()
    pictures, digits, batches = share_of(images, number, workers)
    curve = Curve(history, number, epochs, (pictures, digits))
    random = np.random.RandomState(number)
    descend = SHMArrays.axpy(-ALPHA)
    state = model.read_arrays()
    for epoch in range(epochs):
        curve.record(epoch, state)
        for batch in np.array_split(random.permutation(len(digits)), batches):
            gradient = sgd_model.gradient(state, pictures[batch], digits[batch])
            state = model.update_arrays(gradient, descend)
        if os.getppid() != parent:
            return  # nobody will collect the result
    curve.record(epochs, state)
