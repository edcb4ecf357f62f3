/* Shifts the letters of a text in place. The text is put into `buffer` by the host. */
static char buffer[4096];

__attribute__((export_name("buffer_address"))) char *buffer_address(void) { return buffer; }

__attribute__((export_name("shift"))) int shift(int length, int by) {
    int changed = 0;
    for (int i = 0; i < length; i++) {
        char c = buffer[i], base = c >= 'a' && c <= 'z' ? 'a' : 'A';
        if (c < base || c > base + 25) continue;
        buffer[i] = (char)(base + (c - base + by + 26) % 26);
        changed++;
    }
    return changed;
}
