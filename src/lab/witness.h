/* The lab's --truth: after every segment the peer's kernel is asked for the real state, which is
 * recorded beside the inferred set and held against it.
 *
 * The question is asked a moment after the segment, and the peer may have gone on meanwhile, with
 * the segment that shows it still in our capture. A reading that the set does not hold is therefore
 * kept back: if a segment that was under way explains it, it belonged to that later moment; if none
 * does within a short time, the inference was wrong, which is a fault. Where segments of the peer's
 * may never reach us, or take their time, a state is explained by such a segment too. */
#ifndef TCPSHAKE_LAB_WITNESS_H
#define TCPSHAKE_LAB_WITNESS_H

#include "engine/run.h"
#include "lab/lab.h"

enum {
    WITNESS_PENDING_MAX = 16
};

struct witness {
    struct lab *lab;
    bool unheard; /* not every segment of the peer's reaches us */
    struct {
        enum state state;
        int64_t until_ns;
    } pending[WITNESS_PENDING_MAX];
    size_t pending_count;
    uint32_t session; /* the counts below are this one's */
    unsigned readings, ahead, outside;
    bool failed;
    struct fault fault; /* why the last reading failed */
};

void witness_init(struct witness *w, struct lab *lab, bool unheard);
/* What to put into the run's configuration. */
struct run_observer witness_observer(struct witness *w);

/* Whether the set holds what the kernel says. Where there is no connection, LISTEN and CLOSED are
 * one (peer.h). */
bool witness_holds(state_set set, enum state s);

#endif
