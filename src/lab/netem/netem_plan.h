/* What becomes of each packet on the lab's wire, by its rules and a key: the same packets, in the
 * same order within each way, fare the same for the same key. Pure: the time is that of the frame.
 */
#ifndef TCPSHAKE_LAB_NETEM_NETEM_PLAN_H
#define TCPSHAKE_LAB_NETEM_NETEM_PLAN_H

#include "base/clock.h"
#include "base/hash.h"
#include "lab/netem/netem_look.h"
#include "lab/netem/netem_rule.h"

/* How long a packet that is to come after the next one waits for that. */
#define NETEM_REORDER_WAIT (100 * CLOCK_MS)

enum {
    NETEM_COPIES_MAX = 4
};

struct netem_plan {
    struct netem_rules rules;
    struct hash_key key;
    uint64_t packets[ENDS];                /* that came, by which chance is drawn */
    uint32_t named[NETEM_RULES_MAX][ENDS]; /* segments that a rule names */
    int64_t last_due[ENDS];                /* of what keeps its place */
};

struct netem_verdict {
    bool lost;
    unsigned copies; /* 1, or more */
    int64_t due_ns;  /* when it goes on; a further copy goes right behind */
    /* It has left its place: what comes behind it may overtake it. */
    bool held;
    bool late; /* it goes as soon as the next one of its way has, at due_ns at the latest */
    bool corrupted;
    uint64_t dice;   /* for netem_look_corrupt */
    uint32_t caused; /* by which rules: a bit each, in their order; NETEM_DELAY has none */
};

void netem_plan_init(struct netem_plan *plan, const struct netem_rules *rules, uint64_t seed);

/* The verdict on the next frame that came in at that way, at `t_ns`. Delay with a variation keeps
 * the order of what keeps its place, as a queue does: the order is changed by hold and reorder
 * alone. A number in a rule counts the segments that came, lost or not. */
void netem_plan_judge(struct netem_plan *plan, enum end way, const struct netem_look *look,
                      int64_t t_ns, struct netem_verdict *verdict);

#endif
