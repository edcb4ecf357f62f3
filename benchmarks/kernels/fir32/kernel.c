#include "../kernel.h"

#define TAPS 16
#define MOST 65536

static float samples[MOST], filtered[MOST];

float EXPORT(run)(i32 n) {
    float taps[TAPS], peak = 0;
    for (i32 i = 0; i < TAPS; i++) taps[i] = (float)(i + 1) / 16.0f;
    for (i32 i = 0; i < n; i++) samples[i] = (float)((i * 37) % 256 - 128) / 256.0f;
    for (i32 i = TAPS; i < n; i++) {
        float sum = 0;
        for (i32 k = 0; k < TAPS; k++) sum += samples[i - k] * taps[k];
        filtered[i] = sum;
    }
    for (i32 i = TAPS; i < n; i++)
        if (filtered[i] > peak) peak = filtered[i];
    return peak;
}
