#include "../kernel.h"

#define POINTS 2048

static double now[POINTS], next[POINTS];

void EXPORT(prepare)(i32 steps) {
    u32 state = 3;
    for (i32 i = 0; i < POINTS; i++) now[i] = next_random(&state) % 1000 / 8.0;
}

static void step(const double *restrict from, double *restrict to) {
    for (i32 i = 1; i < POINTS - 1; i++) to[i] = 0.25 * from[i - 1] + 0.5 * from[i] + 0.25 * from[i + 1];
}

double EXPORT(run)(i32 steps) {
    next[0] = now[0], next[POINTS - 1] = now[POINTS - 1];
    for (i32 i = 0; i < steps; i += 2) step(now, next), step(next, now);
    return now[0] + now[POINTS / 3] * now[POINTS / 2];
}
