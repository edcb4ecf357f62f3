/* Compiled with -msimd128. */
#include "../heat/kernel.c"
