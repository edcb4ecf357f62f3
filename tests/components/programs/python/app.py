"""The world of ../words.wit, for componentize-py."""


class WitWorld:
    """What the world exports by itself."""

    def total(self, values):
        return sum(values)


class Texts:
    """The interface of the class in texts.py."""
