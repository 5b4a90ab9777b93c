/* The lab's wire among the packets: what it tells, as remarks on a run. */
#ifndef TCPSHAKE_LAB_NETEM_NETEM_REMARKS_H
#define TCPSHAKE_LAB_NETEM_NETEM_REMARKS_H

#include "net/remarks.h"
#include "event/result.h"
#include "lab/netem/netem.h"

/* The wire has to outlive it. */
struct remarks_source netem_remarks(struct netem *w);

/* A line that says what the wire is told to do, and how to have it done again: for the record of
 * the run. Returns `out`. */
char *netem_remarks_describe(const struct netem *w, char *out, size_t cap);

/* How many packets fared how, for the result: by rules, and lost against our will. */
void netem_remarks_report(const struct netem *w, struct result *r);

#endif
