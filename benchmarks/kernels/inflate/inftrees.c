#define Z_SOLO
#include "../../vendored/zlib/inftrees.c"
