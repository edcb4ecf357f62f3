#include "../kernel.h"
#define NDEBUG 1
#define SASR(x, by) ((x) >> (by))
#include "gsm/short_term.c"

static word samples[160];
static struct gsm_state state;

/* Filters n frames of 160 samples, as the coder of full-rate GSM speech does. */
u32 EXPORT(run)(i32 n) {
    u32 seed = 11, sum = 0;
    state = (struct gsm_state){0};
    for (i32 frame = 0; frame < n; frame++) {
        word coded[8];
        for (i32 i = 0; i < 8; i++) coded[i] = next_random(&seed) >> 12 & ((i < 2 ? 64 : i < 4 ? 32 : i < 6 ? 16 : 8) - 1);
        for (i32 i = 0; i < 160; i++) samples[i] = (word)(next_random(&seed) >> 4);
        Gsm_Short_Term_Analysis_Filter(&state, coded, samples);
        for (i32 i = 0; i < 160; i++) sum = sum * 31 + samples[i];
    }
    return sum;
}
