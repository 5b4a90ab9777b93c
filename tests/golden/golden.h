/* What the golden tests share: a sink's output in memory, compared with the file that holds what it
 * was when somebody last looked at it. TCPSHAKE_UPDATE_GOLDEN=1 writes the files anew. They are
 * found through the environment variable `srcdir`, the top of the source tree. */
#ifndef TCPSHAKE_GOLDEN_H
#define TCPSHAKE_GOLDEN_H

#include <stdio.h>

#include "../unit/unit.h"

#include "base/text.h"
#include "event/timeline.h"

/* A writer into memory that can be made to fail. */
struct golden_memory {
    struct text text;
    size_t limit; /* octets it takes before it fails */
    bool failed;
};

static inline enum status golden_put(void *arg, const void *data, size_t n, struct fault *fault)
{
    struct golden_memory *m = arg;
    if (m->text.len + n > m->limit) {
        m->failed = true;
        return fault_set(fault, STATUS_SYSTEM, "the disk is full");
    }
    text_put(&m->text, data, n);
    return STATUS_OK;
}

static inline void golden_path(const char *file, char *path, size_t cap)
{
    const char *top = getenv("srcdir");
    int n = snprintf(path, cap, "%s/tests/golden/%s", top != NULL ? top : ".", file);
    assert_true(n > 0 && (size_t)n < cap);
}

static inline void golden_update(const char *file, const struct text *text)
{
    char path[4096];
    golden_path(file, path, sizeof(path));
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text->data, 1, text->len, f), text->len);
    assert_int_equal(fclose(f), 0);
}

static inline void golden_read(const char *file, struct text *text)
{
    char path[4096], part[4096];
    golden_path(file, path, sizeof(path));
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        fail_msg("cannot read %s", path);
    for (size_t n; (n = fread(part, 1, sizeof(part), f)) > 0;)
        text_put(text, part, n);
    (void)fclose(f);
}

/* Cells of the longest line, escape sequences not counted. */
static inline size_t golden_widest(const struct text *text)
{
    size_t most = 0, cells = 0;
    for (size_t i = 0; i < text->len; i++) {
        if (text->data[i] == '\n') {
            cells = 0;
            continue;
        }
        if (text->data[i] == '\033') {
            i += strcspn(text->data + i, "m");
            continue;
        }
        cells += text_cells(text->data + i, 1);
        most = cells > most ? cells : most;
    }
    return most;
}

/* No control character reaches a terminal but the line feed and our own colours. */
static inline bool golden_harmless(const struct text *text, bool colour)
{
    for (size_t i = 0; i < text->len; i++) {
        unsigned char c = (unsigned char)text->data[i];
        if ((c < 0x20 && c != '\n' && !(colour && c == 0x1b)) || c == 0x7f || c == 0xff)
            return false;
    }
    return true;
}

/* What is drawn for people fits the terminal. */
static inline void golden_drawing(const struct text *text, const struct style *style)
{
    assert_true(golden_harmless(text, style->colour));
    assert_in_range(golden_widest(text), 1, style->columns);
}

static inline void golden_compare(const char *file, const struct text *text)
{
    bool readable = strstr(file, ".pcapng") == NULL;
    bool coloured = strstr(file, "colour") != NULL;
    const char *updating = getenv("TCPSHAKE_UPDATE_GOLDEN");
    struct text want;
    text_init(&want);
    if (readable)
        assert_true(golden_harmless(text, coloured));
    if (updating != NULL && strcmp(updating, "1") == 0)
        golden_update(file, text);
    golden_read(file, &want);
    if (want.len != text->len || memcmp(want.data, text->data, want.len) != 0) {
        if (readable)
            print_message("%s\n", text->data);
        fail_msg("%s is not what came out; %zu octets, expected %zu", file, text->len, want.len);
    }
    text_done(&want);
}

/* Has a case's sink write, and closes it. */
typedef enum status golden_perform(const void *golden, struct golden_memory *m,
                                   struct fault *fault);

/* What the case writes is in the file and, drawn for people in a `style`, fits; NULL: it is not. */
static inline void golden_is(golden_perform *perform, const void *golden, const char *file,
                             const struct style *style)
{
    struct golden_memory m = {.limit = SIZE_MAX};
    struct fault fault = {0};
    text_init(&m.text);
    assert_int_equal(perform(golden, &m, &fault), STATUS_OK);
    if (style != NULL)
        golden_drawing(&m.text, style);
    golden_compare(file, &m.text);
    text_done(&m.text);
}

/* However early the writer fails, the failure comes back with its line, and only then. */
static inline void golden_full_disk(golden_perform *perform, const void *golden, size_t steps)
{
    struct fault fault = {0};
    struct golden_memory whole = {.limit = SIZE_MAX};
    text_init(&whole.text);
    assert_int_equal(perform(golden, &whole, &fault), STATUS_OK);
    size_t step = whole.text.len / steps + 1;
    for (size_t limit = 0; limit < whole.text.len; limit += step) {
        struct golden_memory m = {.limit = limit};
        text_init(&m.text);
        fault.text[0] = '\0';
        assert_int_equal(perform(golden, &m, &fault), STATUS_SYSTEM);
        assert_string_equal(fault.text, "the disk is full");
        assert_true(m.failed);
        text_done(&m.text);
    }
    text_done(&whole.text);
}

#endif
