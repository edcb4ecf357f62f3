#include "../kernel.h"
#include <stddef.h>
#define QOI_IMPLEMENTATION
#define QOI_NO_STDIO
#define QOI_MALLOC(size) ((void *)output)
#define QOI_FREE(place)
static u8 output[1 << 19];
#include "qoi/qoi.h"

static u8 pixels[1 << 18];

/* A picture of n by n pixels: a gradient with noise, and areas of one colour. */
void EXPORT(prepare)(i32 n) {
    u32 state = 5;
    for (i32 y = 0; y < n; y++)
        for (i32 x = 0; x < n; x++) {
            u8 *pixel = pixels + 4 * (y * n + x);
            u32 noise = next_random(&state);
            i32 flat = (x / 16 + y / 16) % 3 == 0;
            pixel[0] = (u8)(flat ? 200 : x * 2 + (noise & 3));
            pixel[1] = (u8)(flat ? 120 : y + (noise >> 8 & 15));
            pixel[2] = (u8)(flat ? 40 : x + y);
            pixel[3] = noise % 61 ? 255 : 128;
        }
}

u32 EXPORT(run)(i32 n) {
    qoi_desc description = {n, n, 4, 0};
    int size;
    qoi_encode(pixels, &description, &size);
    u32 sum = size;
    for (i32 i = 0; i < size; i += 101) sum = sum * 31 + output[i];
    return sum;
}
