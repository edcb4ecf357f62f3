// What compiled C++ needs to throw and catch: enough of the Itanium C++ ABI, level II, for throwing.cpp.
#include <stdint.h>
#include <stdlib.h>

extern "C" {

struct TypeInfo {
    const void *vtable;
    const char *name;
    const TypeInfo *base;  // of classes with a single base only
};

// Their addresses tell which kind of type a TypeInfo is of; the compiler refers to the third word.
const void *_ZTVN10__cxxabiv117__class_type_infoE[3];
const void *_ZTVN10__cxxabiv120__si_class_type_infoE[3];
const void *_ZTVN10__cxxabiv123__fundamental_type_infoE[3];
extern const TypeInfo _ZTIi, _ZTId;
const TypeInfo _ZTIi = {&_ZTVN10__cxxabiv123__fundamental_type_infoE[2], "i", nullptr};
const TypeInfo _ZTId = {&_ZTVN10__cxxabiv123__fundamental_type_infoE[2], "d", nullptr};

struct Header {
    const TypeInfo *type;
    void *(*destroy)(void *);
    int handlers;
    Header *outer;
};

static Header *caught;

static Header *header_of(void *object) { return static_cast<Header *>(object) - 1; }

void *__cxa_allocate_exception(size_t size) { return static_cast<Header *>(malloc(sizeof(Header) + size)) + 1; }

void __cxa_throw(void *object, const TypeInfo *type, void *(*destroy)(void *)) {
    *header_of(object) = {type, destroy, 0, nullptr};
    __builtin_wasm_throw(0, object);
}

void *__cxa_get_exception_ptr(void *object) { return object; }

void *__cxa_begin_catch(void *object) {
    Header *header = header_of(object);
    header->handlers = abs(header->handlers) + 1;
    if (caught != header) {
        header->outer = caught;
        caught = header;
    }
    return object;
}

void __cxa_end_catch(void) {
    Header *header = caught;
    if (header->handlers < 0) {
        // It is thrown again, and lives on.
        if (!++header->handlers) caught = header->outer;
    } else if (!--header->handlers) {
        caught = header->outer;
        if (header->destroy) header->destroy(header + 1);
        free(header);
    }
}

void __cxa_rethrow(void) {
    caught->handlers = -caught->handlers;
    __builtin_wasm_throw(0, caught + 1);
}

struct {
    uintptr_t landing_pad;
    const uint8_t *table;
    uintptr_t selector;
} __wasm_lpad_context;

static uintptr_t read_unsigned(const uint8_t *&at) {
    uintptr_t value = 0;
    for (int shift = 0;; shift += 7) {
        uint8_t byte = *at++;
        value |= static_cast<uintptr_t>(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
    }
}

static intptr_t read_signed(const uint8_t *&at) {
    intptr_t value = 0;
    for (int shift = 0;;) {
        uint8_t byte = *at++;
        value |= static_cast<intptr_t>(byte & 0x7f) << shift;
        shift += 7;
        if (byte < 0x80) return byte & 0x40 && shift < 32 ? value | -(static_cast<intptr_t>(1) << shift) : value;
    }
}

static bool catches(const TypeInfo *wanted, const TypeInfo *thrown) {
    for (;; thrown = thrown->base) {
        if (thrown == wanted) return true;
        if (thrown->vtable != &_ZTVN10__cxxabiv120__si_class_type_infoE[2]) return false;
    }
}

// Finds the clause of the landing pad that catches; its number, or 0, becomes the selector.
int _Unwind_CallPersonality(void *object) {
    const uint8_t *at = __wasm_lpad_context.table;
    at += 2;  // landing pads start at 0; types are absolute pointers
    uintptr_t distance = read_unsigned(at);
    const TypeInfo *const *types = reinterpret_cast<const TypeInfo *const *>(at + distance);
    at++;  // calls are numbered by ULEB128
    uintptr_t size = read_unsigned(at);
    const uint8_t *actions = at + size;
    uintptr_t action = 0;
    for (uintptr_t number = 0; number <= __wasm_lpad_context.landing_pad; number++) {
        read_unsigned(at);
        action = read_unsigned(at);
    }
    __wasm_lpad_context.selector = 0;
    const uint8_t *entry = actions + action - 1;
    while (action) {
        intptr_t filter = read_signed(entry);
        const uint8_t *here = entry;
        intptr_t next = read_signed(entry);
        if (filter > 0) {
            const TypeInfo *wanted = types[-filter];
            if (!wanted || catches(wanted, header_of(object)->type)) {
                __wasm_lpad_context.selector = filter;
                break;
            }
        }
        if (!next) break;
        entry = here + next;
    }
    return 0;
}

int __gxx_wasm_personality_v0(int, ...) { abort(); }
[[noreturn]] void _ZSt9terminatev(void) { abort(); }
void __cxa_pure_virtual(void) { abort(); }
}

void *operator new(size_t size) { return malloc(size); }
void operator delete(void *object) noexcept { free(object); }
void operator delete(void *object, size_t) noexcept { free(object); }
