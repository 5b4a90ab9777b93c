/* The lab's --truth: after every segment the peer's kernel is asked for the real state, which is
 * recorded beside the inferred set and held against it.
 *
 * The question is asked a moment after the segment, and the peer may have gone on meanwhile, with
 * the segment that shows it still in our capture. A reading that the set does not hold is therefore
 * kept back: if a segment that was under way explains it, it belonged to that later moment; if none
 * does within a short time, the inference was wrong, which is a fault. Where segments of the peer's
 * may never reach us, or take their time, a state is explained by such a segment too. */
#ifndef TCPSHAKE_LAB_TRUTH_CHECK_H
#define TCPSHAKE_LAB_TRUTH_CHECK_H

#include "talk/talks.h"
#include "lab/lab.h"

struct truth_check {
    struct lab *lab;
    bool unheard; /* not every segment of the peer's reaches us */
    struct {
        unsigned readings; /* that are kept back; the first of them at the latest until: */
        int64_t until_ns;
    } pending[STATE_COUNT];
    uint32_t session; /* the counts below are this one's */
    unsigned readings, ahead, outside;
    bool failed;
    struct fault fault; /* why the last reading failed */
};

void truth_check_init(struct truth_check *w, struct lab *lab, bool unheard);
/* What to put into the run's configuration. */
struct talks_observer truth_check_observer(struct truth_check *w);

/* Whether the set holds what the kernel says. Where there is no connection, LISTEN and CLOSED are
 * one (peer.h). */
bool truth_check_holds(state_set set, enum state s);

#endif
