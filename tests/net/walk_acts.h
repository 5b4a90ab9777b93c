/* The steps of a walk that are not our end's: what the peer's application does, and what others on
 * the network do. */
#ifndef TCPSHAKE_TEST_WALK_ACTS_H
#define TCPSHAKE_TEST_WALK_ACTS_H

#include "walk.h"

/* STEP_PEER, STEP_OTHERS. */
void walk_acts_peer(struct talk *x, const struct step *s);
void walk_acts_others(struct talk *x, const struct step *s);
/* What the peer's kernel says; where it cannot be asked the walk has failed. */
enum state walk_acts_truth(struct talk *x);
/* The next session's peer must be as this one's was: listening, nothing connected, nobody about. */
void walk_acts_settle(struct talk *x);

#endif
