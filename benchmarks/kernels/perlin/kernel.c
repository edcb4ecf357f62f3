#include "../kernel.h"
#define STB_PERLIN_IMPLEMENTATION
#include "stb/stb_perlin.h"

float EXPORT(run)(i32 n) {
    float sum = 0;
    for (i32 y = 0; y < n; y++)
        for (i32 x = 0; x < n; x++) sum += stb_perlin_turbulence_noise3(x * 0.0625f, y * 0.09375f, 0.5f, 2, 0.5f, 3);
    return sum;
}
