/* Lines out of pieces: however the octets are cut, the same lines come out. */
#include "unit.h"

#include "base/text.h"

struct matched {
    size_t n;
    size_t len[8];
    bool too_long[8];
    char start[8][16];
};

static void note(struct matched *s, const struct text_lines *l)
{
    assert_true(s->n < 8);
    assert_int_equal(l->number, s->n + 1);
    s->len[s->n] = l->len;
    s->too_long[s->n] = l->too_long;
    memcpy(s->start[s->n], l->text, l->len < 16 ? l->len : 16);
    s->n++;
}

/* By pieces of `step` octets. */
static void cut(struct matched *s, const char *data, size_t n, size_t step)
{
    struct text_lines *l = malloc(sizeof(*l));
    assert_non_null(l);
    memset(s, 0, sizeof(*s));
    text_lines_init(l);
    for (size_t at = 0; at < n;) {
        size_t piece = n - at < step ? n - at : step, used;
        if (text_lines_take(l, data + at, piece, &used))
            note(s, l);
        assert_in_range(used, 1, piece);
        at += used;
    }
    if (text_lines_end(l))
        note(s, l);
    assert_false(text_lines_end(l));
    free(l);
}

UNIT_TEST(plain_lines)
{
    static const char text[] = "one\n\ntwo\r\n\0four\nlast";
    for (size_t step = 1; step <= sizeof(text); step++) {
        struct matched s;
        cut(&s, text, sizeof(text) - 1, step);
        assert_int_equal(s.n, 5);
        assert_string_equal(s.start[0], "one");
        assert_int_equal(s.len[1], 0);
        assert_string_equal(s.start[2], "two\r");
        assert_int_equal(s.len[3], 5);
        assert_memory_equal(s.start[3], "\0four", 5);
        assert_string_equal(s.start[4], "last");
        cut(&s, text, sizeof(text) - 1 - 4, step);
        assert_int_equal(s.n, 4);
    }
    struct matched s;
    cut(&s, "", 0, 1);
    assert_int_equal(s.n, 0);
    cut(&s, "\n", 1, 1);
    assert_int_equal(s.n, 1);
}

UNIT_TEST(long_lines)
{
    static char text[2 * TEXT_LINE_MAX + 16];
    static const size_t steps[] = {1, 7, 1000, TEXT_LINE_MAX, TEXT_LINE_MAX + 1, sizeof(text)};
    memset(text, 'x', sizeof(text));
    text[TEXT_LINE_MAX] = '\n';         /* just as long as may be */
    text[2 * TEXT_LINE_MAX + 2] = '\n'; /* one more */
    text[2 * TEXT_LINE_MAX + 5] = '\n';
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct matched s;
        cut(&s, text, sizeof(text), steps[i]);
        assert_int_equal(s.n, 4);
        assert_int_equal(s.len[0], TEXT_LINE_MAX);
        assert_false(s.too_long[0]);
        assert_true(s.too_long[1]);
        assert_int_equal(s.len[2], 2);
        assert_false(s.too_long[2]);
        assert_int_equal(s.len[3], sizeof(text) - 2 * TEXT_LINE_MAX - 6);
    }
}
