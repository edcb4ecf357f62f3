/* In a file of its own: what the compiler declares itself must not be defined beside its uses. */
#include "setjmp.h"

void __wasm_setjmp(void *buffer, uint32_t label, void *invocation) {
    jump_buffer *jump = buffer;
    (*jump)->invocation = invocation;
    (*jump)->label = label;
}

uint32_t __wasm_setjmp_test(void *buffer, void *invocation) {
    jump_buffer *jump = buffer;
    return (*jump)->invocation == invocation ? (*jump)->label : 0;
}

_Noreturn void __wasm_longjmp(void *buffer, int value) {
    jump_buffer *jump = buffer;
    (*jump)->thrown.buffer = buffer;
    (*jump)->thrown.value = value ? value : 1;
    __builtin_wasm_throw(1, &(*jump)->thrown);
}
