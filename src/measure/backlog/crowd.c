/* See crowd.h. */
#include "measure/backlog/crowd.h"

#include <stdlib.h>

#include "base/clock.h"
#include "talk/numbers.h"
#include "event/result.h"

/* As in talks.c: the tap sees a segment leave within microseconds. */
#define NOT_SEEN_AFTER (CLOCK_S / 2)

enum status crowd_init(struct crowd *w, const struct talk_config *base, uint16_t first_port,
                       const struct hash_key *key, bool repeatable, struct link link,
                       struct fault *fault)
{
    *w = (struct crowd){
        .base = *base,
        .key = *key,
        .repeatable = repeatable,
        .link = link,
        .first_port = first_port,
    };
    w->craft = craft_new(fault);
    return w->craft != NULL ? STATUS_OK : STATUS_NO_MEMORY;
}

static void free_member(struct crowd_member *m)
{
    struct fault ignored;
    (void)timeline_close(&m->timeline, &ignored);
    recorder_done(&m->keeper);
    free(m);
}

void crowd_done(struct crowd *w)
{
    for (size_t i = 0; i < w->count; i++)
        free_member(w->members[i]);
    w->count = 0;
    craft_free(w->craft);
    w->craft = NULL;
}

struct crowd_member *crowd_add(struct crowd *w, enum client_role role, const char *part,
                               bool completes, int64_t now_ns)
{
    struct fault ignored;
    struct crowd_member *m = w->count < CROWD_MAX ? calloc(1, sizeof(*m)) : NULL;
    if (m == NULL)
        return NULL;
    timeline_init(&m->timeline);
    recorder_init(&m->keeper);
    m->caller = (struct client){.role = role, .part = part, .completes = completes};
    if (timeline_add_sink(&m->timeline, &m->keeper.sink, &ignored) != STATUS_OK) {
        free(m);
        return NULL;
    }
    struct talk_config c = w->base;
    c.session = ++w->session;
    c.local.port = (uint16_t)(w->first_port + w->count);
    c.iss = numbers_isn(&w->key, &c.local, &c.remote, w->repeatable ? 0 : now_ns);
    c.ts_base = numbers_ts_base(&w->key, &c.remote, c.session);
    c.deadline_ns = CLOCK_NEVER;
    w->members[w->count++] = m;
    talk_init(&m->exchange, &c, client_script(), &m->caller, &m->timeline, now_ns);
    return m;
}

static struct crowd_member *member_at(struct crowd *w, const struct endpoint *e)
{
    size_t i = (size_t)e->port - w->first_port;
    return address_equal(&e->ip, &w->base.local.ip) && e->port >= w->first_port && i < w->count
               ? w->members[i]
               : NULL;
}

void crowd_packet(struct crowd *w, const uint8_t *ip, size_t n, int64_t t_ns)
{
    struct segment seg;
    if (segment_decode(&seg, ip, n, NULL) != STATUS_OK)
        return;
    struct crowd_member *to = member_at(w, &seg.dst), *from = member_at(w, &seg.src);
    if (to != NULL && endpoint_equal(&seg.src, &w->base.remote))
        talk_left(&to->exchange, END_B, &seg, t_ns);
    else if (from == NULL || !endpoint_equal(&seg.dst, &w->base.remote))
        return;
    else
        talk_left(&from->exchange, END_A, &seg, t_ns);
}

void crowd_lost_packets(struct crowd *w, uint64_t total)
{
    if (total == w->dropped)
        return;
    w->dropped = total;
    for (size_t i = 0; i < w->count; i++) {
        if (!talk_done(&w->members[i]->exchange))
            talk_lost_packets(&w->members[i]->exchange, total);
    }
}

static enum status pump_one(struct crowd *w, struct crowd_member *m, int64_t now_ns,
                            struct fault *fault)
{
    const uint8_t *data;
    size_t len, n;
    enum status s = STATUS_OK;
    struct talk *x = &m->exchange;
    if (x->ours.outbox.waiting && now_ns >= x->ours.outbox.handed_ns + NOT_SEEN_AFTER)
        talk_not_seen(x, &m->handed, now_ns);
    while (s == STATUS_OK && talk_next(x, now_ns, &m->handed, &data, &len)) {
        s = craft_segment(w->craft, &m->handed, data, len, m->packet, sizeof(m->packet), &n, fault);
        if (s == STATUS_OK)
            s = w->link.send(w->link.arg, m->packet, n, fault);
        m->handed.raw = m->packet;
        m->handed.raw_len = n;
        m->handed.data_off = n - len;
    }
    return s;
}

enum status crowd_pump(struct crowd *w, int64_t now_ns, struct fault *fault)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < w->count; i++)
        s = pump_one(w, w->members[i], now_ns, fault);
    return s;
}

bool crowd_idle(const struct crowd *w)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct outbox *b = &w->members[i]->exchange.ours.outbox;
        if (b->waiting || b->queued > 0)
            return false;
    }
    return true;
}

int crowd_tell(struct crowd *w, size_t first, bool (*shown)(void *arg, const struct client *c),
               void *arg, struct timeline *to, int64_t now_ns)
{
    int worst = 0;
    for (size_t i = first; i < w->count; i++) {
        struct crowd_member *m = w->members[i];
        struct result r = {0};
        bool crowd = !shown(arg, &m->caller);
        recorder_replay(&m->keeper, to, crowd);
        talk_report(&m->exchange, &r);
        (void)timeline_append(to, (struct event){.kind = EVENT_VERDICT,
                                                 .session = m->exchange.config.session,
                                                 .t_ns = now_ns,
                                                 .crowd = crowd,
                                                 .result = &r});
        worst = r.exit_code > worst ? r.exit_code : worst;
        result_done(&r);
    }
    return worst;
}
