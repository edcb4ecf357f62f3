/* Compiled with -msimd128. */
#include "../gemv/kernel.c"
