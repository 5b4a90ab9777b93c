/* From a figure's segment to one of ours: the numbers of the wire, and what the figure leaves open
 * as our TCB would have it. */
#ifndef TCPSHAKE_TALK_EMISSION_H
#define TCPSHAKE_TALK_EMISSION_H

#include "figure/bind.h"
#include "talk/outbox.h"

enum {
    EMISSION_DATA_MAX = 1400
};

/* Whom the segment is to come from, as far as our TCB is concerned. */
enum emission_kind {
    EMISSION_REGULAR,   /* it is our TCB's if the TCB could send it */
    EMISSION_DUPLICATE, /* an old one: our TCB knows nothing of it */
    EMISSION_ABORT,     /* a reset that carries out ABORT */
};

/* Ties numbers that are used for the first time to what our end sends next: SND.NXT, RCV.NXT, or
 * the ISS for a SYN. `*data` may be NULL: zeros. A SYN of a new connection needs a new TCB with
 * seg.seq as its ISS: true is returned then. */
bool emission_of(const struct figure_segment *figured, enum emission_kind kind, enum end us,
                 const struct tcb *t, struct bind *b, struct scripted *out);

#endif
