/* A survey whose targets are flows (flow.h), one SYN each: how each begins, what it takes of what
 * comes in, and how it ended. A flow is armed until its reset waits to be sent. */
#include "base/clock.h"
#include "measure/survey/survey.h"

/* --- The end of a flow --- */

static void tell_flow(struct survey *s, struct flow *f)
{
    char name[FLOW_STORE_NAME_MAX];
    const struct endpoint local = survey_out_local(s, &f->ip, f->local);
    struct ping ping;
    struct facts facts = flow_facts(f, s->config.command, &local);
    struct survey_end e = {
        .session = f->session,
        .facts = &facts,
        .name = flow_store_name(&s->store, f, name),
        .outcome = (enum outcome)f->outcome,
        .t_ns = f->due_ns,
        .syns = 1,
        .segments_back = f->segments_back,
        .octets_back = f->octets_back,
    };
    facts.capture_dropped = (uint32_t)s->counts.dropped - f->dropped;
    facts.name = e.name;
    if (s->config.rules.listens) {
        flow_as_series(f, &s->store, &local, &s->series);
        e.series = &s->series;
        if (s->series.doubtful)
            facts.rtt_ns = 0;
    } else {
        flow_as_ping(f, &local, &ping);
        e.ping = &ping;
    }
    survey_out_tell(s, &e);
}

/* It is in no list any more. */
static void end_flow(struct survey *s, uint32_t cell)
{
    tell_flow(s, flow_store_at(&s->store, cell));
    flow_store_drop(&s->store, cell);
    s->in_flight--;
}

static void queue_reset(struct survey *s, uint32_t cell)
{
    flow_store_at(&s->store, cell)->next = 0;
    if (s->resets_last != 0)
        flow_store_at(&s->store, s->resets_last)->next = cell;
    else
        s->resets_first = cell;
    s->resets_last = cell;
    s->resets_waiting++;
}

/* The flow is not armed. */
static void follow(struct survey *s, uint32_t cell, enum flow_step step)
{
    switch (step) {
    case FLOW_GOES_ON:
    case FLOW_NOT_OURS:
        flow_store_arm(&s->store, cell);
        break;
    case FLOW_ENDS:
        end_flow(s, cell);
        break;
    case FLOW_ENDS_RESET:
        queue_reset(s, cell);
        break;
    }
}

static void due(void *arg, uint32_t cell, int64_t now_ns)
{
    struct survey *s = arg;
    struct flow *f = flow_store_at(&s->store, cell);
    /* What the capture has lost may have been the sight of its SYN. */
    bool watched = s->config.link.watched && f->dropped == (uint32_t)s->counts.dropped;
    follow(s, cell, flow_due(f, &s->store, watched, now_ns));
}

void survey_flow_turn(struct survey *s, int64_t now_ns)
{
    flow_store_turn(&s->store, now_ns, due, s);
}

static void stop_one(void *arg, uint32_t cell, int64_t now_ns)
{
    struct survey *s = arg;
    follow(s, cell, flow_stop(flow_store_at(&s->store, cell), now_ns));
}

void survey_flow_stop(struct survey *s, int64_t now_ns)
{
    flow_store_empty(&s->store, now_ns, stop_one, s);
}

/* --- What comes in --- */

bool survey_flow_received(struct survey *s, const struct segment *seg, size_t octets, int64_t t_ns)
{
    bool acks = (seg->flags & FLAG_ACK) != 0;
    uint32_t cell =
        flow_store_find(&s->store, &seg->src, seg->dst.port, !acks, seq_of(seg->ack.v - 1));
    if (cell == 0 && acks && (seg->flags & FLAG_SYN) == 0)
        cell = flow_store_find(&s->store, &seg->src, seg->dst.port, true, seg->ack);
    if (cell == 0)
        return false;
    struct flow *f = flow_store_at(&s->store, cell);
    bool armed = f->phase != FLOW_RESETS;
    int64_t was_due = f->due_ns;
    bool waited = f->phase == FLOW_WAITS;
    enum flow_step step = flow_received(f, &s->store, &s->config.rules, seg, octets, t_ns);
    s->counts.answered += waited && f->phase != FLOW_WAITS;
    /* The peer still holds what an earlier SYN of this four-tuple opened (Figure 9). */
    if (waited && step == FLOW_NOT_OURS && acks && (seg->flags & FLAG_RST) == 0) {
        s->counts.strays++;
        survey_out_refuse(s, seg);
    }
    if (armed && (step > FLOW_NOT_OURS || f->due_ns != was_due)) {
        flow_store_disarm(&s->store, cell);
        follow(s, cell, step);
    }
    return true;
}

/* Our SYN, or a reset of the kernel's: ours are sent when the flow is over. */
void survey_flow_left(struct survey *s, const struct segment *seg, int64_t t_ns)
{
    bool syn = (seg->flags & FLAG_SYN) != 0;
    if (!syn && (seg->flags & FLAG_RST) == 0)
        return;
    uint32_t cell = flow_store_find(&s->store, &seg->dst, seg->src.port, false,
                                    syn ? seg->seq : seq_of(seg->seq.v - 1));
    if (cell == 0)
        return;
    struct flow *f = flow_store_at(&s->store, cell);
    if (!syn) {
        f->kernel_spoke = true;
        return;
    }
    if (f->left)
        return;
    bool waits = f->phase == FLOW_WAITS;
    if (waits)
        flow_store_disarm(&s->store, cell);
    flow_left(f, &s->config.rules, t_ns);
    if (waits)
        flow_store_arm(&s->store, cell);
}

void survey_flow_unreachable(struct survey *s, const struct icmp_error *e, int64_t t_ns)
{
    uint32_t cell = flow_store_find(&s->store, &e->dst, e->src.port, false, e->seq);
    if (cell == 0)
        return;
    struct flow *f = flow_store_at(&s->store, cell);
    if (f->phase >= FLOW_RESETS)
        return;
    flow_store_disarm(&s->store, cell);
    follow(s, cell, flow_unreachable(f, e, t_ns));
}

/* --- What goes out --- */

/* A flow for the target, which can be found; 0: out of memory. */
static uint32_t begin_flow(struct survey *s, const struct survey_target *t, uint16_t local,
                           uint32_t iss, uint64_t hash, int64_t now_ns)
{
    uint32_t cell = flow_store_take(&s->store);
    if (cell == 0)
        return 0;
    struct flow *f = flow_store_at(&s->store, cell);
    f->ip = t->at.ip;
    f->port = t->at.port;
    f->local = local;
    f->session = t->session;
    f->number = t->number;
    f->iss = iss;
    f->dropped = (uint32_t)s->counts.dropped;
    f->left = !s->config.link.watched;
    flow_begin(f, &s->config.rules, now_ns);
    if ((t->name == NULL || flow_store_set_name(&s->store, f, t->name)) &&
        flow_store_enter(&s->store, cell, hash))
        return cell;
    flow_store_drop(&s->store, cell);
    return 0;
}

const char *survey_flow_begin(struct survey *s, const struct survey_target *t,
                              const struct endpoint *local, uint32_t iss, uint64_t hash,
                              int64_t now_ns)
{
    uint32_t cell = begin_flow(s, t, local->port, iss, hash, now_ns);
    const struct survey_packet p = {.syn = true,
                                    .local = *local,
                                    .remote = t->at,
                                    .seq = seq_of(iss),
                                    .ts_val =
                                        (uint32_t)(hash >> 16) + (uint32_t)(now_ns / CLOCK_MS)};
    if (cell == 0)
        return "out of memory";
    switch (s->config.link.send(s->config.link.arg, &p)) {
    case SURVEY_TAKEN:
        flow_store_arm(&s->store, cell);
        s->batch[s->batch_count].cell = cell;
        s->batch[s->batch_count].iss = iss;
        return NULL;
    case SURVEY_NO_ROOM:
        pace_trouble(&s->pace, now_ns);
        flow_store_drop(&s->store, cell);
        return "the kernel has no room for it: a queue or its neighbour table is full";
    case SURVEY_NO_WAY:
        break;
    }
    flow_store_drop(&s->store, cell);
    return "no way to it by this interface: -I chooses another";
}

static uint32_t first_reset(struct survey *s)
{
    uint32_t cell = s->resets_first;
    s->resets_first = flow_store_at(&s->store, cell)->next;
    if (s->resets_first == 0)
        s->resets_last = 0;
    s->resets_waiting--;
    return cell;
}

bool survey_flow_reset(struct survey *s)
{
    uint32_t cell = first_reset(s);
    const struct flow *f = flow_store_at(&s->store, cell);
    bool taken =
        survey_out_send_reset(s, &(struct endpoint){f->ip, f->port}, f->local, flow_reset_seq(f));
    end_flow(s, cell);
    return taken;
}

void survey_flow_give_up(struct survey *s)
{
    for (; s->resets_first != 0; s->counts.unsent++)
        end_flow(s, first_reset(s));
}
