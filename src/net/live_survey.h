/* A survey of real hosts: survey.h as a client of the driver, with one interface, our quiet ports,
 * the tap, and the way packets leave. */
#ifndef TCPSHAKE_NET_LIVE_SURVEY_H
#define TCPSHAKE_NET_LIVE_SURVEY_H

#include "net/tx.h"

struct live_survey;

struct live_survey_config {
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
struct live_survey *live_survey_open(const struct live_survey_config *c, struct fault *fault);
void live_survey_free(struct live_survey *l);

const struct route *live_survey_route(const struct live_survey *l);
/* The time by the clock that the run will go by, ns since the epoch. */
int64_t live_survey_now(const struct live_survey *l);
/* By what packets leave; static. */
const char *live_survey_way(const struct live_survey *l);
/* Who stamps what; static. */
const char *live_survey_clock(const struct live_survey *l);

/* Gives up every privilege, then runs `s` to its end, at the latest `deadline_ns` after the start
 * (CLOCK_NEVER: no bound). `config` lacks link, source, mss and ports, which are
 * filled in here. */
enum status live_survey_run(struct live_survey *l, struct survey *s,
                            const struct survey_config *config, int64_t deadline_ns,
                            struct fault *fault);

#endif
