/* What becomes of a segment that has come: it is what is awaited, it is none of the figure's
 * business, it comes too early, or it is wrong. */
#ifndef TCPSHAKE_MEASURE_PLAY_PLAY_ARRIVAL_H
#define TCPSHAKE_MEASURE_PLAY_PLAY_ARRIVAL_H

#include "measure/play/play.h"

enum play_arrival {
    PLAY_ARRIVAL_AWAITED, /* the walk is at its row now */
    PLAY_ARRIVAL_IGNORED, /* taken in; the row goes on waiting */
    PLAY_ARRIVAL_EARLY,   /* it lies behind a gap: what fills the gap comes first */
    PLAY_ARRIVAL_WRONG,   /* taken in; the row deviates */
};

/* While the row, or one of the alternatives, waits for its segment. */
enum play_arrival play_arrival_consider(struct talk *x, const struct seg_queue_entry *k);
/* While nothing may come. */
void play_arrival_breaks_silence(struct talk *x, const struct seg_queue_entry *k);
/* What has come and no row has asked for: the record is complete even so. */
void play_arrival_take_rest(struct talk *x);
/* The row's segment, withheld so far, reaches our end. */
void play_arrival_deliver(struct talk *x);

#endif
