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
    bool is = view_time_of(&f.items[0].row, gap_ns, gap_ns) == VIEW_IN_TIME;
    figure_done(&f);
    return is;
}

UNIT_TEST(no_time_is_given)
{
    assert_true(kept("", 0));
    assert_true(kept("", CLOCK_MIN));
}

UNIT_TEST(within)
{
    assert_true(kept("[within 200ms]", 0));
    assert_true(kept("[within 200ms]", 200 * CLOCK_MS));
    assert_false(kept("[within 200ms]", 200 * CLOCK_MS + 1));
}

UNIT_TEST(after)
{
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
UNIT_TEST(after_hardly_any_time)
{
    assert_int_equal(schedule_tolerance(8 * CLOCK_MS), 4 * CLOCK_MS);
    assert_int_equal(schedule_tolerance(80 * CLOCK_MS), 10 * CLOCK_MS);
    assert_true(kept("[after 2ms]", 0));
    assert_true(kept("[after 2ms]", 6 * CLOCK_MS));
    assert_false(kept("[after 2ms]", 7 * CLOCK_MS));
}

UNIT_TEST(both)
{
    assert_true(kept("[after 1s] [within 1050ms]", 1050 * CLOCK_MS));
    assert_false(kept("[after 1s] [within 1050ms]", 1051 * CLOCK_MS));
    assert_false(kept("[after 1s] [within 1050ms]", 800 * CLOCK_MS));
}
