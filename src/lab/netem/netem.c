/* See netem.h. */
#include "lab/netem/netem.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <pcap/dlt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/flags.h"
#include "wire/frame.h"
#include "wire/ip.h"
#include "wire/segment.h"

enum {
    PORTS = 4, /* octets at the start of a segment */
    DATA_OFFSET_AT = 12,
    WHAT_MAX = 128 /* octets of a line */
};

/* What a number is drawn for: one rule may need two. */
enum purpose {
    PURPOSE_CHANCE,
    PURPOSE_JITTER,
    PURPOSE_BIT
};

/* --- What it sees --- */

/* ICMPv6 messages that never leave a link: of multicast listeners (RFC 2710, RFC 3810) and of
 * neighbour discovery (RFC 4861). */
static bool is_upkeep(const struct ip_packet *p, const uint8_t *ip, size_t n)
{
    if (p->version == 4)
        return p->protocol == IPPROTO_IGMP;
    if (p->protocol != IPPROTO_ICMPV6 || p->off >= n)
        return false;
    uint8_t type = ip[p->off];
    return (type >= 130 && type <= 137) || type == 143;
}

static void look_at_segment(struct netem_look *look, const uint8_t *ip, size_t n)
{
    struct segment seg;
    if (segment_decode(&seg, ip, n, NULL) != STATUS_OK)
        return;
    look->segment = seg.checksum != SEGMENT_CHECKSUM_UNKNOWN;
    look->flags = seg.flags;
    look->len = seg.len;
    look->tcp_at += seg.tcp_off;
    look->tcp_len = seg.data_off - seg.tcp_off + seg.len;
}

void netem_look(struct netem_look *look, const uint8_t *frame, size_t n)
{
    const uint8_t *ip;
    size_t ip_len;
    struct ip_packet p;
    *look = (struct netem_look){0};
    if (!frame_ip(DLT_EN10MB, frame, n, &ip, &ip_len))
        return;
    /* What claims to be IP and does not parse is a packet like another. */
    look->packet = ip_parse(&p, ip, ip_len, NULL) != STATUS_OK || !is_upkeep(&p, ip, ip_len);
    look->tcp_at = (size_t)(ip - frame);
    look_at_segment(look, ip, ip_len);
}

bool netem_look_corrupt(const struct netem_look *look, uint8_t *frame, uint64_t dice)
{
    if (!look->segment)
        return false;
    size_t at = PORTS + (size_t)(dice / 8 % (look->tcp_len - PORTS - 1));
    at += at >= DATA_OFFSET_AT;
    frame[look->tcp_at + at] ^= (uint8_t)(1U << dice % 8);
    return true;
}

/* --- What it decides --- */

void netem_plan_init(struct netem_plan *plan, const struct netem_rules *rules, uint64_t seed)
{
    *plan = (struct netem_plan){.rules = *rules, .key = hash_key_of_seed(seed)};
}

static uint64_t draw(const struct netem_plan *plan, enum end way, size_t rule, enum purpose purpose)
{
    struct {
        uint64_t packet;
        uint32_t rule;
        uint16_t way, purpose;
    } hashed = {plan->packets[way], (uint32_t)rule, (uint16_t)way, (uint16_t)purpose};
    return hash_bytes(&plan->key, &hashed, sizeof(hashed));
}

static bool applies(struct netem_plan *plan, enum end way, size_t i, const struct netem_look *look)
{
    const struct netem_rule *rule = &plan->rules.rule[i];
    if (!rule->ways[way])
        return false;
    if (rule->share != 0)
        return draw(plan, way, i, PURPOSE_CHANCE) % NETEM_SHARE_WHOLE < rule->share;
    if (rule->action == NETEM_DELAY)
        return true;
    if (!look->segment || !netem_rule_names(rule, look->flags))
        return false;
    uint32_t number = ++plan->named[i][way];
    return rule->nth == 0 || number == rule->nth;
}

/* From T - J to T + J, each as likely. */
static int64_t delay(const struct netem_plan *plan, enum end way, size_t i)
{
    const struct netem_rule *rule = &plan->rules.rule[i];
    uint64_t width = 2 * (uint64_t)rule->jitter_ns + 1;
    return rule->time_ns - rule->jitter_ns + (int64_t)(draw(plan, way, i, PURPOSE_JITTER) % width);
}

static void hit(const struct netem_plan *plan, enum end way, size_t i,
                const struct netem_look *look, struct netem_verdict *verdict)
{
    const struct netem_rule *rule = &plan->rules.rule[i];
    switch (rule->action) {
    case NETEM_DELAY:
        verdict->due_ns += delay(plan, way, i);
        return;
    case NETEM_LOSS:
    case NETEM_DROP:
        verdict->lost = true;
        break;
    case NETEM_HOLD:
        verdict->held = true;
        verdict->due_ns += rule->time_ns;
        break;
    case NETEM_DUP:
        if (verdict->copies == NETEM_COPIES_MAX)
            return;
        verdict->copies++;
        break;
    case NETEM_REORDER:
        verdict->late = true;
        break;
    case NETEM_CORRUPT:
        if (!look->segment)
            return;
        verdict->corrupted = true;
        verdict->dice = draw(plan, way, i, PURPOSE_BIT);
        break;
    }
    verdict->caused |= UINT32_C(1) << i;
}

/* Each copy behind what keeps its place before it, a nanosecond being the least distance. */
static void keep_place(struct netem_plan *plan, enum end way, struct netem_verdict *verdict)
{
    int64_t *last = &plan->last_due[way];
    if (verdict->due_ns <= *last)
        verdict->due_ns = *last + 1;
    *last = verdict->due_ns + verdict->copies - 1;
}

void netem_plan_judge(struct netem_plan *plan, enum end way, const struct netem_look *look,
                      int64_t t_ns, struct netem_verdict *verdict)
{
    *verdict = (struct netem_verdict){.copies = 1, .due_ns = t_ns};
    if (!look->packet)
        return;
    for (size_t i = 0; i < plan->rules.count; i++) {
        if (applies(plan, way, i, look))
            hit(plan, way, i, look, verdict);
    }
    plan->packets[way]++;
    if (verdict->held)
        verdict->late = false; /* its own time is known */
    if (verdict->late)
        verdict->due_ns += NETEM_REORDER_WAIT;
    if (!verdict->lost && !verdict->held && !verdict->late)
        keep_place(plan, way, verdict);
}

/* --- What waits --- */

void netem_queue_init(struct netem_queue *q)
{
    *q = (struct netem_queue){.octets = 0};
    heap_init(&q->heap);
}

static struct netem_packet *packet_of(struct heap_node *node)
{
    return (struct netem_packet *)node;
}

static size_t weight(const struct netem_packet *p)
{
    return sizeof(*p) + p->n;
}

static void take_out(struct netem_queue *q, struct netem_packet *p)
{
    heap_remove(&q->heap, &p->node);
    q->octets -= weight(p);
    q->late[p->way] -= p->late;
}

void netem_queue_done(struct netem_queue *q)
{
    for (struct heap_node *node; (node = heap_first(&q->heap)) != NULL;) {
        take_out(q, packet_of(node));
        free(packet_of(node));
    }
    heap_done(&q->heap);
}

struct netem_packet *netem_queue_put(struct netem_queue *q, enum end way, const uint8_t *frame,
                                     size_t n, int64_t due_ns, bool late)
{
    if (q->octets + sizeof(struct netem_packet) + n > NETEM_QUEUE_OCTETS)
        return NULL;
    struct netem_packet *p = malloc(sizeof(*p) + n);
    if (p == NULL)
        return NULL;
    *p = (struct netem_packet){.way = way, .late = late, .n = n};
    memcpy(p->frame, frame, n);
    if (!heap_set(&q->heap, &p->node, due_ns)) {
        free(p);
        return NULL;
    }
    q->octets += weight(p);
    q->late[way] += late;
    return p;
}

/* Which of them waits longest for the next one to pass. */
static struct netem_packet *waits_longest(const struct netem_queue *q, enum end way)
{
    struct netem_packet *first = NULL;
    for (size_t i = 0; i < q->heap.len; i++) {
        struct netem_packet *p = packet_of(q->heap.nodes[i]);
        if (p->late && p->way == way && (first == NULL || p->node.key < first->node.key))
            first = p;
    }
    return first;
}

void netem_queue_passes(struct netem_queue *q, enum end way, int64_t due_ns)
{
    while (q->late[way] > 0) {
        struct netem_packet *p = waits_longest(q, way);
        p->late = false;
        q->late[way]--;
        /* There is room in the heap: it is in already. */
        if (++due_ns < p->node.key)
            (void)heap_set(&q->heap, &p->node, due_ns);
    }
}

int64_t netem_queue_due(const struct netem_queue *q)
{
    const struct heap_node *first = heap_first(&q->heap);
    return first != NULL ? first->key : CLOCK_NEVER;
}

struct netem_packet *netem_queue_take(struct netem_queue *q, int64_t now_ns)
{
    struct heap_node *first = heap_first(&q->heap);
    if (first == NULL || first->key > now_ns)
        return NULL;
    struct netem_packet *p = packet_of(first);
    take_out(q, p);
    return p;
}

/* --- What it tells --- */

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

char *netem_report_format(const struct netem_report *r, const struct netem_rules *rules, char *out,
                          size_t cap)
{
    static const char *const befell[NETEM_ACTIONS] = {
        [NETEM_DELAY] = "is delayed",
        [NETEM_LOSS] = "is lost",
        [NETEM_DROP] = "is lost",
        [NETEM_HOLD] = "is held for ",
        [NETEM_DUP] = "is doubled",
        [NETEM_REORDER] = "lets the next one pass",
        [NETEM_CORRUPT] = "has a bit flipped",
    };
    const struct netem_rule *rule = r->rule < rules->count ? &rules->rule[r->rule] : NULL;
    char packet[WHAT_MAX], text[NETEM_RULE_TEXT_MAX], time[32] = "";
    (void)format_packet(r, packet);
    if (r->event == NETEM_EVENT_FULL)
        (void)snprintf(out, cap, "the wire: %s is lost, too many wait already", packet);
    else if (r->event == NETEM_EVENT_REFUSED)
        (void)snprintf(out, cap, "the wire: %s is lost, the interface does not take it", packet);
    else if (r->event == NETEM_EVENT_MISSED)
        (void)snprintf(out, cap, "the wire: %" PRIu64 " packets came too fast and are lost",
                       r->count);
    else if (r->event == NETEM_EVENT_RULE && rule != NULL)
        (void)snprintf(out, cap, "the wire: %s %s%s (%s)", packet, befell[rule->action],
                       rule->action == NETEM_HOLD ? clock_format(rule->time_ns, time, sizeof(time))
                                                  : "",
                       netem_rule_format(rule, text));
    else /* BROKE is not a remark: see netem_wire.c */
        (void)snprintf(out, cap, "the wire: %s", packet);
    return out;
}
