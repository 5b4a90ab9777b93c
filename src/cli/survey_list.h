/* The targets of a survey in the order in which they are handed to the engine: the list's, less
 * those that have a record already, and each not before the spacing allows. */
#ifndef TCPSHAKE_CLI_SURVEY_LIST_H
#define TCPSHAKE_CLI_SURVEY_LIST_H

#include "cli/resume.h"
#include "cli/arguments.h"
#include "measure/survey/spacing.h"
#include "targets/targets.h"

enum {
    SURVEY_LIST_HELD = 64
};

struct survey_list {
    struct targets *targets;
    struct resume *resume;
    const char *records; /* their file */
    void (*complain)(void *arg, const char *line);
    void *arg;
    struct spacing spacing;
    /* Those read before the run began: names without an address, targets without a way, the
     * first that has both, and, with records, as many more as it takes to see that they are this
     * list's. */
    struct {
        struct survey_target target;
        char name[FLOW_STORE_NAME_MAX], trouble[160];
    } held[SURVEY_LIST_HELD];
    unsigned held_count, held_given;
    char name[FLOW_STORE_NAME_MAX]; /* of the target that waited */
    bool leaves_special;            /* private addresses and the like */
    bool ended;
    bool disagrees;          /* with the records */
    bool found, passed;      /* one that has a way; one that has a record */
    struct in6_addr way;     /* its address */
    uint64_t given, resumed; /* targets; those that had a record */
    enum status status;      /* the first failure */
    struct fault fault;
};

struct survey_list_config {
    const struct arguments *options;
    const struct survey_asked *asked;
    const struct ports *ports;
    uint64_t shard, shards; /* this one of how many, from 0 */
    const struct hash_key *key;
    struct resume *resume;
    void (*tell)(void *arg, const char *line);
    void *arg;
};

/* Opens the list and finds the first target, whose route tells the interface. Lines that are bad
 * are told through `tell`. STATUS_MALFORMED with a line also when there is nothing to probe.
 * Release with survey_list_close, also after a failure. */
enum status survey_list_open(struct survey_list *l, const struct survey_list_config *c,
                             struct fault *fault);
void survey_list_close(struct survey_list *l);

/* The one whose route tells the interface; NULL: all have records already. */
const struct in6_addr *survey_list_first(const struct survey_list *l);

/* For the engine. A list that fails ends, with `status`; so does one that is not what the records
 * are of. */
enum survey_supply survey_list_next(struct survey_list *l, int64_t now_ns, struct survey_target *t,
                                    int64_t *at_ns);

/* Of those that were given all but the last `waiting` had left by this moment. */
void survey_list_left(struct survey_list *l, unsigned waiting, int64_t by_ns);

/* How many there are in all; 0: not known yet. */
uint64_t survey_list_total(const struct survey_list *l);

#endif
