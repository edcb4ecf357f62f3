/* Compiled with -msimd128. */
#include "../stencil2d/kernel.c"
