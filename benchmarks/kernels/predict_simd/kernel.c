/* Compiled with -msimd128. */
#include "../predict/kernel.c"
