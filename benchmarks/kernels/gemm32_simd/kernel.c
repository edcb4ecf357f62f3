/* Compiled with -msimd128. */
#include "../gemm32/kernel.c"
