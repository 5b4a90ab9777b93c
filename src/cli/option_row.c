/* See option_row.h. */
#include "cli/option_row.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/command.h"

static int key_of(const struct measure_option *rows, size_t i, int first)
{
    return rows[i].letter != 0 ? rows[i].letter : first + (int)i;
}

const struct measure_option *option_row_at(const struct measure_option *rows, size_t i)
{
    return rows != NULL && (rows[i].name != NULL || rows[i].letter != 0) ? &rows[i] : NULL;
}

size_t option_row_list(const struct measure_option *rows, int first, struct argp_option *out)
{
    size_t n = 0;
    for (; option_row_at(rows, n) != NULL; n++)
        out[n] = (struct argp_option){rows[n].name, key_of(rows, n, first), rows[n].argument, 0,
                                      rows[n].help, rows[n].group};
    return n;
}

const struct measure_option *option_row_of(const struct measure_option *rows, int first, int key)
{
    for (size_t i = 0; option_row_at(rows, i) != NULL; i++) {
        if (key_of(rows, i, first) == key)
            return &rows[i];
    }
    return NULL;
}

void option_row_spell(const struct measure_option *row, struct text *out)
{
    if (row->name != NULL)
        text_printf(out, "--%s", row->name);
    else
        text_printf(out, "-%c", row->letter);
}

/* Word `i` of those that the option takes; NULL past the end. */
static const char *word_at(const struct measure_option *row, size_t i)
{
    if (row->type != MEASURE_PROBE)
        return row->words != NULL ? row->words[i] : NULL;
    for (size_t at = 0; measure_at(at) != NULL; at++) {
        if ((measure_at(at)->can & MEASURE_MANY) != 0 && i-- == 0)
            return measure_at(at)->name;
    }
    return NULL;
}

void option_row_words(const struct measure_option *row, struct text *out)
{
    for (size_t i = 0; word_at(row, i) != NULL; i++)
        text_printf(out, "%s%s",
                    i == 0                        ? ""
                    : word_at(row, i + 1) == NULL ? " or "
                                                  : ", ",
                    word_at(row, i));
}

/* "--close takes fin, rst or wait, not 'x'" */
static enum status refuse(const struct measure_option *row, const char *what, const char *arg,
                          const char *why, struct fault *fault)
{
    struct text name;
    text_init(&name);
    option_row_spell(row, &name);
    enum status s = fault_set(fault, STATUS_MALFORMED, "%s takes %s, not '%s'%s%s",
                              name.data != NULL ? name.data : "", what, arg,
                              why != NULL ? ": " : "", why != NULL ? why : "");
    text_done(&name);
    return s;
}

static enum status take_number(const struct measure_option *row, void *base, const char *arg,
                               struct fault *fault)
{
    char range[80];
    uint64_t n;
    if (text_to_number(arg, row->least, row->most, &n)) {
        measure_store(&row->field, base, n);
        return STATUS_OK;
    }
    (void)snprintf(range, sizeof(range), "a number from %" PRIu64 " to %" PRIu64, row->least,
                   row->most);
    return refuse(row, range, arg, NULL, fault);
}

static enum status take_duration(const struct measure_option *row, void *base, const char *arg,
                                 struct fault *fault)
{
    struct fault what;
    int64_t ns;
    enum status s = clock_parse(arg, &ns, &what);
    if (s == STATUS_OK && ns > 0 && (uint64_t)ns < row->least)
        return refuse(row, row->least_told, arg, row->beyond, fault);
    if (s == STATUS_OK && ns > 0) {
        measure_store(&row->field, base, (uint64_t)ns);
        return STATUS_OK;
    }
    return fault_set(fault, STATUS_MALFORMED, "--%s: %s", row->name,
                     s == STATUS_OK ? "no time at all" : what.text);
}

/* Which of its words it is; `*n` is how many there are when it is none. */
static bool find_word(const struct measure_option *row, const char *arg, size_t *n)
{
    for (*n = 0; word_at(row, *n) != NULL; ++*n) {
        if (strcmp(word_at(row, *n), arg) == 0)
            return true;
    }
    return false;
}

static enum status take_word(const struct measure_option *row, void *base, const char *arg,
                             struct fault *fault)
{
    uint8_t *to = (uint8_t *)base + row->field.at;
    unsigned bits;
    size_t n;
    if (!find_word(row, arg, &n)) {
        struct text words;
        text_init(&words);
        option_row_words(row, &words);
        enum status s = refuse(row, words.data != NULL ? words.data : "", arg, NULL, fault);
        text_done(&words);
        return s;
    }
    if (row->type == MEASURE_PROBE) {
        const struct measure *found = measure_find(arg);
        memcpy(to, &found, sizeof(found));
    } else if (row->type == MEASURE_WORDS) {
        memcpy(&bits, to, sizeof(bits));
        measure_store(&row->field, base, bits | 1u << n);
    } else {
        measure_store(&row->field, base, n);
    }
    return STATUS_OK;
}

enum status option_row_take(const struct measure_option *row, void *base, const char *arg,
                            struct fault *fault)
{
    uint8_t *to = (uint8_t *)base + row->field.at;
    measure_store(&row->given, base, true);
    switch (row->type) {
    case MEASURE_FLAG:
    case MEASURE_CLEARS:
        measure_store(&row->field, base, row->type == MEASURE_FLAG);
        return STATUS_OK;
    case MEASURE_NUMBER:
        return take_number(row, base, arg, fault);
    case MEASURE_DURATION:
        return take_duration(row, base, arg, fault);
    case MEASURE_WORD:
    case MEASURE_WORDS:
    case MEASURE_PROBE:
        return take_word(row, base, arg, fault);
    case MEASURE_STRING:
        memcpy(to, &arg, sizeof(arg));
        return STATUS_OK;
    case MEASURE_OCTETS:
        return STATUS_OK;
    case MEASURE_TAKEN:
        return row->take(to, arg, fault);
    }
    return STATUS_OK;
}

static int hex_digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* The octet an escape stands for; `*used` characters after the backslash. False: no such escape. */
static bool unescape(const char *s, size_t *used, char *out)
{
    static const char names[] = "rnt0\\", octets[] = "\r\n\t\0\\";
    const char *at = s[0] != '\0' ? strchr(names, s[0]) : NULL;
    *used = 1;
    if (at != NULL) {
        *out = octets[at - names];
        return true;
    }
    if (s[0] != 'x' || !isxdigit((unsigned char)s[1]) || !isxdigit((unsigned char)s[2]))
        return false;
    *used = 3;
    *out = (char)(hex_digit(s[1]) * 16 + hex_digit(s[2]));
    return true;
}

enum status option_row_say(struct text *octets, const char *text, struct fault *fault)
{
    enum status s = STATUS_OK;
    if (text[0] == '@')
        s = command_read(fopen(text + 1, "rbe"), text + 1, OPTION_ROW_OCTETS_MAX, octets, fault);
    for (size_t i = 0; text[0] != '@' && text[i] != '\0'; i++) {
        char c = text[i];
        size_t used = 0;
        if (c == '\\' && !unescape(text + i + 1, &used, &c))
            return fault_set(fault, STATUS_MALFORMED,
                             "'\\%c' is no escape; there are \\r \\n \\t \\0 \\\\ \\xHH",
                             text[i + 1] != '\0' ? text[i + 1] : ' ');
        i += used;
        text_put(octets, &c, 1);
    }
    if (s == STATUS_OK && octets->len > OPTION_ROW_OCTETS_MAX)
        s = fault_set(fault, STATUS_MALFORMED, "more than %d octets to say", OPTION_ROW_OCTETS_MAX);
    if (s == STATUS_OK && octets->failed)
        s = fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    return s;
}
