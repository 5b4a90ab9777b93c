/* What a figure as a whole asks of whoever plays it. */
#ifndef TCPSHAKE_FIGURE_NEEDS_H
#define TCPSHAKE_FIGURE_NEEDS_H

#include "figure/figure.h"

/* A connection before its first segment: a handshake that it does not show comes before. */
bool needs_connection(const struct figure *f);
/* Timestamps: <TS> stands in it. */
bool needs_timestamps(const struct figure *f);
/* A second port of ours: (other port). */
bool needs_second_port(const struct figure *f);
/* That the peer opens: the first segment on the wire is not that of `us`. */
bool needs_peer_opens(const struct figure *f, enum end us);

#endif
