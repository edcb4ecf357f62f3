/* What clang's -wasm-enable-sjlj turns setjmp and longjmp into calls of; the C library has none of it. */
#include <stdint.h>

typedef struct {
    void *invocation;
    uint32_t label;
    struct {
        void *buffer;
        int value;
    } thrown;
} jump_buffer[1];

int setjmp(jump_buffer) __attribute__((returns_twice));
_Noreturn void longjmp(jump_buffer, int);
