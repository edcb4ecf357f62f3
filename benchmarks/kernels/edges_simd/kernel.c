/* Compiled with -msimd128. */
#include "../edges/kernel.c"
