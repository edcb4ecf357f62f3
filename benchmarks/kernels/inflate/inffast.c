#define Z_SOLO
#include "../../vendored/zlib/inffast.c"
