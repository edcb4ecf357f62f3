"""An index of the words of a text, for componentize-py: see ../words.wit."""

import re
from collections import Counter

import wit_world
from componentize_py_types import Err
from wit_world.exports.texts import Entry, Query_Longer, Query_Prefix


class Index:
    """The resource."""

    def __init__(self, text):
        self.counts = Counter(re.findall(r"[a-zäöüß]+", text.lower()))
        wit_world.log(f"{len(self.counts)} words")

    def find(self, query):
        match query:
            case Query_Prefix(prefix):
                words = [word for word in self.counts if word.startswith(prefix)]
            case Query_Longer(length):
                words = [word for word in self.counts if len(word) > length]
            case _:
                words = list(self.counts)
        return [Entry(word, self.counts[word]) for word in words]

    def count(self, word):
        if word not in self.counts:
            raise Err(f"no {word} here")
        return self.counts[word]
