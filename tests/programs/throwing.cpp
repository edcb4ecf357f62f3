// C++ that throws and catches: by type and base class, again, out of constructors and handlers, through destructors.
#include <stdio.h>
#include <stdlib.h>

static unsigned checksum = 2166136261u;
static bool is_quiet;

static void note(const char *format, int first, int second = 0) {
    char line[120];
    snprintf(line, sizeof line, format, first, second);
    for (const char *at = line; *at; at++) checksum = (checksum ^ static_cast<unsigned char>(*at)) * 16777619u;
    if (!is_quiet) puts(line);
}

struct Error {
    int code;
    explicit Error(int code) : code(code) {}
    Error(const Error &other) : code(other.code) { note("copied %d", code); }
    virtual ~Error() { note("error %d is gone", code); }
    virtual int weight() const { return code; }
};

struct Grave : Error {
    using Error::Error;
    int weight() const override { return code * 10; }
};

struct Fatal final : Grave {
    using Grave::Grave;
    int weight() const override { return code * 100; }
};

struct Unrelated {
    char text[8];
};

struct Guard {
    int number;
    explicit Guard(int number) : number(number) {
        if (number == 13) throw Error(13);
    }
    ~Guard() { note("guard %d", number); }
};

__attribute__((noinline)) static int throws(int way) {
    Guard guard(way);
    switch (way % 8) {
        case 1: throw way;
        case 2: throw Error(way);
        case 3: throw Grave(way);
        case 4: throw Fatal(way);
        case 5: throw Unrelated{{'u', 0}};
        case 6: throw 0.5;
    }
    return way;
}

__attribute__((noinline)) static int middle(int way) {
    Guard first(100 + way), second(200 + way);
    try {
        return throws(way) + 1;
    } catch (const Grave &error) {
        note("grave %d, weight %d", error.code, error.weight());
        if (error.code > 10) throw;
        throw Unrelated{{'m', 0}};
    } catch (int number) {
        Guard inner(300 + number);
        if (number > 8) throw Fatal(number);
        return -number;
    }
}

static int outer(int way) {
    try {
        Guard guard(way * 1000);
        return middle(way);
    } catch (const Fatal &error) {
        return error.weight();
    } catch (Error error) {
        note("error %d, weight %d", error.code, error.weight());
        return error.code + 1;
    } catch (const Unrelated &other) {
        try {
            throw Error(other.text[0]);
        } catch (const Error &error) {
            return error.code;
        }
    } catch (...) {
        note("anything", 0);
        try {
            throw;
        } catch (double number) {
            return static_cast<int>(number * 4);
        }
    }
}

static int deep(int depth) {
    Guard guard(depth);
    return depth ? deep(depth - 1) + 1 : throws(4);
}

int main(int argc, char **argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 1;
    for (int round = 0; round < rounds; round++) {
        is_quiet = round > 0;
        for (int way = 0; way < 20; way++) note("outer(%d) = %d", way, outer(way));
        try {
            note("deep: %d", deep(12));
        } catch (const Error &error) {
            note("deep threw %d", error.code);
        }
    }
    printf("%08x\n", checksum);
    if (argc > 2) throws(5);
}
