/* Compiled with -msimd128. */
#include "../lu/kernel.c"
