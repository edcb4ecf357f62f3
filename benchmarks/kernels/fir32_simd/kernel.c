/* Compiled with -msimd128. */
#include "../fir32/kernel.c"
