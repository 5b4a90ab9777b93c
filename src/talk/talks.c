/* See talks.h. */
#include "talk/talks.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* The tap sees a segment leave within microseconds; after this long it will not. */
#define NOT_SEEN_AFTER (CLOCK_S / 2)
/* But a first SYN waits until the next hop has been asked three times for its address, a second
 * each (RFC 1122 2.3.2.1, RFC 4861 10). */
#define HOP_SILENT_AFTER (4 * CLOCK_S)

/* --- Whose a packet is --- */

struct talks_entry *talks_find(const struct talks *t, const struct endpoint *local,
                               const struct endpoint *remote)
{
    return (struct talks_entry *)tuples_find(&t->tuples, local, remote);
}

/* A script may go on from another port, and a port may only be known now. */
static void follow_ports(struct talks *t, struct talks_entry *e)
{
    const struct talk_config *c = &e->talk.config;
    if (c->local.port == e->tuple.local.port && c->remote.port == e->tuple.remote.port)
        return;
    tuples_remove(&t->tuples, &e->tuple);
    e->tuple.local = c->local;
    e->tuple.remote = c->remote;
    (void)tuples_add(&t->tuples, &e->tuple); /* there was room for it */
}

static struct talks_entry *in_queue(const struct list *l)
{
    return l->first != NULL ? LIST_OWNER(l->first, struct talks_entry, queue) : NULL;
}

struct talks_entry *talks_oldest(const struct talks *t)
{
    const struct list *l = &t->order;
    return l->first != NULL ? LIST_OWNER(l->first, struct talks_entry, order) : NULL;
}

struct talks_entry *talks_younger(const struct talks_entry *e)
{
    struct list_node *next = e->order.next;
    return next != NULL ? LIST_OWNER(next, struct talks_entry, order) : NULL;
}

struct talks_entry *talks_take_ended(struct talks *t)
{
    struct talks_entry *e = in_queue(&t->ended);
    if (e != NULL) {
        list_remove(&e->queue);
        e->taken = true;
    }
    return e;
}

/* --- When each is due --- */

/* No segment of ours has been seen leaving yet. */
static bool is_first(const struct talks_entry *e)
{
    return e->talk.ours.syn_count == 0;
}

/* When a segment that was handed out counts as not seen; CLOCK_NEVER: none is on its way. */
static int64_t unseen_at(const struct talks *t, const struct talks_entry *e)
{
    const struct outbox *b = &e->talk.ours.outbox;
    if (!b->waiting)
        return CLOCK_NEVER;
    return b->handed_ns + (t->config.asks_hop && is_first(e) ? HOP_SILENT_AFTER : NOT_SEEN_AFTER);
}

static int64_t observer_wants(const struct talks *t)
{
    const struct talks_observer *o = t->config.observer;
    return o != NULL ? o->wants_until(o->arg) : 0;
}

/* Every entry is in the heap from its beginning on, so that moving it takes no memory. */
void talks_settle(struct talks *t, struct talks_entry *e)
{
    int64_t at = talk_deadline(&e->talk), unseen = unseen_at(t, e);
    follow_ports(t, e);
    at = unseen < at ? unseen : at;
    if (!talk_done(&e->talk)) {
        list_append(&t->sending, &e->queue);
    } else {
        int64_t wanted = observer_wants(t);
        at = wanted > t->now_ns ? wanted : CLOCK_NEVER;
        list_remove(&e->queue);
        if (at == CLOCK_NEVER && !e->taken)
            list_append(&t->ended, &e->queue);
    }
    (void)heap_set(&t->due, &e->due, at);
}

/* --- Beginning and end --- */

enum status talks_init(struct talks *t, const struct talks_config *config, struct fault *fault)
{
    memset(t, 0, sizeof(*t));
    t->config = *config;
    tuples_init(&t->tuples, &config->key);
    timeline_init(&t->nowhere);
    t->craft = craft_new(fault);
    if (t->craft == NULL)
        return STATUS_NO_MEMORY;
    t->pace = config->rate != 0 ? calloc(1, sizeof(*t->pace)) : NULL;
    if (config->rate != 0 && t->pace == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

static void free_entry(struct talks_entry *e)
{
    struct fault ignored;
    if (e->record == TALKS_KEPT) {
        (void)timeline_close(&e->timeline, &ignored);
        recorder_done(&e->recorder);
    }
    free(e->packet);
    free(e);
}

void talks_done(struct talks *t)
{
    for (struct talks_entry *e; (e = talks_oldest(t)) != NULL;)
        talks_drop(t, e);
    heap_done(&t->due);
    tuples_done(&t->tuples);
    free(t->pace);
    craft_free(t->craft);
    t->pace = NULL;
    t->craft = NULL;
}

static struct timeline *record_of(struct talks *t, struct talks_entry *e)
{
    struct fault ignored;
    if (e->record != TALKS_KEPT)
        return e->record == TALKS_STREAMED ? t->config.timeline : &t->nowhere;
    timeline_init(&e->timeline);
    recorder_init(&e->recorder);
    (void)timeline_add_sink(&e->timeline, &e->recorder.sink, &ignored); /* which has room for it */
    return &e->timeline;
}

struct talks_entry *talks_begin(struct talks *t, const struct talks_new *made, int64_t now_ns)
{
    struct talks_entry *e = calloc(1, sizeof(*e));
    if (e == NULL)
        return NULL;
    e->record = made->record;
    e->tuple = (struct tuples_node){.local = made->config.local, .remote = made->config.remote};
    struct timeline *record = record_of(t, e);
    if (!heap_set(&t->due, &e->due, CLOCK_NEVER) || !tuples_add(&t->tuples, &e->tuple)) {
        heap_remove(&t->due, &e->due);
        free_entry(e);
        return NULL;
    }
    list_append(&t->order, &e->order);
    t->now_ns = now_ns;
    talk_init(&e->talk, &made->config, made->script, made->state, record, now_ns);
    talks_settle(t, e);
    return e;
}

void talks_drop(struct talks *t, struct talks_entry *e)
{
    list_remove(&e->queue);
    heap_remove(&t->due, &e->due);
    tuples_remove(&t->tuples, &e->tuple);
    list_remove(&e->order);
    free_entry(e);
}

void talks_end(struct talks *t, enum script_stop why, int64_t now_ns)
{
    t->now_ns = now_ns;
    for (struct talks_entry *e = talks_oldest(t); e != NULL; e = talks_younger(e)) {
        talk_stop(&e->talk, why, now_ns);
        talks_settle(t, e);
    }
}

/* --- What goes out --- */

/* Keeps the octets until the segment is seen leaving: they are what the record has if it never is.
 */
static enum status keep_packet(struct talks *t, struct talks_entry *e, size_t n, size_t len,
                               struct fault *fault)
{
    if (n > e->packet_cap) {
        uint8_t *grown = realloc(e->packet, n);
        if (grown == NULL)
            return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        e->packet = grown;
        e->packet_cap = n;
    }
    memcpy(e->packet, t->packet, n);
    e->handed.raw = e->packet;
    e->handed.raw_len = n;
    e->handed.data_off = n - len;
    return STATUS_OK;
}

enum status talks_next(struct talks *t, int64_t now_ns, struct talks_entry **e, struct fault *fault)
{
    const uint8_t *data;
    size_t len, n;
    while ((*e = in_queue(&t->sending)) != NULL) {
        struct segment *seg = &(*e)->handed;
        list_remove(&(*e)->queue);
        if (!talk_next(&(*e)->talk, now_ns, seg, &data, &len)) {
            if (talk_done(&(*e)->talk))
                talks_settle(t, *e);
            continue;
        }
        enum status s =
            craft_segment(t->craft, seg, data, len, t->packet, sizeof(t->packet), &n, fault);
        if (s == STATUS_OK)
            s = keep_packet(t, *e, n, len, fault);
        talks_settle(t, *e); /* due when it is not seen leaving */
        return s;
    }
    return STATUS_OK;
}

/* What leaves is the conversation's affair, unless nothing ever has: then nothing was measured. */
static enum status hand_over(struct talks *t, struct talks_entry *e, int64_t now_ns,
                             struct fault *fault)
{
    enum status s = t->link.send(t->link.arg, e->packet, e->handed.raw_len, fault);
    if (t->broken && s == STATUS_OK)
        talk_not_seen(&e->talk, &e->handed, now_ns); /* nor could it be */
    else if (s != STATUS_OK && (t->broken || e->talk.segments[END_A] > 0))
        talk_not_sent(&e->talk, &e->handed, fault->text, now_ns);
    else
        return s;
    talks_settle(t, e);
    return STATUS_OK;
}

static enum status pump(struct talks *t, int64_t now_ns, struct fault *fault)
{
    enum status s = STATUS_OK;
    while (s == STATUS_OK && (t->pace == NULL || pace_allows(t->pace, 1, now_ns) > 0)) {
        struct talks_entry *e;
        s = talks_next(t, now_ns, &e, fault);
        if (s != STATUS_OK || e == NULL)
            break;
        s = hand_over(t, e, now_ns, fault);
        if (t->pace != NULL)
            pace_left(t->pace, 1, now_ns);
    }
    return s;
}

/* After anything has happened. Who fetches packets itself has no link and no plan here. */
static enum status go_on(struct talks *t, int64_t now_ns, struct fault *fault)
{
    const struct talks_plan *p = &t->config.plan;
    enum status s = STATUS_OK;
    if (t->link.send == NULL)
        return s;
    do {
        s = p->over(p->arg) ? STATUS_OK : p->go_on(p->arg, now_ns, fault);
        if (s == STATUS_OK)
            s = pump(t, now_ns, fault);
    } while (s == STATUS_OK && t->ended.first != NULL && !p->over(p->arg));
    return s;
}

/* --- What comes in --- */

static void looked_at(struct talks *t, struct talks_entry *e)
{
    const struct talks_observer *o = t->config.observer;
    if (o != NULL)
        o->look(o->arg, &e->talk);
    talks_settle(t, e);
}

void talks_received(struct talks *t, struct talks_entry *e, const struct segment *seg, int64_t t_ns)
{
    t->now_ns = t_ns;
    talk_left(&e->talk, END_B, seg, t_ns);
    looked_at(t, e);
}

void talks_left(struct talks *t, struct talks_entry *e, const struct segment *seg, int64_t t_ns)
{
    t->now_ns = t_ns;
    talk_left(&e->talk, END_A, seg, t_ns);
    looked_at(t, e);
}

/* For whom a SYN is that no 4-tuple knows: who waits for that host to connect, whose port is not
 * known until then; or somebody who is made for it. */
static struct talks_entry *for_whom(struct talks *t, const struct segment *seg, int64_t t_ns)
{
    const struct endpoint any_port = {.ip = seg->src.ip};
    struct talks_new made = {.record = TALKS_NOT_RECORDED};
    if ((seg->flags & (FLAG_SYN | FLAG_ACK | FLAG_RST)) != FLAG_SYN)
        return NULL;
    struct talks_entry *e = talks_find(t, &seg->dst, &any_port);
    if (e != NULL) {
        e->talk.config.remote.port = seg->src.port;
        follow_ports(t, e);
    } else if (t->config.invites != NULL && t->config.invites(t->config.invites_arg, seg, &made)) {
        e = talks_begin(t, &made, t_ns);
    }
    return e;
}

static void take_segment(struct talks *t, const struct segment *seg, int64_t t_ns)
{
    struct talks_entry *to = talks_find(t, &seg->dst, &seg->src);
    struct talks_entry *from = to == NULL ? talks_find(t, &seg->src, &seg->dst) : NULL;
    if (to == NULL && from == NULL)
        to = for_whom(t, seg, t_ns);
    if (to != NULL)
        talks_received(t, to, seg, t_ns);
    else if (from != NULL)
        talks_left(t, from, seg, t_ns);
    else
        t->strangers++; /* or an earlier session's */
}

/* An ICMP error counts when the segment it quotes is one that we have sent: a stranger would have
 * to guess the sequence number (RFC 5927 4.1). */
void talks_unreachable(struct talks *t, const struct icmp_error *e, int64_t t_ns)
{
    struct talks_entry *of = talks_find(t, &e->src, &e->dst);
    const struct tcb *own = of != NULL ? &of->talk.ours.tcb : NULL;
    if (own == NULL || !seq_within(e->seq, own->iss, own->snd_nxt.v - own->iss.v + 1))
        return;
    t->now_ns = t_ns;
    talk_unreachable(&of->talk, e, t_ns);
    talks_settle(t, of);
}

/* What does not decode has no ports: it is told where there is only one whose it can be. */
static void malformed(struct talks *t, const struct segment *seg, const char *what, int64_t t_ns)
{
    struct talks_entry *e = talks_oldest(t);
    const struct talk_config *c = e != NULL ? &e->talk.config : NULL;
    if (e == NULL || talks_younger(e) != NULL || !IN6_ARE_ADDR_EQUAL(&seg->src.ip, &c->remote.ip) ||
        !IN6_ARE_ADDR_EQUAL(&seg->dst.ip, &c->local.ip)) {
        t->strangers++;
        return;
    }
    talk_malformed(&e->talk, what, t_ns);
    talks_settle(t, e);
}

enum status talks_packet(struct talks *t, const uint8_t *ip, size_t n, int64_t t_ns,
                         struct fault *fault)
{
    struct segment seg;
    struct icmp_error icmp;
    struct fault why = {0};
    if (talks_over(t))
        return STATUS_OK;
    t->now_ns = t_ns;
    enum status s = segment_decode(&seg, ip, n, &why);
    if (s == STATUS_OK)
        take_segment(t, &seg, t_ns);
    else if (s == STATUS_MALFORMED)
        malformed(t, &seg, why.text, t_ns);
    else if (icmp_decode(&icmp, ip, n, NULL) == STATUS_OK)
        talks_unreachable(t, &icmp, t_ns);
    return go_on(t, t_ns, fault);
}

void talks_remark(struct talks *t, const char *text, int64_t t_ns)
{
    if (t->order.last == NULL || talks_over(t))
        return;
    struct talks_entry *e = LIST_OWNER(t->order.last, struct talks_entry, order);
    if (t_ns > e->talk.now_ns)
        e->talk.now_ns = t_ns;
    talk_remark(&e->talk, text);
}

void talks_lost_packets(struct talks *t, uint64_t total)
{
    if (total == t->dropped || talks_over(t))
        return;
    t->dropped = total;
    for (struct talks_entry *e = talks_oldest(t); e != NULL; e = talks_younger(e)) {
        if (!e->taken)
            talk_lost_packets(&e->talk, total);
    }
}

/* --- Time --- */

static void tick(struct talks *t, struct talks_entry *e, int64_t now_ns)
{
    if (now_ns >= unseen_at(t, e)) {
        const struct icmp_error no_hop = {0};
        bool nowhere = t->config.asks_hop && is_first(e);
        talk_not_seen(&e->talk, &e->handed, now_ns);
        if (nowhere)
            talk_unreachable(&e->talk, &no_hop, now_ns);
    }
    talk_tick(&e->talk, now_ns);
    talks_settle(t, e);
}

enum status talks_tick(struct talks *t, int64_t now_ns, struct fault *fault)
{
    if (talks_over(t))
        return STATUS_OK;
    t->now_ns = now_ns;
    for (size_t left = t->due.len; left > 0; left--) {
        struct heap_node *node = heap_first(&t->due);
        if (node == NULL || node->key > now_ns)
            break;
        tick(t, LIST_OWNER(node, struct talks_entry, due), now_ns);
    }
    return go_on(t, now_ns, fault);
}

int64_t talks_deadline(const struct talks *t)
{
    const struct talks_plan *p = &t->config.plan;
    const struct heap_node *node = heap_first(&t->due);
    int64_t at = node != NULL ? node->key : CLOCK_NEVER;
    if (talks_over(t))
        return CLOCK_NEVER;
    if (t->pace != NULL && t->sending.first != NULL && pace_next(t->pace, 1) < at)
        at = pace_next(t->pace, 1);
    if (p->deadline != NULL && p->deadline(p->arg) < at)
        at = p->deadline(p->arg);
    return at;
}

enum status talks_start(struct talks *t, struct link link, int64_t now_ns, struct fault *fault)
{
    const struct talks_plan *p = &t->config.plan;
    t->link = link;
    t->now_ns = now_ns;
    if (t->pace != NULL)
        pace_init(t->pace, t->config.rate, now_ns);
    enum status s = p->begin != NULL ? p->begin(p->arg, now_ns, fault) : STATUS_OK;
    return s == STATUS_OK ? go_on(t, now_ns, fault) : s;
}

enum status talks_stop(struct talks *t, int64_t now_ns, struct fault *fault)
{
    const struct talks_plan *p = &t->config.plan;
    talks_end(t, SCRIPT_STOP_INTERRUPT, now_ns);
    if (p->stop != NULL)
        p->stop(p->arg, now_ns);
    return go_on(t, now_ns, fault);
}

bool talks_over(const struct talks *t)
{
    const struct talks_plan *p = &t->config.plan;
    return p->over != NULL && p->over(p->arg);
}

bool talks_can_wait(const struct talks *t)
{
    const struct talks_entry *e = talks_oldest(t);
    while (e != NULL && e->talk.only_listens && !e->talk.finished && !e->talk.ours.outbox.waiting)
        e = talks_younger(e);
    return e == NULL && t->order.first != NULL;
}

void talks_progress(const struct talks *t, int64_t now_ns, char *out, size_t cap)
{
    const struct talks_plan *p = &t->config.plan;
    out[0] = '\0';
    if (p->progress != NULL)
        p->progress(p->arg, now_ns, out, cap);
}
