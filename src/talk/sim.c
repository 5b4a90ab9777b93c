/* See sim.h. */
#include "talk/sim.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* A packet on its way: to our tap, or to the peer. */
struct delivery {
    int64_t at_ns;
    bool to_peer;
    size_t n;
    struct delivery *next;
    uint8_t ip[];
};

struct sim {
    struct sim_peer peer;
    int64_t now_ns, delay_ns;
    struct delivery *first; /* by time, then by order of arrival */
    struct craft *craft;
    bool out_of_memory;
};

struct sim *sim_new(const struct sim_peer *peer, int64_t start_ns, int64_t delay_ns)
{
    struct sim *sim = calloc(1, sizeof(*sim));
    if (sim == NULL)
        return NULL;
    sim->peer = *peer;
    sim->now_ns = start_ns;
    sim->delay_ns = delay_ns;
    sim->craft = craft_new(NULL);
    if (sim->craft == NULL) {
        free(sim);
        return NULL;
    }
    return sim;
}

void sim_free(struct sim *sim)
{
    if (sim == NULL)
        return;
    while (sim->first != NULL) {
        struct delivery *d = sim->first;
        sim->first = d->next;
        free(d);
    }
    craft_free(sim->craft);
    free(sim);
}

static void deliver_later(struct sim *sim, int64_t at_ns, bool to_peer, const uint8_t *ip, size_t n)
{
    struct delivery *d = malloc(sizeof(*d) + n);
    if (d == NULL) {
        sim->out_of_memory = true;
        return;
    }
    d->at_ns = at_ns;
    d->to_peer = to_peer;
    d->n = n;
    memcpy(d->ip, ip, n);
    struct delivery **place = &sim->first;
    while (*place != NULL && (*place)->at_ns <= at_ns)
        place = &(*place)->next;
    d->next = *place;
    *place = d;
}

static bool lost(struct sim *sim, bool ours, const uint8_t *ip, size_t n)
{
    struct segment seg;
    return sim->peer.loses != NULL && segment_decode(&seg, ip, n, NULL) == STATUS_OK &&
           sim->peer.loses(sim->peer.arg, ours, &seg);
}

/* Our tap sees it leave at once; the peer gets it later or never. */
static enum status send_packet(void *arg, const uint8_t *ip, size_t n, struct fault *fault)
{
    struct sim *sim = arg;
    (void)fault;
    deliver_later(sim, sim->now_ns, false, ip, n);
    if (!lost(sim, true, ip, n))
        deliver_later(sim, sim->now_ns + sim->delay_ns, true, ip, n);
    return STATUS_OK;
}

struct link sim_link(struct sim *sim)
{
    return (struct link){.send = send_packet, .arg = sim};
}

int64_t sim_now(const struct sim *sim)
{
    return sim->now_ns;
}

void sim_emit_raw(struct sim *sim, int64_t after_ns, const uint8_t *ip, size_t n)
{
    if (!lost(sim, false, ip, n))
        deliver_later(sim, sim->now_ns + after_ns + sim->delay_ns, false, ip, n);
}

void sim_emit(struct sim *sim, int64_t after_ns, const struct segment *seg, const void *data,
              size_t n)
{
    uint8_t packet[2048];
    size_t len;
    if (craft_segment(sim->craft, seg, data, n, packet, sizeof(packet), &len, NULL) == STATUS_OK)
        sim_emit_raw(sim, after_ns, packet, len);
}

static enum status deliver(struct sim *sim, struct talks *talks, struct fault *fault)
{
    struct delivery *d = sim->first;
    struct segment seg;
    enum status s = STATUS_OK;

    sim->first = d->next;
    sim->now_ns = d->at_ns;
    if (!d->to_peer)
        s = talks_packet(talks, d->ip, d->n, d->at_ns, fault);
    else if (segment_decode(&seg, d->ip, d->n, NULL) == STATUS_OK)
        sim->peer.receives(sim->peer.arg, sim, &seg);
    free(d);
    return s;
}

enum status sim_run(struct sim *sim, struct talks *talks, int64_t limit_ns, struct fault *fault)
{
    int64_t limit = sim->now_ns + limit_ns;
    enum status s = STATUS_OK;

    while (s == STATUS_OK && !talks_over(talks) && sim->now_ns < limit) {
        int64_t deadline = talks_deadline(talks);
        if (sim->first != NULL && sim->first->at_ns <= deadline) {
            s = deliver(sim, talks, fault);
        } else if (deadline != CLOCK_NEVER) {
            sim->now_ns = deadline > sim->now_ns ? deadline : sim->now_ns;
            s = talks_tick(talks, sim->now_ns, fault);
        } else {
            break;
        }
    }
    if (s == STATUS_OK && sim->out_of_memory)
        s = fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    return s;
}

/* --- The ideal peer --- */

static void ideal_options(const struct sim_ideal *ideal, const struct sim *sim,
                          const struct segment *seg, struct segment *out)
{
    bool syn = (out->flags & FLAG_SYN) != 0;
    const struct options *offered = &seg->opt;
    struct options *o = &out->opt;

    if (out->flags & FLAG_RST)
        return;
    o->has_timestamps = syn ? offered->has_timestamps : ideal->tcb.timestamps;
    o->ts_val = (uint32_t)(sim->now_ns / CLOCK_MS);
    o->ts_ecr = syn ? offered->ts_val : ideal->tcb.ts_recent;
    if (syn) {
        o->has_mss = true;
        o->mss = seg->ip_version == 4 ? 1460 : 1440;
        o->sack_permitted = offered->sack_permitted;
        o->has_wscale = offered->has_wscale;
        o->wscale = 7;
    }
    (void)options_build(o, syn ? "MSTNW" : o->has_timestamps ? "NNT" : "", NULL);
}

static void ideal_answer(struct sim_ideal *ideal, struct sim *sim, const struct segment *seg,
                         enum reply reply)
{
    struct segment out = {0};
    tcb_fill(&ideal->tcb, reply, seg, &out);
    out.src = seg->dst;
    out.dst = seg->src;
    out.ttl = 64;
    out.df = true;
    ideal_options(ideal, sim, seg, &out);
    sim_emit(sim, 0, &out, NULL, 0);
    tcb_left(&ideal->tcb, &out);
}

static void ideal_receives(void *arg, struct sim *sim, const struct segment *seg)
{
    struct sim_ideal *ideal = arg;
    if (!ideal->begun) {
        ideal->begun = true;
        tcb_init(&ideal->tcb, seq_of(0), 65535, true, true, 7);
        (void)tcb_call(&ideal->tcb, CALL_LISTEN);
    }
    struct arrival a = tcb_arrive(&ideal->tcb, seg);
    if (a.reply != REPLY_NOTHING)
        ideal_answer(ideal, sim, seg, a.reply);
    if (a.to == STATE_CLOSE_WAIT && tcb_call(&ideal->tcb, CALL_CLOSE).reply == REPLY_FIN)
        ideal_answer(ideal, sim, seg, REPLY_FIN);
}

struct sim_peer sim_ideal_peer(struct sim_ideal *ideal)
{
    return (struct sim_peer){.receives = ideal_receives, .arg = ideal};
}
