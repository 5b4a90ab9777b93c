/* Many conversations with one peer at the same time, each a conversation with a port of its
 * own. Like talks.h it knows neither sockets nor clocks. The record of each is kept until it is
 * asked for, so that it then stands in one piece. */
#ifndef TCPSHAKE_MEASURE_BACKLOG_CROWD_H
#define TCPSHAKE_MEASURE_BACKLOG_CROWD_H

#include "base/hash.h"
#include "talk/talks.h"
#include "event/recorder.h"
#include "measure/backlog/client.h"

enum {
    CROWD_MAX = 600
};

struct crowd_member {
    struct talk exchange;
    struct client caller;
    struct timeline timeline;
    struct recorder keeper;
    struct segment handed; /* on its way out, its octets in `packet` */
    uint8_t packet[128];
};

struct crowd {
    struct talk_config base; /* session, local's port, iss and ts_base are set for each */
    struct hash_key key;
    bool repeatable; /* the clock stays out of the ISN */
    struct link link;
    struct craft *craft;
    uint16_t first_port;
    struct crowd_member *members[CROWD_MAX]; /* by port */
    size_t count;
    uint32_t session; /* the last one given out */
    uint64_t dropped; /* by the capture */
};

/* Of nobody yet. `base.local` is the address; ports count from `first_port`. Release with
 * crowd_done, also after a failure. */
enum status crowd_init(struct crowd *w, const struct talk_config *base, uint16_t first_port,
                       const struct hash_key *key, bool repeatable, struct link link,
                       struct fault *fault);
void crowd_done(struct crowd *w);

/* One more, who sends its SYN at the next crowd_pump. NULL: too many, or out of memory. */
struct crowd_member *crowd_add(struct crowd *w, enum client_role role, const char *part,
                               bool completes, int64_t now_ns);
/* Whose 4-tuple the captured packet is of takes it. */
void crowd_packet(struct crowd *w, const uint8_t *ip, size_t n, int64_t t_ns);
/* The capture has lost `total` packets so far. */
void crowd_lost_packets(struct crowd *w, uint64_t total);
/* Puts everything on the wire that is due, and notes what was not seen leaving for too long. */
enum status crowd_pump(struct crowd *w, int64_t now_ns, struct fault *fault);
/* Nothing of ours is on its way out. */
bool crowd_idle(const struct crowd *w);

/* Hands out the records of members from `first` on: events, then the verdict. Of those not in
 * `shown` (a predicate) the events are a crowd's. Returns the worst exit code. */
int crowd_tell(struct crowd *w, size_t first, bool (*shown)(void *arg, const struct client *c),
               void *arg, struct timeline *to, int64_t now_ns);

#endif
