/* Compiled with -msimd128. */
#include "../particles/kernel.c"
