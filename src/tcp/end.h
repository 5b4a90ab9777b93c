/* The two ends of a connection, named as the figures of RFC 9293 name them: A stands left. In
 * `tcpshake` A is our side unless a figure is played the other way round. A direction is named by
 * the end it starts from. */
#ifndef TCPSHAKE_TCP_END_H
#define TCPSHAKE_TCP_END_H

enum end {
    END_A,
    END_B
};

enum {
    ENDS = 2
};

static inline enum end end_other(enum end end)
{
    return end == END_A ? END_B : END_A;
}

#endif
