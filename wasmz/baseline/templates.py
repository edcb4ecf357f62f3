"""Made from lowerings by ``python -m wasmz.baseline.generate``: see `recording.py`.

By opcode: operand and result types, immediates, alignment; code below the operands, between, above them.
"""

from __future__ import annotations

CASE_NUMBERS = {
    'LOCAL_GET': 0,
    'I32_CONST': 1,
    'BINARY': 2,
    'LOCAL_TEE': 3,
    'LOAD': 4,
    'LOCAL_SET': 5,
    'END': 6,
    'STORE': 7,
    'BR_IF': 8,
    'CALL': 9,
    'COMPARE': 10,
    'SIGNED': 11,
    'EQZ': 12,
    'BLOCK': 13,
    'LOOP': 14,
    'IF': 15,
    'BR': 16,
    'GLOBAL_GET': 17,
    'GLOBAL_SET': 18,
    'UNARY': 19,
    'I64_CONST': 20,
    'ELSE': 21,
    'SELECT': 22,
    'DROP': 23,
    'RETURN': 24,
    'HELPER': 25,
    'DIVIDE': 26,
    'F64_CONST': 27,
    'F32_CONST': 28,
    'UNREACHABLE': 29,
    'CALL_INDIRECT': 30,
    'BR_TABLE': 31,
    'REF_NULL': 32,
    'REF_IS_NULL': 33,
    'REF_FUNC': 34,
    'NOP': 35,
    'GENERAL': 36,
    'TYPED': 37,
    'SELECT_TYPED': 38,
    'CALL_REF': 39,
    'BR_ON_NULL': 40,
    'BR_ON_NON_NULL': 41,
    'BR_ON_CAST': 42,
    'TRY_TABLE': 43,
    'THROW': 44,
    'THROW_REF': 45,
    'PREFIXED': 46,
}

TEMPLATES = {
    # nop
    0x1: ': - ; ; ; callee:nop @ call:0',
    # i32.load
    0x28: 'i:i a 2 ; view:I+0 ; ; @ subscript',
    # i64.load
    0x29: 'i:I a 3 ; view:Q+0 ; ; @ subscript',
    # f32.load
    0x2a: 'i:f a 2 ; view:f+0 ; ; copy:1 store:0 @ subscript copy:1 copy:1 compare:== if:0 pop callee:f32_from_bits view:I+0 load:0 subscript call:1 label:0',
    # f64.load
    0x2b: 'i:F a 3 ; view:d+0 ; ; @ subscript',
    # i32.load8_s
    0x2c: 'i:i a 0 ; view:b+0 ; ; @ subscript const:4294967295 &',
    # i32.load8_u
    0x2d: 'i:i a 0 ; view:B+0 ; ; @ subscript',
    # i32.load16_s
    0x2e: 'i:i a 1 ; view:h+0 ; ; @ subscript const:4294967295 &',
    # i32.load16_u
    0x2f: 'i:i a 1 ; view:H+0 ; ; @ subscript',
    # i64.load8_s
    0x30: 'i:I a 0 ; view:b+0 ; ; @ subscript const:18446744073709551615 &',
    # i64.load8_u
    0x31: 'i:I a 0 ; view:B+0 ; ; @ subscript',
    # i64.load16_s
    0x32: 'i:I a 1 ; view:h+0 ; ; @ subscript const:18446744073709551615 &',
    # i64.load16_u
    0x33: 'i:I a 1 ; view:H+0 ; ; @ subscript',
    # i64.load32_s
    0x34: 'i:I a 2 ; view:i+0 ; ; @ subscript const:18446744073709551615 &',
    # i64.load32_u
    0x35: 'i:I a 2 ; view:I+0 ; ; @ subscript',
    # i32.store
    0x36: 'ii: a 2 ; ; ; store:0 store:1 load:0 view:I+0 load:1 @ store_subscript',
    # i64.store
    0x37: 'iI: a 3 ; ; ; store:0 store:1 load:0 view:Q+0 load:1 @ store_subscript',
    # f32.store
    0x38: 'if: a 2 ; ; ; store:0 store:1 load:0 load:0 compare:== unless:0 @ load:0 view:f+0 load:1 store_subscript jump:1 label:0 callee:f32_to_bits load:0 call:1 view:I+0 load:1 store_subscript label:1',
    # f64.store
    0x39: 'iF: a 3 ; ; ; store:0 store:1 load:0 view:d+0 load:1 @ store_subscript',
    # i32.store8
    0x3a: 'ii: a 0 ; ; ; const:255 & store:0 store:1 load:0 view:B+0 load:1 @ store_subscript',
    # i32.store16
    0x3b: 'ii: a 1 ; ; ; const:65535 & store:0 store:1 load:0 view:H+0 load:1 @ store_subscript',
    # i64.store8
    0x3c: 'iI: a 0 ; ; ; const:255 & store:0 store:1 load:0 view:B+0 load:1 @ store_subscript',
    # i64.store16
    0x3d: 'iI: a 1 ; ; ; const:65535 & store:0 store:1 load:0 view:H+0 load:1 @ store_subscript',
    # i64.store32
    0x3e: 'iI: a 2 ; ; ; const:4294967295 & store:0 store:1 load:0 view:I+0 load:1 @ store_subscript',
    # memory.size
    0x3f: ':i m ; ; ; callee:memory_size memory:0 @ call:1',
    # memory.grow
    0x40: 'i:i m ; callee:memory_grow memory:0 ; ; @ call:2',
    # i32.eqz
    0x45: 'i:i - condition ; ; ; const:0 compare:==',
    # i32.eq
    0x46: 'ii:i - condition ; ; ; compare:==',
    # i32.ne
    0x47: 'ii:i - condition ; ; ; compare:!=',
    # i32.lt_s
    0x48: 'ii:i - condition ; ; const:2147483648 ^ ; const:2147483648 ^ compare:<',
    # i32.lt_u
    0x49: 'ii:i - condition ; ; ; compare:<',
    # i32.gt_s
    0x4a: 'ii:i - condition ; ; const:2147483648 ^ ; const:2147483648 ^ compare:>',
    # i32.gt_u
    0x4b: 'ii:i - condition ; ; ; compare:>',
    # i32.le_s
    0x4c: 'ii:i - condition ; ; const:2147483648 ^ ; const:2147483648 ^ compare:<=',
    # i32.le_u
    0x4d: 'ii:i - condition ; ; ; compare:<=',
    # i32.ge_s
    0x4e: 'ii:i - condition ; ; const:2147483648 ^ ; const:2147483648 ^ compare:>=',
    # i32.ge_u
    0x4f: 'ii:i - condition ; ; ; compare:>=',
    # i64.eqz
    0x50: 'I:i - condition ; ; ; const:0 compare:==',
    # i64.eq
    0x51: 'II:i - condition ; ; ; compare:==',
    # i64.ne
    0x52: 'II:i - condition ; ; ; compare:!=',
    # i64.lt_s
    0x53: 'II:i - condition ; ; const:9223372036854775808 ^ ; const:9223372036854775808 ^ compare:<',
    # i64.lt_u
    0x54: 'II:i - condition ; ; ; compare:<',
    # i64.gt_s
    0x55: 'II:i - condition ; ; const:9223372036854775808 ^ ; const:9223372036854775808 ^ compare:>',
    # i64.gt_u
    0x56: 'II:i - condition ; ; ; compare:>',
    # i64.le_s
    0x57: 'II:i - condition ; ; const:9223372036854775808 ^ ; const:9223372036854775808 ^ compare:<=',
    # i64.le_u
    0x58: 'II:i - condition ; ; ; compare:<=',
    # i64.ge_s
    0x59: 'II:i - condition ; ; const:9223372036854775808 ^ ; const:9223372036854775808 ^ compare:>=',
    # i64.ge_u
    0x5a: 'II:i - condition ; ; ; compare:>=',
    # f32.eq
    0x5b: 'ff:i - condition ; ; ; compare:==',
    # f32.ne
    0x5c: 'ff:i - condition ; ; ; compare:!=',
    # f32.lt
    0x5d: 'ff:i - condition ; ; ; compare:<',
    # f32.gt
    0x5e: 'ff:i - condition ; ; ; compare:>',
    # f32.le
    0x5f: 'ff:i - condition ; ; ; compare:<=',
    # f32.ge
    0x60: 'ff:i - condition ; ; ; compare:>=',
    # f64.eq
    0x61: 'FF:i - condition ; ; ; compare:==',
    # f64.ne
    0x62: 'FF:i - condition ; ; ; compare:!=',
    # f64.lt
    0x63: 'FF:i - condition ; ; ; compare:<',
    # f64.gt
    0x64: 'FF:i - condition ; ; ; compare:>',
    # f64.le
    0x65: 'FF:i - condition ; ; ; compare:<=',
    # f64.ge
    0x66: 'FF:i - condition ; ; ; compare:>=',
    # i32.clz
    0x67: 'i:i - ; callee:i32_clz ; ; @ call:1',
    # i32.ctz
    0x68: 'i:i - ; callee:i32_ctz ; ; @ call:1',
    # i32.popcnt
    0x69: 'i:i - ; callee:i32_popcnt ; ; @ call:1',
    # i32.add
    0x6a: 'ii:i - ; ; ; + const:4294967295 &',
    # i32.sub
    0x6b: 'ii:i - ; ; ; - const:4294967295 &',
    # i32.mul
    0x6c: 'ii:i - ; ; ; * const:4294967295 &',
    # i32.div_s
    0x6d: 'ii:i - ; callee:i32_div_s ; ; @ call:2',
    # i32.div_u
    0x6e: 'ii:i - ; ; ; @ //',
    # i32.rem_s
    0x6f: 'ii:i - ; callee:i32_rem_s ; ; @ call:2',
    # i32.rem_u
    0x70: 'ii:i - ; ; ; @ %',
    # i32.and
    0x71: 'ii:i - ; ; ; &',
    # i32.or
    0x72: 'ii:i - ; ; ; |',
    # i32.xor
    0x73: 'ii:i - ; ; ; ^',
    # i32.shl
    0x74: 'ii:i - ; ; ; const:31 & << const:4294967295 &',
    # i32.shr_s
    0x75: 'ii:i - ; callee:i32_shr_s ; ; @ call:2',
    # i32.shr_u
    0x76: 'ii:i - ; ; ; const:31 & >>',
    # i32.rotl
    0x77: 'ii:i - ; callee:i32_rotl ; ; @ call:2',
    # i32.rotr
    0x78: 'ii:i - ; callee:i32_rotr ; ; @ call:2',
    # i64.clz
    0x79: 'I:I - ; callee:i64_clz ; ; @ call:1',
    # i64.ctz
    0x7a: 'I:I - ; callee:i64_ctz ; ; @ call:1',
    # i64.popcnt
    0x7b: 'I:I - ; callee:i64_popcnt ; ; @ call:1',
    # i64.add
    0x7c: 'II:I - ; ; ; + const:18446744073709551615 &',
    # i64.sub
    0x7d: 'II:I - ; ; ; - const:18446744073709551615 &',
    # i64.mul
    0x7e: 'II:I - ; ; ; * const:18446744073709551615 &',
    # i64.div_s
    0x7f: 'II:I - ; callee:i64_div_s ; ; @ call:2',
    # i64.div_u
    0x80: 'II:I - ; ; ; @ //',
    # i64.rem_s
    0x81: 'II:I - ; callee:i64_rem_s ; ; @ call:2',
    # i64.rem_u
    0x82: 'II:I - ; ; ; @ %',
    # i64.and
    0x83: 'II:I - ; ; ; &',
    # i64.or
    0x84: 'II:I - ; ; ; |',
    # i64.xor
    0x85: 'II:I - ; ; ; ^',
    # i64.shl
    0x86: 'II:I - ; ; ; const:63 & << const:18446744073709551615 &',
    # i64.shr_s
    0x87: 'II:I - ; callee:i64_shr_s ; ; @ call:2',
    # i64.shr_u
    0x88: 'II:I - ; ; ; const:63 & >>',
    # i64.rotl
    0x89: 'II:I - ; callee:i64_rotl ; ; @ call:2',
    # i64.rotr
    0x8a: 'II:I - ; callee:i64_rotr ; ; @ call:2',
    # f32.abs
    0x8b: 'f:f - ; callee:f32_abs ; ; @ call:1',
    # f32.neg
    0x8c: 'f:f - ; ; ; negate',
    # f32.ceil
    0x8d: 'f:f - ; callee:f32_ceil ; ; @ call:1',
    # f32.floor
    0x8e: 'f:f - ; callee:f32_floor ; ; @ call:1',
    # f32.trunc
    0x8f: 'f:f - ; callee:f32_trunc ; ; @ call:1',
    # f32.nearest
    0x90: 'f:f - ; callee:f32_nearest ; ; @ call:1',
    # f32.sqrt
    0x91: 'f:f - ; callee:f32_sqrt ; ; @ call:1',
    # f32.add
    0x92: 'ff:f - ; ; ; + global:f32_scratch const:0 store_subscript global:f32_scratch const:0 subscript',
    # f32.sub
    0x93: 'ff:f - ; ; ; - global:f32_scratch const:0 store_subscript global:f32_scratch const:0 subscript',
    # f32.mul
    0x94: 'ff:f - ; ; ; * global:f32_scratch const:0 store_subscript global:f32_scratch const:0 subscript',
    # f32.div
    0x95: 'ff:f - ; ; ; copy:1 condition unless:0 / global:f32_scratch const:0 store_subscript global:f32_scratch const:0 subscript jump:1 label:0 store:1 store:0 callee:f32_div load:0 load:1 call:2 label:1',
    # f32.min
    0x96: 'ff:f - ; callee:f32_min ; ; @ call:2',
    # f32.max
    0x97: 'ff:f - ; callee:f32_max ; ; @ call:2',
    # f32.copysign
    0x98: 'ff:f - ; callee:f32_copysign ; ; @ call:2',
    # f64.abs
    0x99: 'F:F - ; callee:f64_abs ; ; @ call:1',
    # f64.neg
    0x9a: 'F:F - ; ; ; negate',
    # f64.ceil
    0x9b: 'F:F - ; callee:f64_ceil ; ; @ call:1',
    # f64.floor
    0x9c: 'F:F - ; callee:f64_floor ; ; @ call:1',
    # f64.trunc
    0x9d: 'F:F - ; callee:f64_trunc ; ; @ call:1',
    # f64.nearest
    0x9e: 'F:F - ; callee:f64_nearest ; ; @ call:1',
    # f64.sqrt
    0x9f: 'F:F - ; callee:f64_sqrt ; ; @ call:1',
    # f64.add
    0xa0: 'FF:F - ; ; ; +',
    # f64.sub
    0xa1: 'FF:F - ; ; ; -',
    # f64.mul
    0xa2: 'FF:F - ; ; ; *',
    # f64.div
    0xa3: 'FF:F - ; ; ; copy:1 condition unless:0 / jump:1 label:0 store:1 store:0 callee:f64_div load:0 load:1 call:2 label:1',
    # f64.min
    0xa4: 'FF:F - ; callee:f64_min ; ; @ call:2',
    # f64.max
    0xa5: 'FF:F - ; callee:f64_max ; ; @ call:2',
    # f64.copysign
    0xa6: 'FF:F - ; callee:f64_copysign ; ; @ call:2',
    # i32.wrap_i64
    0xa7: 'I:i - ; ; ; const:4294967295 &',
    # i32.trunc_f32_s
    0xa8: 'f:i - ; callee:i32_trunc_f32_s ; ; @ call:1',
    # i32.trunc_f32_u
    0xa9: 'f:i - ; callee:i32_trunc_f32_u ; ; @ call:1',
    # i32.trunc_f64_s
    0xaa: 'F:i - ; callee:i32_trunc_f64_s ; ; @ call:1',
    # i32.trunc_f64_u
    0xab: 'F:i - ; callee:i32_trunc_f64_u ; ; @ call:1',
    # i64.extend_i32_s
    0xac: 'i:I - ; ; ; const:2147483648 ^ const:2147483648 - const:18446744073709551615 &',
    # i64.extend_i32_u
    0xad: 'i:I - ; ; ;',
    # i64.trunc_f32_s
    0xae: 'f:I - ; callee:i64_trunc_f32_s ; ; @ call:1',
    # i64.trunc_f32_u
    0xaf: 'f:I - ; callee:i64_trunc_f32_u ; ; @ call:1',
    # i64.trunc_f64_s
    0xb0: 'F:I - ; callee:i64_trunc_f64_s ; ; @ call:1',
    # i64.trunc_f64_u
    0xb1: 'F:I - ; callee:i64_trunc_f64_u ; ; @ call:1',
    # f32.convert_i32_s
    0xb2: 'i:f - ; callee:f32_convert_i32_s ; ; @ call:1',
    # f32.convert_i32_u
    0xb3: 'i:f - ; callee:f32_convert_i32_u ; ; @ call:1',
    # f32.convert_i64_s
    0xb4: 'I:f - ; callee:f32_convert_i64_s ; ; @ call:1',
    # f32.convert_i64_u
    0xb5: 'I:f - ; callee:f32_convert_i64_u ; ; @ call:1',
    # f32.demote_f64
    0xb6: 'F:f - ; ; ; global:f32_scratch const:0 store_subscript global:f32_scratch const:0 subscript',
    # f64.convert_i32_s
    0xb7: 'i:F - ; ; ; const:2147483648 ^ const:2147483648 - const:0.0 +',
    # f64.convert_i32_u
    0xb8: 'i:F - ; ; ; const:0.0 +',
    # f64.convert_i64_s
    0xb9: 'I:F - ; ; ; const:9223372036854775808 ^ const:9223372036854775808 - const:0.0 +',
    # f64.convert_i64_u
    0xba: 'I:F - ; ; ; const:0.0 +',
    # f64.promote_f32
    0xbb: 'f:F - ; callee:f64_promote_f32 ; ; @ call:1',
    # i32.reinterpret_f32
    0xbc: 'f:i - ; callee:i32_reinterpret_f32 ; ; @ call:1',
    # i64.reinterpret_f64
    0xbd: 'F:I - ; ; ; global:f64_scratch const:0 store_subscript global:i64_scratch const:0 subscript',
    # f32.reinterpret_i32
    0xbe: 'i:f - ; callee:f32_reinterpret_i32 ; ; @ call:1',
    # f64.reinterpret_i64
    0xbf: 'I:F - ; ; ; global:i64_scratch const:0 store_subscript global:f64_scratch const:0 subscript',
    # i32.extend8_s
    0xc0: 'i:i - ; ; ; const:255 & const:128 ^ const:128 - const:4294967295 &',
    # i32.extend16_s
    0xc1: 'i:i - ; ; ; const:65535 & const:32768 ^ const:32768 - const:4294967295 &',
    # i64.extend8_s
    0xc2: 'I:I - ; ; ; const:255 & const:128 ^ const:128 - const:18446744073709551615 &',
    # i64.extend16_s
    0xc3: 'I:I - ; ; ; const:65535 & const:32768 ^ const:32768 - const:18446744073709551615 &',
    # i64.extend32_s
    0xc4: 'I:I - ; ; ; const:4294967295 & const:2147483648 ^ const:2147483648 - const:18446744073709551615 &',
    # i32.trunc_sat_f32_s
    0xfc0000: 'f:i - ; callee:i32_trunc_sat_f32_s ; ; @ call:1',
    # i32.trunc_sat_f32_u
    0xfc0001: 'f:i - ; callee:i32_trunc_sat_f32_u ; ; @ call:1',
    # i32.trunc_sat_f64_s
    0xfc0002: 'F:i - ; callee:i32_trunc_sat_f64_s ; ; @ call:1',
    # i32.trunc_sat_f64_u
    0xfc0003: 'F:i - ; callee:i32_trunc_sat_f64_u ; ; @ call:1',
    # i64.trunc_sat_f32_s
    0xfc0004: 'f:I - ; callee:i64_trunc_sat_f32_s ; ; @ call:1',
    # i64.trunc_sat_f32_u
    0xfc0005: 'f:I - ; callee:i64_trunc_sat_f32_u ; ; @ call:1',
    # i64.trunc_sat_f64_s
    0xfc0006: 'F:I - ; callee:i64_trunc_sat_f64_s ; ; @ call:1',
    # i64.trunc_sat_f64_u
    0xfc0007: 'F:I - ; callee:i64_trunc_sat_f64_u ; ; @ call:1',
    # memory.init
    0xfc0008: 'iii: dm ; callee:memory_init memory:1 data:0 ; ; @ call:5 pop',
    # data.drop
    0xfc0009: ': d ; ; ; callee:data_drop data:0 @ call:1 pop',
    # memory.copy
    0xfc000a: 'iii: mm ; callee:memory_copy memory:0 memory:1 ; ; @ call:5 pop',
    # memory.fill
    0xfc000b: 'iii: m ; callee:memory_fill memory:0 ; ; @ call:4 pop',
    # v128.load
    0xfd0000: 'i:v a 4 ; ; ; store:0 @ view:Q+8 load:0 subscript const:64 << view:Q+0 load:0 subscript |',
    # v128.load8x8_s
    0xfd0001: 'i:v a 3 ; callee:i16x8_extend_low_i8x16_s ; ; store:0 @ view:Q+0 load:0 subscript call:1',
    # v128.load8x8_u
    0xfd0002: 'i:v a 3 ; callee:i16x8_extend_low_i8x16_u ; ; store:0 @ view:Q+0 load:0 subscript call:1',
    # v128.load16x4_s
    0xfd0003: 'i:v a 3 ; callee:i32x4_extend_low_i16x8_s ; ; store:0 @ view:Q+0 load:0 subscript call:1',
    # v128.load16x4_u
    0xfd0004: 'i:v a 3 ; callee:i32x4_extend_low_i16x8_u ; ; store:0 @ view:Q+0 load:0 subscript call:1',
    # v128.load32x2_s
    0xfd0005: 'i:v a 3 ; callee:i64x2_extend_low_i32x4_s ; ; store:0 @ view:Q+0 load:0 subscript call:1',
    # v128.load32x2_u
    0xfd0006: 'i:v a 3 ; callee:i64x2_extend_low_i32x4_u ; ; store:0 @ view:Q+0 load:0 subscript call:1',
    # v128.load8_splat
    0xfd0007: 'i:v a 0 ; ; ; store:0 @ view:B+0 load:0 subscript const:1334440654591915542993625911497130241 *',
    # v128.load16_splat
    0xfd0008: 'i:v a 1 ; ; ; store:0 @ view:H+0 load:0 subscript const:5192376087906286159508272029171713 *',
    # v128.load32_splat
    0xfd0009: 'i:v a 2 ; ; ; store:0 @ view:I+0 load:0 subscript const:79228162532711081671548469249 *',
    # v128.load64_splat
    0xfd000a: 'i:v a 3 ; ; ; store:0 @ view:Q+0 load:0 subscript const:18446744073709551617 *',
    # v128.store
    0xfd000b: 'iv: a 4 ; ; ; store:1 store:0 @ load:1 const:64 >> view:Q+8 load:0 store_subscript load:1 const:18446744073709551615 & view:Q+0 load:0 store_subscript',
    # i8x16.swizzle
    0xfd000e: 'vv:v - ; callee:i8x16_swizzle ; ; @ call:2',
    # i8x16.splat
    0xfd000f: 'i:v - ; ; ; const:255 & const:1334440654591915542993625911497130241 *',
    # i16x8.splat
    0xfd0010: 'i:v - ; ; ; const:65535 & const:5192376087906286159508272029171713 *',
    # i32x4.splat
    0xfd0011: 'i:v - ; ; ; const:79228162532711081671548469249 *',
    # i64x2.splat
    0xfd0012: 'I:v - ; ; ; const:18446744073709551617 *',
    # f32x4.splat
    0xfd0013: 'f:v - ; callee:f32x4_splat ; ; @ call:1',
    # f64x2.splat
    0xfd0014: 'F:v - ; callee:f64x2_splat ; ; @ call:1',
    # i8x16.eq
    0xfd0023: 'vv:v - ; ; ; store:1 load:1 ^ copy:1 store:2 const:169473963133173273960190490760135540607 & const:169473963133173273960190490760135540607 + load:2 | const:170808403787765189503184116671632670848 & const:170808403787765189503184116671632670848 ^ const:7 >> const:255 *',
    # i8x16.ne
    0xfd0024: 'vv:v - ; ; ; store:1 load:1 ^ copy:1 store:2 const:169473963133173273960190490760135540607 & const:169473963133173273960190490760135540607 + load:2 | const:170808403787765189503184116671632670848 & const:7 >> const:255 *',
    # i8x16.lt_s
    0xfd0025: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170808403787765189503184116671632670848 | load:1 const:169473963133173273960190490760135540607 & - copy:1 store:2 load:0 load:1 ^ load:1 load:2 ^ & ^ const:170808403787765189503184116671632670848 & const:170808403787765189503184116671632670848 ^ const:7 >> const:255 *',
    # i8x16.lt_u
    0xfd0026: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170808403787765189503184116671632670848 | load:1 const:169473963133173273960190490760135540607 & - copy:1 store:2 load:0 load:1 ^ load:0 load:2 ^ & ^ const:170808403787765189503184116671632670848 & const:170808403787765189503184116671632670848 ^ const:7 >> const:255 *',
    # i8x16.gt_s
    0xfd0027: 'vv:v - ; ; ; store:1 store:0 load:1 const:170808403787765189503184116671632670848 | load:0 const:169473963133173273960190490760135540607 & - copy:1 store:2 load:1 load:0 ^ load:0 load:2 ^ & ^ const:170808403787765189503184116671632670848 & const:170808403787765189503184116671632670848 ^ const:7 >> const:255 *',
    # i8x16.gt_u
    0xfd0028: 'vv:v - ; ; ; store:1 store:0 load:1 const:170808403787765189503184116671632670848 | load:0 const:169473963133173273960190490760135540607 & - copy:1 store:2 load:1 load:0 ^ load:1 load:2 ^ & ^ const:170808403787765189503184116671632670848 & const:170808403787765189503184116671632670848 ^ const:7 >> const:255 *',
    # i8x16.le_s
    0xfd0029: 'vv:v - ; ; ; store:1 store:0 load:1 const:170808403787765189503184116671632670848 | load:0 const:169473963133173273960190490760135540607 & - copy:1 store:2 load:1 load:0 ^ load:0 load:2 ^ & ^ const:170808403787765189503184116671632670848 & const:7 >> const:255 *',
    # i8x16.le_u
    0xfd002a: 'vv:v - ; ; ; store:1 store:0 load:1 const:170808403787765189503184116671632670848 | load:0 const:169473963133173273960190490760135540607 & - copy:1 store:2 load:1 load:0 ^ load:1 load:2 ^ & ^ const:170808403787765189503184116671632670848 & const:7 >> const:255 *',
    # i8x16.ge_s
    0xfd002b: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170808403787765189503184116671632670848 | load:1 const:169473963133173273960190490760135540607 & - copy:1 store:2 load:0 load:1 ^ load:1 load:2 ^ & ^ const:170808403787765189503184116671632670848 & const:7 >> const:255 *',
    # i8x16.ge_u
    0xfd002c: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170808403787765189503184116671632670848 | load:1 const:169473963133173273960190490760135540607 & - copy:1 store:2 load:0 load:1 ^ load:0 load:2 ^ & ^ const:170808403787765189503184116671632670848 & const:7 >> const:255 *',
    # i16x8.eq
    0xfd002d: 'vv:v - ; ; ; store:1 load:1 ^ copy:1 store:2 const:170138587272425278588607549579869519871 & const:170138587272425278588607549579869519871 + load:2 | const:170143779648513184874767057851898691584 & const:170143779648513184874767057851898691584 ^ const:15 >> const:65535 *',
    # i16x8.ne
    0xfd002e: 'vv:v - ; ; ; store:1 load:1 ^ copy:1 store:2 const:170138587272425278588607549579869519871 & const:170138587272425278588607549579869519871 + load:2 | const:170143779648513184874767057851898691584 & const:15 >> const:65535 *',
    # i16x8.lt_s
    0xfd002f: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170143779648513184874767057851898691584 | load:1 const:170138587272425278588607549579869519871 & - copy:1 store:2 load:0 load:1 ^ load:1 load:2 ^ & ^ const:170143779648513184874767057851898691584 & const:170143779648513184874767057851898691584 ^ const:15 >> const:65535 *',
    # i16x8.lt_u
    0xfd0030: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170143779648513184874767057851898691584 | load:1 const:170138587272425278588607549579869519871 & - copy:1 store:2 load:0 load:1 ^ load:0 load:2 ^ & ^ const:170143779648513184874767057851898691584 & const:170143779648513184874767057851898691584 ^ const:15 >> const:65535 *',
    # i16x8.gt_s
    0xfd0031: 'vv:v - ; ; ; store:1 store:0 load:1 const:170143779648513184874767057851898691584 | load:0 const:170138587272425278588607549579869519871 & - copy:1 store:2 load:1 load:0 ^ load:0 load:2 ^ & ^ const:170143779648513184874767057851898691584 & const:170143779648513184874767057851898691584 ^ const:15 >> const:65535 *',
    # i16x8.gt_u
    0xfd0032: 'vv:v - ; ; ; store:1 store:0 load:1 const:170143779648513184874767057851898691584 | load:0 const:170138587272425278588607549579869519871 & - copy:1 store:2 load:1 load:0 ^ load:1 load:2 ^ & ^ const:170143779648513184874767057851898691584 & const:170143779648513184874767057851898691584 ^ const:15 >> const:65535 *',
    # i16x8.le_s
    0xfd0033: 'vv:v - ; ; ; store:1 store:0 load:1 const:170143779648513184874767057851898691584 | load:0 const:170138587272425278588607549579869519871 & - copy:1 store:2 load:1 load:0 ^ load:0 load:2 ^ & ^ const:170143779648513184874767057851898691584 & const:15 >> const:65535 *',
    # i16x8.le_u
    0xfd0034: 'vv:v - ; ; ; store:1 store:0 load:1 const:170143779648513184874767057851898691584 | load:0 const:170138587272425278588607549579869519871 & - copy:1 store:2 load:1 load:0 ^ load:1 load:2 ^ & ^ const:170143779648513184874767057851898691584 & const:15 >> const:65535 *',
    # i16x8.ge_s
    0xfd0035: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170143779648513184874767057851898691584 | load:1 const:170138587272425278588607549579869519871 & - copy:1 store:2 load:0 load:1 ^ load:1 load:2 ^ & ^ const:170143779648513184874767057851898691584 & const:15 >> const:65535 *',
    # i16x8.ge_u
    0xfd0036: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170143779648513184874767057851898691584 | load:1 const:170138587272425278588607549579869519871 & - copy:1 store:2 load:0 load:1 ^ load:0 load:2 ^ & ^ const:170143779648513184874767057851898691584 & const:15 >> const:65535 *',
    # i32x4.eq
    0xfd0037: 'vv:v - ; ; ; store:1 load:1 ^ copy:1 store:2 const:170141183420855150465331762880109871103 & const:170141183420855150465331762880109871103 + load:2 | const:170141183500083312998042844551658340352 & const:170141183500083312998042844551658340352 ^ const:31 >> const:4294967295 *',
    # i32x4.ne
    0xfd0038: 'vv:v - ; ; ; store:1 load:1 ^ copy:1 store:2 const:170141183420855150465331762880109871103 & const:170141183420855150465331762880109871103 + load:2 | const:170141183500083312998042844551658340352 & const:31 >> const:4294967295 *',
    # i32x4.lt_s
    0xfd0039: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170141183500083312998042844551658340352 | load:1 const:170141183420855150465331762880109871103 & - copy:1 store:2 load:0 load:1 ^ load:1 load:2 ^ & ^ const:170141183500083312998042844551658340352 & const:170141183500083312998042844551658340352 ^ const:31 >> const:4294967295 *',
    # i32x4.lt_u
    0xfd003a: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170141183500083312998042844551658340352 | load:1 const:170141183420855150465331762880109871103 & - copy:1 store:2 load:0 load:1 ^ load:0 load:2 ^ & ^ const:170141183500083312998042844551658340352 & const:170141183500083312998042844551658340352 ^ const:31 >> const:4294967295 *',
    # i32x4.gt_s
    0xfd003b: 'vv:v - ; ; ; store:1 store:0 load:1 const:170141183500083312998042844551658340352 | load:0 const:170141183420855150465331762880109871103 & - copy:1 store:2 load:1 load:0 ^ load:0 load:2 ^ & ^ const:170141183500083312998042844551658340352 & const:170141183500083312998042844551658340352 ^ const:31 >> const:4294967295 *',
    # i32x4.gt_u
    0xfd003c: 'vv:v - ; ; ; store:1 store:0 load:1 const:170141183500083312998042844551658340352 | load:0 const:170141183420855150465331762880109871103 & - copy:1 store:2 load:1 load:0 ^ load:1 load:2 ^ & ^ const:170141183500083312998042844551658340352 & const:170141183500083312998042844551658340352 ^ const:31 >> const:4294967295 *',
    # i32x4.le_s
    0xfd003d: 'vv:v - ; ; ; store:1 store:0 load:1 const:170141183500083312998042844551658340352 | load:0 const:170141183420855150465331762880109871103 & - copy:1 store:2 load:1 load:0 ^ load:0 load:2 ^ & ^ const:170141183500083312998042844551658340352 & const:31 >> const:4294967295 *',
    # i32x4.le_u
    0xfd003e: 'vv:v - ; ; ; store:1 store:0 load:1 const:170141183500083312998042844551658340352 | load:0 const:170141183420855150465331762880109871103 & - copy:1 store:2 load:1 load:0 ^ load:1 load:2 ^ & ^ const:170141183500083312998042844551658340352 & const:31 >> const:4294967295 *',
    # i32x4.ge_s
    0xfd003f: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170141183500083312998042844551658340352 | load:1 const:170141183420855150465331762880109871103 & - copy:1 store:2 load:0 load:1 ^ load:1 load:2 ^ & ^ const:170141183500083312998042844551658340352 & const:31 >> const:4294967295 *',
    # i32x4.ge_u
    0xfd0040: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170141183500083312998042844551658340352 | load:1 const:170141183420855150465331762880109871103 & - copy:1 store:2 load:0 load:1 ^ load:0 load:2 ^ & ^ const:170141183500083312998042844551658340352 & const:31 >> const:4294967295 *',
    # f32x4.eq
    0xfd0041: 'vv:v - ; callee:f32x4_eq ; ; @ call:2',
    # f32x4.ne
    0xfd0042: 'vv:v - ; callee:f32x4_ne ; ; @ call:2',
    # f32x4.lt
    0xfd0043: 'vv:v - ; callee:f32x4_lt ; ; @ call:2',
    # f32x4.gt
    0xfd0044: 'vv:v - ; callee:f32x4_gt ; ; @ call:2',
    # f32x4.le
    0xfd0045: 'vv:v - ; callee:f32x4_le ; ; @ call:2',
    # f32x4.ge
    0xfd0046: 'vv:v - ; callee:f32x4_ge ; ; @ call:2',
    # f64x2.eq
    0xfd0047: 'vv:v - ; callee:f64x2_eq ; ; @ call:2',
    # f64x2.ne
    0xfd0048: 'vv:v - ; callee:f64x2_ne ; ; @ call:2',
    # f64x2.lt
    0xfd0049: 'vv:v - ; callee:f64x2_lt ; ; @ call:2',
    # f64x2.gt
    0xfd004a: 'vv:v - ; callee:f64x2_gt ; ; @ call:2',
    # f64x2.le
    0xfd004b: 'vv:v - ; callee:f64x2_le ; ; @ call:2',
    # f64x2.ge
    0xfd004c: 'vv:v - ; callee:f64x2_ge ; ; @ call:2',
    # v128.not
    0xfd004d: 'v:v - ; ; ; const:340282366920938463463374607431768211455 ^',
    # v128.and
    0xfd004e: 'vv:v - ; ; ; &',
    # v128.andnot
    0xfd004f: 'vv:v - ; ; ; store:1 copy:1 store:0 load:0 load:1 & ^',
    # v128.or
    0xfd0050: 'vv:v - ; ; ; |',
    # v128.xor
    0xfd0051: 'vv:v - ; ; ; ^',
    # v128.bitselect
    0xfd0052: 'vvv:v - ; ; ; store:2 store:1 load:1 ^ load:2 & load:1 ^',
    # v128.any_true
    0xfd0053: 'v:i - ; ; ; const:0 compare:!= unless:0 const:1 jump:1 label:0 const:0 label:1',
    # v128.load32_zero
    0xfd005c: 'i:v a 2 ; ; ; store:0 @ view:I+0 load:0 subscript',
    # v128.load64_zero
    0xfd005d: 'i:v a 3 ; ; ; store:0 @ view:Q+0 load:0 subscript',
    # f32x4.demote_f64x2_zero
    0xfd005e: 'v:v - ; callee:f32x4_demote_f64x2_zero ; ; @ call:1',
    # f64x2.promote_low_f32x4
    0xfd005f: 'v:v - ; callee:f64x2_promote_low_f32x4 ; ; @ call:1',
    # i8x16.abs
    0xfd0060: 'v:v - ; ; ; copy:1 store:0 const:170808403787765189503184116671632670848 & const:7 >> copy:1 store:1 const:255 * load:0 ^ load:1 +',
    # i8x16.neg
    0xfd0061: 'v:v - ; ; ; store:0 const:170808403787765189503184116671632670848 load:0 const:169473963133173273960190490760135540607 & - load:0 const:170808403787765189503184116671632670848 & ^ const:170808403787765189503184116671632670848 ^',
    # i8x16.popcnt
    0xfd0062: 'v:v - ; callee:i8x16_popcnt ; ; @ call:1',
    # i8x16.all_true
    0xfd0063: 'v:i - ; ; ; copy:1 store:0 const:169473963133173273960190490760135540607 & const:169473963133173273960190490760135540607 + load:0 | const:170808403787765189503184116671632670848 & const:170808403787765189503184116671632670848 compare:== unless:0 const:1 jump:1 label:0 const:0 label:1',
    # i8x16.bitmask
    0xfd0064: 'v:i - ; callee:i8x16_bitmask ; ; @ call:1',
    # i8x16.narrow_i16x8_s
    0xfd0065: 'vv:v - ; callee:i8x16_narrow_i16x8_s ; ; @ call:2',
    # i8x16.narrow_i16x8_u
    0xfd0066: 'vv:v - ; callee:i8x16_narrow_i16x8_u ; ; @ call:2',
    # f32x4.ceil
    0xfd0067: 'v:v - ; callee:f32x4_ceil ; ; @ call:1',
    # f32x4.floor
    0xfd0068: 'v:v - ; callee:f32x4_floor ; ; @ call:1',
    # f32x4.trunc
    0xfd0069: 'v:v - ; callee:f32x4_trunc ; ; @ call:1',
    # f32x4.nearest
    0xfd006a: 'v:v - ; callee:f32x4_nearest ; ; @ call:1',
    # i8x16.shl
    0xfd006b: 'vi:v - ; callee:i8x16_shl ; ; @ call:2',
    # i8x16.shr_s
    0xfd006c: 'vi:v - ; callee:i8x16_shr_s ; ; @ call:2',
    # i8x16.shr_u
    0xfd006d: 'vi:v - ; callee:i8x16_shr_u ; ; @ call:2',
    # i8x16.add
    0xfd006e: 'vv:v - ; ; ; store:1 copy:1 store:0 const:169473963133173273960190490760135540607 & load:1 const:169473963133173273960190490760135540607 & + load:0 load:1 ^ const:170808403787765189503184116671632670848 & ^',
    # i8x16.add_sat_s
    0xfd006f: 'vv:v - ; callee:i8x16_add_sat_s ; ; @ call:2',
    # i8x16.add_sat_u
    0xfd0070: 'vv:v - ; ; ; store:1 copy:1 store:0 const:169473963133173273960190490760135540607 & load:1 const:169473963133173273960190490760135540607 & + load:0 load:1 ^ const:170808403787765189503184116671632670848 & ^ copy:1 store:2 load:0 load:1 & load:0 load:1 | load:2 const:170808403787765189503184116671632670848 ^ & | const:170808403787765189503184116671632670848 & const:7 >> const:255 * |',
    # i8x16.sub
    0xfd0071: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170808403787765189503184116671632670848 | load:1 const:169473963133173273960190490760135540607 & - load:0 load:1 ^ const:170808403787765189503184116671632670848 & ^ const:170808403787765189503184116671632670848 ^',
    # i8x16.sub_sat_s
    0xfd0072: 'vv:v - ; callee:i8x16_sub_sat_s ; ; @ call:2',
    # i8x16.sub_sat_u
    0xfd0073: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170808403787765189503184116671632670848 | load:1 const:169473963133173273960190490760135540607 & - copy:1 store:2 load:0 load:1 ^ copy:1 store:3 const:170808403787765189503184116671632670848 & ^ const:170808403787765189503184116671632670848 ^ load:2 load:3 load:0 load:2 ^ & ^ const:170808403787765189503184116671632670848 & const:7 >> const:255 * &',
    # f64x2.ceil
    0xfd0074: 'v:v - ; callee:f64x2_ceil ; ; @ call:1',
    # f64x2.floor
    0xfd0075: 'v:v - ; callee:f64x2_floor ; ; @ call:1',
    # i8x16.min_s
    0xfd0076: 'vv:v - ; ; ; store:1 copy:1 store:0 load:1 ^ load:0 const:170808403787765189503184116671632670848 | load:1 const:169473963133173273960190490760135540607 & - copy:1 store:2 load:0 load:1 ^ load:1 load:2 ^ & ^ const:170808403787765189503184116671632670848 & const:7 >> const:255 * & load:0 ^',
    # i8x16.min_u
    0xfd0077: 'vv:v - ; ; ; store:1 copy:1 store:0 load:1 ^ load:0 const:170808403787765189503184116671632670848 | load:1 const:169473963133173273960190490760135540607 & - copy:1 store:2 load:0 load:1 ^ load:0 load:2 ^ & ^ const:170808403787765189503184116671632670848 & const:7 >> const:255 * & load:0 ^',
    # i8x16.max_s
    0xfd0078: 'vv:v - ; ; ; store:1 copy:1 store:0 load:1 ^ load:0 const:170808403787765189503184116671632670848 | load:1 const:169473963133173273960190490760135540607 & - copy:1 store:2 load:0 load:1 ^ load:1 load:2 ^ & ^ const:170808403787765189503184116671632670848 & const:7 >> const:255 * & load:1 ^',
    # i8x16.max_u
    0xfd0079: 'vv:v - ; ; ; store:1 copy:1 store:0 load:1 ^ load:0 const:170808403787765189503184116671632670848 | load:1 const:169473963133173273960190490760135540607 & - copy:1 store:2 load:0 load:1 ^ load:0 load:2 ^ & ^ const:170808403787765189503184116671632670848 & const:7 >> const:255 * & load:1 ^',
    # f64x2.trunc
    0xfd007a: 'v:v - ; callee:f64x2_trunc ; ; @ call:1',
    # i8x16.avgr_u
    0xfd007b: 'vv:v - ; ; ; store:1 copy:1 store:0 load:1 | load:0 load:1 ^ const:338947926266346547920380981520271081214 & const:1 >> -',
    # i16x8.extadd_pairwise_i8x16_s
    0xfd007c: 'v:v - ; callee:i16x8_extadd_pairwise_i8x16_s ; ; @ call:1',
    # i16x8.extadd_pairwise_i8x16_u
    0xfd007d: 'v:v - ; ; ; copy:1 store:0 const:1324055902416102970674609367438786815 & load:0 const:8 >> const:1324055902416102970674609367438786815 & +',
    # i32x4.extadd_pairwise_i16x8_s
    0xfd007e: 'v:v - ; callee:i32x4_extadd_pairwise_i16x8_s ; ; @ call:1',
    # i32x4.extadd_pairwise_i16x8_u
    0xfd007f: 'v:v - ; ; ; copy:1 store:0 const:5192217631581220737344928932233215 & load:0 const:16 >> const:5192217631581220737344928932233215 & +',
    # i16x8.abs
    0xfd0080: 'v:v - ; ; ; copy:1 store:0 const:170143779648513184874767057851898691584 & const:15 >> copy:1 store:1 const:65535 * load:0 ^ load:1 +',
    # i16x8.neg
    0xfd0081: 'v:v - ; ; ; store:0 const:170143779648513184874767057851898691584 load:0 const:170138587272425278588607549579869519871 & - load:0 const:170143779648513184874767057851898691584 & ^ const:170143779648513184874767057851898691584 ^',
    # i16x8.q15mulr_sat_s
    0xfd0082: 'vv:v - ; callee:i16x8_q15mulr_sat_s ; ; @ call:2',
    # i16x8.all_true
    0xfd0083: 'v:i - ; ; ; copy:1 store:0 const:170138587272425278588607549579869519871 & const:170138587272425278588607549579869519871 + load:0 | const:170143779648513184874767057851898691584 & const:170143779648513184874767057851898691584 compare:== unless:0 const:1 jump:1 label:0 const:0 label:1',
    # i16x8.bitmask
    0xfd0084: 'v:i - ; ; ; const:170143779648513184874767057851898691584 & const:40566057185122711047816616116225 * const:120 >> const:255 &',
    # i16x8.narrow_i32x4_s
    0xfd0085: 'vv:v - ; callee:i16x8_narrow_i32x4_s ; ; @ call:2',
    # i16x8.narrow_i32x4_u
    0xfd0086: 'vv:v - ; callee:i16x8_narrow_i32x4_u ; ; @ call:2',
    # i16x8.extend_low_i8x16_s
    0xfd0087: 'v:v - ; callee:i16x8_extend_low_i8x16_s ; ; @ call:1',
    # i16x8.extend_high_i8x16_s
    0xfd0088: 'v:v - ; callee:i16x8_extend_high_i8x16_s ; ; @ call:1',
    # i16x8.extend_low_i8x16_u
    0xfd0089: 'v:v - ; callee:i16x8_extend_low_i8x16_u ; ; @ call:1',
    # i16x8.extend_high_i8x16_u
    0xfd008a: 'v:v - ; callee:i16x8_extend_high_i8x16_u ; ; @ call:1',
    # i16x8.shl
    0xfd008b: 'vi:v - ; callee:i16x8_shl ; ; @ call:2',
    # i16x8.shr_s
    0xfd008c: 'vi:v - ; callee:i16x8_shr_s ; ; @ call:2',
    # i16x8.shr_u
    0xfd008d: 'vi:v - ; callee:i16x8_shr_u ; ; @ call:2',
    # i16x8.add
    0xfd008e: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170138587272425278588607549579869519871 & load:1 const:170138587272425278588607549579869519871 & + load:0 load:1 ^ const:170143779648513184874767057851898691584 & ^',
    # i16x8.add_sat_s
    0xfd008f: 'vv:v - ; callee:i16x8_add_sat_s ; ; @ call:2',
    # i16x8.add_sat_u
    0xfd0090: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170138587272425278588607549579869519871 & load:1 const:170138587272425278588607549579869519871 & + load:0 load:1 ^ const:170143779648513184874767057851898691584 & ^ copy:1 store:2 load:0 load:1 & load:0 load:1 | load:2 const:170143779648513184874767057851898691584 ^ & | const:170143779648513184874767057851898691584 & const:15 >> const:65535 * |',
    # i16x8.sub
    0xfd0091: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170143779648513184874767057851898691584 | load:1 const:170138587272425278588607549579869519871 & - load:0 load:1 ^ const:170143779648513184874767057851898691584 & ^ const:170143779648513184874767057851898691584 ^',
    # i16x8.sub_sat_s
    0xfd0092: 'vv:v - ; callee:i16x8_sub_sat_s ; ; @ call:2',
    # i16x8.sub_sat_u
    0xfd0093: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170143779648513184874767057851898691584 | load:1 const:170138587272425278588607549579869519871 & - copy:1 store:2 load:0 load:1 ^ copy:1 store:3 const:170143779648513184874767057851898691584 & ^ const:170143779648513184874767057851898691584 ^ load:2 load:3 load:0 load:2 ^ & ^ const:170143779648513184874767057851898691584 & const:15 >> const:65535 * &',
    # f64x2.nearest
    0xfd0094: 'v:v - ; callee:f64x2_nearest ; ; @ call:1',
    # i16x8.mul
    0xfd0095: 'vv:v - ; callee:i16x8_mul ; ; @ call:2',
    # i16x8.min_s
    0xfd0096: 'vv:v - ; ; ; store:1 copy:1 store:0 load:1 ^ load:0 const:170143779648513184874767057851898691584 | load:1 const:170138587272425278588607549579869519871 & - copy:1 store:2 load:0 load:1 ^ load:1 load:2 ^ & ^ const:170143779648513184874767057851898691584 & const:15 >> const:65535 * & load:0 ^',
    # i16x8.min_u
    0xfd0097: 'vv:v - ; ; ; store:1 copy:1 store:0 load:1 ^ load:0 const:170143779648513184874767057851898691584 | load:1 const:170138587272425278588607549579869519871 & - copy:1 store:2 load:0 load:1 ^ load:0 load:2 ^ & ^ const:170143779648513184874767057851898691584 & const:15 >> const:65535 * & load:0 ^',
    # i16x8.max_s
    0xfd0098: 'vv:v - ; ; ; store:1 copy:1 store:0 load:1 ^ load:0 const:170143779648513184874767057851898691584 | load:1 const:170138587272425278588607549579869519871 & - copy:1 store:2 load:0 load:1 ^ load:1 load:2 ^ & ^ const:170143779648513184874767057851898691584 & const:15 >> const:65535 * & load:1 ^',
    # i16x8.max_u
    0xfd0099: 'vv:v - ; ; ; store:1 copy:1 store:0 load:1 ^ load:0 const:170143779648513184874767057851898691584 | load:1 const:170138587272425278588607549579869519871 & - copy:1 store:2 load:0 load:1 ^ load:0 load:2 ^ & ^ const:170143779648513184874767057851898691584 & const:15 >> const:65535 * & load:1 ^',
    # i16x8.avgr_u
    0xfd009b: 'vv:v - ; ; ; store:1 copy:1 store:0 load:1 | load:0 load:1 ^ const:340277174544850557177215099159739039742 & const:1 >> -',
    # i16x8.extmul_low_i8x16_s
    0xfd009c: 'vv:v - ; callee:i16x8_extmul_low_i8x16_s ; ; @ call:2',
    # i16x8.extmul_high_i8x16_s
    0xfd009d: 'vv:v - ; callee:i16x8_extmul_high_i8x16_s ; ; @ call:2',
    # i16x8.extmul_low_i8x16_u
    0xfd009e: 'vv:v - ; callee:i16x8_extmul_low_i8x16_u ; ; @ call:2',
    # i16x8.extmul_high_i8x16_u
    0xfd009f: 'vv:v - ; callee:i16x8_extmul_high_i8x16_u ; ; @ call:2',
    # i32x4.abs
    0xfd00a0: 'v:v - ; ; ; copy:1 store:0 const:170141183500083312998042844551658340352 & const:31 >> copy:1 store:1 const:4294967295 * load:0 ^ load:1 +',
    # i32x4.neg
    0xfd00a1: 'v:v - ; ; ; store:0 const:170141183500083312998042844551658340352 load:0 const:170141183420855150465331762880109871103 & - load:0 const:170141183500083312998042844551658340352 & ^ const:170141183500083312998042844551658340352 ^',
    # i32x4.all_true
    0xfd00a3: 'v:i - ; ; ; copy:1 store:0 const:170141183420855150465331762880109871103 & const:170141183420855150465331762880109871103 + load:0 | const:170141183500083312998042844551658340352 & const:170141183500083312998042844551658340352 compare:== unless:0 const:1 jump:1 label:0 const:0 label:1',
    # i32x4.bitmask
    0xfd00a4: 'v:i - ; ; ; const:170141183500083312998042844551658340352 & const:9903520318894728219767865345 * const:124 >> const:15 &',
    # i32x4.extend_low_i16x8_s
    0xfd00a7: 'v:v - ; callee:i32x4_extend_low_i16x8_s ; ; @ call:1',
    # i32x4.extend_high_i16x8_s
    0xfd00a8: 'v:v - ; callee:i32x4_extend_high_i16x8_s ; ; @ call:1',
    # i32x4.extend_low_i16x8_u
    0xfd00a9: 'v:v - ; callee:i32x4_extend_low_i16x8_u ; ; @ call:1',
    # i32x4.extend_high_i16x8_u
    0xfd00aa: 'v:v - ; callee:i32x4_extend_high_i16x8_u ; ; @ call:1',
    # i32x4.shl
    0xfd00ab: 'vi:v - ; callee:i32x4_shl ; ; @ call:2',
    # i32x4.shr_s
    0xfd00ac: 'vi:v - ; callee:i32x4_shr_s ; ; @ call:2',
    # i32x4.shr_u
    0xfd00ad: 'vi:v - ; callee:i32x4_shr_u ; ; @ call:2',
    # i32x4.add
    0xfd00ae: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170141183420855150465331762880109871103 & load:1 const:170141183420855150465331762880109871103 & + load:0 load:1 ^ const:170141183500083312998042844551658340352 & ^',
    # i32x4.sub
    0xfd00b1: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170141183500083312998042844551658340352 | load:1 const:170141183420855150465331762880109871103 & - load:0 load:1 ^ const:170141183500083312998042844551658340352 & ^ const:170141183500083312998042844551658340352 ^',
    # i32x4.mul
    0xfd00b5: 'vv:v - ; callee:i32x4_mul ; ; @ call:2',
    # i32x4.min_s
    0xfd00b6: 'vv:v - ; ; ; store:1 copy:1 store:0 load:1 ^ load:0 const:170141183500083312998042844551658340352 | load:1 const:170141183420855150465331762880109871103 & - copy:1 store:2 load:0 load:1 ^ load:1 load:2 ^ & ^ const:170141183500083312998042844551658340352 & const:31 >> const:4294967295 * & load:0 ^',
    # i32x4.min_u
    0xfd00b7: 'vv:v - ; ; ; store:1 copy:1 store:0 load:1 ^ load:0 const:170141183500083312998042844551658340352 | load:1 const:170141183420855150465331762880109871103 & - copy:1 store:2 load:0 load:1 ^ load:0 load:2 ^ & ^ const:170141183500083312998042844551658340352 & const:31 >> const:4294967295 * & load:0 ^',
    # i32x4.max_s
    0xfd00b8: 'vv:v - ; ; ; store:1 copy:1 store:0 load:1 ^ load:0 const:170141183500083312998042844551658340352 | load:1 const:170141183420855150465331762880109871103 & - copy:1 store:2 load:0 load:1 ^ load:1 load:2 ^ & ^ const:170141183500083312998042844551658340352 & const:31 >> const:4294967295 * & load:1 ^',
    # i32x4.max_u
    0xfd00b9: 'vv:v - ; ; ; store:1 copy:1 store:0 load:1 ^ load:0 const:170141183500083312998042844551658340352 | load:1 const:170141183420855150465331762880109871103 & - copy:1 store:2 load:0 load:1 ^ load:0 load:2 ^ & ^ const:170141183500083312998042844551658340352 & const:31 >> const:4294967295 * & load:1 ^',
    # i32x4.dot_i16x8_s
    0xfd00ba: 'vv:v - ; callee:i32x4_dot_i16x8_s ; ; @ call:2',
    # i32x4.extmul_low_i16x8_s
    0xfd00bc: 'vv:v - ; callee:i32x4_extmul_low_i16x8_s ; ; @ call:2',
    # i32x4.extmul_high_i16x8_s
    0xfd00bd: 'vv:v - ; callee:i32x4_extmul_high_i16x8_s ; ; @ call:2',
    # i32x4.extmul_low_i16x8_u
    0xfd00be: 'vv:v - ; callee:i32x4_extmul_low_i16x8_u ; ; @ call:2',
    # i32x4.extmul_high_i16x8_u
    0xfd00bf: 'vv:v - ; callee:i32x4_extmul_high_i16x8_u ; ; @ call:2',
    # i64x2.abs
    0xfd00c0: 'v:v - ; ; ; copy:1 store:0 const:170141183460469231740910675752738881536 & const:63 >> copy:1 store:1 const:18446744073709551615 * load:0 ^ load:1 +',
    # i64x2.neg
    0xfd00c1: 'v:v - ; ; ; store:0 const:170141183460469231740910675752738881536 load:0 const:170141183460469231722463931679029329919 & - load:0 const:170141183460469231740910675752738881536 & ^ const:170141183460469231740910675752738881536 ^',
    # i64x2.all_true
    0xfd00c3: 'v:i - ; ; ; copy:1 store:0 const:170141183460469231722463931679029329919 & const:170141183460469231722463931679029329919 + load:0 | const:170141183460469231740910675752738881536 & const:170141183460469231740910675752738881536 compare:== unless:0 const:1 jump:1 label:0 const:0 label:1',
    # i64x2.bitmask
    0xfd00c4: 'v:i - ; ; ; const:170141183460469231740910675752738881536 & const:9223372036854775809 * const:126 >> const:3 &',
    # i64x2.extend_low_i32x4_s
    0xfd00c7: 'v:v - ; callee:i64x2_extend_low_i32x4_s ; ; @ call:1',
    # i64x2.extend_high_i32x4_s
    0xfd00c8: 'v:v - ; callee:i64x2_extend_high_i32x4_s ; ; @ call:1',
    # i64x2.extend_low_i32x4_u
    0xfd00c9: 'v:v - ; callee:i64x2_extend_low_i32x4_u ; ; @ call:1',
    # i64x2.extend_high_i32x4_u
    0xfd00ca: 'v:v - ; callee:i64x2_extend_high_i32x4_u ; ; @ call:1',
    # i64x2.shl
    0xfd00cb: 'vi:v - ; callee:i64x2_shl ; ; @ call:2',
    # i64x2.shr_s
    0xfd00cc: 'vi:v - ; callee:i64x2_shr_s ; ; @ call:2',
    # i64x2.shr_u
    0xfd00cd: 'vi:v - ; callee:i64x2_shr_u ; ; @ call:2',
    # i64x2.add
    0xfd00ce: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170141183460469231722463931679029329919 & load:1 const:170141183460469231722463931679029329919 & + load:0 load:1 ^ const:170141183460469231740910675752738881536 & ^',
    # i64x2.sub
    0xfd00d1: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170141183460469231740910675752738881536 | load:1 const:170141183460469231722463931679029329919 & - load:0 load:1 ^ const:170141183460469231740910675752738881536 & ^ const:170141183460469231740910675752738881536 ^',
    # i64x2.mul
    0xfd00d5: 'vv:v - ; callee:i64x2_mul ; ; @ call:2',
    # i64x2.eq
    0xfd00d6: 'vv:v - ; ; ; store:1 load:1 ^ copy:1 store:2 const:170141183460469231722463931679029329919 & const:170141183460469231722463931679029329919 + load:2 | const:170141183460469231740910675752738881536 & const:170141183460469231740910675752738881536 ^ const:63 >> const:18446744073709551615 *',
    # i64x2.ne
    0xfd00d7: 'vv:v - ; ; ; store:1 load:1 ^ copy:1 store:2 const:170141183460469231722463931679029329919 & const:170141183460469231722463931679029329919 + load:2 | const:170141183460469231740910675752738881536 & const:63 >> const:18446744073709551615 *',
    # i64x2.lt_s
    0xfd00d8: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170141183460469231740910675752738881536 | load:1 const:170141183460469231722463931679029329919 & - copy:1 store:2 load:0 load:1 ^ load:1 load:2 ^ & ^ const:170141183460469231740910675752738881536 & const:170141183460469231740910675752738881536 ^ const:63 >> const:18446744073709551615 *',
    # i64x2.gt_s
    0xfd00d9: 'vv:v - ; ; ; store:1 store:0 load:1 const:170141183460469231740910675752738881536 | load:0 const:170141183460469231722463931679029329919 & - copy:1 store:2 load:1 load:0 ^ load:0 load:2 ^ & ^ const:170141183460469231740910675752738881536 & const:170141183460469231740910675752738881536 ^ const:63 >> const:18446744073709551615 *',
    # i64x2.le_s
    0xfd00da: 'vv:v - ; ; ; store:1 store:0 load:1 const:170141183460469231740910675752738881536 | load:0 const:170141183460469231722463931679029329919 & - copy:1 store:2 load:1 load:0 ^ load:0 load:2 ^ & ^ const:170141183460469231740910675752738881536 & const:63 >> const:18446744073709551615 *',
    # i64x2.ge_s
    0xfd00db: 'vv:v - ; ; ; store:1 copy:1 store:0 const:170141183460469231740910675752738881536 | load:1 const:170141183460469231722463931679029329919 & - copy:1 store:2 load:0 load:1 ^ load:1 load:2 ^ & ^ const:170141183460469231740910675752738881536 & const:63 >> const:18446744073709551615 *',
    # i64x2.extmul_low_i32x4_s
    0xfd00dc: 'vv:v - ; callee:i64x2_extmul_low_i32x4_s ; ; @ call:2',
    # i64x2.extmul_high_i32x4_s
    0xfd00dd: 'vv:v - ; callee:i64x2_extmul_high_i32x4_s ; ; @ call:2',
    # i64x2.extmul_low_i32x4_u
    0xfd00de: 'vv:v - ; callee:i64x2_extmul_low_i32x4_u ; ; @ call:2',
    # i64x2.extmul_high_i32x4_u
    0xfd00df: 'vv:v - ; callee:i64x2_extmul_high_i32x4_u ; ; @ call:2',
    # f32x4.abs
    0xfd00e0: 'v:v - ; ; ; const:170141183420855150465331762880109871103 &',
    # f32x4.neg
    0xfd00e1: 'v:v - ; ; ; const:170141183500083312998042844551658340352 ^',
    # f32x4.sqrt
    0xfd00e3: 'v:v - ; callee:f32x4_sqrt ; ; @ call:1',
    # f32x4.add
    0xfd00e4: 'vv:v - ; callee:f32x4_add ; ; @ call:2',
    # f32x4.sub
    0xfd00e5: 'vv:v - ; callee:f32x4_sub ; ; @ call:2',
    # f32x4.mul
    0xfd00e6: 'vv:v - ; callee:f32x4_mul ; ; @ call:2',
    # f32x4.div
    0xfd00e7: 'vv:v - ; callee:f32x4_div ; ; @ call:2',
    # f32x4.min
    0xfd00e8: 'vv:v - ; callee:f32x4_min ; ; @ call:2',
    # f32x4.max
    0xfd00e9: 'vv:v - ; callee:f32x4_max ; ; @ call:2',
    # f32x4.pmin
    0xfd00ea: 'vv:v - ; callee:f32x4_pmin ; ; @ call:2',
    # f32x4.pmax
    0xfd00eb: 'vv:v - ; callee:f32x4_pmax ; ; @ call:2',
    # f64x2.abs
    0xfd00ec: 'v:v - ; ; ; const:170141183460469231722463931679029329919 &',
    # f64x2.neg
    0xfd00ed: 'v:v - ; ; ; const:170141183460469231740910675752738881536 ^',
    # f64x2.sqrt
    0xfd00ef: 'v:v - ; callee:f64x2_sqrt ; ; @ call:1',
    # f64x2.add
    0xfd00f0: 'vv:v - ; callee:f64x2_add ; ; @ call:2',
    # f64x2.sub
    0xfd00f1: 'vv:v - ; callee:f64x2_sub ; ; @ call:2',
    # f64x2.mul
    0xfd00f2: 'vv:v - ; callee:f64x2_mul ; ; @ call:2',
    # f64x2.div
    0xfd00f3: 'vv:v - ; callee:f64x2_div ; ; @ call:2',
    # f64x2.min
    0xfd00f4: 'vv:v - ; callee:f64x2_min ; ; @ call:2',
    # f64x2.max
    0xfd00f5: 'vv:v - ; callee:f64x2_max ; ; @ call:2',
    # f64x2.pmin
    0xfd00f6: 'vv:v - ; callee:f64x2_pmin ; ; @ call:2',
    # f64x2.pmax
    0xfd00f7: 'vv:v - ; callee:f64x2_pmax ; ; @ call:2',
    # i32x4.trunc_sat_f32x4_s
    0xfd00f8: 'v:v - ; callee:i32x4_trunc_sat_f32x4_s ; ; @ call:1',
    # i32x4.trunc_sat_f32x4_u
    0xfd00f9: 'v:v - ; callee:i32x4_trunc_sat_f32x4_u ; ; @ call:1',
    # f32x4.convert_i32x4_s
    0xfd00fa: 'v:v - ; callee:f32x4_convert_i32x4_s ; ; @ call:1',
    # f32x4.convert_i32x4_u
    0xfd00fb: 'v:v - ; callee:f32x4_convert_i32x4_u ; ; @ call:1',
    # i32x4.trunc_sat_f64x2_s_zero
    0xfd00fc: 'v:v - ; callee:i32x4_trunc_sat_f64x2_s_zero ; ; @ call:1',
    # i32x4.trunc_sat_f64x2_u_zero
    0xfd00fd: 'v:v - ; callee:i32x4_trunc_sat_f64x2_u_zero ; ; @ call:1',
    # f64x2.convert_low_i32x4_s
    0xfd00fe: 'v:v - ; callee:f64x2_convert_low_i32x4_s ; ; @ call:1',
    # f64x2.convert_low_i32x4_u
    0xfd00ff: 'v:v - ; callee:f64x2_convert_low_i32x4_u ; ; @ call:1',
    # i8x16.relaxed_swizzle
    0xfd0100: 'vv:v - ; callee:i8x16_relaxed_swizzle ; ; @ call:2',
    # i32x4.relaxed_trunc_f32x4_s
    0xfd0101: 'v:v - ; callee:i32x4_relaxed_trunc_f32x4_s ; ; @ call:1',
    # i32x4.relaxed_trunc_f32x4_u
    0xfd0102: 'v:v - ; callee:i32x4_relaxed_trunc_f32x4_u ; ; @ call:1',
    # i32x4.relaxed_trunc_f64x2_s_zero
    0xfd0103: 'v:v - ; callee:i32x4_relaxed_trunc_f64x2_s_zero ; ; @ call:1',
    # i32x4.relaxed_trunc_f64x2_u_zero
    0xfd0104: 'v:v - ; callee:i32x4_relaxed_trunc_f64x2_u_zero ; ; @ call:1',
    # f32x4.relaxed_madd
    0xfd0105: 'vvv:v - ; callee:f32x4_relaxed_madd ; ; @ call:3',
    # f32x4.relaxed_nmadd
    0xfd0106: 'vvv:v - ; callee:f32x4_relaxed_nmadd ; ; @ call:3',
    # f64x2.relaxed_madd
    0xfd0107: 'vvv:v - ; callee:f64x2_relaxed_madd ; ; @ call:3',
    # f64x2.relaxed_nmadd
    0xfd0108: 'vvv:v - ; callee:f64x2_relaxed_nmadd ; ; @ call:3',
    # i8x16.relaxed_laneselect
    0xfd0109: 'vvv:v - ; ; ; store:2 store:1 load:1 ^ load:2 & load:1 ^',
    # i16x8.relaxed_laneselect
    0xfd010a: 'vvv:v - ; ; ; store:2 store:1 load:1 ^ load:2 & load:1 ^',
    # i32x4.relaxed_laneselect
    0xfd010b: 'vvv:v - ; ; ; store:2 store:1 load:1 ^ load:2 & load:1 ^',
    # i64x2.relaxed_laneselect
    0xfd010c: 'vvv:v - ; ; ; store:2 store:1 load:1 ^ load:2 & load:1 ^',
    # f32x4.relaxed_min
    0xfd010d: 'vv:v - ; callee:f32x4_relaxed_min ; ; @ call:2',
    # f32x4.relaxed_max
    0xfd010e: 'vv:v - ; callee:f32x4_relaxed_max ; ; @ call:2',
    # f64x2.relaxed_min
    0xfd010f: 'vv:v - ; callee:f64x2_relaxed_min ; ; @ call:2',
    # f64x2.relaxed_max
    0xfd0110: 'vv:v - ; callee:f64x2_relaxed_max ; ; @ call:2',
    # i16x8.relaxed_q15mulr_s
    0xfd0111: 'vv:v - ; callee:i16x8_relaxed_q15mulr_s ; ; @ call:2',
    # i16x8.relaxed_dot_i8x16_i7x16_s
    0xfd0112: 'vv:v - ; callee:i16x8_relaxed_dot_i8x16_i7x16_s ; ; @ call:2',
    # i32x4.relaxed_dot_i8x16_i7x16_add_s
    0xfd0113: 'vvv:v - ; callee:i32x4_relaxed_dot_i8x16_i7x16_add_s ; ; @ call:3',
}

# Templates of instructions whose types depend on the module, by name and kind of types.
TYPED = {
    'table.get': 'callee:table_get table:0 ;  ; @ call:2',
    'table.set': 'callee:table_set table:0 ;  ; @ call:3 pop',
    'table.size': ' ;  ; callee:table_size table:0 @ call:1',
    'table.grow': 'callee:table_grow table:0 ;  ; @ call:3',
    'table.fill': 'callee:table_fill table:0 ;  ; @ call:4 pop',
    'table.copy': 'callee:table_copy table:0 table:1 ;  ; @ call:5 pop',
    'table.init': 'callee:table_init table:1 elem:0 ;  ; @ call:5 pop',
    'elem.drop': ' ;  ; callee:elem_drop elem:0 @ call:1 pop',
    'any.convert_extern': 'callee:gc_any_convert_extern ;  ; @ call:1',
    'extern.convert_any': 'callee:gc_extern_convert_any ;  ; @ call:1',
    'struct.new': ' ;  ; @ call_maker:0 call:0 swap:2 copy:2 set_attribute:field0',
    'struct.new_default': ' ;  ; callee:gc_struct_new_default maker:0 @ call:1',
    'struct.get': ' ;  ; @ attribute:field:1',
    'struct.set': ' ;  ; swap:2 @ set_attribute:field:1',
    'array.new': 'callee:gc_array_new maker:0 ;  ; @ call:3',
    'array.new_default': 'callee:gc_array_new_default maker:0 ;  ; @ call:2',
    'array.new_fixed': 'callee:gc_array_new_fixed maker:0 ;  ; list:1 @ call:2',
    'array.new_data': 'callee:gc_array_new_data maker:0 data:1 ;  ; @ call:4',
    'array.new_elem': 'callee:gc_array_new_elem maker:0 elem:1 ;  ; @ call:4',
    'array.get': ' ;  ; @array swap:2 attribute:items swap:2 subscript',
    'array.set': ' ;  ; store:0 store:1 @array attribute:items load:0 swap:2 load:1 store_subscript',
    'array.len': 'callee:len ;  ; @ attribute:items call:1',
    'array.fill': 'callee:gc_array_fill ;  ; @ call:4 pop',
    'array.copy': 'callee:gc_array_copy ;  ; @ call:5 pop',
    'array.init_data': 'callee:gc_array_init_data data:1 ;  ; @ call:5 pop',
    'array.init_elem': 'callee:gc_array_init_elem elem:1 ;  ; @ call:5 pop',
    'ref.eq': ' ;  ; compare:==',
    'ref.eq object': ' ;  ; is',
    'ref.as_non_null': ' ;  ; copy:1 const:None is unless:0 @ callee:gc_trap_null text:null_reference call:1 pop label:0',
    'i31.get_u': ' ;  ; copy:1 const:None is unless:0 @ callee:gc_trap_null text:null_i31_reference call:1 pop label:0',
    'i8x16.shuffle': 'callee:i8x16_shuffle ;  ; @ bytes:00020406080a0c0e10121416181a1c1e call:3',
    'ref.test final': ' ;  ; attribute:__class__ class:0 is',
    'ref.cast final': ' ;  ; copy:1 @ attribute:__class__ class:0 is if:0 @ callee:gc_trap_cast call:0 pop label:0',
    'ref.test final?': ' ;  ; store:0 load:0 const:None is if:0 load:0 attribute:__class__ class:0 is jump:1 label:0 const:None const:None is label:1',
    'ref.cast final?': ' ;  ; copy:1 @ attribute:__class__ class:0 is if:0 @ copy:1 const:None is if:0 callee:gc_trap_cast call:0 pop label:0',
    'ref.test open': 'callee:isinstance ;  ; class:0 call:2',
    'ref.cast open': 'callee:isinstance ;  ; store:0 load:0 @ class:0 call:2 if:0 @ callee:gc_trap_cast call:0 pop label:0 load:0',
    'ref.test open?': ' ;  ; store:0 load:0 const:None is if:0 callee:isinstance load:0 class:0 call:2 jump:1 label:0 const:None const:None is label:1',
    'ref.cast open?': 'callee:isinstance ;  ; store:0 load:0 @ class:0 call:2 if:0 @ load:0 const:None is if:0 callee:gc_trap_cast call:0 pop label:0 load:0',
    'ref.test function': 'callee:gc_is_function ;  ; class:0 call:2',
    'ref.cast function': 'callee:gc_is_function ;  ; store:0 load:0 @ class:0 call:2 if:0 @ callee:gc_trap_cast call:0 pop label:0 load:0',
    'ref.test function?': ' ;  ; store:0 load:0 const:None is if:0 callee:gc_is_function load:0 class:0 call:2 jump:1 label:0 const:None const:None is label:1',
    'ref.cast function?': 'callee:gc_is_function ;  ; store:0 load:0 @ class:0 call:2 if:0 @ load:0 const:None is if:0 callee:gc_trap_cast call:0 pop label:0 load:0',
    'ref.test func': ' ;  ; const:None is_not',
    'ref.cast func': ' ;  ; copy:1 @ const:None is_not if:0 @ callee:gc_trap_cast call:0 pop label:0',
    'ref.test func?': ' ;  ; store:0 load:0 const:None is if:0 load:0 const:None is_not jump:1 label:0 const:None const:None is label:1',
    'ref.cast func?': ' ;  ; copy:1 @ const:None is_not if:0 @ copy:1 const:None is if:0 callee:gc_trap_cast call:0 pop label:0',
    'ref.test extern': ' ;  ; const:None is_not',
    'ref.cast extern': ' ;  ; copy:1 @ const:None is_not if:0 @ callee:gc_trap_cast call:0 pop label:0',
    'ref.test extern?': ' ;  ; store:0 load:0 const:None is if:0 load:0 const:None is_not jump:1 label:0 const:None const:None is label:1',
    'ref.cast extern?': ' ;  ; copy:1 @ const:None is_not if:0 @ copy:1 const:None is if:0 callee:gc_trap_cast call:0 pop label:0',
    'ref.test any': ' ;  ; const:None is_not',
    'ref.cast any': ' ;  ; copy:1 @ const:None is_not if:0 @ callee:gc_trap_cast call:0 pop label:0',
    'ref.test any?': ' ;  ; store:0 load:0 const:None is if:0 load:0 const:None is_not jump:1 label:0 const:None const:None is label:1',
    'ref.cast any?': ' ;  ; copy:1 @ const:None is_not if:0 @ copy:1 const:None is if:0 callee:gc_trap_cast call:0 pop label:0',
    'ref.test eq': 'callee:gc_is_eq ;  ; call:1',
    'ref.cast eq': 'callee:gc_is_eq ;  ; store:0 load:0 @ call:1 if:0 @ callee:gc_trap_cast call:0 pop label:0 load:0',
    'ref.test eq?': ' ;  ; store:0 load:0 const:None is if:0 callee:gc_is_eq load:0 call:1 jump:1 label:0 const:None const:None is label:1',
    'ref.cast eq?': 'callee:gc_is_eq ;  ; store:0 load:0 @ call:1 if:0 @ load:0 const:None is if:0 callee:gc_trap_cast call:0 pop label:0 load:0',
    'ref.test i31': ' ;  ; attribute:__class__ global:int is',
    'ref.cast i31': ' ;  ; copy:1 @ attribute:__class__ global:int is if:0 @ callee:gc_trap_cast call:0 pop label:0',
    'ref.test i31?': ' ;  ; store:0 load:0 const:None is if:0 load:0 attribute:__class__ global:int is jump:1 label:0 const:None const:None is label:1',
    'ref.cast i31?': ' ;  ; copy:1 @ attribute:__class__ global:int is if:0 @ copy:1 const:None is if:0 callee:gc_trap_cast call:0 pop label:0',
    'ref.test struct': 'callee:isinstance ;  ; global:gc_StructRef call:2',
    'ref.cast struct': 'callee:isinstance ;  ; store:0 load:0 @ global:gc_StructRef call:2 if:0 @ callee:gc_trap_cast call:0 pop label:0 load:0',
    'ref.test struct?': ' ;  ; store:0 load:0 const:None is if:0 callee:isinstance load:0 global:gc_StructRef call:2 jump:1 label:0 const:None const:None is label:1',
    'ref.cast struct?': 'callee:isinstance ;  ; store:0 load:0 @ global:gc_StructRef call:2 if:0 @ load:0 const:None is if:0 callee:gc_trap_cast call:0 pop label:0 load:0',
    'ref.test array': 'callee:isinstance ;  ; global:gc_ArrayRef call:2',
    'ref.cast array': 'callee:isinstance ;  ; store:0 load:0 @ global:gc_ArrayRef call:2 if:0 @ callee:gc_trap_cast call:0 pop label:0 load:0',
    'ref.test array?': ' ;  ; store:0 load:0 const:None is if:0 callee:isinstance load:0 global:gc_ArrayRef call:2 jump:1 label:0 const:None const:None is label:1',
    'ref.cast array?': 'callee:isinstance ;  ; store:0 load:0 @ global:gc_ArrayRef call:2 if:0 @ load:0 const:None is if:0 callee:gc_trap_cast call:0 pop label:0 load:0',
    'ref.test exn': ' ;  ; const:None is_not',
    'ref.cast exn': ' ;  ; copy:1 @ const:None is_not if:0 @ callee:gc_trap_cast call:0 pop label:0',
    'ref.test exn?': ' ;  ; store:0 load:0 const:None is if:0 load:0 const:None is_not jump:1 label:0 const:None const:None is label:1',
    'ref.cast exn?': ' ;  ; copy:1 @ const:None is_not if:0 @ copy:1 const:None is if:0 callee:gc_trap_cast call:0 pop label:0',
    'ref.test none': ' ;  ; pop const:None const:None is_not',
    'ref.cast none': ' ;  ; copy:1 @ pop const:None const:None is_not if:0 @ callee:gc_trap_cast call:0 pop label:0',
    'ref.test none?': ' ;  ; const:None is',
    'ref.cast none?': ' ;  ; copy:1 @ pop const:None const:None is_not if:0 @ copy:1 const:None is if:0 callee:gc_trap_cast call:0 pop label:0',
    'ref.test nofunc': ' ;  ; pop const:None const:None is_not',
    'ref.cast nofunc': ' ;  ; copy:1 @ pop const:None const:None is_not if:0 @ callee:gc_trap_cast call:0 pop label:0',
    'ref.test nofunc?': ' ;  ; const:None is',
    'ref.cast nofunc?': ' ;  ; copy:1 @ pop const:None const:None is_not if:0 @ copy:1 const:None is if:0 callee:gc_trap_cast call:0 pop label:0',
    'ref.test noextern': ' ;  ; pop const:None const:None is_not',
    'ref.cast noextern': ' ;  ; copy:1 @ pop const:None const:None is_not if:0 @ callee:gc_trap_cast call:0 pop label:0',
    'ref.test noextern?': ' ;  ; const:None is',
    'ref.cast noextern?': ' ;  ; copy:1 @ pop const:None const:None is_not if:0 @ copy:1 const:None is if:0 callee:gc_trap_cast call:0 pop label:0',
    'ref.test noexn': ' ;  ; pop const:None const:None is_not',
    'ref.cast noexn': ' ;  ; copy:1 @ pop const:None const:None is_not if:0 @ callee:gc_trap_cast call:0 pop label:0',
    'ref.test noexn?': ' ;  ; const:None is',
    'ref.cast noexn?': ' ;  ; copy:1 @ pop const:None const:None is_not if:0 @ copy:1 const:None is if:0 callee:gc_trap_cast call:0 pop label:0',
    'ref.test exact-function': 'callee:gc_is_exact_function ;  ; class:0 call:2',
    'ref.cast exact-function': 'callee:gc_is_exact_function ;  ; store:0 load:0 @ class:0 call:2 if:0 @ callee:gc_trap_cast call:0 pop label:0 load:0',
    'ref.test exact-function?': ' ;  ; store:0 load:0 const:None is if:0 callee:gc_is_exact_function load:0 class:0 call:2 jump:1 label:0 const:None const:None is label:1',
    'ref.cast exact-function?': 'callee:gc_is_exact_function ;  ; store:0 load:0 @ class:0 call:2 if:0 @ load:0 const:None is if:0 callee:gc_trap_cast call:0 pop label:0 load:0',
}

# Templates by opcode and lane.
LANES: dict[int, tuple[str, ...]] = {
    # i8x16.extract_lane_s
    0xfd0015: (
        ' ;  ; const:255 & const:128 ^ const:128 - const:4294967295 &',
        ' ;  ; const:8 >> const:255 & const:128 ^ const:128 - const:4294967295 &',
        ' ;  ; const:16 >> const:255 & const:128 ^ const:128 - const:4294967295 &',
        ' ;  ; const:24 >> const:255 & const:128 ^ const:128 - const:4294967295 &',
        ' ;  ; const:32 >> const:255 & const:128 ^ const:128 - const:4294967295 &',
        ' ;  ; const:40 >> const:255 & const:128 ^ const:128 - const:4294967295 &',
        ' ;  ; const:48 >> const:255 & const:128 ^ const:128 - const:4294967295 &',
        ' ;  ; const:56 >> const:255 & const:128 ^ const:128 - const:4294967295 &',
        ' ;  ; const:64 >> const:255 & const:128 ^ const:128 - const:4294967295 &',
        ' ;  ; const:72 >> const:255 & const:128 ^ const:128 - const:4294967295 &',
        ' ;  ; const:80 >> const:255 & const:128 ^ const:128 - const:4294967295 &',
        ' ;  ; const:88 >> const:255 & const:128 ^ const:128 - const:4294967295 &',
        ' ;  ; const:96 >> const:255 & const:128 ^ const:128 - const:4294967295 &',
        ' ;  ; const:104 >> const:255 & const:128 ^ const:128 - const:4294967295 &',
        ' ;  ; const:112 >> const:255 & const:128 ^ const:128 - const:4294967295 &',
        ' ;  ; const:120 >> const:128 ^ const:128 - const:4294967295 &',
    ),
    # i8x16.extract_lane_u
    0xfd0016: (
        ' ;  ; const:255 &',
        ' ;  ; const:8 >> const:255 &',
        ' ;  ; const:16 >> const:255 &',
        ' ;  ; const:24 >> const:255 &',
        ' ;  ; const:32 >> const:255 &',
        ' ;  ; const:40 >> const:255 &',
        ' ;  ; const:48 >> const:255 &',
        ' ;  ; const:56 >> const:255 &',
        ' ;  ; const:64 >> const:255 &',
        ' ;  ; const:72 >> const:255 &',
        ' ;  ; const:80 >> const:255 &',
        ' ;  ; const:88 >> const:255 &',
        ' ;  ; const:96 >> const:255 &',
        ' ;  ; const:104 >> const:255 &',
        ' ;  ; const:112 >> const:255 &',
        ' ;  ; const:120 >>',
    ),
    # i8x16.replace_lane
    0xfd0017: (
        ' ;  ; store:1 const:340282366920938463463374607431768211200 & load:1 const:255 & |',
        ' ;  ; store:1 const:340282366920938463463374607431768146175 & load:1 const:255 & const:8 << |',
        ' ;  ; store:1 const:340282366920938463463374607431751499775 & load:1 const:255 & const:16 << |',
        ' ;  ; store:1 const:340282366920938463463374607427490021375 & load:1 const:255 & const:24 << |',
        ' ;  ; store:1 const:340282366920938463463374606336551550975 & load:1 const:255 & const:32 << |',
        ' ;  ; store:1 const:340282366920938463463374327056303128575 & load:1 const:255 & const:40 << |',
        ' ;  ; store:1 const:340282366920938463463302831312706994175 & load:1 const:255 & const:48 << |',
        ' ;  ; store:1 const:340282366920938463444999920952096587775 & load:1 const:255 & const:56 << |',
        ' ;  ; store:1 const:340282366920938458759454868635832549375 & load:1 const:255 & const:64 << |',
        ' ;  ; store:1 const:340282366920937259259921475672238718975 & load:1 const:255 & const:72 << |',
        ' ;  ; store:1 const:340282366920630187379372876992218136575 & load:1 const:255 & const:80 << |',
        ' ;  ; store:1 const:340282366842019785958931614906949042175 & load:1 const:255 & const:88 << |',
        ' ;  ; store:1 const:340282346717757022325968521078060875775 & load:1 const:255 & const:96 << |',
        ' ;  ; store:1 const:340277194906489532287416500882690277375 & load:1 const:255 & const:104 << |',
        ' ;  ; store:1 const:338958331222012082418099330867817086975 & load:1 const:255 & const:112 << |',
        ' ;  ; store:1 const:1329227995784915872903807060280344575 & load:1 const:255 & const:120 << |',
    ),
    # i16x8.extract_lane_s
    0xfd0018: (
        ' ;  ; const:65535 & const:32768 ^ const:32768 - const:4294967295 &',
        ' ;  ; const:16 >> const:65535 & const:32768 ^ const:32768 - const:4294967295 &',
        ' ;  ; const:32 >> const:65535 & const:32768 ^ const:32768 - const:4294967295 &',
        ' ;  ; const:48 >> const:65535 & const:32768 ^ const:32768 - const:4294967295 &',
        ' ;  ; const:64 >> const:65535 & const:32768 ^ const:32768 - const:4294967295 &',
        ' ;  ; const:80 >> const:65535 & const:32768 ^ const:32768 - const:4294967295 &',
        ' ;  ; const:96 >> const:65535 & const:32768 ^ const:32768 - const:4294967295 &',
        ' ;  ; const:112 >> const:32768 ^ const:32768 - const:4294967295 &',
    ),
    # i16x8.extract_lane_u
    0xfd0019: (
        ' ;  ; const:65535 &',
        ' ;  ; const:16 >> const:65535 &',
        ' ;  ; const:32 >> const:65535 &',
        ' ;  ; const:48 >> const:65535 &',
        ' ;  ; const:64 >> const:65535 &',
        ' ;  ; const:80 >> const:65535 &',
        ' ;  ; const:96 >> const:65535 &',
        ' ;  ; const:112 >>',
    ),
    # i16x8.replace_lane
    0xfd001a: (
        ' ;  ; store:1 const:340282366920938463463374607431768145920 & load:1 const:65535 & |',
        ' ;  ; store:1 const:340282366920938463463374607427473309695 & load:1 const:65535 & const:16 << |',
        ' ;  ; store:1 const:340282366920938463463374325961086468095 & load:1 const:65535 & const:32 << |',
        ' ;  ; store:1 const:340282366920938463444928144833035370495 & load:1 const:65535 & const:48 << |',
        ' ;  ; store:1 const:340282366920937254556001736876303056895 & load:1 const:65535 & const:64 << |',
        ' ;  ; store:1 const:340282366841711509874929884467398967295 & load:1 const:65535 & const:80 << |',
        ' ;  ; store:1 const:340277174703308091150010414528982941695 & load:1 const:65535 & const:96 << |',
        ' ;  ; store:1 const:5192296858534827628530496329220095 & load:1 const:65535 & const:112 << |',
    ),
    # i32x4.extract_lane
    0xfd001b: (
        ' ;  ; const:4294967295 &',
        ' ;  ; const:32 >> const:4294967295 &',
        ' ;  ; const:64 >> const:4294967295 &',
        ' ;  ; const:96 >>',
    ),
    # i32x4.replace_lane
    0xfd001c: (
        ' ;  ; store:1 const:340282366920938463463374607427473244160 & load:1 |',
        ' ;  ; store:1 const:340282366920938463444927863362353627135 & load:1 const:32 << |',
        ' ;  ; store:1 const:340282366841710300967557013911933812735 & load:1 const:64 << |',
        ' ;  ; store:1 const:79228162514264337593543950335 & load:1 const:96 << |',
    ),
    # i64x2.extract_lane
    0xfd001d: (
        ' ;  ; const:18446744073709551615 &',
        ' ;  ; const:64 >>',
    ),
    # i64x2.replace_lane
    0xfd001e: (
        ' ;  ; store:1 const:340282366920938463444927863358058659840 & load:1 |',
        ' ;  ; store:1 const:18446744073709551615 & load:1 const:64 << |',
    ),
    # f32x4.extract_lane
    0xfd001f: (
        'callee:f32x4_extract_lane ;  ; @ const:0 call:2',
        'callee:f32x4_extract_lane ;  ; @ const:32 call:2',
        'callee:f32x4_extract_lane ;  ; @ const:64 call:2',
        'callee:f32x4_extract_lane ;  ; @ const:96 call:2',
    ),
    # f32x4.replace_lane
    0xfd0020: (
        'callee:f32x4_replace_lane ;  ; @ const:0 call:3',
        'callee:f32x4_replace_lane ;  ; @ const:32 call:3',
        'callee:f32x4_replace_lane ;  ; @ const:64 call:3',
        'callee:f32x4_replace_lane ;  ; @ const:96 call:3',
    ),
    # f64x2.extract_lane
    0xfd0021: (
        'callee:f64x2_extract_lane ;  ; @ const:0 call:2',
        'callee:f64x2_extract_lane ;  ; @ const:64 call:2',
    ),
    # f64x2.replace_lane
    0xfd0022: (
        'callee:f64x2_replace_lane ;  ; @ const:0 call:3',
        'callee:f64x2_replace_lane ;  ; @ const:64 call:3',
    ),
    # v128.load8_lane
    0xfd0054: (
        ' ;  ; store:1 store:0 @ view:B+0 load:0 subscript load:1 const:340282366920938463463374607431768211200 & |',
        ' ;  ; store:1 store:0 @ view:B+0 load:0 subscript const:8 << load:1 const:340282366920938463463374607431768146175 & |',
        ' ;  ; store:1 store:0 @ view:B+0 load:0 subscript const:16 << load:1 const:340282366920938463463374607431751499775 & |',
        ' ;  ; store:1 store:0 @ view:B+0 load:0 subscript const:24 << load:1 const:340282366920938463463374607427490021375 & |',
        ' ;  ; store:1 store:0 @ view:B+0 load:0 subscript const:32 << load:1 const:340282366920938463463374606336551550975 & |',
        ' ;  ; store:1 store:0 @ view:B+0 load:0 subscript const:40 << load:1 const:340282366920938463463374327056303128575 & |',
        ' ;  ; store:1 store:0 @ view:B+0 load:0 subscript const:48 << load:1 const:340282366920938463463302831312706994175 & |',
        ' ;  ; store:1 store:0 @ view:B+0 load:0 subscript const:56 << load:1 const:340282366920938463444999920952096587775 & |',
        ' ;  ; store:1 store:0 @ view:B+0 load:0 subscript const:64 << load:1 const:340282366920938458759454868635832549375 & |',
        ' ;  ; store:1 store:0 @ view:B+0 load:0 subscript const:72 << load:1 const:340282366920937259259921475672238718975 & |',
        ' ;  ; store:1 store:0 @ view:B+0 load:0 subscript const:80 << load:1 const:340282366920630187379372876992218136575 & |',
        ' ;  ; store:1 store:0 @ view:B+0 load:0 subscript const:88 << load:1 const:340282366842019785958931614906949042175 & |',
        ' ;  ; store:1 store:0 @ view:B+0 load:0 subscript const:96 << load:1 const:340282346717757022325968521078060875775 & |',
        ' ;  ; store:1 store:0 @ view:B+0 load:0 subscript const:104 << load:1 const:340277194906489532287416500882690277375 & |',
        ' ;  ; store:1 store:0 @ view:B+0 load:0 subscript const:112 << load:1 const:338958331222012082418099330867817086975 & |',
        ' ;  ; store:1 store:0 @ view:B+0 load:0 subscript const:120 << load:1 const:1329227995784915872903807060280344575 & |',
    ),
    # v128.load16_lane
    0xfd0055: (
        ' ;  ; store:1 store:0 @ view:H+0 load:0 subscript load:1 const:340282366920938463463374607431768145920 & |',
        ' ;  ; store:1 store:0 @ view:H+0 load:0 subscript const:16 << load:1 const:340282366920938463463374607427473309695 & |',
        ' ;  ; store:1 store:0 @ view:H+0 load:0 subscript const:32 << load:1 const:340282366920938463463374325961086468095 & |',
        ' ;  ; store:1 store:0 @ view:H+0 load:0 subscript const:48 << load:1 const:340282366920938463444928144833035370495 & |',
        ' ;  ; store:1 store:0 @ view:H+0 load:0 subscript const:64 << load:1 const:340282366920937254556001736876303056895 & |',
        ' ;  ; store:1 store:0 @ view:H+0 load:0 subscript const:80 << load:1 const:340282366841711509874929884467398967295 & |',
        ' ;  ; store:1 store:0 @ view:H+0 load:0 subscript const:96 << load:1 const:340277174703308091150010414528982941695 & |',
        ' ;  ; store:1 store:0 @ view:H+0 load:0 subscript const:112 << load:1 const:5192296858534827628530496329220095 & |',
    ),
    # v128.load32_lane
    0xfd0056: (
        ' ;  ; store:1 store:0 @ view:I+0 load:0 subscript load:1 const:340282366920938463463374607427473244160 & |',
        ' ;  ; store:1 store:0 @ view:I+0 load:0 subscript const:32 << load:1 const:340282366920938463444927863362353627135 & |',
        ' ;  ; store:1 store:0 @ view:I+0 load:0 subscript const:64 << load:1 const:340282366841710300967557013911933812735 & |',
        ' ;  ; store:1 store:0 @ view:I+0 load:0 subscript const:96 << load:1 const:79228162514264337593543950335 & |',
    ),
    # v128.load64_lane
    0xfd0057: (
        ' ;  ; store:1 store:0 @ view:Q+0 load:0 subscript load:1 const:340282366920938463444927863358058659840 & |',
        ' ;  ; store:1 store:0 @ view:Q+0 load:0 subscript const:64 << load:1 const:18446744073709551615 & |',
    ),
    # v128.store8_lane
    0xfd0058: (
        ' ;  ; store:1 store:0 @ load:1 const:255 & view:B+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:8 >> const:255 & view:B+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:16 >> const:255 & view:B+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:24 >> const:255 & view:B+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:32 >> const:255 & view:B+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:40 >> const:255 & view:B+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:48 >> const:255 & view:B+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:56 >> const:255 & view:B+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:64 >> const:255 & view:B+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:72 >> const:255 & view:B+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:80 >> const:255 & view:B+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:88 >> const:255 & view:B+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:96 >> const:255 & view:B+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:104 >> const:255 & view:B+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:112 >> const:255 & view:B+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:120 >> view:B+0 load:0 store_subscript',
    ),
    # v128.store16_lane
    0xfd0059: (
        ' ;  ; store:1 store:0 @ load:1 const:65535 & view:H+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:16 >> const:65535 & view:H+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:32 >> const:65535 & view:H+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:48 >> const:65535 & view:H+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:64 >> const:65535 & view:H+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:80 >> const:65535 & view:H+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:96 >> const:65535 & view:H+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:112 >> view:H+0 load:0 store_subscript',
    ),
    # v128.store32_lane
    0xfd005a: (
        ' ;  ; store:1 store:0 @ load:1 const:4294967295 & view:I+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:32 >> const:4294967295 & view:I+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:64 >> const:4294967295 & view:I+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:96 >> view:I+0 load:0 store_subscript',
    ),
    # v128.store64_lane
    0xfd005b: (
        ' ;  ; store:1 store:0 @ load:1 const:18446744073709551615 & view:Q+0 load:0 store_subscript',
        ' ;  ; store:1 store:0 @ load:1 const:64 >> view:Q+0 load:0 store_subscript',
    ),
}

# How many indices are the immediates of these instructions; -1: others.
INDEX_COUNTS = {
    0xfc000c: 2,  # table.init
    0xfc000d: 1,  # elem.drop
    0xfc000e: 2,  # table.copy
    0x25: 1,  # table.get
    0x26: 1,  # table.set
    0xfc000f: 1,  # table.grow
    0xfc0010: 1,  # table.size
    0xfc0011: 1,  # table.fill
    0xd4: -1,  # ref.as_non_null
    0xd3: -1,  # ref.eq
    0xfb0000: 1,  # struct.new
    0xfb0001: 1,  # struct.new_default
    0xfb0002: 2,  # struct.get
    0xfb0003: 2,  # struct.get_s
    0xfb0004: 2,  # struct.get_u
    0xfb0005: 2,  # struct.set
    0xfb0006: 1,  # array.new
    0xfb0007: 1,  # array.new_default
    0xfb0008: 2,  # array.new_fixed
    0xfb0009: 2,  # array.new_data
    0xfb000a: 2,  # array.new_elem
    0xfb000b: 1,  # array.get
    0xfb000c: 1,  # array.get_s
    0xfb000d: 1,  # array.get_u
    0xfb000e: 1,  # array.set
    0xfb000f: -1,  # array.len
    0xfb0010: 1,  # array.fill
    0xfb0011: 2,  # array.copy
    0xfb0012: 2,  # array.init_data
    0xfb0013: 2,  # array.init_elem
    0xfb0014: -1,  # ref.test
    0xfb0015: -1,  # ref.test_null
    0xfb0016: -1,  # ref.cast
    0xfb0017: -1,  # ref.cast_null
    0xfb001a: -1,  # any.convert_extern
    0xfb001b: -1,  # extern.convert_any
    0xfb001c: -1,  # ref.i31
    0xfb001d: -1,  # i31.get_s
    0xfb001e: -1,  # i31.get_u
    0xfd000c: -1,  # v128.const
    0xfd000d: -1,  # i8x16.shuffle
    0xfd0015: -1,  # i8x16.extract_lane_s
    0xfd0016: -1,  # i8x16.extract_lane_u
    0xfd0017: -1,  # i8x16.replace_lane
    0xfd0018: -1,  # i16x8.extract_lane_s
    0xfd0019: -1,  # i16x8.extract_lane_u
    0xfd001a: -1,  # i16x8.replace_lane
    0xfd001b: -1,  # i32x4.extract_lane
    0xfd001c: -1,  # i32x4.replace_lane
    0xfd001d: -1,  # i64x2.extract_lane
    0xfd001e: -1,  # i64x2.replace_lane
    0xfd001f: -1,  # f32x4.extract_lane
    0xfd0020: -1,  # f32x4.replace_lane
    0xfd0021: -1,  # f64x2.extract_lane
    0xfd0022: -1,  # f64x2.replace_lane
    0xfd0054: -1,  # v128.load8_lane
    0xfd0055: -1,  # v128.load16_lane
    0xfd0056: -1,  # v128.load32_lane
    0xfd0057: -1,  # v128.load64_lane
    0xfd0058: -1,  # v128.store8_lane
    0xfd0059: -1,  # v128.store16_lane
    0xfd005a: -1,  # v128.store32_lane
    0xfd005b: -1,  # v128.store64_lane
}
