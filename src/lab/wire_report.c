/* See wire_report.h. */
#include "lab/wire_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "wire/flags.h"

enum {
    WHAT_MAX = 128
};

static const char *format_packet(const struct wire_report *r, char out[WHAT_MAX])
{
    char flags[FLAGS_TEXT_MAX];
    const char *whose = r->way == WIRE_A_B ? "our" : "the peer's";
    const char *bits = r->flags != 0 ? flags_format(r->flags, flags) : "segment without a bit";
    if (!r->segment)
        (void)snprintf(out, WHAT_MAX, "a packet, %s", wire_rule_way(r->way));
    else if (r->len != 0)
        (void)snprintf(out, WHAT_MAX, "%s %s with %" PRIu32 " octets", whose, bits, r->len);
    else
        (void)snprintf(out, WHAT_MAX, "%s %s", whose, bits);
    return out;
}

static const char *format_deed(const struct wire_rule *rule, char *out, size_t cap)
{
    char time[32];
    switch (rule->deed) {
    case WIRE_LOSS:
    case WIRE_DROP:
        return "is lost";
    case WIRE_HOLD:
        (void)snprintf(out, cap, "is held for %s", clock_format(rule->time_ns, time, sizeof(time)));
        return out;
    case WIRE_DUP:
        return "is doubled";
    case WIRE_REORDER:
        return "lets the next one pass";
    case WIRE_CORRUPT:
        return "has a bit flipped";
    case WIRE_DELAY:
        break;
    }
    return "is delayed";
}

char *wire_report_format(const struct wire_report *r, const struct wire_rules *rules, char *out,
                         size_t cap)
{
    char packet[WHAT_MAX], deed[64], rule[WIRE_RULE_TEXT_MAX];
    (void)format_packet(r, packet);
    switch (r->event) {
    case WIRE_EVENT_RULE:
        if (r->rule < rules->count) {
            const struct wire_rule *which = &rules->rule[r->rule];
            (void)snprintf(out, cap, "the wire: %s %s (%s)", packet,
                           format_deed(which, deed, sizeof(deed)), wire_rule_format(which, rule));
            return out;
        }
        break;
    case WIRE_EVENT_FULL:
        (void)snprintf(out, cap, "the wire: %s is lost, too many wait already", packet);
        return out;
    case WIRE_EVENT_REFUSED:
        (void)snprintf(out, cap, "the wire: %s is lost, the interface does not take it", packet);
        return out;
    case WIRE_EVENT_MISSED:
        (void)snprintf(out, cap, "the wire: %" PRIu64 " packets came too fast and are lost",
                       r->count);
        return out;
    case WIRE_EVENT_BROKE:
        break; /* not a remark: wire_state */
    }
    (void)snprintf(out, cap, "the wire: %s", packet);
    return out;
}
