/* The targets of a survey, from what was asked for to the order in which they are handed to the
 * engine: the list's, less those that have a record already, and each not before the spacing
 * allows. */
#ifndef TCPSHAKE_CLI_SURVEY_LIST_H
#define TCPSHAKE_CLI_SURVEY_LIST_H

#include "cli/arguments.h"
#include "cli/resume.h"
#include "measure/survey/spacing.h"
#include "targets/targets.h"

enum {
    SURVEY_LIST_HELD = 64
};

/* Starts from zero, with the first four. Release with survey_list_done, whatever happened. */
struct survey_list {
    const struct arguments *options;
    const struct survey_asked *asked;
    void (*tell)(void *arg, const char *line); /* of bad lines of the list */
    void *arg;
    struct ports ports;
    uint64_t shard, shards; /* this one of how many, from 0 */
    struct resume resume;
    char *identity; /* what the survey is of, in the words of the command line */
    struct targets *targets;
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
    bool ended;
    bool disagrees;      /* with the records */
    bool found, passed;  /* one that has a way; one that has a record */
    struct in6_addr way; /* its address */
    uint64_t resumed;    /* targets that had a record */
    enum status status;  /* the first failure */
    struct fault fault;
};

/* What was asked for: the ports; then the shard, the identity and the records that there are. */
enum status survey_list_ports(struct survey_list *l, struct fault *fault);
enum status survey_list_find(struct survey_list *l, struct fault *fault);

/* Opens the list and finds the first target, whose route tells the interface. STATUS_MALFORMED with
 * a line also when there is nothing to probe. `key`: of the order. */
enum status survey_list_open(struct survey_list *l, const struct hash_key *key,
                             struct fault *fault);
void survey_list_done(struct survey_list *l);

/* The one whose route tells the interface; NULL: all have records already. */
const struct in6_addr *survey_list_first(const struct survey_list *l);

/* For the engine. A list that fails ends, with `status`; so does one that is not what the records
 * are of. */
enum survey_supply survey_list_next(struct survey_list *l, int64_t now_ns, struct survey_target *t,
                                    int64_t *at_ns);

/* Of those that were given all but the last `waiting` had left by this moment. */
void survey_list_left(struct survey_list *l, unsigned waiting, int64_t by_ns);

#endif
