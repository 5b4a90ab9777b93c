/* Not too much at once to one address or one network: targets whose turn has not come wait, while
 * others go before them. What was probed when is remembered by a hash in fixed memory: two networks
 * that share a place wait for each other, which does no harm.
 *
 * A SYN leaves a little after its target was given, and the time counts from then. Until it is
 * known that it has left, and when, no other goes to the same place. */
#ifndef TCPSHAKE_MEASURE_SURVEY_SPACING_H
#define TCPSHAKE_MEASURE_SURVEY_SPACING_H

#include "base/hash.h"
#include "base/heap.h"
#include "measure/survey/survey.h"

enum {
    SPACING_PLACES = 65536,
    SPACING_WAITING_MAX = 65536,
    SPACING_GIVEN_MAX = 2 * SURVEY_BATCH_MAX,
    SPACING_KINDS = 2 /* of an address, of its network */
};

struct spacing {
    struct spacing_kind {
        int64_t ns; /* 0: none, and no places */
        struct {
            int64_t next, left; /* when the next may go, when the last was gone */
        } * places;             /* SPACING_PLACES */
    } kinds[SPACING_KINDS];
    struct hash_key key;
    struct spacing_given {
        uint32_t place[SPACING_KINDS];
    } given[SPACING_GIVEN_MAX]; /* not known to have left, the oldest at `first_given` */
    unsigned first_given, given_count;
    struct heap waiting;
};

/* `net_ns` is for a /24, of IPv6 a /64. Release with spacing_done, also after a failure. */
enum status spacing_init(struct spacing *s, int64_t address_ns, int64_t net_ns,
                         const struct hash_key *key, struct fault *fault);
void spacing_done(struct spacing *s);

/* Gives the target its moment: true, now; false, it waits and comes back from spacing_take. Names
 * are copied. STATUS in `*status` when memory runs out. */
bool spacing_passes(struct spacing *s, const struct survey_target *t, int64_t now_ns,
                    enum status *status);
/* One whose moment has come; false: none, and the next moment is in `*at_ns`. `*t` points into
 * `name`. */
bool spacing_take(struct spacing *s, int64_t now_ns, struct survey_target *t,
                  char name[FLOW_STORE_NAME_MAX], int64_t *at_ns);
/* Of those that were given (passed or taken) all but the last `waiting` had left by this moment. */
void spacing_left(struct spacing *s, unsigned waiting, int64_t by_ns);
/* Whether as many wait as can. */
bool spacing_full(const struct spacing *s);

#endif
