/* A measurement of one peer: its sessions one after the other, each a conversation on talks. This
 * is the plan that begins the next when one has ended, and tells of each and of all. */
#ifndef TCPSHAKE_TALK_SESSIONS_H
#define TCPSHAKE_TALK_SESSIONS_H

#include "talk/talks.h"

struct sessions_config {
    const struct script *script;
    struct talk_config base; /* session, local, iss, ts_base and deadline are set per session */
    const struct endpoint *locals; /* one a session */
    size_t sessions;
    void *const *states; /* the script's state, one a session */
    struct hash_key key;
    bool repeatable;                       /* --seed: the clock stays out of the ISN */
    bool fixed_isn;                        /* base.iss is to be used */
    int64_t deadline_after_ns;             /* -w, for each session; CLOCK_NEVER: none */
    const struct icmp_error *unreachable;  /* known beforehand: nothing is sent; NULL: not so */
    const struct talks_observer *observer; /* NULL: nobody */
    const char *remark;                    /* on the whole run; NULL: none */
    /* Adds to each session's result; may be NULL. */
    void (*afterword)(void *arg, struct result *r);
    void *afterword_arg;
    bool imagined; /* no such peer: the record says so, and there is no verdict */
    /* Over all sessions; may be NULL. */
    void (*summarise)(void *const *states, size_t n, struct result *r);
};

struct sessions {
    struct talks talks;
    const struct sessions_config *config;
    struct timeline *timeline;
    struct talks_entry *entry; /* of the session that runs, or was the last */
    size_t session;            /* its index */
    bool over;
    bool interrupted;
    int exit_code; /* the worst of the sessions' */
};

/* `config` and `timeline` live as long as the sessions. The first begins with talks_start. Release
 * with sessions_done, also after a failure; zeroed memory may be released too. */
enum status sessions_init(struct sessions *s, const struct sessions_config *config,
                          struct timeline *timeline, struct fault *fault);
void sessions_done(struct sessions *s);

#endif
