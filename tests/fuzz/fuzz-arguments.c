/* Command lines: words separated by zero octets go through the options that every command has.
 * Whatever they are, the parser says yes or no, and what it lets through is in its range. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/arguments.h"

enum {
    WORDS_MAX = 24,
    TEXT_MAX = 512
};

/* --help, --usage and --version print and exit: not what is looked for here. glibc's argp takes
 * some octets above ASCII for them too. */
static bool ends_the_program(const char *word)
{
    bool is_long = strncmp(word, "--h", 3) == 0 || strncmp(word, "--H", 3) == 0 ||
                   strncmp(word, "--u", 3) == 0 || strncmp(word, "--ve", 4) == 0;
    for (const char *c = word; word[0] == '-' && *c != '\0'; c++) {
        if (*c == '?' || *c == 'V' || (unsigned char)*c >= 0x80)
            return true;
    }
    return is_long;
}

static void check(const struct arguments *a)
{
    fuzz_require(a->like != NULL);
    fuzz_require(a->run.wait_ns > 0 && a->run.deadline_ns > 0);
    fuzz_require(!a->has_ttl || a->ttl > 0);
    fuzz_require(a->host != NULL || a->port_word == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct measure none = {
        .name = "fuzz",
        .about = "",
        .statuses = "",
        .run = {.wait_ns = CLOCK_S, .deadline_ns = CLOCK_NEVER, .sessions = 1},
    };
    char text[TEXT_MAX + 1], name[] = "fuzz";
    char *argv[WORDS_MAX + 2] = {name};
    int argc = 1;

    if (n > TEXT_MAX)
        return 0;
    memcpy(text, data, n);
    text[n] = '\0';
    for (size_t at = 0; at < n && argc <= WORDS_MAX; at += strlen(text + at) + 1) {
        if (ends_the_program(text + at))
            return 0;
        argv[argc++] = text + at;
    }
    static FILE *nowhere;
    if (nowhere == NULL && (nowhere = fopen("/dev/null", "w")) != NULL)
        stderr = nowhere; /* its complaints are not read here */
    struct arguments a = arguments_defaults(&none, false);
    if (arguments_parse(&a, NULL, argc, argv) == 0)
        check(&a);
    arguments_done(&a);
    return 0;
}
