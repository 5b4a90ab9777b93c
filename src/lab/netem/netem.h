/* What the lab's wire does with a packet, apart from carrying it: it looks at it, as far as its
 * rules ask, judges what becomes of it, keeps what has to wait for its time, and has a line for
 * what befell it. Pure: the time is that of the frame, chance is drawn from a key. */
#ifndef TCPSHAKE_LAB_NETEM_NETEM_H
#define TCPSHAKE_LAB_NETEM_NETEM_H

#include "base/clock.h"
#include "base/hash.h"
#include "base/heap.h"
#include "lab/netem/netem_rule.h"

struct netem_config {
    struct netem_rules rules;
    uint64_t seed; /* what falls to chance is repeated with it */
};

/* --- What it sees --- */

struct netem_look {
    /* An IP packet that is more than the link's own upkeep: ARP (RFC 826), neighbour discovery
     * (RFC 4861), reports of multicast membership and what is no IP at all pass whatever the rules
     * say, or no segment would find its way even at the smallest loss. */
    bool packet;
    /* A TCP segment that is there in whole; only then the rest counts. */
    bool segment;
    uint16_t flags; /* FLAG_*, all twelve bits */
    uint32_t len;
    size_t tcp_at, tcp_len; /* where in the frame it stands, header and data */
};

/* Reads an Ethernet frame of `n` octets and nothing beyond; any octets will do. */
void netem_look(struct netem_look *look, const uint8_t *frame, size_t n);

/* Flips one bit of the segment, so that its checksum is wrong and its receiver drops it (RFC 9293
 * 3.1): never in the ports or the data offset, by which it is still known for what it was. `dice`
 * is any number. False, and nothing changed, when there is no segment. */
bool netem_look_corrupt(const struct netem_look *look, uint8_t *frame, uint64_t dice);

/* --- What it decides: the same packets, in the same order within each way, fare the same for the
 * same key --- */

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

/* --- What waits, within a bound of memory --- */

enum {
    NETEM_QUEUE_OCTETS = 32 * 1024 * 1024
};

struct netem_packet {
    struct heap_node node; /* its key is when it is due; first, so that a node is a packet */
    enum end way;
    bool late; /* waits for the next one of its way */
    size_t n;
    uint8_t frame[];
};

struct netem_queue {
    struct heap heap;
    size_t octets;
    size_t late[ENDS]; /* how many of them are late */
};

void netem_queue_init(struct netem_queue *q);
void netem_queue_done(struct netem_queue *q);

/* Keeps a copy of the frame; NULL when there is no room or no memory. The caller may still change
 * the octets of what it gets, which stays the queue's. */
struct netem_packet *netem_queue_put(struct netem_queue *q, enum end way, const uint8_t *frame,
                                     size_t n, int64_t due_ns, bool late);

/* One that keeps its place goes on at `due_ns`: those that are late go right behind it. */
void netem_queue_passes(struct netem_queue *q, enum end way, int64_t due_ns);

/* When the next one is due; CLOCK_NEVER: none waits. */
int64_t netem_queue_due(const struct netem_queue *q);

/* The next one that is due, taken out; NULL: none. The caller frees. */
struct netem_packet *netem_queue_take(struct netem_queue *q, int64_t now_ns);

/* --- What it tells: one message for each packet that a rule has hit, or that it could not carry.
 * Both ends are one program, so a message is the struct itself --- */

enum netem_event {
    NETEM_EVENT_RULE,    /* a rule, `rule`, has hit a packet */
    NETEM_EVENT_FULL,    /* there was no room for it to wait, and it is lost */
    NETEM_EVENT_MISSED,  /* the wire has not seen `count` packets in all: they came too fast */
    NETEM_EVENT_REFUSED, /* the interface did not take it, and it is lost */
    NETEM_EVENT_BROKE,   /* `text` says why the wire has ended */
};

struct netem_report {
    enum netem_event event;
    enum end way;
    int64_t t_ns; /* the kernel's stamp of the packet */
    uint32_t rule;
    uint64_t count;
    bool segment;
    uint16_t flags;
    uint32_t len;
    char text[FAULT_TEXT_MAX]; /* of BROKE: the last, so that other messages do without it */
};

/* A line for people: "the wire: the peer's SYN,ACK is lost (--loss 20%)". Returns `out`. */
char *netem_report_format(const struct netem_report *r, const struct netem_rules *rules, char *out,
                          size_t cap);

#endif
