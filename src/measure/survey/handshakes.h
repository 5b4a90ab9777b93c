/* Many whole handshakes at once, each with its own conversation: `survey --probe open`. They are
 * found by the flow that stands for them in the table; when each is due, a heap knows. */
#ifndef TCPSHAKE_MEASURE_SURVEY_HANDSHAKES_H
#define TCPSHAKE_MEASURE_SURVEY_HANDSHAKES_H

#include "base/heap.h"
#include "talk/talk.h"
#include "measure/survey/flow.h"
#include "measure/open.h"
#include "wire/craft.h"

enum {
    HANDSHAKE_PACKET_MAX = 128 /* nothing is said: headers alone */
};

struct handshake {
    struct heap_node node; /* when it is due; first, so that a node is a handshake */
    uint32_t cell;         /* of the flow that stands for it */
    bool waits, over;      /* in the list of those that may have something to send; ended */
    struct handshake *next;
    struct talk exchange;
    struct open open;
    struct timeline timeline; /* nobody listens */
    struct segment handed;    /* on its way out, its octets in `packet` */
    uint8_t packet[HANDSHAKE_PACKET_MAX];
};

struct handshakes {
    struct talk_config base; /* session, local, remote, iss and ts_base are set for each */
    int64_t reply_wait_ns;
    struct craft *craft;
    struct heap due;
    struct handshake *first, *last; /* may have something to send */
    struct handshake *ended;        /* to be told and freed */
};

/* `base` lacks what is each one's own. Release with handshakes_done, also after a failure. */
enum status handshakes_init(struct handshakes *h, const struct talk_config *base,
                            int64_t reply_wait_ns, struct fault *fault);
void handshakes_done(struct handshakes *h);

/* Begins one for the flow in `cell`. NULL: out of memory. */
struct handshake *handshakes_begin(struct handshakes *h, const struct flow *f, uint32_t cell,
                                   const struct endpoint *local, int64_t now_ns);
void handshakes_free(struct handshakes *h, struct handshake *s);

void handshakes_received(struct handshakes *h, struct handshake *s, const struct segment *seg,
                         int64_t t_ns);
/* A segment of its four-tuple was seen leaving. */
void handshakes_left(struct handshakes *h, struct handshake *s, const struct segment *seg,
                     int64_t t_ns);
void handshakes_unreachable(struct handshakes *h, struct handshake *s, const struct icmp_error *e,
                            int64_t t_ns);
/* The user has had enough: each comes to its end. STATUS_NO_MEMORY: it goes on. */
enum status handshakes_stop(struct handshakes *h, int64_t now_ns);
/* Everyone whose time has come. */
void handshakes_tick(struct handshakes *h, int64_t now_ns);
/* When handshakes_tick wants to be called next. */
int64_t handshakes_next(const struct handshakes *h);

/* The next packet to send, IP header onward; NULL: nobody has one. It lives until the next call. */
const uint8_t *handshakes_packet(struct handshakes *h, int64_t now_ns, size_t *n,
                                 struct fault *fault);
/* One that has ended, out of the list; the caller tells of it and frees it. NULL: none. */
struct handshake *handshakes_take_ended(struct handshakes *h);

#endif
