/* See netem_report.h. */
#include "lab/netem/netem_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "wire/flags.h"

enum {
    WHAT_MAX = 128
};

static const char *format_packet(const struct netem_report *r, char out[WHAT_MAX])
{
    char flags[FLAGS_TEXT_MAX];
    const char *whose = r->way == END_A ? "our" : "the peer's";
    const char *bits = r->flags != 0 ? flags_format(r->flags, flags) : "segment without a bit";
    if (!r->segment)
        (void)snprintf(out, WHAT_MAX, "a packet, %s", netem_rule_way(r->way));
    else if (r->len != 0)
        (void)snprintf(out, WHAT_MAX, "%s %s with %" PRIu32 " octets", whose, bits, r->len);
    else
        (void)snprintf(out, WHAT_MAX, "%s %s", whose, bits);
    return out;
}

static const char *format_action(const struct netem_rule *rule, char *out, size_t cap)
{
    char time[32];
    switch (rule->action) {
    case NETEM_LOSS:
    case NETEM_DROP:
        return "is lost";
    case NETEM_HOLD:
        (void)snprintf(out, cap, "is held for %s", clock_format(rule->time_ns, time, sizeof(time)));
        return out;
    case NETEM_DUP:
        return "is doubled";
    case NETEM_REORDER:
        return "lets the next one pass";
    case NETEM_CORRUPT:
        return "has a bit flipped";
    case NETEM_DELAY:
        break;
    }
    return "is delayed";
}

char *netem_report_format(const struct netem_report *r, const struct netem_rules *rules, char *out,
                          size_t cap)
{
    char packet[WHAT_MAX], action[64], rule[NETEM_RULE_TEXT_MAX];
    (void)format_packet(r, packet);
    switch (r->event) {
    case NETEM_EVENT_RULE:
        if (r->rule < rules->count) {
            const struct netem_rule *which = &rules->rule[r->rule];
            (void)snprintf(out, cap, "the wire: %s %s (%s)", packet,
                           format_action(which, action, sizeof(action)),
                           netem_rule_format(which, rule));
            return out;
        }
        break;
    case NETEM_EVENT_FULL:
        (void)snprintf(out, cap, "the wire: %s is lost, too many wait already", packet);
        return out;
    case NETEM_EVENT_REFUSED:
        (void)snprintf(out, cap, "the wire: %s is lost, the interface does not take it", packet);
        return out;
    case NETEM_EVENT_MISSED:
        (void)snprintf(out, cap, "the wire: %" PRIu64 " packets came too fast and are lost",
                       r->count);
        return out;
    case NETEM_EVENT_BROKE:
        break; /* not a remark: netem_state */
    }
    (void)snprintf(out, cap, "the wire: %s", packet);
    return out;
}
