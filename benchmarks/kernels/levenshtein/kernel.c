#include "../kernel.h"

#define MOST 4096

static u8 left[MOST], right[MOST];
static i32 row[MOST + 1];

void EXPORT(prepare)(i32 n) {
    u32 state = 11;
    for (i32 i = 0; i < n; i++) {
        left[i] = 'a' + next_random(&state) % 6;
        right[i] = 'a' + next_random(&state) % 6;
    }
}

i32 EXPORT(run)(i32 n) {
    for (i32 j = 0; j <= n; j++) row[j] = j;
    for (i32 i = 1; i <= n; i++) {
        i32 diagonal = row[0];
        row[0] = i;
        for (i32 j = 1; j <= n; j++) {
            i32 above = row[j], cost = diagonal + (left[i - 1] != right[j - 1]);
            if (above + 1 < cost) cost = above + 1;
            if (row[j - 1] + 1 < cost) cost = row[j - 1] + 1;
            row[j] = cost;
            diagonal = above;
        }
    }
    return row[n];
}
