/* What musl and LibTomMath include of their own; kernel.c defines what is needed. */
