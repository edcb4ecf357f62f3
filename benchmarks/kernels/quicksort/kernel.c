#include "../kernel.h"

#define MOST 65536

static i32 items[MOST];

static void sort(i32 low, i32 high) {
    while (low < high) {
        i32 pivot = items[(low + high) >> 1], i = low, j = high;
        while (i <= j) {
            while (items[i] < pivot) i++;
            while (items[j] > pivot) j--;
            if (i <= j) {
                i32 item = items[i];
                items[i++] = items[j];
                items[j--] = item;
            }
        }
        if (j - low < high - i) {
            sort(low, j);
            low = i;
        } else {
            sort(i, high);
            high = j;
        }
    }
}

i32 EXPORT(run)(i32 n) {
    u32 state = 5, check = 0;
    for (i32 i = 0; i < n; i++) items[i] = (i32)next_random(&state) - 8388608;
    sort(0, n - 1);
    for (i32 i = 0; i < n; i++) check = check * 31 + (u32)items[i];
    return (i32)check;
}
