/* The network of a figure between two kernels: what has come out of an end is passed on, held, or
 * let go and copied later, as the figure's arrows say. */
#ifndef TCPSHAKE_MEASURE_PLAY_STAGED_WIRE_H
#define TCPSHAKE_MEASURE_PLAY_STAGED_WIRE_H

#include "measure/play/staged.h"

enum staged_arrival {
    STAGED_ARRIVAL_AWAITED, /* it was the row's */
    STAGED_ARRIVAL_OTHER,   /* noted, passed on or held; the row goes on waiting */
    STAGED_ARRIVAL_WRONG,   /* the row deviates */
    STAGED_ARRIVAL_EARLY,   /* its turn may come */
};

/* A segment has come out of `from`: is it what the row awaits? */
enum staged_arrival staged_wire_consider(struct talk *p, enum end from,
                                         const struct seg_queue_entry *k);
/* It came while nothing was to come. False if it says nothing new. */
bool staged_wire_breaks_silence(struct talk *p, enum end from, const struct seg_queue_entry *k);
/* Before the figure begins and after it has ended everything passes. */
void staged_wire_pass(struct talk *p, enum end from, const struct segment *seg);
/* The row's segment arrives, which left earlier. */
void staged_wire_release(struct talk *p);

#endif
