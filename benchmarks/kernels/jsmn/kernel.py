"""JSON into tokens: jsmn, character by character."""

import json
from dataclasses import dataclass

from benchmarks.inputs import random_numbers

TOPIC = "strings"
ORIGIN = "jsmn 1.1.0 (MIT licence)"
SIZE, SMALL_SIZE = 350, 10

OBJECT, ARRAY, STRING, PRIMITIVE = 1, 2, 3, 4


def input_bytes(n: int) -> bytes:
    """A list of ``n`` records."""
    numbers = iter(random_numbers(9, 4 * n))
    records = [
        {
            "id": next(numbers),
            "name": f'user "{next(numbers):x}"\n',
            "tags": ["alpha", "beta", None, next(numbers) % 2 == 0],
            "place": {"x": next(numbers) / 64, "y": -1.5},
        }
        for _ in range(n)
    ]
    return json.dumps(records, indent=1).encode()


def prepare(n: int) -> str:
    return input_bytes(n).decode()


@dataclass(slots=True)
class Token:
    kind: int
    start: int
    end: int
    parent: int
    size: int = 0


def string_end(text: str, position: int) -> int:
    """Where the quote is that closes the string."""
    while True:
        char = text[position]
        if char == '"':
            return position
        if char == "\\":
            position += 1
            if text[position] not in '"/\\bfrntu':
                raise ValueError(f"bad escape at {position}")
        position += 1


def tokenize(text: str) -> list[Token]:
    tokens: list[Token] = []
    parent = -1
    position = 0
    while position < len(text):
        char = text[position]
        if char in "{[":
            if parent != -1:
                tokens[parent].size += 1
            tokens.append(Token(OBJECT if char == "{" else ARRAY, position, -1, parent))
            parent = len(tokens) - 1
        elif char in "}]":
            kind = OBJECT if char == "}" else ARRAY
            index = len(tokens) - 1
            while tokens[index].end != -1:
                index = tokens[index].parent
                if index == -1:
                    raise ValueError(f"unmatched bracket at {position}")
            token = tokens[index]
            if token.kind != kind:
                raise ValueError(f"wrong bracket at {position}")
            token.end = position + 1
            parent = token.parent
        elif char == '"':
            end = string_end(text, position + 1)
            tokens.append(Token(STRING, position + 1, end, parent))
            position = end
            if parent != -1:
                tokens[parent].size += 1
        elif char == ":":
            parent = len(tokens) - 1
        elif char == ",":
            if parent != -1 and tokens[parent].kind not in (ARRAY, OBJECT):
                parent = tokens[parent].parent
        elif char not in " \t\r\n":
            start = position
            while position < len(text) and text[position] not in ":,]} \t\r\n":
                position += 1
            tokens.append(Token(PRIMITIVE, start, position, parent))
            position -= 1
            if parent != -1:
                tokens[parent].size += 1
        position += 1
    return tokens


def run(n: int, text: str) -> int:
    tokens = tokenize(text)
    total = len(tokens)
    for token in tokens:
        total = (total * 31 + token.start + 3 * token.end + 5 * token.size + 7 * token.kind) & 0xFFFFFFFF
    return total
