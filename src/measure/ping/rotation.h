/* Whose turn it is: each target is asked once an interval, the targets spread evenly over it, all
 * on absolute times so that no delay adds up. Knows no clock: it is told the time, in ns. */
#ifndef TCPSHAKE_MEASURE_PING_ROTATION_H
#define TCPSHAKE_MEASURE_PING_ROTATION_H

#include <stddef.h>
#include <stdint.h>

struct rotation {
    int64_t interval_ns;
    size_t targets;  /* at least 1 */
    uint64_t rounds; /* so many for each target; 0: without end */
    int64_t start_ns, end_ns;
    uint64_t round; /* the one that is on, from 0 */
    size_t next;    /* whose turn it is in it */
};

enum rotation_answer {
    ROTATION_NOW,
    ROTATION_LATER, /* not before `*at_ns` */
    ROTATION_OVER,
};

/* `end_ns` is when to ask nobody any more; CLOCK_NEVER: not by time. */
void rotation_init(struct rotation *t, size_t targets, uint64_t rounds, int64_t interval_ns,
                   int64_t start_ns, int64_t end_ns);

/* Whether somebody's turn has come, and then whose, from 0, and its how many-th, from 1. After a
 * pause of more than an interval and 20 ms (a machine that slept) the rest is put off rather than
 * made up for in a burst. */
enum rotation_answer rotation_take(struct rotation *t, int64_t now_ns, size_t *target,
                                   uint64_t *number, int64_t *at_ns);

#endif
