#include "../kernel.h"

#define TAPS 16
#define PHASES 8
#define MOST 16384

static short samples[MOST], filter[PHASES][TAPS], resampled[MOST];

void EXPORT(prepare)(i32 n) {
    u32 state = 16;
    for (i32 i = 0; i < MOST; i++) samples[i] = next_random(&state);
    for (i32 p = 0; p < PHASES; p++)
        for (i32 t = 0; t < TAPS; t++) filter[p][t] = (i32)(next_random(&state) % 4096) - 2048;
}

/* From 48 to 44 kHz, about: a filter for each phase, numbers of 16 bits. */
i32 EXPORT(run)(i32 n) {
    i32 total = 0;
    for (i32 i = 0; i < n; i++) {
        i32 place = i * 9, sum = 16384;
        const short *from = samples + place / PHASES, *taps = filter[place % PHASES];
        for (i32 t = 0; t < TAPS; t++) sum += from[t] * taps[t];
        sum >>= 15;
        resampled[i] = sum < -32768 ? -32768 : sum > 32767 ? 32767 : sum;
    }
    for (i32 i = 0; i < n; i++) total = total * 3 + resampled[i];
    return total;
}
