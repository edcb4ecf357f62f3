/* A command program for the tests: text, numbers and memory through the C library, as ordinary programs use it.

   usage: report [PRIMES] < text
   Prints its arguments, statistics of the words on standard input, primes, a matrix and some formatted numbers. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char *text;
    int count;
} Word;

static Word *words;
static size_t word_count, word_room;

static void count_word(const char *text) {
    for (size_t i = 0; i < word_count; i++)
        if (strcmp(words[i].text, text) == 0) {
            words[i].count++;
            return;
        }
    if (word_count == word_room) {
        word_room = word_room ? 2 * word_room : 8;
        words = realloc(words, word_room * sizeof *words);
        if (!words) abort();
    }
    words[word_count].text = strdup(text);
    words[word_count++].count = 1;
}

static int by_count(const void *left, const void *right) {
    const Word *a = left, *b = right;
    return a->count != b->count ? b->count - a->count : strcmp(a->text, b->text);
}

static void report_words(void) {
    char word[64];
    size_t length = 0, lines = 0, bytes = 0;
    int c;
    while ((c = getchar()) != EOF) {
        bytes++;
        lines += c == '\n';
        if (isalpha(c) && length + 1 < sizeof word) {
            word[length++] = (char)tolower(c);
        } else if (length) {
            word[length] = 0;
            count_word(word);
            length = 0;
        }
    }
    qsort(words, word_count, sizeof *words, by_count);
    printf("%zu bytes, %zu lines, %zu different words\n", bytes, lines, word_count);
    for (size_t i = 0; i < word_count && i < 5; i++) printf("%-12s %4d\n", words[i].text, words[i].count);
}

static void report_primes(int limit) {
    char *composite = calloc((size_t)limit + 1, 1);
    int count = 0, last = 0;
    for (int i = 2; i <= limit; i++) {
        if (composite[i]) continue;
        count++, last = i;
        for (long j = (long)i * i; j <= limit; j += i) composite[j] = 1;
    }
    printf("%d primes up to %d, the last is %d\n", count, limit, last);
    free(composite);
}

static void report_matrix(void) {
    enum { N = 4 };
    double a[N][N], determinant = 1;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) a[i][j] = 1.0 / (i + j + 1);
    for (int k = 0; k < N; k++) {
        determinant *= a[k][k];
        for (int i = k + 1; i < N; i++) {
            double factor = a[i][k] / a[k][k];
            for (int j = k; j < N; j++) a[i][j] -= factor * a[k][j];
        }
    }
    printf("determinant %.12e, root %.10f, power %.6g\n", determinant, sqrt(2.0), pow(1.5, 20.25));
    printf("sine %.15f, logarithm %a, nan %f, infinity %f\n", sin(1.0), log(10.0), NAN, -INFINITY);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) printf("argument %d: %s\n", i, argv[i]);
    const char *home = getenv("REPORT_TITLE");
    printf("title: %s\n", home ? home : "(none)");
    report_words();
    report_primes(argc > 1 ? atoi(argv[1]) : 1000);
    report_matrix();
    printf("%lld %llu %#x %08.3f %c %5s|%-5s|\n", (long long)INT64_MIN, (unsigned long long)UINT64_MAX, 48879u, 3.14159, 'c', "ab", "cd");
    errno = 0;
    FILE *missing = fopen("/nowhere/file", "r");
    fprintf(stderr, "fopen: %s\n", missing ? "opened" : "refused");
    return argc > 2 ? atoi(argv[2]) : 0;
}
