"""Rows of the instruction table for vectors (prefix 0xFD) and atomic memory access (prefix 0xFE).

The form of a row is described in :mod:`wasmz.wasm.instructions`, which reads them:

    6E  i8x16.add                           vv:v
    -> Instruction(opcode=0xFD006E, name='i8x16.add', params=(v128, v128), results=(v128,), ...)
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

SIMD_ROWS: Final = """
    00  v128.load                           i:v   memarg/16 traps reads
    01  v128.load8x8_s                      i:v   memarg/8 traps reads
    02  v128.load8x8_u                      i:v   memarg/8 traps reads
    03  v128.load16x4_s                     i:v   memarg/8 traps reads
    04  v128.load16x4_u                     i:v   memarg/8 traps reads
    05  v128.load32x2_s                     i:v   memarg/8 traps reads
    06  v128.load32x2_u                     i:v   memarg/8 traps reads
    07  v128.load8_splat                    i:v   memarg/1 traps reads
    08  v128.load16_splat                   i:v   memarg/2 traps reads
    09  v128.load32_splat                   i:v   memarg/4 traps reads
    0A  v128.load64_splat                   i:v   memarg/8 traps reads
    0B  v128.store                          iv:   memarg/16 traps writes
    0C  v128.const                          :v    v128
    0D  i8x16.shuffle                       vv:v  lanes
    0E  i8x16.swizzle                       vv:v
    0F  i8x16.splat                         i:v
    10  i16x8.splat                         i:v
    11  i32x4.splat                         i:v
    12  i64x2.splat                         I:v
    13  f32x4.splat                         f:v
    14  f64x2.splat                         F:v
    15  i8x16.extract_lane_s                v:i   lane
    16  i8x16.extract_lane_u                v:i   lane
    17  i8x16.replace_lane                  vi:v  lane
    18  i16x8.extract_lane_s                v:i   lane
    19  i16x8.extract_lane_u                v:i   lane
    1A  i16x8.replace_lane                  vi:v  lane
    1B  i32x4.extract_lane                  v:i   lane
    1C  i32x4.replace_lane                  vi:v  lane
    1D  i64x2.extract_lane                  v:I   lane
    1E  i64x2.replace_lane                  vI:v  lane
    1F  f32x4.extract_lane                  v:f   lane
    20  f32x4.replace_lane                  vf:v  lane
    21  f64x2.extract_lane                  v:F   lane
    22  f64x2.replace_lane                  vF:v  lane
    23  i8x16.eq                            vv:v
    24  i8x16.ne                            vv:v
    25  i8x16.lt_s                          vv:v
    26  i8x16.lt_u                          vv:v
    27  i8x16.gt_s                          vv:v
    28  i8x16.gt_u                          vv:v
    29  i8x16.le_s                          vv:v
    2A  i8x16.le_u                          vv:v
    2B  i8x16.ge_s                          vv:v
    2C  i8x16.ge_u                          vv:v
    2D  i16x8.eq                            vv:v
    2E  i16x8.ne                            vv:v
    2F  i16x8.lt_s                          vv:v
    30  i16x8.lt_u                          vv:v
    31  i16x8.gt_s                          vv:v
    32  i16x8.gt_u                          vv:v
    33  i16x8.le_s                          vv:v
    34  i16x8.le_u                          vv:v
    35  i16x8.ge_s                          vv:v
    36  i16x8.ge_u                          vv:v
    37  i32x4.eq                            vv:v
    38  i32x4.ne                            vv:v
    39  i32x4.lt_s                          vv:v
    3A  i32x4.lt_u                          vv:v
    3B  i32x4.gt_s                          vv:v
    3C  i32x4.gt_u                          vv:v
    3D  i32x4.le_s                          vv:v
    3E  i32x4.le_u                          vv:v
    3F  i32x4.ge_s                          vv:v
    40  i32x4.ge_u                          vv:v
    41  f32x4.eq                            vv:v
    42  f32x4.ne                            vv:v
    43  f32x4.lt                            vv:v
    44  f32x4.gt                            vv:v
    45  f32x4.le                            vv:v
    46  f32x4.ge                            vv:v
    47  f64x2.eq                            vv:v
    48  f64x2.ne                            vv:v
    49  f64x2.lt                            vv:v
    4A  f64x2.gt                            vv:v
    4B  f64x2.le                            vv:v
    4C  f64x2.ge                            vv:v
    4D  v128.not                            v:v
    4E  v128.and                            vv:v
    4F  v128.andnot                         vv:v
    50  v128.or                             vv:v
    51  v128.xor                            vv:v
    52  v128.bitselect                      vvv:v
    53  v128.any_true                       v:i
    54  v128.load8_lane                     iv:v  memarg_lane/1 traps reads
    55  v128.load16_lane                    iv:v  memarg_lane/2 traps reads
    56  v128.load32_lane                    iv:v  memarg_lane/4 traps reads
    57  v128.load64_lane                    iv:v  memarg_lane/8 traps reads
    58  v128.store8_lane                    iv:   memarg_lane/1 traps writes
    59  v128.store16_lane                   iv:   memarg_lane/2 traps writes
    5A  v128.store32_lane                   iv:   memarg_lane/4 traps writes
    5B  v128.store64_lane                   iv:   memarg_lane/8 traps writes
    5C  v128.load32_zero                    i:v   memarg/4 traps reads
    5D  v128.load64_zero                    i:v   memarg/8 traps reads
    5E  f32x4.demote_f64x2_zero             v:v
    5F  f64x2.promote_low_f32x4             v:v
    60  i8x16.abs                           v:v
    61  i8x16.neg                           v:v
    62  i8x16.popcnt                        v:v
    63  i8x16.all_true                      v:i
    64  i8x16.bitmask                       v:i
    65  i8x16.narrow_i16x8_s                vv:v
    66  i8x16.narrow_i16x8_u                vv:v
    67  f32x4.ceil                          v:v
    68  f32x4.floor                         v:v
    69  f32x4.trunc                         v:v
    6A  f32x4.nearest                       v:v
    6B  i8x16.shl                           vi:v
    6C  i8x16.shr_s                         vi:v
    6D  i8x16.shr_u                         vi:v
    6E  i8x16.add                           vv:v
    6F  i8x16.add_sat_s                     vv:v
    70  i8x16.add_sat_u                     vv:v
    71  i8x16.sub                           vv:v
    72  i8x16.sub_sat_s                     vv:v
    73  i8x16.sub_sat_u                     vv:v
    74  f64x2.ceil                          v:v
    75  f64x2.floor                         v:v
    76  i8x16.min_s                         vv:v
    77  i8x16.min_u                         vv:v
    78  i8x16.max_s                         vv:v
    79  i8x16.max_u                         vv:v
    7A  f64x2.trunc                         v:v
    7B  i8x16.avgr_u                        vv:v
    7C  i16x8.extadd_pairwise_i8x16_s       v:v
    7D  i16x8.extadd_pairwise_i8x16_u       v:v
    7E  i32x4.extadd_pairwise_i16x8_s       v:v
    7F  i32x4.extadd_pairwise_i16x8_u       v:v
    80  i16x8.abs                           v:v
    81  i16x8.neg                           v:v
    82  i16x8.q15mulr_sat_s                 vv:v
    83  i16x8.all_true                      v:i
    84  i16x8.bitmask                       v:i
    85  i16x8.narrow_i32x4_s                vv:v
    86  i16x8.narrow_i32x4_u                vv:v
    87  i16x8.extend_low_i8x16_s            v:v
    88  i16x8.extend_high_i8x16_s           v:v
    89  i16x8.extend_low_i8x16_u            v:v
    8A  i16x8.extend_high_i8x16_u           v:v
    8B  i16x8.shl                           vi:v
    8C  i16x8.shr_s                         vi:v
    8D  i16x8.shr_u                         vi:v
    8E  i16x8.add                           vv:v
    8F  i16x8.add_sat_s                     vv:v
    90  i16x8.add_sat_u                     vv:v
    91  i16x8.sub                           vv:v
    92  i16x8.sub_sat_s                     vv:v
    93  i16x8.sub_sat_u                     vv:v
    94  f64x2.nearest                       v:v
    95  i16x8.mul                           vv:v
    96  i16x8.min_s                         vv:v
    97  i16x8.min_u                         vv:v
    98  i16x8.max_s                         vv:v
    99  i16x8.max_u                         vv:v
    9B  i16x8.avgr_u                        vv:v
    9C  i16x8.extmul_low_i8x16_s            vv:v
    9D  i16x8.extmul_high_i8x16_s           vv:v
    9E  i16x8.extmul_low_i8x16_u            vv:v
    9F  i16x8.extmul_high_i8x16_u           vv:v
    A0  i32x4.abs                           v:v
    A1  i32x4.neg                           v:v
    A3  i32x4.all_true                      v:i
    A4  i32x4.bitmask                       v:i
    A7  i32x4.extend_low_i16x8_s            v:v
    A8  i32x4.extend_high_i16x8_s           v:v
    A9  i32x4.extend_low_i16x8_u            v:v
    AA  i32x4.extend_high_i16x8_u           v:v
    AB  i32x4.shl                           vi:v
    AC  i32x4.shr_s                         vi:v
    AD  i32x4.shr_u                         vi:v
    AE  i32x4.add                           vv:v
    B1  i32x4.sub                           vv:v
    B5  i32x4.mul                           vv:v
    B6  i32x4.min_s                         vv:v
    B7  i32x4.min_u                         vv:v
    B8  i32x4.max_s                         vv:v
    B9  i32x4.max_u                         vv:v
    BA  i32x4.dot_i16x8_s                   vv:v
    BC  i32x4.extmul_low_i16x8_s            vv:v
    BD  i32x4.extmul_high_i16x8_s           vv:v
    BE  i32x4.extmul_low_i16x8_u            vv:v
    BF  i32x4.extmul_high_i16x8_u           vv:v
    C0  i64x2.abs                           v:v
    C1  i64x2.neg                           v:v
    C3  i64x2.all_true                      v:i
    C4  i64x2.bitmask                       v:i
    C7  i64x2.extend_low_i32x4_s            v:v
    C8  i64x2.extend_high_i32x4_s           v:v
    C9  i64x2.extend_low_i32x4_u            v:v
    CA  i64x2.extend_high_i32x4_u           v:v
    CB  i64x2.shl                           vi:v
    CC  i64x2.shr_s                         vi:v
    CD  i64x2.shr_u                         vi:v
    CE  i64x2.add                           vv:v
    D1  i64x2.sub                           vv:v
    D5  i64x2.mul                           vv:v
    D6  i64x2.eq                            vv:v
    D7  i64x2.ne                            vv:v
    D8  i64x2.lt_s                          vv:v
    D9  i64x2.gt_s                          vv:v
    DA  i64x2.le_s                          vv:v
    DB  i64x2.ge_s                          vv:v
    DC  i64x2.extmul_low_i32x4_s            vv:v
    DD  i64x2.extmul_high_i32x4_s           vv:v
    DE  i64x2.extmul_low_i32x4_u            vv:v
    DF  i64x2.extmul_high_i32x4_u           vv:v
    E0  f32x4.abs                           v:v
    E1  f32x4.neg                           v:v
    E3  f32x4.sqrt                          v:v
    E4  f32x4.add                           vv:v
    E5  f32x4.sub                           vv:v
    E6  f32x4.mul                           vv:v
    E7  f32x4.div                           vv:v
    E8  f32x4.min                           vv:v
    E9  f32x4.max                           vv:v
    EA  f32x4.pmin                          vv:v
    EB  f32x4.pmax                          vv:v
    EC  f64x2.abs                           v:v
    ED  f64x2.neg                           v:v
    EF  f64x2.sqrt                          v:v
    F0  f64x2.add                           vv:v
    F1  f64x2.sub                           vv:v
    F2  f64x2.mul                           vv:v
    F3  f64x2.div                           vv:v
    F4  f64x2.min                           vv:v
    F5  f64x2.max                           vv:v
    F6  f64x2.pmin                          vv:v
    F7  f64x2.pmax                          vv:v
    F8  i32x4.trunc_sat_f32x4_s             v:v
    F9  i32x4.trunc_sat_f32x4_u             v:v
    FA  f32x4.convert_i32x4_s               v:v
    FB  f32x4.convert_i32x4_u               v:v
    FC  i32x4.trunc_sat_f64x2_s_zero        v:v
    FD  i32x4.trunc_sat_f64x2_u_zero        v:v
    FE  f64x2.convert_low_i32x4_s           v:v
    FF  f64x2.convert_low_i32x4_u           v:v
"""

RELAXED_SIMD_ROWS: Final = """
    100 i8x16.relaxed_swizzle               vv:v
    101 i32x4.relaxed_trunc_f32x4_s         v:v
    102 i32x4.relaxed_trunc_f32x4_u         v:v
    103 i32x4.relaxed_trunc_f64x2_s_zero    v:v
    104 i32x4.relaxed_trunc_f64x2_u_zero    v:v
    105 f32x4.relaxed_madd                  vvv:v
    106 f32x4.relaxed_nmadd                 vvv:v
    107 f64x2.relaxed_madd                  vvv:v
    108 f64x2.relaxed_nmadd                 vvv:v
    109 i8x16.relaxed_laneselect            vvv:v
    10A i16x8.relaxed_laneselect            vvv:v
    10B i32x4.relaxed_laneselect            vvv:v
    10C i64x2.relaxed_laneselect            vvv:v
    10D f32x4.relaxed_min                   vv:v
    10E f32x4.relaxed_max                   vv:v
    10F f64x2.relaxed_min                   vv:v
    110 f64x2.relaxed_max                   vv:v
    111 i16x8.relaxed_q15mulr_s             vv:v
    112 i16x8.relaxed_dot_i8x16_i7x16_s     vv:v
    113 i32x4.relaxed_dot_i8x16_i7x16_add_s vvv:v
"""

ATOMIC_ROWS: Final = """
    00  memory.atomic.notify                ii:i  memarg/4 traps reads writes
    01  memory.atomic.wait32                iiI:i memarg/4 traps reads writes
    02  memory.atomic.wait64                iII:i memarg/8 traps reads writes
    03  atomic.fence                        :     fence reads writes
    10  i32.atomic.load                     i:i   memarg/4 traps reads writes
    11  i64.atomic.load                     i:I   memarg/8 traps reads writes
    12  i32.atomic.load8_u                  i:i   memarg/1 traps reads writes
    13  i32.atomic.load16_u                 i:i   memarg/2 traps reads writes
    14  i64.atomic.load8_u                  i:I   memarg/1 traps reads writes
    15  i64.atomic.load16_u                 i:I   memarg/2 traps reads writes
    16  i64.atomic.load32_u                 i:I   memarg/4 traps reads writes
    17  i32.atomic.store                    ii:   memarg/4 traps writes
    18  i64.atomic.store                    iI:   memarg/8 traps writes
    19  i32.atomic.store8                   ii:   memarg/1 traps writes
    1A  i32.atomic.store16                  ii:   memarg/2 traps writes
    1B  i64.atomic.store8                   iI:   memarg/1 traps writes
    1C  i64.atomic.store16                  iI:   memarg/2 traps writes
    1D  i64.atomic.store32                  iI:   memarg/4 traps writes
    1E  i32.atomic.rmw.add                  ii:i  memarg/4 traps reads writes
    1F  i64.atomic.rmw.add                  iI:I  memarg/8 traps reads writes
    20  i32.atomic.rmw8.add_u               ii:i  memarg/1 traps reads writes
    21  i32.atomic.rmw16.add_u              ii:i  memarg/2 traps reads writes
    22  i64.atomic.rmw8.add_u               iI:I  memarg/1 traps reads writes
    23  i64.atomic.rmw16.add_u              iI:I  memarg/2 traps reads writes
    24  i64.atomic.rmw32.add_u              iI:I  memarg/4 traps reads writes
    25  i32.atomic.rmw.sub                  ii:i  memarg/4 traps reads writes
    26  i64.atomic.rmw.sub                  iI:I  memarg/8 traps reads writes
    27  i32.atomic.rmw8.sub_u               ii:i  memarg/1 traps reads writes
    28  i32.atomic.rmw16.sub_u              ii:i  memarg/2 traps reads writes
    29  i64.atomic.rmw8.sub_u               iI:I  memarg/1 traps reads writes
    2A  i64.atomic.rmw16.sub_u              iI:I  memarg/2 traps reads writes
    2B  i64.atomic.rmw32.sub_u              iI:I  memarg/4 traps reads writes
    2C  i32.atomic.rmw.and                  ii:i  memarg/4 traps reads writes
    2D  i64.atomic.rmw.and                  iI:I  memarg/8 traps reads writes
    2E  i32.atomic.rmw8.and_u               ii:i  memarg/1 traps reads writes
    2F  i32.atomic.rmw16.and_u              ii:i  memarg/2 traps reads writes
    30  i64.atomic.rmw8.and_u               iI:I  memarg/1 traps reads writes
    31  i64.atomic.rmw16.and_u              iI:I  memarg/2 traps reads writes
    32  i64.atomic.rmw32.and_u              iI:I  memarg/4 traps reads writes
    33  i32.atomic.rmw.or                   ii:i  memarg/4 traps reads writes
    34  i64.atomic.rmw.or                   iI:I  memarg/8 traps reads writes
    35  i32.atomic.rmw8.or_u                ii:i  memarg/1 traps reads writes
    36  i32.atomic.rmw16.or_u               ii:i  memarg/2 traps reads writes
    37  i64.atomic.rmw8.or_u                iI:I  memarg/1 traps reads writes
    38  i64.atomic.rmw16.or_u               iI:I  memarg/2 traps reads writes
    39  i64.atomic.rmw32.or_u               iI:I  memarg/4 traps reads writes
    3A  i32.atomic.rmw.xor                  ii:i  memarg/4 traps reads writes
    3B  i64.atomic.rmw.xor                  iI:I  memarg/8 traps reads writes
    3C  i32.atomic.rmw8.xor_u               ii:i  memarg/1 traps reads writes
    3D  i32.atomic.rmw16.xor_u              ii:i  memarg/2 traps reads writes
    3E  i64.atomic.rmw8.xor_u               iI:I  memarg/1 traps reads writes
    3F  i64.atomic.rmw16.xor_u              iI:I  memarg/2 traps reads writes
    40  i64.atomic.rmw32.xor_u              iI:I  memarg/4 traps reads writes
    41  i32.atomic.rmw.xchg                 ii:i  memarg/4 traps reads writes
    42  i64.atomic.rmw.xchg                 iI:I  memarg/8 traps reads writes
    43  i32.atomic.rmw8.xchg_u              ii:i  memarg/1 traps reads writes
    44  i32.atomic.rmw16.xchg_u             ii:i  memarg/2 traps reads writes
    45  i64.atomic.rmw8.xchg_u              iI:I  memarg/1 traps reads writes
    46  i64.atomic.rmw16.xchg_u             iI:I  memarg/2 traps reads writes
    47  i64.atomic.rmw32.xchg_u             iI:I  memarg/4 traps reads writes
    48  i32.atomic.rmw.cmpxchg              iii:i memarg/4 traps reads writes
    49  i64.atomic.rmw.cmpxchg              iII:I memarg/8 traps reads writes
    4A  i32.atomic.rmw8.cmpxchg_u           iii:i memarg/1 traps reads writes
    4B  i32.atomic.rmw16.cmpxchg_u          iii:i memarg/2 traps reads writes
    4C  i64.atomic.rmw8.cmpxchg_u           iII:I memarg/1 traps reads writes
    4D  i64.atomic.rmw16.cmpxchg_u          iII:I memarg/2 traps reads writes
    4E  i64.atomic.rmw32.cmpxchg_u          iII:I memarg/4 traps reads writes
"""
