/* Compiled with -msimd128. */
#include "../resample/kernel.c"
