/* The walk from item to item of the figure. Between two rows nothing of another end's goes on:
 * what comes early is kept until a row asks for it, as if it had been a little longer under way, so
 * that both columns can be held against the figure in the figure's order. */
#ifndef TCPSHAKE_MEASURE_PLAY_PLAY_WALK_H
#define TCPSHAKE_MEASURE_PLAY_PLAY_WALK_H

#include "measure/play/play.h"

/* Goes on as far as it can without time passing or a segment crossing the wire. */
void play_walk(struct play *p);
/* Nothing else happens before that instant, unless a segment comes. */
void play_walk_wait(struct play *p, enum play_phase phase, int64_t until_ns);
/* The instant has come. */
void play_walk_time_up(struct play *p);
/* Something has come at `t_ns`. If that is after what the row waited for was over, and only our
 * timer is late, time is up first. */
void play_walk_time_is(struct play *p, int64_t t_ns);
/* The row's segment, ours, was seen leaving. */
void play_walk_left(struct play *p, const struct segment *seg);
/* No further: what is left of the figure is not reached, the record is made complete, and nothing
 * of ours stays half open. */
void play_walk_end(struct play *p);
/* Afterwards, if the figure went over to our other port: whenever a segment has left or the timer
 * has fired. What is open there is reset once the first connection's has left. */
void play_walk_end_other_port(struct play *p);
/* For who waits: "line 3: waiting for 192.0.2.7 to close, 12 s left". */
void play_walk_progress(const struct play *p, int64_t now_ns, char *out, size_t cap);

#endif
