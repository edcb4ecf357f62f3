/* What every kernel shares: fixed-width types without a C library, and the export of a function. */
typedef signed char i8;
typedef unsigned char u8;
typedef unsigned short u16;
typedef int i32;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(#name))) name

/* A small linear congruential generator: the same numbers in C and in Python. */
static inline u32 next_random(u32 *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}
