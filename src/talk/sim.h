/* Conversations with a peer that is only imagined, on a clock that is only counted: for --dry-run
 * and for tests. The peer is a callback; an ideal one, a textbook TCP that closes when we do, is
 * here.
 */
#ifndef TCPSHAKE_TALK_SIM_H
#define TCPSHAKE_TALK_SIM_H

#include "talk/talks.h"

struct sim;

struct sim_peer {
    /* One of our segments arrives. The peer answers with sim_emit. */
    void (*receives)(void *arg, struct sim *sim, const struct segment *seg);
    /* Whether the wire loses a segment; NULL: it loses none. */
    bool (*loses)(void *arg, bool ours, const struct segment *seg);
    void *arg;
};

/* `start_ns` is the first instant, `delay_ns` the way in one direction. Release with sim_free.
 * NULL when memory ran out. */
struct sim *sim_new(const struct sim_peer *peer, int64_t start_ns, int64_t delay_ns);
void sim_free(struct sim *sim);

/* The link to hand to talks_start. */
struct link sim_link(struct sim *sim);
int64_t sim_now(const struct sim *sim);

/* From a peer's callback: this segment leaves the peer `after_ns` from now. `seg->src` and `dst`
 * are the peer's; options from opt.raw. */
void sim_emit(struct sim *sim, int64_t after_ns, const struct segment *seg, const void *data,
              size_t n);
/* The same for any octets, which need be no valid packet. */
void sim_emit_raw(struct sim *sim, int64_t after_ns, const uint8_t *ip, size_t n);

/* Runs until they are over, nothing more can happen, or `limit_ns` of simulated time has passed.
 */
enum status sim_run(struct sim *sim, struct talks *talks, int64_t limit_ns, struct fault *fault);

/* The ideal peer. Zero it; `link_to` gives the callbacks. */
struct sim_ideal {
    struct tcb tcb;
    bool begun;
};
struct sim_peer sim_ideal_peer(struct sim_ideal *ideal);

#endif
