#define Z_SOLO
#include "zlib/inffast.c"
