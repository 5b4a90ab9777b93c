/* How fast packets may leave: evenly at a rate, catching up a little after a delay, but never more
 * than the rate in any one second. What has left within the last second is therefore remembered; a
 * token bucket alone would let through its rate and its burst. Knows no clock: it is told the time.
 */
#ifndef TCPSHAKE_TALK_PACE_H
#define TCPSHAKE_TALK_PACE_H

#include <stdint.h>

enum {
    PACE_LOG = 16384, /* batches remembered; those that leave within PACE_SLICE are taken as one */
};

#define PACE_SLICE (INT64_C(1000000000) * 2 / PACE_LOG) /* ns */

struct pace {
    uint64_t rate;      /* packets a second, the bound */
    double now_rate;    /* what is aimed at: less than the bound after trouble */
    int64_t next_ns;    /* when the next packet is due */
    int64_t easier_ns;  /* when the pace may be raised again */
    int64_t lower_ns;   /* from when on more trouble lowers it further */
    uint64_t in_second; /* packets in the log */
    struct {
        int64_t began_ns, left_ns; /* the first and the last of them, at the latest */
        uint64_t count;
    } log[PACE_LOG];
    uint32_t first, used; /* of the log */
};

/* `rate` is at least 1. */
void pace_init(struct pace *p, uint64_t rate, int64_t now_ns);

/* How many packets may leave at `now_ns`, at most `most`. */
unsigned pace_allows(struct pace *p, unsigned most, int64_t now_ns);
/* `count` packets have left, by `after_ns`: read from the clock behind the call that sent them. */
void pace_left(struct pace *p, unsigned count, int64_t after_ns);
/* When pace_allows will next give `count`, at least 1, or as many as can be waited for without more
 * of a delay than is caught up. */
int64_t pace_next(const struct pace *p, unsigned count);

/* Something on the way was too full: nothing for a moment, then aim lower, but for the same trouble
 * only once; it is raised again step by step when `now_ns` has moved on without more trouble. */
void pace_trouble(struct pace *p, int64_t now_ns);

#endif
