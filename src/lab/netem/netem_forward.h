/* The wire at work: frames in at one side, out at the other, and what the rules make of them
 * between. It reads the relay, the clock and the plan, and tells what it did. */
#ifndef TCPSHAKE_LAB_NETEM_NETEM_FORWARD_H
#define TCPSHAKE_LAB_NETEM_NETEM_FORWARD_H

#include "lab/netem/netem_rule.h"
#include "net/relay.h"

struct netem_forward;

/* `relay` is its user's and outlives it; `told` is a datagram socket that gets a struct
 * netem_report for what befalls, as long as it takes them. Caller frees. NULL with a line. */
struct netem_forward *netem_forward_new(struct relay *relay, const struct netem_rules *rules,
                                        uint64_t seed, int told, struct fault *fault);
void netem_forward_free(struct netem_forward *f);

/* Gives up every privilege and forwards: until SIGTERM, STATUS_OK, or until an interface is gone,
 * with a line that has been told too. `ready` is called in between; its failure is one of ours. */
enum status netem_forward_run(struct netem_forward *f,
                              enum status (*ready)(void *arg, struct fault *fault), void *arg,
                              struct fault *fault);

#endif
