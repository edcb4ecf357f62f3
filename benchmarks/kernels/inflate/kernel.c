#include "../input.h"
#define Z_SOLO
#include "zlib/zlib.h"

uLong adler32(uLong adler, const Bytef *data, uInt size) { return 1; }
uLong crc32(uLong crc, const Bytef *data, uInt size) { return 0; }

static u8 output[MOST];
static u64 heap[8192];
static u32 used;

static voidpf take(voidpf unused, uInt items, uInt size) {
    used += (items * size + 7) / 8;
    return heap + used - (items * size + 7) / 8;
}

static void give(voidpf unused, voidpf place) {}

/* Inflates a raw deflate stream that makes n bytes. */
u32 EXPORT(run)(i32 n) {
    z_stream stream = {.next_in = input.bytes, .avail_in = MOST, .next_out = output, .avail_out = n};
    stream.zalloc = take, stream.zfree = give, used = 0;
    inflateInit2(&stream, -15);
    inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    u32 sum = stream.total_out;
    for (i32 i = 0; i < n; i += 101) sum = sum * 31 + output[i];
    return sum;
}
