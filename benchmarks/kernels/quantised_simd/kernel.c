/* Compiled with -msimd128. */
#include "../quantised/kernel.c"
