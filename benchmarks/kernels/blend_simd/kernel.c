/* Compiled with -msimd128. */
#include "../blend/kernel.c"
