/* Whether the segment of a row leaves and arrives: every pair of arrows, by way of the parser. */
#include "row.h"

#include "figure/view.h"

/* Figure 9 ends with an arrow on the near side alone. */
UNIT_TEST(an_arrow_is_missing)
{
    static const struct {
        enum figure_arrow a, b;
        enum end from;
    } rows[] = {
        {FIGURE_ARROW_RIGHT, FIGURE_ARROW_NONE, END_A},
        {FIGURE_ARROW_NONE, FIGURE_ARROW_RIGHT, END_A},
        {FIGURE_ARROW_LEFT, FIGURE_ARROW_NONE, END_B},
        {FIGURE_ARROW_NONE, FIGURE_ARROW_LEFT, END_B},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct figure_row row = {
            .has_segment = true, .a_arrow = rows[i].a, .b_arrow = rows[i].b};
        assert_int_equal(view_sender(&row), rows[i].from);
        assert_true(view_leaves(&row, rows[i].from));
        assert_true(view_reaches(&row, end_other(rows[i].from)));
    }
}

UNIT_TEST(the_other_one)
{
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

UNIT_TEST(from_the_wire)
{
    goes("1.  SYN-SENT --> <SEQ=1><CTL=SYN>  --> SYN-RECEIVED", END_A, true, true);
    goes("1.  SYN-SENT --> <SEQ=1><CTL=SYN>  ...", END_A, true, false);
    goes("1.           ... <SEQ=1><CTL=SYN>  --> SYN-RECEIVED", END_A, false, true);
    goes("1.  SYN-SENT <-- <SEQ=1><CTL=SYN>  <-- SYN-RECEIVED", END_B, true, true);
    goes("1.           ... <SEQ=1><CTL=SYN>  <-- SYN-RECEIVED", END_B, true, false);
    goes("1.  SYN-SENT <-- <SEQ=1><CTL=SYN>  ...", END_B, false, true);
}

UNIT_TEST(no_segment)
{
    struct figure f;
    unit_figure(&f, "1.  CLOSED                                  LISTEN");
    for (enum end end = END_A; end <= END_B; end++) {
        assert_false(view_leaves(&f.items[0].row, end));
        assert_false(view_reaches(&f.items[0].row, end));
    }
    figure_done(&f);
}
