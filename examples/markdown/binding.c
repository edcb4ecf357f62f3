/* What Python calls: buffers come and go through malloc, the result as one block of memory. */
#include <stdlib.h>
#include <string.h>

#include "md4c-html.h"

#define EXPORT(name) __attribute__((export_name(#name)))

static char *html;
static size_t used, capacity;
static int failed;

static void append(const MD_CHAR *text, MD_SIZE size, void *unused) {
    (void)unused;
    if (failed) return;
    if (used + size > capacity) {
        size_t wanted = (used + size) * 2;
        char *grown = realloc(html, wanted);
        if (!grown) {
            failed = 1;
            return;
        }
        html = grown;
        capacity = wanted;
    }
    memcpy(html + used, text, size);
    used += size;
}

EXPORT(allocate) void *allocate(size_t size) { return malloc(size); }
EXPORT(release) void release(void *block) { free(block); }

/* Renders; returns the size of the HTML, which html_address() then says the place of, or -1 without memory. */
EXPORT(render) int render(const char *text, unsigned size, unsigned flags) {
    used = 0;
    failed = 0;
    if (md_html(text, size, append, NULL, flags, 0) || failed) return -1;
    return (int)used;
}

EXPORT(html_address) char *html_address(void) { return html; }
