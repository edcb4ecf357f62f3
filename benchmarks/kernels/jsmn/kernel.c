#include "../input.h"
#define JSMN_PARENT_LINKS
#include "jsmn/jsmn.h"
#include <string.h>

static jsmntok_t tokens[40000];

u32 EXPORT(run)(i32 n) {
    jsmn_parser parser;
    jsmn_init(&parser);
    i32 count = jsmn_parse(&parser, (const char *)input.bytes, strlen((const char *)input.bytes), tokens, 40000);
    u32 sum = count;
    for (i32 i = 0; i < count; i++)
        sum = sum * 31 + (u32)(tokens[i].start + 3 * tokens[i].end + 5 * tokens[i].size + 7 * tokens[i].type);
    return sum;
}
