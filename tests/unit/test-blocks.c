/* Where alternatives, rounds and steps begin and end in the list of a figure's items. */
#include "row.h"

#include "figure/view.h"

/* Items:   0 row, 1 EITHER, 2 row, 3 row, 4 OR, 5 row, 6 OR, 7 row, 8 END, 9 REPEAT, 10 row,
 *          11 END, 12 row */
static const char figure[] = "1. CLOSED                                      LISTEN\n"
                             "either \"a\"\n"
                             "2.        <-- <SEQ=1><CTL=SYN>  <--\n"
                             "          <-- <SEQ=2><CTL=ACK>  <--\n"
                             "or \"b\"\n"
                             "3.        <-- <SEQ=3><CTL=RST>  <--\n"
                             "or \"c\"\n"
                             "4.        [silence 1s]\n"
                             "end\n"
                             "repeat 2\n"
                             "5.        --> <SEQ=5><CTL=ACK>  -->\n"
                             "end\n"
                             "6. CLOSED                                      CLOSED\n";

UNIT_TEST(where_alternatives_end)
{
    struct figure f;
    unit_figure(&f, figure);
    assert_int_equal(f.count, 13);
    assert_int_equal(view_block_end(&f, 1), 8);
    assert_int_equal(view_block_end(&f, 4), 8);
    assert_int_equal(view_block_end(&f, 6), 8);
    figure_done(&f);
}

UNIT_TEST(their_first_rows)
{
    struct figure f;
    unit_figure(&f, figure);
    assert_ptr_equal(view_first_row(&f, 1), &f.items[2].row);
    assert_ptr_equal(view_first_row(&f, 4), &f.items[5].row);
    assert_ptr_equal(view_first_row(&f, 6), &f.items[7].row);
    figure_done(&f);
}

UNIT_TEST(their_last_rows)
{
    struct figure f;
    unit_figure(&f, figure);
    for (size_t i = 0; i < f.count; i++) {
        if (f.items[i].kind == FIGURE_ROW)
            assert_int_equal(view_ends_alternative(&f, i), i == 3 || i == 5 || i == 7);
    }
    figure_done(&f);
}

UNIT_TEST(where_steps_begin)
{
    struct figure f;
    unit_figure(&f, figure);
    for (size_t i = 0; i <= f.count; i++) /* the second row of step 2 begins none */
        assert_int_equal(view_begins_step(&f, i), i != 3);
    figure_done(&f);
}
