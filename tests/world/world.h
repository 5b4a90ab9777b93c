/* A world of very many hosts for the tests of the survey: each keeps a schedule of stacks.def, the
 * wire loses, time is counted. The survey's packets and the hosts' are whole IP packets; what
 * arrives when is a heap. */
#ifndef TCPSHAKE_WORLD_WORLD_H
#define TCPSHAKE_WORLD_WORLD_H

#include "../unit/unit.h"

#include "base/clock.h"
#include "base/heap.h"
#include "measure/survey/survey.h"
#include "tcp/schedule.h"
#include "wire/template.h"

enum {
    WORLD_PORT = 443,
    WORLD_PORTS = 4, /* of ours, from WORLD_LOCAL on */
    WORLD_LOCAL = 50000,
    WORLD_QUEUE = 100, /* packets, before an interface */
};

#define WORLD_START (1700000000 * CLOCK_S)
/* The segments there are. */
#define WORLD_KINDS                                                                                \
    {                                                                                              \
        FLAG_SYN, FLAG_SYN | FLAG_ACK, FLAG_RST, FLAG_RST | FLAG_ACK, FLAG_ACK                     \
    }
#define WORLD_KIND_COUNT 5
#define WORLD_REMEMBERED 77777           /* SND.NXT of ours in a connection that is remembered */
#define WORLD_DELAY      (15 * CLOCK_MS) /* one way */

enum world_manner {
    WORLD_KEEPS_SCHEDULE,
    WORLD_REFUSES,
    WORLD_IS_SILENT,
    WORLD_ICMP,         /* a router refuses for it */
    WORLD_FLOODS,       /* with SYN,ACKs, a millisecond apart */
    WORLD_KERNEL_SPOKE, /* as WORLD_KEEPS_SCHEDULE, but our own kernel resets it */
    WORLD_REMEMBERS     /* a connection of our port's, that we know nothing of */
};

struct world_host {
    struct heap_node timer; /* what it sends next */
    const struct stack *row;
    enum world_manner manner;
    uint32_t irs, iss; /* its own numbering: irs is ours */
    uint16_t local;    /* our port */
    unsigned tries;    /* retransmissions; 0: as many as its row has */
    uint32_t drops;    /* set of those it sends that never arrive, from the first SYN,ACK on */
    uint16_t sent;     /* of its schedule */
    uint32_t lost;     /* set of those */
    unsigned syns, resets_sent, resets_lost, resets_useless;
    unsigned told;
    bool half_open;
};

/* A packet under way. */
struct world_packet {
    struct heap_node node;
    struct world_packet *next; /* free ones */
    uint32_t host;
    uint16_t local;
    uint16_t flags;
    uint32_t seq, ack;
    bool ours, icmp, tap; /* ours: to the host; tap: it is the sight of ours leaving */
};

struct world {
    struct survey survey;
    struct survey_config config;
    struct world_host *hosts;
    uint32_t count, supplied;
    struct heap timers;  /* the hosts' */
    struct heap packets; /* under way */
    struct world_packet *free;
    struct template templates[2][WORLD_KIND_COUNT]; /* v4 and v6; of WORLD_KINDS */
    uint64_t dice;
    int64_t now;

    unsigned loss;  /* of a thousand, each way */
    double jitter;  /* of each gap, both ways */
    unsigned drain; /* packets a second that the interface takes; 0: any number */
    double queued;  /* before it, at `queued_at` */
    int64_t queued_at;
    unsigned no_way; /* every so many-th target has none; 0: all have */
    struct survey_packet batch[SURVEY_BATCH_MAX];
    unsigned batched;
    int64_t call_ns; /* what a call of the kernel's takes */
    bool blind;      /* the tap shows nothing of ours */
    unsigned flushes;
    int64_t *left; /* when each packet of ours left; of the last `rate` */
    uint64_t left_count;
    bool too_fast;
    uint32_t most_in_flight;
    void (*ended)(struct world *w, uint32_t host, const struct survey_end *e);
};

bool world_is_v6(uint32_t host);
bool world_ends_by_reset(const struct stack *row);
/* How often the host sends its SYN,ACK again. */
unsigned world_tries(const struct world_host *h);

/* `count` hosts that keep `row`; the test changes what it wants changed, then calls world_begin. */
void world_init(struct world *w, uint32_t count, const struct stack *row);
void world_begin(struct world *w);

/* Until the survey is over or the time has passed. */
void world_pass(struct world *w, int64_t span_ns);

/* When the survey is over, what it sent last arrives. */
void world_settles(struct world *w);
void world_done(struct world *w);

#endif
