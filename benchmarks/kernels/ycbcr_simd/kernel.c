/* Compiled with -msimd128. */
#include "../ycbcr/kernel.c"
