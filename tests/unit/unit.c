/* The tests of one program, as its constructors hand them in. */
#include "unit.h"

#include <stdio.h>

enum {
    UNIT_TESTS_MAX = 512
};

static struct CMUnitTest tests[UNIT_TESTS_MAX];
static int lines[UNIT_TESTS_MAX];
static size_t count;
static CMFixtureFunction before, after;

/* No compiler promises the order of constructors. */
void unit_add(int line, CMUnitTestFunction test, void *state, const char *name, ...)
{
    char *text;
    va_list args;
    va_start(args, name);
    if (count == UNIT_TESTS_MAX || vasprintf(&text, name, args) < 0)
        abort();
    va_end(args);
    size_t i = count++;
    for (; i > 0 && lines[i - 1] > line; i--) {
        lines[i] = lines[i - 1];
        tests[i] = tests[i - 1];
    }
    lines[i] = line;
    tests[i] = (struct CMUnitTest){.name = text, .test_func = test, .initial_state = state};
}

void unit_group(CMFixtureFunction set_up, CMFixtureFunction tear_down)
{
    before = set_up;
    after = tear_down;
}

int unit_run(void)
{
    if (count == 0) { /* "1..0" would be taken for a program that skips its tests */
        printf("Bail out! no tests\n");
        return 1;
    }
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return _cmocka_run_group_tests("tests", tests, count, before, after);
}
