/* Counts primes in several threads: work is handed out by an atomic counter, sums are added under a mutex made of
   wait and notify, and the first thread waits for the others. Follows wasi-threads: it imports its shared memory and
   `thread-spawn`, and exports `wasi_thread_start`. Written without a C library, because Debian has none for threads. */

typedef unsigned int u32;
typedef unsigned long long u64;

__attribute__((import_module("wasi"), import_name("thread-spawn"))) int thread_spawn(void *argument);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("fd_write"))) int fd_write(
    int descriptor, const void *vectors, int count, u32 *written);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_exit"))) _Noreturn void proc_exit(int code);

enum { THREADS = 4, CHUNK = 500, LIMIT = 20000, STACK = 4096 };

struct worker {
    u32 number, identifier, chunks;
    char stack[STACK] __attribute__((aligned(16)));
};

static struct worker workers[THREADS];
static u32 next_chunk, finished, mutex;
/* Guarded by the mutex, and not atomic. */
static u32 primes;
static u64 sum;

static void lock(void) {
    u32 free = 0;
    while (!__atomic_compare_exchange_n(&mutex, &free, 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        __builtin_wasm_memory_atomic_wait32((int *)&mutex, 1, -1);
        free = 0;
    }
}

static void unlock(void) {
    __atomic_store_n(&mutex, 0, __ATOMIC_SEQ_CST);
    __builtin_wasm_memory_atomic_notify((int *)&mutex, 1);
}

static int is_prime(u32 number) {
    for (u32 divisor = 2; divisor * divisor <= number; divisor++)
        if (number % divisor == 0) return 0;
    return number > 1;
}

__attribute__((noinline)) static void work(struct worker *self) {
    for (;;) {
        u32 start = __atomic_fetch_add(&next_chunk, CHUNK, __ATOMIC_SEQ_CST);
        if (start >= LIMIT) break;
        self->chunks++;
        for (u32 number = start; number < start + CHUNK; number++)
            if (is_prime(number)) {
                lock();
                primes++;
                sum += number;
                unlock();
            }
    }
    __atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
    __builtin_wasm_memory_atomic_notify((int *)&finished, -1);
}

__attribute__((export_name("wasi_thread_start"))) void wasi_thread_start(int identifier, struct worker *self) {
    __asm__ volatile("local.get %0\n\tglobal.set __stack_pointer" : : "r"(self->stack + STACK));
    self->identifier = identifier;
    work(self);
}

static void print(const char *label, u64 number) {
    char line[64];
    int length = 0, digits = 0;
    char reversed[24];
    while (*label) line[length++] = *label++;
    do reversed[digits++] = '0' + number % 10; while (number /= 10);
    while (digits) line[length++] = reversed[--digits];
    line[length++] = '\n';
    u32 vector[2] = {(u32)line, length}, written;
    fd_write(1, vector, 1, &written);
}

__attribute__((export_name("_start"))) void start(void) {
    for (u32 number = 0; number < THREADS; number++) {
        workers[number].number = number;
        if (thread_spawn(&workers[number]) <= 0) proc_exit(1);
    }
    for (u32 seen; (seen = __atomic_load_n(&finished, __ATOMIC_SEQ_CST)) < THREADS;)
        __builtin_wasm_memory_atomic_wait32((int *)&finished, seen, -1);
    u32 chunks = 0;
    for (u32 number = 0; number < THREADS; number++) {
        chunks += workers[number].chunks;
        for (u32 other = 0; other < number; other++)
            if (workers[number].identifier == workers[other].identifier) proc_exit(2);
    }
    print("primes ", primes);
    print("sum ", sum);
    print("chunks ", chunks);
}
