/* What becomes of a segment that has come out of an end which is not ours: it is what is awaited,
 * it is none of the figure's business, it comes too early, or it is wrong. And what stays in the
 * network as the figure's arrows say, to arrive later, or again as a copy. */
#ifndef TCPSHAKE_MEASURE_PLAY_PLAY_WIRE_H
#define TCPSHAKE_MEASURE_PLAY_PLAY_WIRE_H

#include "measure/play/play.h"

enum play_arrival {
    PLAY_ARRIVAL_AWAITED, /* the walk is at its row now */
    PLAY_ARRIVAL_OTHER,   /* taken in; the row goes on waiting */
    PLAY_ARRIVAL_EARLY,   /* something comes before it, or its turn may come */
    PLAY_ARRIVAL_WRONG,   /* taken in; the row deviates */
};

/* While the row, or one of the alternatives, waits for its segment. */
enum play_arrival play_wire_consider(struct play *p, enum end from,
                                     const struct seg_queue_entry *k);
/* While nothing may come. */
enum play_arrival play_wire_consider_in_silence(struct play *p, enum end from,
                                                const struct seg_queue_entry *k);
/* The row's segment, which left earlier, arrives. */
void play_wire_release(struct play *p);
/* What has come and no row has asked for: the record is complete even so. */
void play_wire_take_rest(struct play *p);

#endif
