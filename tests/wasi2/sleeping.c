/* Sleeps for an hour. Built with Debian 12's clang, lld, wasi-libc and libclang-rt-dev-wasm32:
 *
 *     clang --target=wasm32-wasi --sysroot=/usr -O2 -Wall -Wextra -Werror -Wl,--strip-all -o sleeping.wasm sleeping.c
 */
#include <unistd.h>

int main(void) {
  sleep(3600);
  return 0;
}
