/* What every probe's result tells in the same words: the ends' states, the peer's answer, what may
 * have spoiled the run. Keys as the NDJSON contract has them. */
#ifndef TCPSHAKE_TALK_FACTS_H
#define TCPSHAKE_TALK_FACTS_H

#include "talk/talk.h"

/* The one word for how the peer answered our SYN. */
enum outcome {
    OUTCOME_NONE,
    OUTCOME_NOT_ASKED, /* as far as is known: our SYN was not seen leaving; "error" */
    OUTCOME_OPEN,
    OUTCOME_CLOSED,      /* a reset */
    OUTCOME_FILTERED,    /* silence */
    OUTCOME_UNREACHABLE, /* ICMP says so */
    OUTCOME_INTERRUPTED, /* the user did not wait for it; "error" in the record */
};

/* The facts that they are about, wherever these were gathered: in a conversation, or in the little
 * that is kept of each of many targets. */
struct facts {
    const char *command; /* the probe's name; static */
    struct endpoint remote, local;
    seq_t iss;
    int64_t rtt_ns;       /* 0: unknown */
    int64_t rtt_slack_ns; /* by how much it may be off where our SYN has no stamp of the kernel's */
    const char *name;     /* as the user wrote it, where it is none of the addresses; or NULL */
    bool kernel_quiet;
    uint64_t capture_dropped;
    uint32_t unrecorded; /* segments */
    const char *failure; /* of this host's, which kept the measurement from its end; NULL: none */
    uint8_t rst_ttl;     /* of the reset that answered; 0: none did, or unknown */
    unsigned signs;      /* of who answered (answerer.h), */
    const struct answerer *answerer; /* and what they are seen by; or NULL */
};

struct facts facts_of(const struct talk *x);

/* What it is that no answer came: FILTERED, if anything was seen to be asked. */
enum outcome facts_unanswered(const struct talk *x);

/* "open", "closed", ...: the word in the record; static. */
const char *facts_outcome_word(enum outcome o);

/* "command", "target", "local", "outcome", "rtt_us", "icmp", their lines,
 * and the exit code. `open` says in words what an open peer did; `icmp` is looked at when the
 * outcome is UNREACHABLE. */
void facts_outcome(const struct facts *f, enum outcome o, const char *open,
                   const struct icmp_error *icmp, struct result *r);
/* "own_path", "peer_path" and the line "states". The peer's path is what it certainly went through;
 * its last element is the set, when that has more than one member. */
void facts_paths(const struct talk *x, struct result *r);
/* "iss", "irs", "peer_options", "peer_ttl", "peer_win" and the line "peer", from the SYN,ACK. */
void facts_peer(const struct facts *f, const struct segment *syn_ack, struct result *r);
/* "path_mtu", and the line, where a router has told of a narrower way than ours. */
void facts_path_mtu(const struct talk *x, struct result *r);
/* "peer_ttl" and the line "peer", from the reset that answered our SYN. */
void facts_reset(const struct facts *f, struct result *r);
/* "command", "target", "local". */
void facts_ends(const struct facts *f, struct result *r);
/* "capture_dropped", and what was too much to record. */
void facts_capture(const struct facts *f, struct result *r);
/* "kernel_quiet" before these, "middlebox" before that; the faults in the record have told people
 * already. A kernel that spoke makes the result fail: exit code 2. */
void facts_trust(const struct facts *f, struct result *r);

#endif
