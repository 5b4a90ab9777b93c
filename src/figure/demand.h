/* What a figure as a whole asks of whoever plays it. */
#ifndef TCPSHAKE_FIGURE_DEMAND_H
#define TCPSHAKE_FIGURE_DEMAND_H

#include "figure/figure.h"

/* A connection before its first segment: a handshake that it does not show comes before. */
bool demand_connection(const struct figure *f);
/* Timestamps: <TS> stands in it. */
bool demand_timestamps(const struct figure *f);
/* A second port of ours: (other port). */
bool demand_second_port(const struct figure *f);
/* That the peer opens: the first segment on the wire is not that of `us`. */
bool demand_peer_opens(const struct figure *f, enum figure_side us);

#endif
