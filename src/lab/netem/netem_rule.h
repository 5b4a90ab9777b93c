/* What the lab's wire is told to do, read from the text of an option:
 *   by chance        [WAY:]SHARE               "20%", "a-b:0.5%"
 *   one segment      WAY:BITS[#N]              "a-b:FIN#1", "b-a:SYN,ACK"
 *   and for a time   [WAY:]TIME[±TIME] of --delay, WAY:BITS[#N]:TIME of --hold
 * WAY is a-b or b-a, A being our side; without it the rule is for both. Pure: no socket, no clock.
 */
#ifndef TCPSHAKE_LAB_NETEM_NETEM_RULE_H
#define TCPSHAKE_LAB_NETEM_NETEM_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "tcp/end.h"

enum {
    NETEM_RULES_MAX = 32,
    NETEM_RULE_TEXT_MAX = 112,
    NETEM_SHARE_WHOLE = 1000000 /* of a share: every packet */
};

enum netem_action {
    NETEM_DELAY,
    NETEM_LOSS,
    NETEM_DROP, /* as loss, of one segment */
    NETEM_HOLD, /* one segment is late, and what comes behind it is not */
    NETEM_DUP,
    NETEM_REORDER,
    NETEM_CORRUPT,
};

enum {
    NETEM_ACTIONS = NETEM_CORRUPT + 1
};

/* An option of the wire; one row of a table that help, completion and man page are tested against.
 */
struct netem_option {
    const char *name; /* without the dashes */
    const char *argument;
    const char *summary;
    enum netem_action action;
    bool by_chance, one_segment; /* which forms it takes */
    bool timed;                  /* and whether a time belongs to it */
};

struct netem_rule {
    enum netem_action action;
    bool ways[ENDS];
    uint32_t
        share; /* by chance: of NETEM_SHARE_WHOLE; 0: by the segment (or always, NETEM_DELAY) */
    uint16_t flags; /* of one segment: see netem_rule_names */
    uint32_t nth;   /* the how-many-th such segment of its way, from 1; 0: each */
    int64_t time_ns, jitter_ns;
};

struct netem_rules {
    struct netem_rule rule[NETEM_RULES_MAX];
    size_t count;
};

/* Row `i` of the table, NULL past the end. */
const struct netem_option *netem_rule_option(size_t i);

/* Reads the argument of an option and puts the rule behind the others. On failure they stay as they
 * were: STATUS_MALFORMED and a line that says what the option takes. */
enum status netem_rule_add(struct netem_rules *rules, const struct netem_option *option,
                           const char *text, struct fault *fault);

/* Whether a segment with these control bits is one of those that the rule means. SYN, FIN and RST
 * have to be as named; so has ACK beside SYN, since SYN and SYN,ACK are two things (RFC 9293 3.5),
 * while every FIN of a connection bears ACK. Of the others those that are named have to be there;
 * PSH is never looked at, since stacks set it as they like. */
bool netem_rule_names(const struct netem_rule *rule, uint16_t flags);

/* As it would be written on the command line: "--hold a-b:SYN#1:2s". Returns `out`. */
char *netem_rule_format(const struct netem_rule *rule, char out[NETEM_RULE_TEXT_MAX]);

/* "a-b", "b-a"; static. */
const char *netem_rule_way(enum end way);

#endif
