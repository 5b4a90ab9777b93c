/* What a figure as a whole asks of whoever plays it. */
#include "row.h"

#include "figure/view.h"

static struct figure read_figure(const char *rows)
{
    struct figure f;
    unit_figure(&f, rows);
    return f;
}

static bool connection(const char *rows)
{
    struct figure f = read_figure(rows);
    bool asked = view_needs_connection(&f);
    figure_done(&f);
    return asked;
}

UNIT_TEST(a_connection)
{
    assert_true(connection("1. ESTABLISHED                              ESTABLISHED\n"));
    assert_true(connection("1. CLOSED                                   FIN-WAIT-2\n"));
    assert_true(connection("1. TIME-WAIT                                CLOSED\n"));
    assert_true(connection("1. (send 300,receive 100)                   \n"));
    assert_true(connection("1. (CRASH)                                  \n"));
    assert_true(connection("1.                                          (REBOOT)\n"));
    assert_true(connection("1. CLOSED                                   LISTEN\n"
                           "2. ESTABLISHED                              ESTABLISHED\n"));
    assert_false(connection("1. CLOSED                                   LISTEN\n"
                            "2. SYN-SENT   --> <SEQ=1><CTL=SYN>      --> SYN-RECEIVED\n"
                            "3. ESTABLISHED                              ESTABLISHED\n"));
    assert_false(connection("1. ESTABLISHED --> <SEQ=1><CTL=ACK>     --> ESTABLISHED\n"));
    assert_false(connection("1. SYN-SENT                                 SYN-RECEIVED\n"));
    assert_false(connection("1. CLOSED                                   (listen)\n"));
}

UNIT_TEST(timestamps)
{
    struct figure with = read_figure("1. --> <SEQ=1><CTL=SYN><TS> -->\n");
    struct figure without = read_figure("1. --> <SEQ=1><CTL=SYN> -->\n2. CLOSED LISTEN\n");
    assert_true(view_needs_timestamps(&with));
    assert_false(view_needs_timestamps(&without));
    figure_done(&with);
    figure_done(&without);
}

UNIT_TEST(a_second_port)
{
    struct figure with = read_figure("1. CLOSED LISTEN\n2. (other port)\n");
    struct figure without = read_figure("1. CLOSED LISTEN\n2. (first port)\n");
    assert_true(view_needs_second_port(&with));
    assert_false(view_needs_second_port(&without));
    figure_done(&with);
    figure_done(&without);
}

/* As A, as B. */
static void opens(const char *rows, bool a, bool b)
{
    struct figure f = read_figure(rows);
    assert_int_equal(view_needs_peer_opens(&f, END_A), a);
    assert_int_equal(view_needs_peer_opens(&f, END_B), b);
    figure_done(&f);
}

UNIT_TEST(who_opens)
{
    opens("1. SYN-SENT --> <SEQ=1><CTL=SYN> --> SYN-RECEIVED\n", false, true);
    opens("1. LISTEN <-- <SEQ=1><CTL=SYN> <-- SYN-SENT\n", true, false);
    opens("1. CLOSED LISTEN\n", false, false);
    /* What is held is on nobody's wire yet, for the one who holds it. */
    opens("1. SYN-SENT --> <SEQ=1><CTL=SYN> ... CLOSED\n"
          "2. SYN-SENT <-- <SEQ=2><CTL=SYN> <-- SYN-SENT\n",
          true, true);
    opens("1. ESTABLISHED ESTABLISHED\n2. <-- <SEQ=1><CTL=ACK> <--\n", false, false);
}
