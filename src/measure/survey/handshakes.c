/* See handshakes.h. */
#include "measure/survey/handshakes.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* As in run.c: the tap sees a segment leave within microseconds. */
#define NOT_SEEN_AFTER (CLOCK_S / 2)
/* But a first SYN waits until the next hop has been asked three times for its address, a second
 * each (RFC 1122 2.3.2.1, RFC 4861 10). */
#define HOP_SILENT_AFTER (4 * CLOCK_S)

enum status handshakes_init(struct handshakes *h, const struct talk_config *base,
                            int64_t reply_wait_ns, struct fault *fault)
{
    *h = (struct handshakes){.base = *base, .reply_wait_ns = reply_wait_ns};
    heap_init(&h->due);
    h->craft = craft_new(fault);
    return h->craft != NULL ? STATUS_OK : STATUS_NO_MEMORY;
}

void handshakes_done(struct handshakes *h)
{
    while (h->first != NULL) {
        struct handshake *s = h->first;
        h->first = s->next;
        if (s->over)
            handshakes_free(h, s);
    }
    for (struct heap_node *node; (node = heap_first(&h->due)) != NULL;)
        handshakes_free(h, (struct handshake *)node);
    for (struct handshake *s; (s = handshakes_take_ended(h)) != NULL;)
        handshakes_free(h, s);
    heap_done(&h->due);
    craft_free(h->craft);
    h->craft = NULL;
}

static bool is_first(const struct handshake *s)
{
    return s->exchange.ours.syn_count == 0;
}

/* When a segment that was handed out counts as not sent; CLOCK_NEVER: none is on its way. */
static int64_t unseen_at(const struct handshake *s)
{
    const struct outbox *b = &s->exchange.ours.outbox;
    if (!b->waiting)
        return CLOCK_NEVER;
    return b->handed_ns + (is_first(s) ? HOP_SILENT_AFTER : NOT_SEEN_AFTER);
}

/* Linux itself answers for a next hop that does not: host unreachable, from our address. */
static void not_seen(struct handshake *s, int64_t now_ns)
{
    const struct talk_config *c = &s->exchange.config;
    bool v4 = address_is_v4(&c->local.ip);
    const struct icmp_error e = {.ip_version = v4 ? 4 : 6,
                                 .type = v4 ? 3 : 1,
                                 .code = v4 ? 1 : 3,
                                 .from = c->local.ip,
                                 .src = c->local,
                                 .dst = c->remote,
                                 .seq = c->iss};
    bool first = is_first(s);
    talk_not_seen(&s->exchange, &s->handed, now_ns);
    if (first)
        talk_unreachable(&s->exchange, &e, now_ns);
}

/* Whoever has just been moved on may have something to send, and a new time. */
static void settle(struct handshakes *h, struct handshake *s)
{
    if (s->over)
        return;
    if (talk_done(&s->exchange)) {
        s->over = true;
        heap_remove(&h->due, &s->node);
        if (!s->waits) {
            s->next = h->ended;
            h->ended = s;
        }
        return;
    }
    int64_t at = talk_deadline(&s->exchange);
    if (unseen_at(s) < at)
        at = unseen_at(s);
    if (!heap_set(&h->due, &s->node, at))
        talk_stop(&s->exchange, SCRIPT_STOP_GAVE_UP, s->exchange.now_ns);
    if (s->waits)
        return;
    s->waits = true;
    s->next = NULL;
    if (h->last != NULL)
        h->last->next = s;
    else
        h->first = s;
    h->last = s;
}

struct handshake *handshakes_begin(struct handshakes *h, const struct flow *f, uint32_t cell,
                                   const struct endpoint *local, int64_t now_ns)
{
    struct handshake *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    struct talk_config c = h->base;
    c.session = f->session;
    c.local = *local;
    c.remote.ip = f->ip;
    c.remote.port = f->port;
    c.iss = seq_of(f->iss);
    c.ts_base = f->ts_val;
    c.deadline_ns = c.deadline_ns == CLOCK_NEVER ? CLOCK_NEVER : now_ns + c.deadline_ns;
    s->cell = cell;
    s->open = (struct open){.close = OPEN_CLOSE_FIN, .reply_wait_ns = h->reply_wait_ns};
    timeline_init(&s->timeline);
    talk_init(&s->exchange, &c, open_script(), &s->open, &s->timeline, now_ns);
    settle(h, s);
    return s;
}

/* Not while it is in the list of those that may send: handshakes_packet takes it out. */
void handshakes_free(struct handshakes *h, struct handshake *s)
{
    struct fault ignored;
    heap_remove(&h->due, &s->node);
    (void)timeline_close(&s->timeline, &ignored);
    free(s);
}

void handshakes_received(struct handshakes *h, struct handshake *s, const struct segment *seg,
                         int64_t t_ns)
{
    talk_left(&s->exchange, END_B, seg, t_ns);
    settle(h, s);
}

void handshakes_left(struct handshakes *h, struct handshake *s, const struct segment *seg,
                     int64_t t_ns)
{
    talk_left(&s->exchange, END_A, seg, t_ns);
    settle(h, s);
}

void handshakes_unreachable(struct handshakes *h, struct handshake *s, const struct icmp_error *e,
                            int64_t t_ns)
{
    talk_unreachable(&s->exchange, e, t_ns);
    settle(h, s);
}

enum status handshakes_stop(struct handshakes *h, int64_t now_ns)
{
    size_t n = h->due.len;
    struct heap_node **all = calloc(n + 1, sizeof(struct heap_node *));
    if (all == NULL)
        return STATUS_NO_MEMORY;
    memcpy(all, h->due.nodes, n * sizeof(struct heap_node *));
    for (size_t i = 0; i < n; i++) {
        struct handshake *s = (struct handshake *)all[i];
        talk_stop(&s->exchange, SCRIPT_STOP_INTERRUPT, now_ns);
        settle(h, s);
    }
    free(all);
    return STATUS_OK;
}

void handshakes_tick(struct handshakes *h, int64_t now_ns)
{
    struct heap_node *node;
    for (size_t left = h->due.len; left > 0; left--) {
        node = heap_first(&h->due);
        if (node == NULL || node->key > now_ns)
            break;
        struct handshake *s = (struct handshake *)node;
        if (now_ns >= unseen_at(s))
            not_seen(s, now_ns);
        talk_tick(&s->exchange, now_ns);
        settle(h, s);
    }
}

int64_t handshakes_next(const struct handshakes *h)
{
    const struct heap_node *node = heap_first(&h->due);
    return node != NULL ? node->key : CLOCK_NEVER;
}

const uint8_t *handshakes_packet(struct handshakes *h, int64_t now_ns, size_t *n,
                                 struct fault *fault)
{
    struct handshake *s;
    while ((s = h->first) != NULL) {
        const uint8_t *data;
        size_t len;
        h->first = s->next;
        if (h->first == NULL)
            h->last = NULL;
        s->waits = false;
        if (s->over) {
            s->next = h->ended;
            h->ended = s;
            continue;
        }
        if (!talk_next(&s->exchange, now_ns, &s->handed, &data, &len))
            continue;
        if (craft_segment(h->craft, &s->handed, data, len, s->packet, sizeof(s->packet), n,
                          fault) != STATUS_OK)
            continue;
        s->handed.raw = s->packet;
        s->handed.raw_len = *n;
        s->handed.data_off = *n - len;
        settle(h, s); /* due when it is not seen leaving */
        return s->packet;
    }
    return NULL;
}

struct handshake *handshakes_take_ended(struct handshakes *h)
{
    struct handshake *s = h->ended;
    if (s != NULL)
        h->ended = s->next;
    return s;
}
