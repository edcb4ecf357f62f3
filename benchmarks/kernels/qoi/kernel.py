"""The "Quite OK Image" format: the encoder of its reference implementation."""

from benchmarks.inputs import random_numbers

TOPIC = "bytes"
ORIGIN = "qoi.h of June 2022 (MIT licence)"
SIZE, SMALL_SIZE = 128, 16


def prepare(n: int) -> bytes:
    pixels = bytearray()
    noises = iter(random_numbers(5, n * n))
    for y in range(n):
        for x in range(n):
            noise = next(noises)
            alpha = 255 if noise % 61 else 128
            if (x // 16 + y // 16) % 3 == 0:
                pixels += bytes((200, 120, 40, alpha))
            else:
                pixels += bytes((x * 2 + (noise & 3) & 255, y + (noise >> 8 & 15) & 255, x + y & 255, alpha))
    return bytes(pixels)


def signed(x: int) -> int:
    return ((x + 128) & 255) - 128


def encode(pixels: bytes, width: int, height: int) -> bytearray:
    output = bytearray(b"qoif")
    output += width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x04\x00"
    seen = [(0, 0, 0, 0)] * 64
    r0, g0, b0, a0 = before = (0, 0, 0, 255)
    run = 0
    for pixel in zip(pixels[0::4], pixels[1::4], pixels[2::4], pixels[3::4], strict=True):
        if pixel == before:
            run += 1
            if run == 62:
                output.append(0xC0 | run - 1)
                run = 0
            continue
        if run:
            output.append(0xC0 | run - 1)
            run = 0
        r, g, b, a = pixel
        place = (r * 3 + g * 5 + b * 7 + a * 11) % 64
        if seen[place] == pixel:
            output.append(place)
        else:
            seen[place] = pixel
            if a != a0:
                output += bytes((0xFF, r, g, b, a))
            else:
                vr, vg, vb = signed(r - r0), signed(g - g0), signed(b - b0)
                vgr, vgb = signed(vr - vg), signed(vb - vg)
                if -3 < vr < 2 and -3 < vg < 2 and -3 < vb < 2:
                    output.append(0x40 | (vr + 2) << 4 | (vg + 2) << 2 | (vb + 2))
                elif -9 < vgr < 8 and -33 < vg < 32 and -9 < vgb < 8:
                    output.append(0x80 | vg + 32)
                    output.append((vgr + 8) << 4 | (vgb + 8))
                else:
                    output += bytes((0xFE, r, g, b))
        r0, g0, b0, a0 = before = pixel
    if run:
        output.append(0xC0 | run - 1)
    return output + bytes(7) + b"\x01"


def run(n: int, pixels: bytes) -> int:
    output = encode(pixels, n, n)
    total = len(output)
    for byte in output[::101]:
        total = (total * 31 + byte) & 0xFFFFFFFF
    return total
