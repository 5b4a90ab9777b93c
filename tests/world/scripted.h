/* What fuzz targets share whose input is a script: how it is read, a record that holds to what is
 * promised of every event, and a peer of `talk/sim` that does as the script says. Without cmocka.
 */
#ifndef TCPSHAKE_WORLD_SCRIPTED_H
#define TCPSHAKE_WORLD_SCRIPTED_H

#include "../fuzz/fuzz.h"
#include "witness.h"

#include "base/clock.h"
#include "talk/sessions.h"
#include "talk/sim.h"

#define SCRIPTED_START (1700000000 * CLOCK_S)

struct scripted_reader {
    const uint8_t *data;
    size_t left;
};

/* Zeros when there is no more. */
uint8_t scripted_octet(struct scripted_reader *r);
uint16_t scripted_word(struct scripted_reader *r);
uint32_t scripted_far(struct scripted_reader *r);
/* The next octets, of a number that stands before them, but no more than there are. */
const uint8_t *scripted_octets(struct scripted_reader *r, size_t *n);
/* An ISN: an ordinary one, or near one where numbers wrap. */
seq_t scripted_start(unsigned choice);

struct scripted_record {
    struct witness witness;                                          /* first */
    void (*event)(struct scripted_record *r, const struct event *e); /* the target's own checks */
    uint32_t last_id;
    unsigned sent, received, verdicts, summaries;
};

/* The only sink of the timeline, which is open then. */
void scripted_record(struct scripted_record *r, struct timeline *t);

struct scripted_peer {
    struct scripted_reader script;
    struct sim *sim;
    struct tcb host;
    struct sessions run;
    struct sessions_config config;
    const struct endpoint *local; /* ours until there is a conversation */
    /* What else matters, beside the numbers of both ends. */
    void (*numbers)(const struct scripted_peer *p, seq_t more[2]);
    unsigned emitted, emitted_max;
};

/* A segment from the peer to us. */
struct segment scripted_to_us(const struct scripted_peer *p);
void scripted_emit(struct scripted_peer *p, int64_t after_ns, const struct segment *seg,
                   size_t len);
/* What a textbook TCP says, answers to a segment, and does at a call. */
void scripted_says(struct scripted_peer *p, const struct segment *heard, enum reply what,
                   int64_t after_ns, size_t len);
void scripted_answers(struct scripted_peer *p, const struct segment *heard, int64_t after_ns);
void scripted_is_told(struct scripted_peer *p, enum call what);
/* What the script has it send: a segment of any kind; octets that need be no packet. */
void scripted_odd_segment(struct scripted_peer *p);
void scripted_raw_packet(struct scripted_peer *p);
/* For struct sim_peer: the highest bits of the coming step; half of the inputs lose nothing. */
bool scripted_loses(void *peer, bool ours, const struct segment *seg);

#endif
