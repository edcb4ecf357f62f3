#include "../kernel.h"

#define MOST 1024

typedef struct Shape Shape;
typedef struct {
    i32 (*area)(const Shape *);
    i32 (*sides)(const Shape *);
} Methods;
struct Shape {
    const Methods *methods;
    i32 width, height;
};

static i32 rectangle_area(const Shape *s) { return s->width * s->height; }
static i32 rectangle_sides(const Shape *s) { return s->width == s->height ? 1 : 4; }
static i32 triangle_area(const Shape *s) { return s->width * s->height / 2; }
static i32 triangle_sides(const Shape *s) { return s->height > 0 ? 3 : 0; }
static i32 circle_area(const Shape *s) { return s->width * s->width * 355 / 113; }
static i32 circle_sides(const Shape *s) { return s->width & 0; }

static const Methods methods[] = {
    {rectangle_area, rectangle_sides}, {triangle_area, triangle_sides}, {circle_area, circle_sides}};
static Shape shapes[MOST];

void EXPORT(prepare)(i32 n) {
    for (i32 i = 0; i < MOST; i++) {
        shapes[i].methods = &methods[i * 7 % 3];
        shapes[i].width = i % 31 + 1;
        shapes[i].height = i % 17 + 1;
    }
}

i32 EXPORT(run)(i32 n) {
    i32 total = 0;
    for (i32 i = 0; i < n; i++) {
        const Shape *s = &shapes[i % MOST];
        total += s->methods->area(s) + s->methods->sides(s);
    }
    return total;
}
