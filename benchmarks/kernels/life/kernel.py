"""Conway's game of life on a torus: eight byte loads and a store for each cell."""

TOPIC = "memory"
SIZE, SMALL_SIZE = 16, 1

SIDE = 64


def step(now: bytearray) -> bytearray:
    after = bytearray(SIDE * SIDE)
    rows = [now[y * SIDE : (y + 1) * SIDE] for y in range(SIDE)]
    for y in range(SIDE):
        up, row, down = rows[y - 1], rows[y], rows[(y + 1) % SIDE]
        for x in range(SIDE):
            left, right = x - 1, (x + 1) % SIDE
            around = up[left] + up[x] + up[right] + row[left] + row[right] + down[left] + down[x] + down[right]
            after[y * SIDE + x] = around == 3 or (around == 2 and row[x])
    return after


def run(n: int) -> int:
    state = 23
    grid = bytearray(SIDE * SIDE)
    for i in range(SIDE * SIDE):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        grid[i] = state >> 8 & 1
    for _ in range(n):
        grid = step(grid)
    alive = 0
    for i, cell in enumerate(grid, 1):
        alive = (alive * 3 + cell * i) & 0xFFFFFFFF
    return alive - 0x100000000 if alive >= 0x80000000 else alive
