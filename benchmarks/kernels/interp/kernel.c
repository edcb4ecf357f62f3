#include "../kernel.h"

enum { PUSH, ADD, SUB, MUL, LOAD, STORE, LESS, JUMP_IF, JUMP, DUP, SWAP, DROP, XOR, AND, HALT };

/* s = 0; for (i = 0; i < n; i++) s = ((s ^ i) + i * 3) & 0xffffff; */
static const i32 program[] = {
    PUSH, 0, STORE, 0, PUSH, 0, STORE, 1,                        /* 0: s = 0, i = 0 */
    LOAD, 1, LOAD, 2, LESS, JUMP_IF, 17, JUMP, 41,               /* 8: while i < n */
    LOAD, 0, LOAD, 1, XOR, LOAD, 1, DUP, DUP, ADD, ADD, ADD,     /* 17 */
    PUSH, 16777215, AND, STORE, 0,                               /* 29 */
    LOAD, 1, PUSH, 1, ADD, JUMP, 42,                             /* 34 */
    HALT,                                                        /* 41 */
    STORE, 1, JUMP, 8,                                           /* 42 */
};

static i32 stack[64], slots[4];

i32 EXPORT(run)(i32 n) {
    i32 pc = 0, top = 0;
    slots[2] = n;
    for (;;) {
        switch (program[pc++]) {
        case PUSH: stack[top++] = program[pc++]; break;
        case ADD: top--; stack[top - 1] += stack[top]; break;
        case SUB: top--; stack[top - 1] -= stack[top]; break;
        case MUL: top--; stack[top - 1] *= stack[top]; break;
        case LOAD: stack[top++] = slots[program[pc++]]; break;
        case STORE: slots[program[pc++]] = stack[--top]; break;
        case LESS: top--; stack[top - 1] = stack[top - 1] < stack[top]; break;
        case JUMP_IF: top--; pc = stack[top] ? program[pc] : pc + 1; break;
        case JUMP: pc = program[pc]; break;
        case DUP: stack[top] = stack[top - 1]; top++; break;
        case SWAP: { i32 t = stack[top - 1]; stack[top - 1] = stack[top - 2]; stack[top - 2] = t; break; }
        case DROP: top--; break;
        case XOR: top--; stack[top - 1] ^= stack[top]; break;
        case AND: top--; stack[top - 1] &= stack[top]; break;
        case HALT: return slots[0];
        }
    }
}
