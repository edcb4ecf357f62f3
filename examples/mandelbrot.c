/* A command program: prints the Mandelbrot set in characters.

   usage: mandelbrot [WIDTH [HEIGHT]] */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    int width = argc > 1 ? atoi(argv[1]) : 72, height = argc > 2 ? atoi(argv[2]) : 24;
    if (width < 1 || height < 1) {
        fprintf(stderr, "usage: %s [WIDTH [HEIGHT]]\n", argv[0]);
        return 2;
    }
    for (int row = 0; row < height; row++) {
        for (int column = 0; column < width; column++) {
            double cr = 3.2 * (column + 0.5) / width - 2.4, ci = 2.4 * (row + 0.5) / height - 1.2, zr = 0, zi = 0;
            int steps = 0;
            while (steps < 80 && zr * zr + zi * zi <= 4) {
                double next = zr * zr - zi * zi + cr;
                zi = 2 * zr * zi + ci;
                zr = next;
                steps++;
            }
            putchar(steps == 80 ? '@' : " .,:;-=+*#"[steps < 9 ? steps : 9]);
        }
        putchar('\n');
    }
    return 0;
}
