/* setjmp and longjmp: an evaluator whose errors jump out of recursion, nested and repeated. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "setjmp.h"

enum { SYNTAX = 1, DIVISION = 2, DEPTH = 3 };

static const char *at;
static int depth;
static jump_buffer *handler;
static unsigned checksum = 2166136261u;

static _Noreturn void fail(int reason) { longjmp(*handler, reason); }

static long sum(void);

static long factor(void) {
    while (*at == ' ') at++;
    if (*at == '(') {
        at++;
        if (++depth > 20) fail(DEPTH);
        long value = sum();
        depth--;
        if (*at++ != ')') fail(SYNTAX);
        return value;
    }
    if (*at == '-') {
        at++;
        return -factor();
    }
    if (*at < '0' || *at > '9') fail(SYNTAX);
    long value = 0;
    while (*at >= '0' && *at <= '9') value = value * 10 + *at++ - '0';
    return value;
}

static long product(void) {
    long value = factor();
    for (;;) {
        while (*at == ' ') at++;
        if (*at == '*') {
            at++;
            value *= factor();
        } else if (*at == '/') {
            at++;
            long divisor = factor();
            if (!divisor) fail(DIVISION);
            value /= divisor;
        } else {
            return value;
        }
    }
}

static long sum(void) {
    long value = product();
    for (;;) {
        if (*at == '+') {
            at++;
            value += product();
        } else if (*at == '-') {
            at++;
            value -= product();
        } else {
            return value;
        }
    }
}

static void note(const char *text) {
    for (; *text; text++) checksum = (checksum ^ (unsigned char)*text) * 16777619u;
}

/* The second time without what follows the last space. */
static __attribute__((noinline)) long parse(const char *text, int is_retried) {
    static char copy[128];
    strncpy(copy, text, sizeof copy - 1);
    if (is_retried) {
        char *space = strrchr(copy, ' ');
        if (space) *space = 0;
    }
    at = copy;
    depth = 0;
    long value = sum();
    if (*at) fail(SYNTAX);
    return value;
}

static __attribute__((noinline)) int attempt(const char *text, int is_retried, long *result) {
    jump_buffer mine;
    jump_buffer *outer = handler;
    handler = &mine;
    int reason = setjmp(mine);
    if (reason) {
        handler = outer;
        return reason;
    }
    *result = parse(text, is_retried);
    handler = outer;
    return 0;
}

static int evaluate(const char *text, long *result) {
    int reason = attempt(text, 0, result);
    return reason == SYNTAX ? attempt(text, 1, result) : reason;
}

/* Jumps to either of two functions that wait for it. */
static jump_buffer *first, *second;

static __attribute__((noinline)) void jump(int way) { longjmp(way & 1 ? *second : *first, way); }

static __attribute__((noinline)) int inner(int way) {
    jump_buffer mine;
    second = &mine;
    int value = setjmp(mine);
    if (!value) jump(way);
    return 10 + value;
}

static __attribute__((noinline)) int choose(int way) {
    jump_buffer mine;
    first = &mine;
    int value = setjmp(mine);
    return value ? 100 + value : inner(way);
}

int main(int argc, char **argv) {
    static const char *const texts[] = {
        "1 + 2 * 3", "(1 + 2) * 3", "7 / (3 - 3)", "2 * (3 +", "12 34", "((((((((((((((((((((((1))))))))))))))))))))))",
        "-(-(-5))", "100 / 7 / 2 - 3", "x", "",
    };
    int rounds = argc > 1 ? atoi(argv[1]) : 1;
    for (int round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
            long result = 0;
            char line[160];
            int reason = evaluate(texts[i], &result);
            if (reason) {
                snprintf(line, sizeof line, "%s: error %d", texts[i], reason);
            } else {
                snprintf(line, sizeof line, "%s = %ld", texts[i], result);
            }
            note(line);
            if (!round) puts(line);
        }
        for (int way = 0; way < 8; way++) {
            int value = choose(way);
            checksum = (checksum ^ (unsigned)value) * 16777619u;
            if (!round) printf("choose(%d) = %d\n", way, value);
        }
    }
    printf("%08x\n", checksum);
    return 0;
}
