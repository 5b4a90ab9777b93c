/* When a segment came, against [after] and [within]: to the nanosecond, and with the tolerance that
 * is given or the usual one. */
#include "row.h"

#include "base/clock.h"
#include "figure/view.h"
#include "tcp/schedule.h"

static bool kept(const char *when, int64_t gap_ns)
{
    struct figure f;
    char row[128];
    (void)snprintf(row, sizeof(row), "1.      <-- <SEQ=1><CTL=ACK> <--   %s", when);
    unit_figure(&f, row);
    bool is = view_in_time(&f.items[0].row, gap_ns);
    figure_done(&f);
    return is;
}

static void no_time_is_given(void **state)
{
    (void)state;
    assert_true(kept("", 0));
    assert_true(kept("", CLOCK_MIN));
}

static void within(void **state)
{
    (void)state;
    assert_true(kept("[within 200ms]", 0));
    assert_true(kept("[within 200ms]", 200 * CLOCK_MS));
    assert_false(kept("[within 200ms]", 200 * CLOCK_MS + 1));
}

static void after(void **state)
{
    (void)state;
    assert_true(kept("[after 1s]", CLOCK_S));
    assert_true(kept("[after 1s]", 875 * CLOCK_MS));
    assert_false(kept("[after 1s]", 875 * CLOCK_MS - 1));
    assert_true(kept("[after 1s]", 1125 * CLOCK_MS));
    assert_false(kept("[after 1s]", 1125 * CLOCK_MS + 1));
    assert_true(kept("[after 1s +- 20ms]", 1020 * CLOCK_MS));
    assert_false(kept("[after 1s +- 20ms]", 1021 * CLOCK_MS));
    assert_true(kept("[after 1s +- 50%]", 500 * CLOCK_MS));
    assert_false(kept("[after 1s +- 50%]", 499 * CLOCK_MS));
}

/* Where an eighth is less than what a busy machine takes. */
static void after_hardly_any_time(void **state)
{
    (void)state;
    assert_int_equal(schedule_tolerance(8 * CLOCK_MS), 4 * CLOCK_MS);
    assert_int_equal(schedule_tolerance(80 * CLOCK_MS), 10 * CLOCK_MS);
    assert_true(kept("[after 2ms]", 0));
    assert_true(kept("[after 2ms]", 6 * CLOCK_MS));
    assert_false(kept("[after 2ms]", 7 * CLOCK_MS));
}

static void both(void **state)
{
    (void)state;
    assert_true(kept("[after 1s] [within 1050ms]", 1050 * CLOCK_MS));
    assert_false(kept("[after 1s] [within 1050ms]", 1051 * CLOCK_MS));
    assert_false(kept("[after 1s] [within 1050ms]", 800 * CLOCK_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_time_is_given),      cmocka_unit_test(within), cmocka_unit_test(after),
        cmocka_unit_test(after_hardly_any_time), cmocka_unit_test(both),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
