/* One run: its sessions one after the other, each a conversation with the peer. Knows neither
 * sockets nor clocks: packets and time are given to it, packets leave through a link (live or
 * simulated).
 */
#ifndef TCPSHAKE_TALK_RUN_H
#define TCPSHAKE_TALK_RUN_H

#include "base/hash.h"
#include "event/timeline.h"
#include "talk/talk.h"
#include "wire/craft.h"

/* Where packets go. */
struct link {
    enum status (*send)(void *arg, const uint8_t *ip, size_t n, struct fault *fault);
    void *arg;
};

/* Somebody who looks on after each segment (the lab's witness). */
struct run_observer {
    void (*look)(void *arg, struct talk *x);
    /* Until when the session must not end yet; 0 when the observer has seen enough. */
    int64_t (*wants_until)(void *arg);
    /* Adds what it found to the result. */
    void (*report)(void *arg, struct talk *x, struct result *r);
    void *arg;
};

struct run_config {
    const struct script *script;
    struct talk_config base; /* session, local, iss, ts_base and deadline are set per session */
    const struct endpoint *locals; /* one a session */
    size_t sessions;
    void *const *states; /* the probe's state, one a session */
    struct hash_key key;
    bool repeatable;                      /* --seed: the clock stays out of the ISN */
    bool fixed_isn;                       /* base.iss is to be used */
    int64_t deadline_after_ns;            /* -w, for each session; CLOCK_NEVER: none */
    const struct icmp_error *unreachable; /* known beforehand: nothing is sent; NULL: not so */
    const struct run_observer *observer;  /* NULL: nobody */
    const char *remark;                   /* on the whole run; NULL: none */
    /* Adds to each session's result; may be NULL. */
    void (*afterword)(void *arg, struct result *r);
    void *afterword_arg;
    bool imagined; /* no such peer: the record says so, and there is no verdict */
    /* Over all sessions; may be NULL. */
    void (*summarise)(void *const *states, size_t n, struct result *r);
};

struct run {
    const struct run_config *config;
    struct timeline *timeline;
    struct link link;
    struct craft *craft;
    struct talk exchange;
    size_t session; /* index of the running one */
    bool over;
    bool interrupted;
    int exit_code;         /* the worst of the sessions' */
    struct segment handed; /* the segment on its way out, its octets in `packet` */
    uint8_t packet[CRAFT_MAX];
};

/* `config` and `timeline` live as long as the run. Starts the first session. Release with run_done,
 * also after a failure. */
enum status run_init(struct run *r, const struct run_config *config, struct timeline *timeline,
                     struct link link, int64_t now_ns, struct fault *fault);
void run_done(struct run *r);

/* A captured packet, either direction, stamped. */
enum status run_packet(struct run *r, const uint8_t *ip, size_t n, int64_t t_ns,
                       struct fault *fault);
/* Time has come; run_deadline says when that is next. */
enum status run_tick(struct run *r, int64_t now_ns, struct fault *fault);
int64_t run_deadline(const struct run *r);
/* A remark, on no segment, of somebody else who watches. */
void run_remark(struct run *r, const char *text, int64_t t_ns);
/* End this session and start no other. */
enum status run_stop(struct run *r, int64_t now_ns, struct fault *fault);
bool run_over(const struct run *r);
/* Nothing hangs on looking at the next packet at once: its stamp says when it came. */
bool run_can_wait(const struct run *r);

#endif
