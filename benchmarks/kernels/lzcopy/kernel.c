#include "../kernel.h"

#define MOST 1048576

static u8 packed[MOST], text[MOST + 512];
static i32 packed_size;

/* Tokens of a literal byte (0, byte) or of a copy (length 4..67, distance low, distance high). */
void EXPORT(prepare)(i32 n) {
    u32 state = 17;
    i32 size = 0, made = 0;
    while (made < n) {
        u32 r = next_random(&state);
        if (made < 64 || (r & 3) == 0) {
            packed[size++] = 0;
            packed[size++] = (u8)(r >> 8);
            made++;
        } else {
            u32 length = 4 + (r >> 2 & 63), distance = 1 + (r >> 8) % (made < 4096 ? made : 4096);
            packed[size++] = (u8)length;
            packed[size++] = (u8)distance;
            packed[size++] = (u8)(distance >> 8);
            made += length;
        }
    }
    packed_size = size;
}

u32 EXPORT(run)(i32 n) {
    i32 out = 0, in = 0;
    u32 check = 0;
    while (in < packed_size) {
        i32 length = packed[in++];
        if (length == 0) {
            text[out++] = packed[in++];
        } else {
            i32 distance = packed[in] | packed[in + 1] << 8;
            in += 2;
            for (i32 k = 0; k < length; k++, out++) text[out] = text[out - distance];
        }
    }
    for (i32 i = 0; i + 4 <= out; i += 4) {
        u32 word = text[i] | text[i + 1] << 8 | text[i + 2] << 16 | (u32)text[i + 3] << 24;
        check = (check << 5 | check >> 27) ^ word;
    }
    return check;
}
