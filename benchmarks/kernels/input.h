/* Input made in Python: benchmarks.inputs.store writes it through put, eight bytes at a time, before anything is timed. */
#include "kernel.h"

#ifndef MOST
#define MOST (1 << 20)
#endif

static union {
    u8 bytes[MOST];
    u64 words[MOST / 8];
} input;

void EXPORT(put)(i32 index, u64 eight_bytes) { input.words[index] = eight_bytes; }
