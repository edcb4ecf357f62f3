#include "../kernel.h"

#define MOST 1048576

static u8 composite[MOST];

i32 EXPORT(run)(i32 n) {
    i32 count = 0;
    for (i32 i = 0; i < n; i++) composite[i] = 0;
    for (i32 i = 2; i < n; i++) {
        if (composite[i]) continue;
        count++;
        for (i64 j = (i64)i * i; j < n; j += i) composite[j] = 1;
    }
    return count;
}
