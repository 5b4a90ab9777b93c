/* A segment and all it led to, as one step: what a line of a ladder, a record or a packet comment
 * is made of. The builder groups the events of a timeline into steps. */
#ifndef TCPSHAKE_RENDER_STEP_H
#define TCPSHAKE_RENDER_STEP_H

#include "event/event.h"

enum step_kind {
    STEP_START, /* what is known before anything happens; also whatever belongs to no other step */
    STEP_SENT,
    STEP_RECEIVED,
    STEP_TIMER,
    STEP_ACTION,
    STEP_NOTE,
    STEP_FAULT, /* a fault that no event caused; it is the first entry */
};

/* One consequence, in the order in which they came. */
struct step_entry {
    enum event_kind kind; /* STATE, NOTE or FAULT */
    int64_t t_ns;
    enum end end;           /* STATE */
    state_set from, to;     /* STATE */
    enum event_fault fault; /* FAULT */
    char *text;             /* the reason, the note or the fault; never NULL */
    const char *rfc;        /* STATE; NULL when there is none */
};

struct step {
    enum step_kind kind;
    uint32_t id, cause, session;
    int64_t t_ns;
    struct segment seg; /* SENT, RECEIVED; seg.raw points to `raw` */
    uint8_t *raw;
    bool retransmission, held;
    char *text; /* TIMER, ACTION, NOTE */

    state_set at[ENDS]; /* where each end may be after the step; NONE: nothing is known */
    bool changed;       /* one of them is not what it was before */
    bool truth_seen;    /* lab only, as are the next two */
    bool truth_in_set;
    enum state truth;

    struct step_entry *entries;
    size_t entry_count, entry_cap;
};

bool step_is_segment(const struct step *s);
/* Nothing happened in it but faults. */
bool step_is_only_faults(const struct step *s);
/* A retransmission about which no note says more. */
bool step_is_bare_retransmission(const struct step *s);

/* Gets each step once it is complete: when the next one begins, at a verdict or at the end. The
 * step lives during the call only. */
struct step_taker {
    enum status (*take)(void *arg, const struct step *s, struct fault *fault);
    void *arg;
};

struct step_builder {
    struct step_taker taker;
    struct step current;
    bool open; /* `current` is being filled */
    uint32_t session;
    state_set at[ENDS];
};

void step_builder_init(struct step_builder *b, struct step_taker taker);
void step_builder_done(struct step_builder *b);
/* Takes one event in. VERDICT and SUMMARY complete the open step and are otherwise the caller's.
 * Fails when memory ran out or the taker failed. */
enum status step_builder_event(struct step_builder *b, const struct event *e, struct fault *fault);
/* Completes the open step, if there is one. */
enum status step_builder_flush(struct step_builder *b, struct fault *fault);

/* Sequence numbers for people: counted from each end's ISS, as the figures of RFC 9293 do, or as
 * they are. */
struct step_numbers {
    bool absolute;
    struct step_space {
        bool bound; /* to the wire, by the number that is its 0 */
        seq_t zero;
    } a, b; /* ours, the peer's */
};

/* Takes note of a step's segment before it is shown. Our space is bound by the first number we
 * send; the peer's by its SYN, and anew by each SYN with another ISS: true when that is so. */
bool step_see(struct step_numbers *m, const struct step *s);

/* The numbers of its segment to show. What is in a space not bound yet is shown as it is. */
uint32_t step_seq(const struct step_numbers *m, const struct step *s);
uint32_t step_ack(const struct step_numbers *m, const struct step *s);

#endif
