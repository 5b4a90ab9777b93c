/* A survey of real hosts: one interface, our quiet ports, the tap, the way packets leave, the loop.
 */
#ifndef TCPSHAKE_NET_SURVEY_LIVE_H
#define TCPSHAKE_NET_SURVEY_LIVE_H

#include "net/tx.h"

struct survey_live;

struct survey_live_config {
    struct tx_config out;
    uint16_t sport; /* 0: from the key */
    unsigned ports; /* how many of ours, at most SURVEY_PORTS_MAX; 1 with sport */
    struct hash_key key;
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
/* By what packets leave; static. */
const char *survey_live_way(const struct survey_live *l);
/* Who stamps what; static. */
const char *survey_live_clock(const struct survey_live *l);

/* Gives up every privilege, then runs `s` to its end, at the latest `deadline_ns` after the start
 * (CLOCK_NEVER: no bound). `config` lacks link, source, mss and ports, which are
 * filled in here. */
enum status survey_live_run(struct survey_live *l, struct survey *s,
                            const struct survey_config *config, int64_t deadline_ns,
                            struct fault *fault);

#endif
