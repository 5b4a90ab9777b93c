/* Conversations side by side on one loop, whatever their scripts: whose a packet is, whose time has
 * come, who has something to send, and who is made for a SYN that nobody knows. It knows neither
 * sockets nor clocks: packets and time are given to it, packets leave through a link (live or
 * simulated) or are fetched.
 *
 * A packet belongs to the conversation with its 4-tuple (tuples.h). When each is due, a heap knows.
 * Who
 * may have something to send waits in a queue, takes its turn with one packet, and goes to the end
 * of it: nobody speaks twice while another waits. Who begins conversations, and what is told of
 * them, is a plan's business: sessions one after the other (sessions.h), the story of a listener's
 * queues, or a survey, which begins and fetches by itself. */
#ifndef TCPSHAKE_TALK_TALKS_H
#define TCPSHAKE_TALK_TALKS_H

#include "base/heap.h"
#include "base/list.h"
#include "event/recorder.h"
#include "event/timeline.h"
#include "talk/talk.h"
#include "talk/pace.h"
#include "talk/tuples.h"
#include "wire/craft.h"

/* Where packets go. */
struct link {
    enum status (*send)(void *arg, const uint8_t *ip, size_t n, struct fault *fault);
    void *arg;
};

/* Somebody who looks on after each segment (the lab's witness). */
struct talks_observer {
    void (*look)(void *arg, struct talk *x);
    /* Until when the conversation must not end yet; 0 when the observer has seen enough. */
    int64_t (*wants_until)(void *arg);
    /* Adds what it found to the result. */
    void (*report)(void *arg, struct talk *x, struct result *r);
    void *arg;
};

/* Who begins conversations and tells of them. Each callback but `go_on` and `over` may be NULL. */
struct talks_plan {
    /* The first instant. */
    enum status (*begin)(void *arg, int64_t now_ns, struct fault *fault);
    /* Something has happened. Takes every conversation that has ended (talks_take_ended). */
    enum status (*go_on)(void *arg, int64_t now_ns, struct fault *fault);
    /* When it wants to go on, whatever happens; CLOCK_NEVER: only then. */
    int64_t (*deadline)(const void *arg);
    /* The user has had enough, and every conversation has been told so. */
    void (*stop)(void *arg, int64_t now_ns);
    /* Nothing is left to do. */
    bool (*over)(const void *arg);
    /* One line for people who wait, "" when there is nothing to say. */
    void (*progress)(const void *arg, int64_t now_ns, char *out, size_t cap);
    void *arg;
};

/* What becomes of a conversation's events. */
enum talks_record {
    TALKS_STREAMED,     /* each goes into the common timeline as it happens */
    TALKS_KEPT,         /* until talks_tell: the record then stands in one piece */
    TALKS_NOT_RECORDED, /* nothing is kept: what it takes does not grow */
};

struct talks_new {
    struct talk_config config; /* whole; numbers.h has those that must not be guessed */
    const struct script *script;
    void *state; /* the script's; the caller's memory */
    enum talks_record record;
};

struct talks_config {
    struct hash_key key;                   /* of the table of 4-tuples */
    struct timeline *timeline;             /* the common one; NULL where nothing is streamed */
    const struct talks_observer *observer; /* NULL: nobody */
    /* The next hop is asked for its address when a first SYN is sent to it: that SYN may wait, and
     * one that never leaves had nowhere to go. False: the next hop is known to be there. */
    bool asks_hop;
    uint64_t rate; /* packets a second at the most; 0: as soon as they are due */
    /* Listens: whether to answer a SYN that nobody knows. Fills in a conversation whose script
     * opens passively; the SYN is the first thing it gets. NULL: a stranger is nobody's. */
    bool (*invites)(void *arg, const struct segment *syn, struct talks_new *made);
    void *invites_arg;
    /* Adds to the result of each that is told; may be NULL. */
    void (*afterword)(void *arg, struct result *r);
    void *afterword_arg;
    struct talks_plan plan;
};

/* One conversation, and what it takes to carry it. */
struct talks_entry {
    struct tuples_node tuple; /* first, so that a node is an entry */
    struct heap_node due;
    struct talk talk;
    struct list_node order; /* in which they were begun */
    struct list_node queue; /* of those that may have something to send, or have ended */
    bool taken;             /* its end was */
    enum talks_record record;
    struct timeline timeline; /* its own, where it is kept */
    struct recorder recorder;
    struct segment handed; /* on its way out, its octets in `packet` */
    uint8_t *packet;
    size_t packet_cap;
};

struct talks {
    struct talks_config config;
    struct link link;
    bool broken; /* the run has failed, and no tap is read any more */
    struct craft *craft;
    struct timeline nowhere; /* of those that are not recorded: it has no sink */
    struct tuples tuples;
    struct heap due;
    struct list order, sending, ended;
    struct pace *pace; /* NULL: none */
    int64_t now_ns;    /* of what happened last */
    uint64_t strangers, dropped;
    uint8_t packet[CRAFT_MAX];
};

/* `config` is copied. Release with talks_done, also after a failure; zeroed memory may be released
 * too. */
enum status talks_init(struct talks *t, const struct talks_config *config, struct fault *fault);
void talks_done(struct talks *t);

/* --- For whoever has the packets and the clock --- */

/* The plan begins; what is due is sent from now on. */
enum status talks_start(struct talks *t, struct link link, int64_t now_ns, struct fault *fault);
/* A captured packet, either direction, stamped. */
enum status talks_packet(struct talks *t, const uint8_t *ip, size_t n, int64_t t_ns,
                         struct fault *fault);
/* Time has come; talks_deadline says when that is next. */
enum status talks_tick(struct talks *t, int64_t now_ns, struct fault *fault);
int64_t talks_deadline(const struct talks *t);
/* A remark, on no segment, of somebody else who watches. */
void talks_remark(struct talks *t, const char *text, int64_t t_ns);
/* The capture has lost `total` packets so far. */
void talks_lost_packets(struct talks *t, uint64_t total);
/* The user has had enough: everything comes to its end. */
enum status talks_stop(struct talks *t, int64_t now_ns, struct fault *fault);
bool talks_over(const struct talks *t);
/* Nothing hangs on looking at the next packet at once: its stamp says when it came. */
bool talks_can_wait(const struct talks *t);
/* One line for people who wait, "" when there is nothing to say. */
void talks_progress(const struct talks *t, int64_t now_ns, char *out, size_t cap);

/* --- For whoever begins conversations --- */

/* NULL: out of memory. It is there until talks_drop or talks_done. */
struct talks_entry *talks_begin(struct talks *t, const struct talks_new *made, int64_t now_ns);
/* Something was done to it from outside: it may have something to send, or a new time. */
void talks_settle(struct talks *t, struct talks_entry *e);
/* Has each come to its end. */
void talks_end(struct talks *t, enum script_stop why, int64_t now_ns);
/* One that has ended, once; NULL: none. */
struct talks_entry *talks_take_ended(struct talks *t);
/* Tells of it: its record where it was kept, as a crowd's if `crowd`, and then the verdict. Returns
 * the verdict's exit code. */
int talks_tell(struct talks *t, struct talks_entry *e, bool crowd, int64_t now_ns);
void talks_drop(struct talks *t, struct talks_entry *e);
/* In the order in which they were begun; NULL: no more. */
struct talks_entry *talks_oldest(const struct talks *t);
struct talks_entry *talks_younger(const struct talks_entry *e);

/* --- For whoever hands packets around itself --- */

/* NULL: nobody has this 4-tuple. */
struct talks_entry *talks_find(const struct talks *t, const struct endpoint *local,
                               const struct endpoint *remote);
void talks_received(struct talks *t, struct talks_entry *e, const struct segment *seg,
                    int64_t t_ns);
/* A segment of its 4-tuple was seen leaving: ours, or the kernel's. */
void talks_left(struct talks *t, struct talks_entry *e, const struct segment *seg, int64_t t_ns);
/* An ICMP error about something that it has sent. */
/* Something of this host's has failed: what is open is reset as far as that can be, without
 * waiting, and what was measured is told. */
void talks_fail(struct talks *t, const char *why, int64_t now_ns);
void talks_unreachable(struct talks *t, const struct icmp_error *e, int64_t t_ns);
/* Whose turn it is: its next packet is in `packet`, handed.raw_len octets, until it is seen
 * leaving. `*e` NULL: nobody has one. */
enum status talks_next(struct talks *t, int64_t now_ns, struct talks_entry **e,
                       struct fault *fault);

#endif
