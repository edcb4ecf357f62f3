"""Perlin noise: stb_perlin's turbulence of three octaves, in single precision."""

from math import floor

TOPIC = "floats"
ORIGIN = "stb_perlin 0.5 (MIT licence or public domain)"
SIZE, SMALL_SIZE = 32, 5
# Python computes in double precision.
TOLERANCE = 1e-5

GRADIENTS = ((1, 1, 0), (-1, 1, 0), (1, -1, 0), (-1, -1, 0), (1, 0, 1), (-1, 0, 1), (1, 0, -1), (-1, 0, -1), (0, 1, 1),
             (0, -1, 1), (0, 1, -1), (0, -1, -1))  # fmt: skip
TABLE = 2 * bytes.fromhex(
    "177da13467754625f765cba97c7e2c7b98ee912dab72fd0ac088049df91e2348af3f4d5ab510606f85684ba25d3842f0"
    "083254e531d2adef8d01571202c68f39e1a03ad9a8cef5ccc706493c14e6d3e95ec858094a9b210fdb82e2ca53ec2aac"
    "a5da37de2e6b629a6d43c4b27f9e0df3414fa6f819e073504433b880e8d0977a1ad4692bb3d5eb9492590ec31c4e704c"
    "fa2f18fb8c6cbabee4aab78b27bcf4f684307790b48a86c152b6787956dcd1035bf19555cd9671d81f6429a4b1d699e7"
    "2647b9ae61c91d5f075c36febf7622dd830ba363ea51e3939cb0118e450c6e3e1bff00c23b74f2fc1315bb35cf814087"
    "3d28a7ed66df6a9fc5bdd78924201605"
)
GRADIENT_INDEX = 2 * bytes.fromhex(
    "070905000b01060903090b01080a040708060105030a090a0008040105020708070b090a0100040705000b0601040208"
    "080a0409090205070901070202060b05050406090001010007060908040a0301020808090a0b050b0b02060a03040204"
    "090a03020603060a0503040a0b02090b010b0a0409040b00040b0400000007060a0401030b0503040209010300010800"
    "060708070004060a0802030b0b08000204080300000a060102020405060001030b09050509060908030801080906090b"
    "0a070506050901030700020a0b020601030b070702010703000801010500060a0b0b000207000a08030507010b010007"
    "09000b050a0302030509070908040605"
)


def gradient(index: int, x: float, y: float, z: float) -> float:
    a, b, c = GRADIENTS[GRADIENT_INDEX[index]]
    return a * x + b * y + c * z


def ease(a: float) -> float:
    return ((a * 6 - 15) * a + 10) * a * a * a


def noise(x: float, y: float, z: float, seed: int) -> float:
    px, py, pz = floor(x), floor(y), floor(z)
    x0, y0, z0 = px & 255, py & 255, pz & 255
    x1, y1, z1 = (px + 1) & 255, (py + 1) & 255, (pz + 1) & 255
    x -= px
    y -= py
    z -= pz
    u, v, w = ease(x), ease(y), ease(z)
    r0, r1 = TABLE[x0 + seed], TABLE[x1 + seed]
    r00, r01, r10, r11 = TABLE[r0 + y0], TABLE[r0 + y1], TABLE[r1 + y0], TABLE[r1 + y1]
    n000, n001 = gradient(r00 + z0, x, y, z), gradient(r00 + z1, x, y, z - 1)
    n010, n011 = gradient(r01 + z0, x, y - 1, z), gradient(r01 + z1, x, y - 1, z - 1)
    n100, n101 = gradient(r10 + z0, x - 1, y, z), gradient(r10 + z1, x - 1, y, z - 1)
    n110, n111 = gradient(r11 + z0, x - 1, y - 1, z), gradient(r11 + z1, x - 1, y - 1, z - 1)
    n00, n01 = n000 + (n001 - n000) * w, n010 + (n011 - n010) * w
    n10, n11 = n100 + (n101 - n100) * w, n110 + (n111 - n110) * w
    n0, n1 = n00 + (n01 - n00) * v, n10 + (n11 - n10) * v
    return n0 + (n1 - n0) * u


def turbulence(x: float, y: float, z: float, lacunarity: float, gain: float, octaves: int) -> float:
    frequency, amplitude, total = 1.0, 1.0, 0.0
    for seed in range(octaves):
        total += abs(noise(x * frequency, y * frequency, z * frequency, seed) * amplitude)
        frequency *= lacunarity
        amplitude *= gain
    return total


def run(n: int) -> float:
    total = 0.0
    for y in range(n):
        for x in range(n):
            total += turbulence(x * 0.0625, y * 0.09375, 0.5, 2.0, 0.5, 3)
    return total
