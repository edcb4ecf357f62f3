/* Compiled with -msimd128. */
#include "../blur/kernel.c"
