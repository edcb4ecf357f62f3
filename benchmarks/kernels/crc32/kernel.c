#include "../kernel.h"

#define MOST 1048576

static u32 table[256];
static u8 data[MOST];

void EXPORT(prepare)(i32 n) {
    u32 state = 1;
    for (u32 i = 0; i < 256; i++) {
        u32 value = i;
        for (i32 bit = 0; bit < 8; bit++) value = value & 1 ? 0xEDB88320u ^ (value >> 1) : value >> 1;
        table[i] = value;
    }
    for (i32 i = 0; i < n; i++) data[i] = (u8)next_random(&state);
}

u32 EXPORT(run)(i32 n) {
    u32 crc = 0xFFFFFFFFu;
    for (i32 i = 0; i < n; i++) crc = table[(crc ^ data[i]) & 255] ^ (crc >> 8);
    return ~crc;
}
