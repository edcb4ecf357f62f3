#define Z_SOLO
#include "zlib/inflate.c"

/* zutil.c has it so. */
void zmemcpy(Bytef *to, const Bytef *from, uInt size) {
    __builtin_memcpy(to, from, size);
}
