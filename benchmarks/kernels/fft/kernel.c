#include "../input.h"
#define kiss_fft_scalar double
#include "kissfft/kiss_fft.c"

enum { POINTS = 1024 };

static kiss_fft_cpx signal[POINTS], spectrum[POINTS];
static kiss_fft_cfg plan;

void EXPORT(prepare)(i32 n) {
    u32 state = 7;
    plan = kiss_fft_alloc(POINTS, 0, 0, 0);
    for (i32 i = 0; i < POINTS; i++) {
        signal[i].r = next_random(&state) / 16777216.0;
        signal[i].i = next_random(&state) / 16777216.0;
    }
}

/* n transforms; in each, the first point is another one. */
double EXPORT(run)(i32 n) {
    double sum = 0;
    while (n--) {
        signal[0].r = n;
        kiss_fft(plan, signal, spectrum);
        for (i32 i = 0; i < POINTS; i++) sum += spectrum[i].r * (i & 7) - spectrum[i].i;
    }
    return sum;
}
