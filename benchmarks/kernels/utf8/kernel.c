#include "../input.h"
#define hidden
#undef MB_CUR_MAX
#include <stdlib.h>
#undef MB_CUR_MAX
#define MB_CUR_MAX 4
#include "musl/internal.c"
#include "musl/mbsrtowcs.c"

static wchar_t wide[MOST / 4];

u32 EXPORT(run)(i32 n) {
    const char *source = (const char *)input.bytes;
    u32 count = mbsrtowcs(wide, &source, MOST / 4, 0), sum = count;
    for (u32 i = 0; i < count; i += 7) sum = sum * 31 + wide[i];
    return sum;
}
