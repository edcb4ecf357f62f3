#include "../kernel.h"

#define MOST 262144

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static u8 data[MOST], text[MOST * 4 / 3 + 4];

void EXPORT(prepare)(i32 n) {
    u32 state = 7;
    for (i32 i = 0; i < n; i++) data[i] = (u8)next_random(&state);
}

static i32 encode(i32 n) {
    i32 length = 0, i = 0;
    for (; i + 2 < n; i += 3) {
        u32 bits = (u32)data[i] << 16 | (u32)data[i + 1] << 8 | data[i + 2];
        text[length++] = alphabet[bits >> 18];
        text[length++] = alphabet[bits >> 12 & 63];
        text[length++] = alphabet[bits >> 6 & 63];
        text[length++] = alphabet[bits & 63];
    }
    if (i < n) {
        u32 bits = (u32)data[i] << 16 | (i + 1 < n ? (u32)data[i + 1] << 8 : 0);
        text[length++] = alphabet[bits >> 18];
        text[length++] = alphabet[bits >> 12 & 63];
        text[length++] = i + 1 < n ? alphabet[bits >> 6 & 63] : '=';
        text[length++] = '=';
    }
    return length;
}

u32 EXPORT(run)(i32 n) {
    i32 length = encode(n);
    u32 check = 0;
    for (i32 i = 0; i < length; i++) check = check * 31 + text[i];
    return check;
}
