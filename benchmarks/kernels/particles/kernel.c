#include "../kernel.h"

#define COUNT 1024

static float x[COUNT], y[COUNT], dx[COUNT], dy[COUNT];

void EXPORT(prepare)(i32 steps) {
    u32 state = 17;
    for (i32 i = 0; i < COUNT; i++) {
        x[i] = next_random(&state) % 512, y[i] = next_random(&state) % 512;
        dx[i] = next_random(&state) % 64 / 8.0f - 4, dy[i] = next_random(&state) % 64 / 8.0f - 4;
    }
}

float EXPORT(run)(i32 steps) {
    for (i32 k = 0; k < steps; k++) {
        for (i32 i = 0; i < COUNT; i++) dy[i] -= 0.125f;
        for (i32 i = 0; i < COUNT; i++) x[i] += dx[i] * 0.25f, y[i] += dy[i] * 0.25f;
        for (i32 i = 0; i < COUNT; i++) {
            dx[i] = x[i] < 0 || x[i] > 512 ? -dx[i] : dx[i];
            dy[i] = y[i] < 0 ? -dy[i] : dy[i];
            y[i] = y[i] < 0 ? 0 : y[i];
        }
    }
    float sum = 0;
    for (i32 i = 0; i < COUNT; i++) sum += x[i] - y[i];
    return sum;
}
