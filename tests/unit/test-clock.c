/* Durations read from the command line and written for people. */
#include "unit.h"

#include "base/clock.h"

UNIT_TEST(durations)
{
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {
        {"0", 0},
        {"1", CLOCK_S},
        {"0.25", 250 * CLOCK_MS},
        {"250ms", 250 * CLOCK_MS},
        {"1.5s", 1500 * CLOCK_MS},
        {"80us", 80 * CLOCK_US},
        {"0.001us", 1},
        {"2m", 2 * CLOCK_MIN},
        {".5s", 500 * CLOCK_MS},
        {"5.s", 5 * CLOCK_S},
        {"604800", INT64_C(7) * 24 * 60 * CLOCK_MIN},
        {"10080m", INT64_C(7) * 24 * 60 * CLOCK_MIN},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        int64_t ns = -1;
        assert_int_equal(clock_parse(good[i].text, &ns, NULL), STATUS_OK);
        assert_int_equal(ns, good[i].ns);
    }
}

UNIT_TEST(no_durations)
{
    static const char *const bad[] = {"",       ".",
                                      "s",      "ms",
                                      "-1s",    "+1s",
                                      " 1s",    "1s ",
                                      "1 s",    "1h",
                                      "1sec",   "1.2.3",
                                      "1..",    "1e3s",
                                      "0x1",    "inf",
                                      "nan",    "1S",
                                      "1,5s",   "604801",
                                      "10081m", "99999999999999999999999999999999999999"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t ns = -1;
        struct fault fault = {""};
        assert_int_equal(clock_parse(bad[i], &ns, &fault), STATUS_MALFORMED);
        assert_int_equal(ns, -1);
        assert_non_null(strstr(fault.text, bad[i]));
    }
}

UNIT_TEST(more_digits_than_a_double_holds)
{
    char text[512];
    int64_t ns = -1;
    memset(text, '9', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(clock_parse(text, &ns, NULL), STATUS_MALFORMED);
    memset(text, '0', sizeof(text) - 2);
    text[sizeof(text) - 2] = '3';
    assert_int_equal(clock_parse(text, &ns, NULL), STATUS_OK);
    assert_int_equal(ns, 3 * CLOCK_S);
}

UNIT_TEST(texts)
{
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0, "0.0 us"},
        {31200, "31.2 us"},
        {4070 * CLOCK_US, "4.07 ms"},
        {1018 * CLOCK_MS, "1.018 s"},
        {16129 * CLOCK_MS, "16.129 s"},
        {2 * CLOCK_MIN + 3 * CLOCK_S, "2 min 3 s"},
        {-31200, "-31.2 us"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[32];
        assert_string_equal(clock_format(cases[i].ns, text, sizeof(text)), cases[i].text);
    }
}

UNIT_TEST(texts_fit_their_room)
{
    static const int64_t extremes[] = {CLOCK_NEVER, INT64_MIN, CLOCK_MIN, 1};
    for (size_t i = 0; i < sizeof(extremes) / sizeof(extremes[0]); i++)
        for (size_t cap = 1; cap < 32; cap++) {
            char *text = malloc(cap);
            assert_non_null(text);
            assert_ptr_equal(clock_format(extremes[i], text, cap), text);
            assert_true(strlen(text) < cap);
            free(text);
        }
}
