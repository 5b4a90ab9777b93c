/* What is kept of one target among very many: one SYN, what came back, and when. A conversation in
 * little more than a hundred octets, that `ping` and `synack` are told from in the same words as
 * where there is one target (series.h, ping.h). Pure: segments and time come in, what is to be done
 * comes out. */
#ifndef TCPSHAKE_MEASURE_SURVEY_FLOW_H
#define TCPSHAKE_MEASURE_SURVEY_FLOW_H

#include "measure/ping/ping.h"
#include "measure/synack/series.h"

struct flow_store;

enum {
    FLOW_GAPS = 6 /* in the flow itself: one more than Linux makes by default */
};

enum flow_phase {
    FLOW_WAITS,   /* for an answer to its SYN */
    FLOW_LISTENS, /* to the retransmissions of the SYN,ACK */
    FLOW_RESETS,  /* it is over; the reset that leaves nothing half open is still to be sent */
};

struct flow {
    struct in6_addr ip;        /* the peer's */
    int64_t sent_ns;           /* when our SYN left */
    int64_t first_ns, last_ns; /* arrivals of the SYN,ACK; of a reset both */
    int64_t due_ns;            /* when something is to be done unless something comes */
    uint32_t next, prev;       /* in a list of the owner's */
    uint32_t session;          /* the target's */
    uint32_t number;           /* of the target's probes, from 1 */
    uint32_t iss, irs;
    uint32_t ts_val, ts_ecr;  /* the answer's */
    uint32_t octets_back;     /* IP packets, whole */
    uint32_t dropped;         /* what the capture had lost when it began */
    uint32_t more;            /* cell with more gaps; 0: none */
    uint32_t name;            /* cell with the name it was given by; 0: none */
    uint32_t hash, chain;     /* the owner's: of the four-tuple; the next of its bucket */
    uint16_t port;            /* the peer's, host order */
    uint16_t local;           /* which of our ports */
    uint16_t wheel_slot;      /* the owner's */
    uint16_t flags, win, mss; /* the answer's */
    uint16_t segments_back;
    uint16_t gaps, overflown; /* how many; and further ones that are counted only */
    uint16_t slack_us;        /* by how much `sent_ns` may be off; 0 for a stamp of the kernel's */
    uint8_t phase, outcome;   /* enum flow_phase, enum outcome */
    uint8_t ended, end;       /* enum series_ended, enum schedule_end */
    uint8_t ttl, wscale;      /* the answer's */
    uint8_t other_isn, duplicates;
    uint8_t signs; /* of who answered (talk/answerer.h) */
    /* The answer's options. */
    bool has_mss : 1, has_wscale : 1, sack_permitted : 1, has_timestamps : 1, has_fastopen : 1;
    bool malformed : 1;
    bool left : 1;         /* our SYN was seen leaving, or nobody looks */
    bool kernel_spoke : 1; /* our kernel sent a reset of its own */
    bool doubtful;         /* see struct ping */
    union {
        uint32_t gap[FLOW_GAPS]; /* in units of 100 ns */
        struct {
            struct in6_addr from;
            uint8_t version, type, code;
        } icmp; /* UNREACHABLE; version 0: it never left */
    };
};

struct flow_rules {
    bool listens;      /* to retransmissions: synack; else ping */
    bool settles;      /* listens until three losses in a row are ruled out */
    int64_t wait_ns;   /* for an answer */
    int64_t listen_ns; /* after the first SYN,ACK at the most; up to FLOW_LISTEN_MAX */
};
#define FLOW_LISTEN_MAX (INT64_C(400) * 1000000000)

/* What is next for the flow. */
enum flow_step {
    FLOW_GOES_ON,    /* its due_ns may have changed */
    FLOW_NOT_OURS,   /* nothing to do with it */
    FLOW_ENDS,       /* the peer holds nothing of it */
    FLOW_ENDS_RESET, /* a reset at flow_reset_seq frees what the peer holds, or may hold */
};

/* Our SYN is handed out at `now_ns`. */
void flow_begin(struct flow *f, const struct flow_rules *rules, int64_t now_ns);
/* It was seen leaving. */
void flow_left(struct flow *f, const struct flow_rules *rules, int64_t t_ns);
/* A segment of the peer's, on its four-tuple. `octets` is the whole packet. */
enum flow_step flow_received(struct flow *f, struct flow_store *store,
                             const struct flow_rules *rules, const struct segment *seg,
                             size_t octets, int64_t t_ns);
/* An ICMP error about its SYN. */
enum flow_step flow_unreachable(struct flow *f, const struct icmp_error *e, int64_t t_ns);
/* due_ns has come. `watched`: somebody looks whether segments leave. */
enum flow_step flow_due(struct flow *f, const struct flow_store *store, bool watched,
                        int64_t now_ns);
/* The user has had enough. */
enum flow_step flow_stop(struct flow *f, int64_t now_ns);

/* What the peer of a half-open connection expects next: ISS+1. */
seq_t flow_reset_seq(const struct flow *f);

/* The same in the shape of one target's measurement. `local` is our end. */
struct facts flow_facts(const struct flow *f, const char *command, const struct endpoint *local);
void flow_as_ping(const struct flow *f, const struct endpoint *local, struct ping *p);
void flow_as_series(struct flow *f, const struct flow_store *store, const struct endpoint *local,
                    struct series *s);

#endif
