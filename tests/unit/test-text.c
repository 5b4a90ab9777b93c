/* Text laid out in memory, and numbers read strictly. */
#include "unit.h"

#include "base/fault.h"
#include "base/text.h"

UNIT_TEST(grows_as_needed)
{
    struct text t;
    text_init(&t);
    for (int i = 0; i < 5000; i++)
        text_printf(&t, "%04d,", i);
    assert_false(t.failed);
    assert_int_equal(t.len, 25000);
    assert_int_equal(strlen(t.data), 25000);
    assert_memory_equal(t.data + 24990, "4998,4999,", 11);
    text_clear(&t);
    assert_int_equal(t.len, 0);
    assert_string_equal(t.data, "");
    text_put(&t, "again\0!", 7); /* octets, not a string */
    assert_memory_equal(t.data, "again\0!", 8);
    text_done(&t);
    assert_null(t.data);
}

UNIT_TEST(clearing_nothing)
{
    struct text t;
    text_init(&t);
    text_clear(&t);
    text_put(&t, "", 0);
    assert_string_equal(t.data, "");
    text_done(&t);
}

UNIT_TEST(pads_to_a_column)
{
    struct text t;
    text_init(&t);
    text_pad(&t, 3);
    assert_string_equal(t.data, "   ");
    text_printf(&t, "ab\nx");
    text_pad(&t, 4); /* of this line */
    text_printf(&t, "\xc3\xa9\xe2\x86\x92");
    text_pad(&t, 8); /* two characters in five octets */
    text_pad(&t, 2); /* there already */
    text_printf(&t, "|");
    assert_string_equal(t.data, "   ab\nx   \xc3\xa9\xe2\x86\x92  |");
    text_done(&t);
}

UNIT_TEST(cells)
{
    assert_int_equal(text_cells("", 0), 0);
    assert_int_equal(text_cells("abc", 3), 3);
    assert_int_equal(text_cells("\xe2\x86\x92 \xc2\xb5s", 7), 4);
}

UNIT_TEST(numbers)
{
    uint64_t v = 7;
    assert_true(text_to_number("0", 0, 10, &v));
    assert_int_equal(v, 0);
    assert_true(text_to_number("010", 0, 10, &v));
    assert_int_equal(v, 10);
    assert_true(text_to_number("65535", 1, 65535, &v));
    assert_true(text_to_number("18446744073709551615", 0, UINT64_MAX, &v));
    assert_true(v == UINT64_MAX);
    static const char *const bad[] = {"",   " 1", "1 ",  "+1",    "-1",
                                      "0x", "1a", "1.0", "65536", "18446744073709551616"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        v = 7;
        assert_false(text_to_number(bad[i], 0, 65535, &v));
        assert_int_equal(v, 7);
    }
    assert_false(text_to_number("0", 1, 65535, &v));
    assert_false(text_to_number("18446744073709551616", 0, UINT64_MAX, &v));
}

UNIT_TEST(faults_gain_context)
{
    struct fault fault;
    assert_int_equal(fault_set(&fault, STATUS_SYSTEM, "no route to %s", "::1"), STATUS_SYSTEM);
    assert_int_equal(fault_wrap(&fault, STATUS_SYSTEM, "target %d", 3), STATUS_SYSTEM);
    assert_string_equal(fault.text, "target 3: no route to ::1");
    assert_int_equal(fault_set(NULL, STATUS_MALFORMED, "x"), STATUS_MALFORMED);
    assert_int_equal(fault_wrap(NULL, STATUS_MALFORMED, "x"), STATUS_MALFORMED);
}

UNIT_TEST(faults_are_cut)
{
    struct fault fault;
    char big[2 * FAULT_TEXT_MAX];
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    (void)fault_set(&fault, STATUS_SYSTEM, "%s", big);
    assert_int_equal(strlen(fault.text), FAULT_TEXT_MAX - 1);
    (void)fault_wrap(&fault, STATUS_SYSTEM, "why");
    assert_int_equal(strlen(fault.text), FAULT_TEXT_MAX - 1);
    assert_memory_equal(fault.text, "why: xxx", 8);
    (void)fault_wrap(&fault, STATUS_SYSTEM, "%s", big);
    assert_int_equal(strlen(fault.text), FAULT_TEXT_MAX - 1);
}

UNIT_TEST(words_of_a_list)
{
    static const struct {
        const char *line, *word;
    } cases[] = {
        {"", ""},  {" \t\r", ""}, {"a", "a"},  {"  a b\t\r", "a b"}, {"a # b # c", "a"},
        {"#", ""}, {" # a", ""},  {"a#", "a"}, {"\ra", "a"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct text_span word = text_word((struct text_span){cases[i].line, strlen(cases[i].line)});
        assert_int_equal(word.n, strlen(cases[i].word));
        assert_memory_equal(word.s, cases[i].word, word.n);
    }
}

UNIT_TEST(what_is_shown)
{
    char out[TEXT_SHOWN_MAX], text[200];
    assert_string_equal(text_shown("a\033[1m\0\x7f\n", 8, out), "a?[1m???");
    assert_string_equal(text_shown("", 0, out), "");
    memset(text, 'a', sizeof(text));
    assert_int_equal(strlen(text_shown(text, TEXT_SHOWN_MAX - 1, out)), TEXT_SHOWN_MAX - 1);
    assert_null(strchr(out, '.'));
    assert_int_equal(strlen(text_shown(text, TEXT_SHOWN_MAX, out)), TEXT_SHOWN_MAX - 1);
    assert_string_equal(out + TEXT_SHOWN_MAX - 5, "a...");
}

/* C1, what turns the reading direction, what only looks like UTF-8; nothing is cut in two. */
UNIT_TEST(what_a_terminal_would_obey)
{
    static const uint32_t controls[] = {0,      7,      0x1b,   0x7f,   0x80,
                                        0x9b,   0x9f,   0x61c,  0x200e, 0x2028,
                                        0x202e, 0x2066, 0x2069, 0xfeff, TEXT_NO_UTF8};
    static const uint32_t others[] = {' ',    '~',    0xa0,   0xe9,   0x200d,
                                      0x202f, 0x2065, 0x206a, 0x1f600};
    for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++)
        assert_true(text_is_control(controls[i]));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(text_is_control(others[i]));
    char out[TEXT_SHOWN_MAX], text[200] = "";
    assert_string_equal(text_shown("\xc2\x9b"
                                   "a\xe2\x80\xae\xff\xc3\xa9",
                                   9, out),
                        "?a??\xc3\xa9");
    for (size_t i = 0; i + 2 < sizeof(text); i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    (void)text_shown(text, sizeof(text) - 2, out);
    assert_true(text_is_utf8(out) && strlen(out) < TEXT_SHOWN_MAX);
    assert_non_null(strstr(out, "..."));
}

UNIT_TEST(hosts)
{
    static const char *const bad[] = {"a b",           "a\x1b[1m", "\xc2\x9b",
                                      "\xe2\x80\xae-", "\xff",     "a/b"};
    char out[40];
    struct fault fault = {""};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct text_span host = {bad[i], strlen(bad[i])};
        assert_int_equal(text_host(out, sizeof(out), host, "/", &fault), STATUS_MALFORMED);
        assert_true(text_is_utf8(fault.text));
    }
    const struct text_span good = {"b\xc3\xbc"
                                   "cher.example",
                                   14};
    assert_int_equal(text_host(out, sizeof(out), good, "/", &fault), STATUS_OK);
}

/* The first and the last character of each length, and what only looks like one (RFC 3629 3). */
UNIT_TEST(characters)
{
    static const struct {
        const char *s;
        uint32_t c;
    } rows[] = {
        {"a", 'a'},
        {"\x7f", 0x7f},
        {"\xc2\x80", 0x80},
        {"\xdf\xbf", 0x7ff},
        {"\xe0\xa0\x80", 0x800},
        {"\xed\x9f\xbf", 0xd7ff},
        {"\xee\x80\x80", 0xe000},
        {"\xef\xbf\xbf", 0xffff},
        {"\xf0\x90\x80\x80", 0x10000},
        {"\xf4\x8f\xbf\xbf", 0x10ffff},
        {"\xc1\xbf", TEXT_NO_UTF8}, /* longer than need be */
        {"\xe0\x9f\xbf", TEXT_NO_UTF8},
        {"\xf0\x8f\xbf\xbf", TEXT_NO_UTF8},
        {"\xed\xa0\x80", TEXT_NO_UTF8},     /* a surrogate */
        {"\xf4\x90\x80\x80", TEXT_NO_UTF8}, /* beyond the last */
        {"\x80", TEXT_NO_UTF8},
        {"\xff", TEXT_NO_UTF8},
        {"\xc3", TEXT_NO_UTF8}, /* cut short */
        {"\xe2\x82", TEXT_NO_UTF8},
        {"\xe2(\xac", TEXT_NO_UTF8},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t n = strlen(rows[i].s), used = 0;
        bool good = rows[i].c != TEXT_NO_UTF8;
        char *exact = (char *)unit_copy(rows[i].s, n);
        assert_int_equal(text_decode(exact, n, &used), rows[i].c);
        assert_int_equal(used, good ? n : 1);
        assert_int_equal(text_is_utf8(rows[i].s), good);
        free(exact);
    }
    assert_true(text_is_utf8("") && text_is_utf8("\xc3\xa9t\xc3\xa9"));
    assert_false(text_is_utf8("\xc3\xa9t\xc3"));
}
