/* A row of a figure seen from either end: every pair of arrows, by way of the parser. */
#include "row.h"

#include "figure/view.h"

static void expect(const char *row, enum view_leg a, enum view_leg b)
{
    struct figure f;
    unit_figure(&f, row);
    assert_int_equal(f.count, 1);
    const struct figure_row *r = &f.items[0].row;
    const struct view as_a = view_of(r, END_A), as_b = view_of(r, END_B);
    assert_int_equal(as_a.leg, a);
    assert_int_equal(as_b.leg, b);
    assert_ptr_equal(as_a.row, r);
    assert_ptr_equal(as_a.own, &r->a);
    assert_ptr_equal(as_a.peer, &r->b);
    assert_ptr_equal(as_b.own, &r->b);
    assert_ptr_equal(as_b.peer, &r->a);
    assert_int_equal(view_comes(&as_a), a == VIEW_AWAIT || a == VIEW_WITHHOLD);
    assert_int_equal(view_comes(&as_b), b == VIEW_AWAIT || b == VIEW_WITHHOLD);
    figure_done(&f);
}

static void no_segment(void **state)
{
    (void)state;
    expect("1.  CLOSED                                  LISTEN", VIEW_NONE, VIEW_NONE);
    expect("1.                   [silence 1s]", VIEW_NONE, VIEW_NONE);
}

static void across(void **state)
{
    (void)state;
    expect("1.  SYN-SENT    --> <SEQ=1><CTL=SYN>  --> SYN-RECEIVED", VIEW_SEND, VIEW_AWAIT);
    expect("1.  SYN-SENT    <-- <SEQ=1><CTL=SYN>  <-- SYN-RECEIVED", VIEW_AWAIT, VIEW_SEND);
}

static void held_back(void **state)
{
    (void)state;
    expect("1.  SYN-SENT    --> <SEQ=1><CTL=SYN>  ...", VIEW_HOLD_BACK, VIEW_WITHHOLD);
    expect("1.              ... <SEQ=1><CTL=SYN>  <-- SYN-SENT", VIEW_WITHHOLD, VIEW_HOLD_BACK);
}

static void arrives_late(void **state)
{
    (void)state;
    expect("1.  (duplicate) ... <SEQ=1><CTL=SYN>  --> SYN-RECEIVED", VIEW_RELEASE, VIEW_DELIVER);
    expect("1.  SYN-SENT    <-- <SEQ=1><CTL=SYN>  ...", VIEW_DELIVER, VIEW_RELEASE);
}

/* Figure 9 ends with an arrow on the near side alone. */
static void an_arrow_is_missing(void **state)
{
    (void)state;
    const struct {
        enum figure_arrow a, b;
        enum view_leg as_a, as_b;
    } rows[] = {
        {FIGURE_ARROW_RIGHT, FIGURE_ARROW_NONE, VIEW_SEND, VIEW_AWAIT},
        {FIGURE_ARROW_NONE, FIGURE_ARROW_RIGHT, VIEW_SEND, VIEW_AWAIT},
        {FIGURE_ARROW_LEFT, FIGURE_ARROW_NONE, VIEW_AWAIT, VIEW_SEND},
        {FIGURE_ARROW_NONE, FIGURE_ARROW_LEFT, VIEW_AWAIT, VIEW_SEND},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct figure_row row = {
            .has_segment = true, .a_arrow = rows[i].a, .b_arrow = rows[i].b};
        assert_int_equal(view_of(&row, END_A).leg, rows[i].as_a);
        assert_int_equal(view_of(&row, END_B).leg, rows[i].as_b);
    }
}

static void the_other_one(void **state)
{
    (void)state;
    assert_int_equal(end_other(END_A), END_B);
    assert_int_equal(end_other(END_B), END_A);
}

/* Of A's segment, or B's: does it leave, does it arrive? */
static void goes(const char *row, enum end sender, bool leaves, bool reaches)
{
    struct figure f;
    unit_figure(&f, row);
    const struct figure_row *r = &f.items[0].row;
    assert_int_equal(view_sender(r), sender);
    assert_int_equal(view_leaves(r, sender), leaves);
    assert_int_equal(view_reaches(r, end_other(sender)), reaches);
    assert_false(view_leaves(r, end_other(sender)) || view_reaches(r, sender));
    assert_ptr_equal(view_cell(r, END_A), &r->a);
    assert_ptr_equal(view_cell(r, END_B), &r->b);
    figure_done(&f);
}

static void from_the_wire(void **state)
{
    (void)state;
    goes("1.  SYN-SENT --> <SEQ=1><CTL=SYN>  --> SYN-RECEIVED", END_A, true, true);
    goes("1.  SYN-SENT --> <SEQ=1><CTL=SYN>  ...", END_A, true, false);
    goes("1.           ... <SEQ=1><CTL=SYN>  --> SYN-RECEIVED", END_A, false, true);
    goes("1.  SYN-SENT <-- <SEQ=1><CTL=SYN>  <-- SYN-RECEIVED", END_B, true, true);
    goes("1.           ... <SEQ=1><CTL=SYN>  <-- SYN-RECEIVED", END_B, true, false);
    goes("1.  SYN-SENT <-- <SEQ=1><CTL=SYN>  ...", END_B, false, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_segment),          cmocka_unit_test(across),
        cmocka_unit_test(held_back),           cmocka_unit_test(arrives_late),
        cmocka_unit_test(an_arrow_is_missing), cmocka_unit_test(the_other_one),
        cmocka_unit_test(from_the_wire),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
