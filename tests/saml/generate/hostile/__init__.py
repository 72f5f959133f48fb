"""What must be refused: each case is a good response with one fault, and says which refusals are right."""

from . import algorithms, conditions, encryption, forged, references, shape, size, syntax, wrapping


def build(corpus):
    for module in (forged, wrapping, syntax, conditions, shape, algorithms, references, encryption, size):
        module.build(corpus)
