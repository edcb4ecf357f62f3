#include "../kernel.h"
#include <string.h>
#include "libtommath/tommath_private.h"
#define BN_S_MP_MUL_DIGS_FAST_C
#include "libtommath/bn_s_mp_mul_digs_fast.c"

void mp_clamp(mp_int *a) {
    while (a->used > 0 && a->dp[a->used - 1] == 0) a->used--;
}
mp_err mp_grow(mp_int *a, int size) { return MP_MEM; }

enum { DIGITS = 120 };

static mp_digit one[DIGITS], other[DIGITS], product[2 * DIGITS];

/* n products of two numbers of 120 digits, of 28 bits each. */
u32 EXPORT(run)(i32 n) {
    mp_int a = {DIGITS, DIGITS, MP_ZPOS, one}, b = {DIGITS, DIGITS, MP_ZPOS, other};
    mp_int c = {0, 2 * DIGITS, MP_ZPOS, product};
    u32 state = 3, sum = 0;
    for (i32 i = 0; i < DIGITS; i++) one[i] = next_random(&state), other[i] = next_random(&state) << 4;
    while (n--) {
        one[0] = n + 1;
        s_mp_mul_digs_fast(&a, &b, &c, 2 * DIGITS);
        for (i32 i = 0; i < c.used; i++) sum = sum * 31 + product[i];
    }
    return sum;
}
