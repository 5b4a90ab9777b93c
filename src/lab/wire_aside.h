/* The lab's wire among the packets: what it tells, as remarks on a run. */
#ifndef TCPSHAKE_LAB_WIRE_ASIDE_H
#define TCPSHAKE_LAB_WIRE_ASIDE_H

#include "engine/aside.h"
#include "lab/wire.h"

/* The wire has to outlive it. */
struct aside_source wire_aside(struct wire *w);

/* A line that says what the wire is told to do, and how to have it done again: for the record of
 * the run. Returns `out`. */
char *wire_aside_describe(const struct wire *w, char *out, size_t cap);

#endif
