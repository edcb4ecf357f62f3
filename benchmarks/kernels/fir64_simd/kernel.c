/* Compiled with -msimd128. */
#include "../fir64/kernel.c"
