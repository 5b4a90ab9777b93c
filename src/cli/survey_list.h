/* The targets of a survey in the order in which they are handed to the engine: the list's, less
 * those that have a record already, and each not before the spacing allows. */
#ifndef TCPSHAKE_CLI_SURVEY_LIST_H
#define TCPSHAKE_CLI_SURVEY_LIST_H

#include "cli/resume.h"
#include "cli/surveying.h"
#include "engine/spacing.h"
#include "engine/targets.h"

enum {
    SURVEY_LIST_HELD = 64
};

struct survey_list {
    struct targets *targets;
    const struct resume *resume;
    struct spacing spacing;
    /* Those read before the run began: names without an address, targets without a way, then the
     * first that has both. */
    struct {
        struct survey_target target;
        char name[FLOW_STORE_NAME_MAX], trouble[160];
    } held[SURVEY_LIST_HELD];
    unsigned held_count, held_given;
    bool found;                     /* the last held tells the interface */
    char name[FLOW_STORE_NAME_MAX]; /* of the target that waited */
    bool ended;
    uint64_t given, resumed; /* targets; those that had a record */
    enum status status;      /* the first failure */
    struct fault fault;
};

/* Opens the list and finds the first target, whose route tells the interface. Lines that are bad
 * are told through `complain`. STATUS_MALFORMED with a line also when there is nothing to probe.
 * Release with survey_list_close, also after a failure. */
enum status survey_list_open(struct survey_list *l, const struct surveying *o,
                             const struct hash_key *key, const struct resume *resume,
                             void (*complain)(void *arg, const char *line), void *arg,
                             struct fault *fault);
void survey_list_close(struct survey_list *l);

/* The one whose route tells the interface; NULL: all have records already. */
const struct in6_addr *survey_list_first(const struct survey_list *l);

/* For the engine; `arg` is the list. A list that fails ends, with `status`. */
enum survey_supply survey_list_next(struct survey_list *l, int64_t now_ns, struct survey_target *t,
                                    int64_t *at_ns);

/* How many there are in all; 0: not known yet. */
uint64_t survey_list_total(const struct survey_list *l);

#endif
