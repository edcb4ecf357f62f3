"""Every rule of every table is correct where it fits, fits somewhere, and the generated Python is up to date."""

from __future__ import annotations

import pytest

from tests.passes.rule_checks import check_rule, compile_rules
from wasmz.ir.nodes import Block, Value
from wasmz.passes.rules import generate
from wasmz.passes.rules.table import Rule, parse_rules, read_rules
from wasmz.types import ValType

TABLES = {name: read_rules(generate.HERE / f"{name}.rules") for name in generate.TABLES}
RULES = [(name, rule) for name, rules in TABLES.items() for rule in rules]


def _earlier(name: str, rule: Rule) -> list[Rule]:
    """The rules of the same operation that are tried before."""
    rules = [other for other in TABLES[name] if other.pattern.ops == rule.pattern.ops]
    return rules[: rules.index(rule)]


@pytest.mark.generated
def test_generated_files_are_fresh() -> None:
    assert generate.main(["--check"]) == 0, "run: python -m wasmz.passes.rules.generate"


@pytest.mark.parametrize(("name", "rule"), RULES, ids=[f"{rule.pattern.ops[0]}: {rule.text}" for _, rule in RULES])
def test_both_sides_agree(name: str, rule: Rule) -> None:
    assert check_rule(rule, name, _earlier(name, rule)) > 0, f"no case found that this fits: {rule.text}"


# A rule of the table, and a likely slip in writing it.
WRONG = [
    ("shl (shl! x c) k = shl x {c % W + k}", "nothing is left of what is shifted far"),
    ("shl (shl! x c) k = shl x {c % W - k} if c % W + k < W", "a sign"),
    ("sub (add x y) y = y", "the other operand"),
    ("and (or x c) k = and x k", "a condition forgotten"),
    ("and x c = x if not bits(x) & c", "a condition turned round"),
    ("and (extend8_s x) c = and x c if not c >> 9", "one bit"),
    ("i32.xor b 1 = i32.eqz b", "not of any number"),
    ("shr_s x c = shr_u x c", "not of negative numbers"),
    ("rem_s x c = and x {c - 1} if is_power(c)", "not of negative numbers"),
    ("div_u x c = shr_u x {log2(c) + 1} if is_power(c)", "twice as far"),
    ("extend16_s y:(load8_s _) = extend8_s y if 0", "never"),
    ("extend8_s y:(extend16_s _) = y", "wider"),
    ("i64.eqz (i64.extend_i32_s x) = i32.ne x x", "another comparison"),
    ("le_u x c = lt_u x {c + 1}", "wraps"),
    ("select x y (i32.eqz b) = select x y b", "arms not exchanged"),
    ("lt_u x y = mirrored x y", "operands not exchanged"),
    ("i32.eqz (comparison x y) = opposite y x", "operands exchanged"),
]


@pytest.mark.parametrize(("text", "why"), WRONG)
def test_wrong_rules_are_found(text: str, why: str) -> None:
    found = 0
    for rule in parse_rules("types i32 i64\n" + text):
        try:
            found += check_rule(rule, "integers") == 0
        except AssertionError:
            found += 1
    assert found, f"{text}: {why}"


@pytest.mark.parametrize(("name", "rule"), [(name, rule) for name, rule in RULES if "{" in str(rule.result)])
def test_each_new_constant_is_needed(name: str, rule: Rule) -> None:
    """A rule that makes a constant is found to be wrong if that is one more."""
    text = rule.text.replace("}", " + 1}")
    with pytest.raises(AssertionError):
        for wrong in parse_rules(f"types {rule.type}\n{text}"):
            check_rule(wrong, name, _earlier(name, rule))


def test_first_rule_that_fits_is_applied() -> None:
    rules = list(parse_rules("types i32\nadd x 0 = x\nadd (sub x y) c = x if c == 5\nadd x c = sub x {-c}"))
    apply = compile_rules("integers", rules)
    block = Block()
    x = Value("local.get", ValType.I32, (), 0, 0, block)
    inner = Value("i32.sub", ValType.I32, (x, x), None, 0, block)

    def applied(first: Value, number: int) -> object:
        constant = Value("i32.const", ValType.I32, (), number, 0, block)
        value = Value("i32.add", ValType.I32, (first, constant), None, 0, block)
        from tests.passes.rule_checks import Maker

        found = apply(Maker(), value)
        return found if found is not value else (value.op, value.args[1].imm)

    assert applied(inner, 0) is inner
    assert applied(inner, 5) is x
    assert applied(inner, 6) == ("i32.sub", 0xFFFF_FFFA)
    assert applied(x, 5) == ("i32.sub", 0xFFFF_FFFB)


@pytest.mark.parametrize("text", ["add x y", "add x = y ="])
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        generate.render("integers", list(parse_rules("types i32\n" + text)))
