#define Z_SOLO
#include "zlib/inftrees.c"
