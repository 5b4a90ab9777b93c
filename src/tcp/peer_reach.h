/* How far what we have sent the peer can have gone with it, if whatever may have arrived has. */
#ifndef TCPSHAKE_TCP_PEER_REACH_H
#define TCPSHAKE_TCP_PEER_REACH_H

#include "tcp/peer_sent.h"

/* The number after its text, and whether it has the number. */
seq_t peer_reach_text_end(const struct peer_sent_segment *e);
bool peer_reach_covers(const struct peer_sent_segment *e, seq_t number);
/* How far the numbers go without a gap, from `at` on, if everything arrives. */
seq_t peer_reach_from(const struct peer_sent *s, seq_t at);
/* The highest number that the peer can expect by now, if everything has arrived. */
seq_t peer_reach_now(const struct peer_sent *s);
/* Whether the peer can take its text and FIN as they come: what has no ACK is dropped, and so is a
 * SYN, but for the one that opens the connection. */
bool peer_reach_takes_numbers(const struct peer_sent *s, const struct peer_sent_segment *e);
/* Whether a peer that has told what it expects may find any of the segment in its window; the edges
 * are taken wide by one. */
bool peer_reach_fits(const struct peer_sent *s, const struct peer_sent_segment *e);
/* The same for one that has taken a SYN of ours and has not been heard since. */
bool peer_reach_fits_syn(const struct peer_sent *s, const struct peer_sent_segment *e);
/* Whether a FIN of ours may be next in order, with all before it arrived. */
bool peer_reach_fin(const struct peer_sent *s);
/* Whether the segment has text behind a FIN of ours: what no proper end sends. */
bool peer_reach_text_behind_fin(const struct peer_sent *s, const struct peer_sent_segment *e);

#endif
