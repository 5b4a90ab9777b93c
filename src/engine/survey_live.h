/* A survey of real hosts: one interface, our quiet ports, the tap, the way packets leave, the loop.
 */
#ifndef TCPSHAKE_ENGINE_SURVEY_LIVE_H
#define TCPSHAKE_ENGINE_SURVEY_LIVE_H

#include "engine/survey.h"
#include "net/route.h"
#include "probe/syn_like.h"

struct survey_live;

/* Above this many packets a second they leave as whole frames, in batches; below, by the kernel's
 * routes, and each is stamped when it leaves. */
#define SURVEY_PLAIN_RATE 10000

struct survey_live_config {
    struct in6_addr first; /* a target: its route is the interface of all, unless `ifname` is set */
    uint32_t scope_id;
    const struct in6_addr *source; /* NULL: as the route says */
    const char *ifname;            /* NULL: as the route says */
    uint16_t sport;                /* 0: from the key */
    unsigned ports;                /* how many of ours, at most SURVEY_PORTS_MAX; 1 with sport */
    struct hash_key key;
    /* The SYN. */
    const struct syn_like *like;
    bool timestamps;
    uint16_t mss; /* 0: as the route's MTU allows */
    uint16_t win;
    uint8_t ttl;
    uint64_t rate; /* packets a second */
    bool whole;    /* each segment must be seen leaving, whatever the rate */
    int supply_fd; /* readable when the supply may have something again; -1: none */
    /* Called every `progress_ns`; NULL: never. */
    void (*progress)(void *arg, int64_t now_ns);
    int64_t progress_ns;
    void (*asked)(void *arg, int64_t now_ns); /* SIGQUIT */
    /* Something that people should know now: a line. */
    void (*remark)(void *arg, const char *line);
    void *arg;
};

/* Opens everything that needs a privilege. NULL with a line. Caller frees. */
struct survey_live *survey_live_open(const struct survey_live_config *c, struct fault *fault);
void survey_live_free(struct survey_live *l);

const struct route *survey_live_route(const struct survey_live *l);
/* The time by the clock that the run will go by, ns since the epoch. */
int64_t survey_live_now(const struct survey_live *l);
/* Who stamps what; static. */
const char *survey_live_clock(const struct survey_live *l);
/* How whole frames are sent, static: see burst_way. NULL: all goes by the kernel's routes. */
const char *survey_live_way(const struct survey_live *l);

/* Gives up every privilege, then runs `s` to its end, at the latest `deadline_ns` after the start
 * (CLOCK_NEVER: no bound). `config` lacks link, source, mss and ports, which are
 * filled in here. */
enum status survey_live_run(struct survey_live *l, struct survey *s,
                            const struct survey_config *config, int64_t deadline_ns,
                            struct fault *fault);

#endif
