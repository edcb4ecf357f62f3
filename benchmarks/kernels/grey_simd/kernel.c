/* Compiled with -msimd128. */
#include "../grey/kernel.c"
