/* What of the peer's was matched: by this a copy is told from what is new, and an ISN from those
 * that were there before. */
#ifndef TCPSHAKE_PROBE_PLAY_SEEN_H
#define TCPSHAKE_PROBE_PLAY_SEEN_H

#include "probe/play.h"

/* The segment is the row's. */
void play_seen_add(struct play *p, const struct segment *seg);
/* Whether it is a copy of one that was matched. */
bool play_seen_has(const struct play *p, const struct segment *seg);
/* Whether the figure shows again what was matched before: by its number, which is known. */
bool play_seen_shows_again(const struct play *p, const struct figure_segment *f);

#endif
