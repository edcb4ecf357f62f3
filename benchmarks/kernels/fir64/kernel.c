#include "../kernel.h"

#define TAPS 32
#define MOST 16384

static double samples[MOST + TAPS], taps[TAPS], filtered[MOST];

void EXPORT(prepare)(i32 n) {
    u32 state = 19;
    for (i32 i = 0; i < n + TAPS; i++) samples[i] = next_random(&state) % 1024 / 16.0 - 32;
    for (i32 t = 0; t < TAPS; t++) taps[t] = next_random(&state) % 64 / 64.0;
}

/* A tap for all samples at a time, as it is done for vectors. */
double EXPORT(run)(i32 n) {
    for (i32 i = 0; i < n; i++) filtered[i] = 0;
    for (i32 t = 0; t < TAPS; t++)
        for (i32 i = 0; i < n; i++) filtered[i] += taps[t] * samples[i + t];
    double most = 0;
    for (i32 i = 0; i < n; i++) most = filtered[i] > most ? filtered[i] : most;
    return most;
}
