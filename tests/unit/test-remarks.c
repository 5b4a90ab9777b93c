/* Remarks of who watches beside us: told in the order of their stamps, none lost for want of room.
 */
#include "unit.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/clock.h"
#include "net/remarks.h"

/* A source that has `count` remarks, stamped 10, 20, 30 ... */
struct talker {
    int64_t given, count;
};

static bool next(void *arg, struct remarks_line *line)
{
    struct talker *t = arg;
    if (t->given == t->count)
        return false;
    line->t_ns = 10 * ++t->given;
    (void)snprintf(line->text, sizeof(line->text), "remark %d", (int)t->given);
    return true;
}

UNIT_TEST(nobody_watches)
{
    struct remarks a = {.source = NULL};
    remarks_fetch(&a);
    assert_null(remarks_next(&a, CLOCK_NEVER));
}

UNIT_TEST(before_a_stamp)
{
    struct talker t = {.count = 3};
    const struct remarks_source source = {.next = next, .arg = &t};
    struct remarks a = {.source = &source};
    assert_null(remarks_next(&a, CLOCK_NEVER)); /* not fetched yet */
    remarks_fetch(&a);
    assert_null(remarks_next(&a, 10));
    assert_string_equal(remarks_next(&a, 25)->text, "remark 1");
    assert_string_equal(remarks_next(&a, 25)->text, "remark 2");
    assert_null(remarks_next(&a, 25));
    t.count = 4;
    assert_string_equal(remarks_next(&a, CLOCK_NEVER)->text, "remark 3");
    assert_null(remarks_next(&a, CLOCK_NEVER));
    remarks_fetch(&a);
    assert_int_equal(remarks_next(&a, CLOCK_NEVER)->t_ns, 40);
}

/* What there is no room for stays with its source. */
UNIT_TEST(many)
{
    struct talker t = {.count = 10 * REMARKS_WAITING_MAX + 3};
    const struct remarks_source source = {.next = next, .arg = &t};
    struct remarks a = {.source = &source};
    int64_t told = 0;
    for (int round = 0; told < t.count; round++) {
        assert_true(round < 100);
        remarks_fetch(&a);
        assert_true(t.given - told <= REMARKS_WAITING_MAX);
        for (const struct remarks_line *line; (line = remarks_next(&a, 10 * told + 75)) != NULL;)
            assert_int_equal(line->t_ns, 10 * ++told);
    }
    assert_null(remarks_next(&a, CLOCK_NEVER));
}
