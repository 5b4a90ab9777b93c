/* What is wrong with a figure as a whole is said before anything is sent, and where; the figures of
 * the RFCs and sensible variations pass. */
#include "unit.h"

#include <stdio.h>

#include "figure.h"
#include "figure/check.h"

static void expect(const char *text, enum end us, const char *complaint)
{
    struct figure f;
    struct fault fault = {""};
    if (figure_parse(&f, "f", text, strlen(text), &fault) != STATUS_OK)
        fail_msg("%s", fault.text);
    fault.text[0] = '\0';
    enum status s = figure_check(&f, us, &fault);
    assert_string_equal(fault.text, complaint);
    assert_int_equal(s, complaint[0] == '\0' ? STATUS_OK : STATUS_MALFORMED);
    figure_done(&f);
}

/* With a kernel at each end. */
static void between(const char *text, const char *complaint)
{
    struct figure f;
    struct fault fault = {""};
    if (figure_parse(&f, "f", text, strlen(text), &fault) != STATUS_OK)
        fail_msg("%s", fault.text);
    fault.text[0] = '\0';
    enum status s = figure_check_between(&f, &fault);
    assert_string_equal(fault.text, complaint);
    assert_int_equal(s, complaint[0] == '\0' ? STATUS_OK : STATUS_MALFORMED);
    figure_done(&f);
}

static void expect_file(const char *folder, const char *name, enum end us, const char *complaint)
{
    char path[4096], text[FIGURE_SOURCE_MAX];
    const char *top = getenv("srcdir");
    (void)snprintf(path, sizeof(path), "%s/tests/%s/%s", top != NULL ? top : ".", folder, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t len = fread(text, 1, sizeof(text) - 1, f);
    text[len] = '\0';
    (void)fclose(f);
    expect(text, us, complaint);
}

UNIT_TEST(figures_of_the_rfcs)
{
#define CRASH "the peer cannot be made to crash, expected this in our column, or the lab's peer"
#define OLD   "the peer cannot be made to send an old duplicate, expected this in our column"
    static const struct {
        const char *name, *complaint; /* as B */
    } figures[] = {
        {"rfc9293-figure-6.txt", ""},
        {"rfc9293-figure-7.txt", ""},
        {"rfc9293-figure-8.txt", "f:7:8: " OLD},
        {"rfc9293-figure-9.txt", "f:3:10: " CRASH},
        {"rfc9293-figure-10.txt", "f:3:8: " CRASH},
        {"rfc9293-figure-11.txt", "f:5:17: " OLD},
        {"rfc9293-figure-12.txt", ""},
        {"rfc9293-figure-13.txt", ""},
        {"rfc793-figure-7.txt", ""},
        {"rfc793-figure-8.txt", "f:15:24: " OLD}, /* line 7 is none that was sent */
        {"rfc793-figure-9.txt", "f:7:7: " OLD},
        {"rfc793-figure-10.txt", "f:3:7: " CRASH},
        {"rfc793-figure-11.txt", "f:3:7: " CRASH},
        {"rfc793-figure-12.txt", "f:5:16: " OLD},
        {"rfc793-figure-13.txt", ""},
        {"rfc793-figure-14.txt", ""},
    };
    for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
        expect_file("figures", figures[i].name, END_A, "");
        expect_file("figures", figures[i].name, END_B, figures[i].complaint);
    }
}

UNIT_TEST(ladders)
{
    static const char *const names[] = {
        "handshake-80.txt", "handshake-verbose-120.txt",
        "hostile-80.txt",   "refused-80.txt",
        "synack-80.txt",    "truth-80.txt",
        "truth-120.txt",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        expect_file("golden", names[i], END_A, "");
}

UNIT_TEST(states)
{
    expect("1. CLOSED LISTEN\n2. ESTABLISHED LISTEN\n", END_A,
           "f:2:4: A cannot be in ESTABLISHED here, expected CLOSED|LISTEN or a segment before "
           "that leads there");
    expect("1. CLOSED LISTEN\n2. SYN-SENT --> <CTL=SYN> --> ESTABLISHED\n", END_A,
           "f:2:31: B cannot be in ESTABLISHED here, expected CLOSED|LISTEN|SYN-RECEIVED or a "
           "segment before that leads there");
    expect("1. ESTABLISHED ESTABLISHED\n2. --> <CTL=ACK> --> CLOSE-WAIT\n", END_A,
           "f:2:22: B cannot be in CLOSE-WAIT here, expected CLOSED|LISTEN|ESTABLISHED or a "
           "segment before that leads there");
    expect("1. ESTABLISHED ESTABLISHED\n2. FIN-WAIT-2 --> <CTL=FIN,ACK> --> CLOSE-WAIT\n", END_A,
           "f:2:4: A cannot be in FIN-WAIT-2 here, expected CLOSED|LISTEN|ESTABLISHED|FIN-WAIT-1 "
           "or a segment before that leads there");
    /* Held in the network, it has not arrived. */
    expect("1. CLOSED LISTEN\n2. SYN-SENT --> <CTL=SYN> ... SYN-RECEIVED\n", END_A,
           "f:2:31: B cannot be in SYN-RECEIVED here, expected CLOSED|LISTEN or a segment before "
           "that leads there");
    /* Time-outs, calls and crashes need not be shown, nor what a segment has whose bits are not. */
    expect("1. ESTABLISHED ESTABLISHED\n2. CLOSED LISTEN\n", END_A, "");
    expect("1. CLOSED LISTEN\n2. SYN-SENT --> <SEQ=1> --> ESTABLISHED\n", END_A, "");
    expect("1. CLOSED LISTEN\n2. (connect)\n3. SYN-SENT LISTEN\n", END_A, "");
    expect("1. ESTABLISHED ESTABLISHED\n2. (Close)\n3. FIN-WAIT-1 ESTABLISHED\n", END_A, "");
    /* One of several is enough; a state that is shown late may be. */
    expect("1. CLOSED CLOSED|LISTEN\n2. SYN-SENT --> <CTL=SYN> --> CLOSED|SYN-RECEIVED\n", END_A,
           "");
    expect("1. SYN-SENT LISTEN\n2. SYN-SENT <-- <CTL=SYN,ACK> <--\n3. ESTABLISHED SYN-RECEIVED\n",
           END_A,
           "f:3:16: B cannot be in SYN-RECEIVED here, expected CLOSED|LISTEN|SYN-SENT or a segment "
           "before that leads there");
    expect("1. SYN-SENT SYN-RECEIVED\n2. SYN-SENT <-- <CTL=SYN,ACK> <--\n"
           "3. ESTABLISHED --> <CTL=ACK> -->\n",
           END_A, "");
}

UNIT_TEST(states_of_alternatives)
{
    static const char both[] = "1. ESTABLISHED ESTABLISHED\n"
                               "either\n2. CLOSE-WAIT <-- <CTL=FIN,ACK> <-- FIN-WAIT-1\n"
                               "or\n3. %s <-- <CTL=RST> <-- CLOSED\nend\n"
                               "4. %s CLOSED\n";
    char text[256];
    (void)snprintf(text, sizeof(text), both, "CLOSED", "CLOSE-WAIT");
    expect(text, END_A, "");
    (void)snprintf(text, sizeof(text), both, "CLOSED", "CLOSED");
    expect(text, END_A, "");
    (void)snprintf(text, sizeof(text), both, "CLOSE-WAIT", "CLOSED");
    expect(text, END_A,
           "f:5:4: A cannot be in CLOSE-WAIT here, expected CLOSED|LISTEN|ESTABLISHED or a segment "
           "before that leads there");
    (void)snprintf(text, sizeof(text), both, "CLOSED", "FIN-WAIT-1");
    expect(text, END_A,
           "f:7:4: A cannot be in FIN-WAIT-1 here, expected CLOSED|LISTEN|CLOSE-WAIT or a segment "
           "before that leads there");
}

UNIT_TEST(arrivals)
{
    static const char not_sent[] = "this segment arrives without having left, expected (duplicate) "
                                   "or a row before in which it leaves";
    char complaint[160];
    (void)snprintf(complaint, sizeof(complaint), "f:2:16: %s", not_sent);
    expect("1. CLOSED LISTEN\n2. CLOSED  ... <SEQ=9><CTL=SYN> -->\n", END_A, complaint);
    expect("1. CLOSED LISTEN\n2. (duplicate) ... <SEQ=9><CTL=SYN> -->\n", END_A, "");
    expect("1. CLOSED LISTEN\n2. (forged) ... <SEQ=9><CTL=SYN> -->\n", END_A, "");
    expect("1. CLOSED LISTEN\n2. (forged) ... <SEQ=9><CTL=SYN> -->\n", END_B,
           "f:2:17: the peer cannot be made to send an old duplicate, expected this in our column");
    expect("1. LISTEN LISTEN\n2. ... <SEQ=9><CTL=SYN> --> SYN-RECEIVED\n", END_B,
           "f:2:8: the peer cannot be made to send an old duplicate, expected this in our column");
    expect("1. CLOSED LISTEN\n2. (forged) ... <SEQ=9><CTL=SYN> -->\n", END_A, "");
    expect("1. CLOSED LISTEN\n2. --> <SEQ=9><CTL=SYN> ...\n3. SYN-SENT ... <SEQ=9><CTL=SYN> -->\n",
           END_A, "");
    expect("1. CLOSED LISTEN\n2. --> <SEQ=9><CTL=SYN> ...\n3. SYN-SENT ... <SEQ=9> -->\n", END_A,
           "");
    (void)snprintf(complaint, sizeof(complaint), "f:3:17: %s", not_sent);
    expect("1. CLOSED LISTEN\n2. --> <SEQ=9><CTL=SYN> ...\n3. SYN-SENT ... <SEQ=8><CTL=SYN> -->\n",
           END_A, complaint);
    /* The other way round. */
    (void)snprintf(complaint, sizeof(complaint), "f:2:8: %s", not_sent);
    expect("1. CLOSED LISTEN\n2. <-- <SEQ=9><CTL=RST> ... LISTEN\n", END_A, complaint);
    expect("1. CLOSED LISTEN\n2. ... <SEQ=9><CTL=RST> <-- LISTEN\n"
           "3. <-- <SEQ=9><CTL=RST> ... LISTEN\n",
           END_A, "");
    /* What leaves late in a repeated block arrives early the next time round. */
    expect("1. CLOSED LISTEN\nrepeat 2\n2. CLOSED ... <SEQ=9><CTL=RST> -->\n"
           "3. CLOSED --> <SEQ=9><CTL=RST> ...\nend\n",
           END_A, "");
    expect("1. CLOSED LISTEN\n2. --> <SEQ=9><CTL=SYN> --> (duplicate)\n", END_A,
           "f:2:29: (duplicate) at the end that this segment goes to, expected it at the other");
}

UNIT_TEST(acknowledgments)
{
    static const char handshake[] = "1. CLOSED LISTEN\n2. SYN-SENT --> <SEQ=%s><CTL=SYN> -->\n"
                                    "3. SYN-SENT <-- <SEQ=%s><ACK=%s><CTL=SYN,ACK> <--\n"
                                    "4. --> <SEQ=101><ACK=%s><CTL=ACK> -->\n";
    static const struct {
        const char *seq, *peer_seq, *peer_ack, *ack;
        const char *complaint;
    } cases[] = {
        {"100", "300", "101", "301", ""},
        {"100", "300", "92", "301", ""},      /* a wrong expectation is for the run to find */
        {"100", "300", "101", "9999999", ""}, /* ours may be wrong on purpose */
        {"100", "300", "70000", "301",
         "f:3:17: an ACK of 70000, near which A sends nothing, expected a number of its own"},
        {"4294967290", "300", "5", "301", ""},
        {"x", "y", "x+1", "y+1", ""},
        {"x", "y", "y+1", "y+1",
         "f:3:17: an ACK of y, which A never sends, expected a number of its own"},
        {"x", "y", "x+1", "z",
         "f:4:8: an ACK of z, which B never sends, expected a number of its own"},
        {"100", "y", "x", "y+1",
         "f:3:17: an ACK of x, which A never sends, expected a number of its own"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[512];
        (void)snprintf(text, sizeof(text), handshake, cases[i].seq, cases[i].peer_seq,
                       cases[i].peer_ack, cases[i].ack);
        expect(text, END_A, cases[i].complaint);
    }
    /* In the middle of a connection there are numbers that the figure does not show. */
    expect("1. ESTABLISHED ESTABLISHED\n2. SYN-SENT --> <SEQ=100><CTL=SYN> -->\n"
           "3. <-- <SEQ=1><ACK=9000000><CTL=ACK> <--\n",
           END_A, "");
    expect("1. ESTABLISHED ESTABLISHED\n2. --> <SEQ=x><ACK=y><CTL=ACK> -->\n"
           "3. <-- <SEQ=y><ACK=x><CTL=ACK> <--\n",
           END_A, "");
    expect("1. CLOSED (send y,receive x)\n2. <-- <SEQ=y><ACK=x><CTL=ACK> <--\n"
           "3. --> <SEQ=x><CTL=RST> -->\n",
           END_A, "");
}

UNIT_TEST(events_times_alternatives)
{
    expect(
        "1. CLOSED ESTABLISHED\n2. CLOSED        (REBOOT)\n", END_A,
        "f:2:18: the peer cannot be made to crash, expected this in our column, or the lab's peer");
    expect("1. CLOSED ESTABLISHED\n2. CLOSED        (REBOOT)\n", END_B, "");
    expect("1. (new ISN) --> <SEQ=1><CTL=ACK> -->\n", END_A,
           "f:1:4: (new ISN) beside a segment that is no SYN of this end");
    expect("1. <-- <SEQ=1><CTL=SYN> <-- (new ISN)\n", END_A, "");
    expect("1. --> <SEQ=1> --> [within 1s]\n", END_A,
           "f:1:8: [after] and [within] are about what the peer sends, expected (wait 1s) in our "
           "column of a row before");
    expect("1. --> <SEQ=1> --> [within 1s]\n", END_B, "");
    expect("1. CLOSED LISTEN [within 1s]\n", END_A, "");
    expect("either\n1. <-- <SEQ=1> <--\nor\n2. --> <SEQ=1> -->\nend\n", END_A,
           "f:4:1: an alternative that does not begin with what B does, expected a segment of its "
           "or [silence 3s]");
    expect("either\n1. --> <SEQ=1> -->\nor\n2. [silence 1s]\nend\n", END_B, "");
    expect("either\n1. ... <SEQ=1> <--\nor\n2. <-- <SEQ=1> ...\nend\n", END_A,
           "f:4:1: an alternative that does not begin with what B does, expected a segment of its "
           "or [silence 3s]");
    expect("either\n1. CLOSED LISTEN\n2. <-- <SEQ=1> <--\nor\n3. [silence 1s]\nend\n", END_A,
           "f:2:1: an alternative that does not begin with what B does, expected a segment of its "
           "or [silence 3s]");
}

UNIT_TEST(two_kernels)
{
#define NOT_LEFT                                                                                   \
    "this segment arrives without having left, expected a row before in which it leaves: the "     \
    "wire can only copy what it has seen"
#define ONE_PORT "a kernel has one port in a figure, expected tcpshake at this end"
    /* Neither end crafts anything, and the wire invents nothing. */
    between("1. (duplicate) ... <SEQ=90><CTL=SYN> --> SYN-RECEIVED\n", "f:1:20: " NOT_LEFT);
    between("1. CLOSED LISTEN\n2. ... <SEQ=90><CTL=SYN> -->\n", "f:2:8: " NOT_LEFT);
    between("1. --> <SEQ=90><CTL=SYN> -->\n2. (duplicate) ... <SEQ=90><CTL=SYN> -->\n", "");
    between("1. --> <SEQ=90><CTL=SYN> -->\n2. (duplicate) ... <SEQ=91><CTL=SYN> -->\n",
            "f:2:20: " NOT_LEFT);
    between("1. --> <SEQ=90><CTL=SYN> ...\n2. ... <SEQ=90><CTL=SYN> -->\n", "");
    /* It left at the other end. */
    between("1. <-- <SEQ=90><CTL=SYN> <--\n2. ... <SEQ=90><CTL=SYN> -->\n", "f:2:8: " NOT_LEFT);
    /* Both can crash, neither has a second port. */
    between("1. CLOSED ESTABLISHED\n2. CLOSED        (REBOOT)\n", "");
    between("1. ESTABLISHED ESTABLISHED\n2. (CRASH)\n", "");
    between("1. CLOSED LISTEN\n2. (other port)\n", "f:2:4: " ONE_PORT);
    between("1. CLOSED LISTEN\n2. CLOSED       (first port)\n", "f:2:17: " ONE_PORT);
    /* Times and alternatives may be about either. */
    between("1. --> <SEQ=1> --> [within 1s]\n", "");
    between("1. <-- <SEQ=1> <-- [after 1s]\n", "");
    between("either\n1. <-- <SEQ=1> <--\nor\n2. --> <SEQ=1> -->\nor\n3. [silence 1s]\nend\n", "");
    between("either\n1. CLOSED LISTEN\nor\n2. [silence 1s]\nend\n",
            "f:2:1: an alternative that does not begin with what B does, expected a segment of its "
            "or [silence 3s]");
    /* Whatever a kernel acknowledges, it is there to be found out. */
    between("1. SYN-SENT --> <SEQ=100><CTL=SYN> --> SYN-RECEIVED\n"
            "2. SYN-SENT <-- <SEQ=5><ACK=9000000><CTL=SYN,ACK> <-- SYN-RECEIVED\n",
            "");
    between("1. CLOSED LISTEN\n2. ESTABLISHED ESTABLISHED\n",
            "f:2:4: A cannot be in ESTABLISHED here, expected CLOSED|LISTEN or a segment before "
            "that leads there");
#undef NOT_LEFT
#undef ONE_PORT
}
