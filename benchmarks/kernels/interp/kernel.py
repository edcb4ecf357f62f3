"""A stack machine that runs a small loop: one big switch (br_table), with loads and stores around it."""

TOPIC = "dispatch"
SIZE, SMALL_SIZE = 8_000, 100

PUSH, ADD, SUB, MUL, LOAD, STORE, LESS, JUMP_IF, JUMP, DUP, SWAP, DROP, XOR, AND, HALT = range(15)

# s = 0; for (i = 0; i < n; i++) s = ((s ^ i) + i * 3) & 0xffffff;
PROGRAM = [
    *(PUSH, 0, STORE, 0, PUSH, 0, STORE, 1),
    *(LOAD, 1, LOAD, 2, LESS, JUMP_IF, 17, JUMP, 41),
    *(LOAD, 0, LOAD, 1, XOR, LOAD, 1, DUP, DUP, ADD, ADD, ADD),
    *(PUSH, 16777215, AND, STORE, 0),
    *(LOAD, 1, PUSH, 1, ADD, JUMP, 42),
    HALT,
    *(STORE, 1, JUMP, 8),
]


def run(n: int) -> int:
    program = PROGRAM
    stack: list[int] = []
    slots = [0, 0, n, 0]
    push, pop = stack.append, stack.pop
    pc = 0
    while True:
        op = program[pc]
        pc += 1
        if op == PUSH:
            push(program[pc])
            pc += 1
        elif op == ADD:
            value = pop()
            stack[-1] += value
        elif op == SUB:
            value = pop()
            stack[-1] -= value
        elif op == MUL:
            value = pop()
            stack[-1] *= value
        elif op == LOAD:
            push(slots[program[pc]])
            pc += 1
        elif op == STORE:
            slots[program[pc]] = pop()
            pc += 1
        elif op == LESS:
            value = pop()
            stack[-1] = stack[-1] < value
        elif op == JUMP_IF:
            pc = program[pc] if pop() else pc + 1
        elif op == JUMP:
            pc = program[pc]
        elif op == DUP:
            push(stack[-1])
        elif op == SWAP:
            stack[-1], stack[-2] = stack[-2], stack[-1]
        elif op == DROP:
            pop()
        elif op == XOR:
            value = pop()
            stack[-1] ^= value
        elif op == AND:
            value = pop()
            stack[-1] &= value
        else:
            return slots[0]
