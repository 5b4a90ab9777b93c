/* The kernel stamps packets by the system's clock, and the run goes by one that nobody sets. When
 * the system's is set meanwhile (NTP, a suspended machine, a migration), its stamps are brought
 * back to where they were, and the step is told. What the clock is only slewed by (adjtime(3), 500
 * ppm) is no step. Units: ns. */
#ifndef TCPSHAKE_NET_STAMPS_H
#define TCPSHAKE_NET_STAMPS_H

#include <stdint.h>

struct stamps {
    int64_t shift_ns;   /* what stamps are to be brought back by */
    int64_t odd_ns;     /* of it, what the system's clock knows nothing of any more */
    int64_t before_ns;  /* the shift before the last step: what is read now may not know of it */
    int64_t ahead_ns;   /* of the run's clock the system's was, when it was last looked at: */
    int64_t looked_ns;  /* by the run's */
    int64_t stepped_ns; /* when the last step was noticed */
    int64_t began_ns;
};

/* The run's clock, by which the system's was right then. */
void stamps_init(struct stamps *s, int64_t now_ns);

/* A packet was stamped `t_ns` and is read at `now_ns` of the run's clock and `system_ns` of the
 * system's. Returns its time by the run's. `*step_ns` is by how much the clock was found to have
 * been set, mostly 0. */
int64_t stamps_correct(struct stamps *s, int64_t t_ns, int64_t now_ns, int64_t system_ns,
                       int64_t *step_ns);

#endif
