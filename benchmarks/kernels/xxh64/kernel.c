#include "../input.h"
#define XXH_INLINE_ALL
#define XXH_NO_XXH3
#include "xxhash/xxhash.h"

u64 EXPORT(run)(i32 n) { return XXH64(input.bytes, n, 7); }
