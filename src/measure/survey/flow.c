/* See flow.h. RFC 9293 3.10.7.3 for what answers a SYN; a SYN,ACK is never acknowledged, and what
 * it opened is reset by exactly what the peer expects (3.10.7.4, RFC 5961 3.2). */
#include "measure/survey/flow.h"

#include "base/clock.h"
#include "measure/survey/flow_store.h"
#include "talk/answerer.h"

#define GAP_UNIT 100 /* ns */
/* RFC 6298 5.5 and 2.1: a peer sends its SYN,ACK again after a second. What comes later than that
 * may be the second of two of which the first was lost. */
#define RETRANSMITTED_AFTER CLOCK_S

void flow_begin(struct flow *f, const struct flow_rules *rules, int64_t now_ns)
{
    f->phase = FLOW_WAITS;
    f->sent_ns = now_ns;
    f->due_ns = now_ns + rules->wait_ns;
}

void flow_left(struct flow *f, const struct flow_rules *rules, int64_t t_ns)
{
    f->left = true;
    f->slack_us = 0;
    f->sent_ns = t_ns;
    if (f->phase == FLOW_WAITS)
        f->due_ns = t_ns + rules->wait_ns;
}

seq_t flow_reset_seq(const struct flow *f)
{
    return seq_of(f->iss + 1);
}

static void count_u8(uint8_t *n)
{
    if (*n < UINT8_MAX)
        (*n)++;
}

/* `step` says whether a reset is to follow. */
static enum flow_step over(struct flow *f, enum series_ended ended, enum schedule_end end,
                           int64_t t_ns, enum flow_step step)
{
    f->phase = FLOW_RESETS;
    f->ended = (uint8_t)ended;
    f->end = (uint8_t)end;
    f->due_ns = t_ns;
    return step;
}

/* --- How long --- */

static uint32_t *gap_place(struct flow *f, const struct flow_store *store, unsigned i)
{
    if (i < FLOW_GAPS)
        return &f->gap[i];
    i -= FLOW_GAPS;
    uint32_t cell = f->more;
    for (; i >= FLOW_MORE_GAPS; i -= FLOW_MORE_GAPS)
        cell = flow_store_cell(store, cell)->more.next;
    return &flow_store_cell(store, cell)->more.gap[i];
}

static int64_t gap_at(struct flow *f, const struct flow_store *store, unsigned i)
{
    return (int64_t)*gap_place(f, store, i) * GAP_UNIT;
}

static void fill_schedule(struct flow *f, const struct flow_store *store, struct schedule *s)
{
    schedule_init(s);
    s->begun = f->outcome == OUTCOME_OPEN;
    s->first_ns = f->first_ns;
    s->last_ns = f->last_ns;
    s->count = f->outcome == OUTCOME_OPEN ? f->gaps : 0;
    s->overflown = f->overflown;
    for (unsigned i = 0; i < s->count; i++)
        s->gaps[i] = gap_at(f, store, i);
}

static enum flow_step listen_until(struct flow *f, const struct flow_store *store,
                                   const struct flow_rules *rules)
{
    struct schedule s;
    fill_schedule(f, store, &s);
    f->due_ns = series_until(&s, f->first_ns - f->sent_ns, rules->settles, rules->listen_ns);
    return FLOW_GOES_ON;
}

/* --- The answer --- */

static void keep_answer(struct flow *f, const struct segment *seg, int64_t t_ns)
{
    const struct options *o = &seg->opt;
    f->first_ns = f->last_ns = t_ns;
    f->irs = seg->seq.v;
    f->flags = seg->flags;
    f->win = seg->win;
    f->ttl = seg->ttl;
    f->mss = o->mss;
    f->wscale = o->wscale;
    f->ts_val = o->ts_val;
    f->ts_ecr = o->ts_ecr;
    f->has_mss = o->has_mss;
    f->has_wscale = o->has_wscale;
    f->sack_permitted = o->sack_permitted;
    f->has_timestamps = o->has_timestamps;
    f->has_fastopen = o->has_fastopen;
    f->malformed = o->malformed;
}

static enum flow_step first_answer(struct flow *f, const struct flow_store *store,
                                   const struct flow_rules *rules, const struct segment *seg,
                                   int64_t t_ns)
{
    const uint16_t syn_ack = FLAG_SYN | FLAG_ACK;
    if ((seg->flags & FLAG_ACK) == 0 || !seq_eq(seg->ack, flow_reset_seq(f)))
        return FLOW_NOT_OURS;
    if (seg->flags & FLAG_RST) {
        keep_answer(f, seg, t_ns);
        f->outcome = OUTCOME_CLOSED;
        return over(f, SERIES_ENDED_PEER, SCHEDULE_RST_ACK, t_ns, FLOW_ENDS);
    }
    if ((seg->flags & syn_ack) != syn_ack)
        return FLOW_NOT_OURS;
    keep_answer(f, seg, t_ns);
    f->outcome = OUTCOME_OPEN;
    if (!rules->listens) {
        f->doubtful = t_ns - f->sent_ns >= RETRANSMITTED_AFTER;
        return over(f, SERIES_ENDED_PEER, SCHEDULE_TRUNCATED, t_ns, FLOW_ENDS_RESET);
    }
    f->phase = FLOW_LISTENS;
    return listen_until(f, store, rules);
}

/* --- The series --- */

/* Room for one gap more; false: out of memory. */
static bool make_room(struct flow *f, struct flow_store *store)
{
    if (f->gaps < FLOW_GAPS || (f->gaps - FLOW_GAPS) % FLOW_MORE_GAPS != 0)
        return true;
    uint32_t cell = flow_store_take(store);
    if (cell == 0)
        return false;
    uint32_t *place = &f->more;
    while (*place != 0)
        place = &flow_store_cell(store, *place)->more.next;
    *place = cell;
    return true;
}

/* Beyond what a schedule holds they are counted only, as there. */
static void add_gap(struct flow *f, struct flow_store *store, int64_t t_ns)
{
    int64_t units = (t_ns - f->last_ns + GAP_UNIT / 2) / GAP_UNIT;
    f->last_ns = t_ns;
    if (f->gaps < SCHEDULE_GAPS_MAX && make_room(f, store))
        *gap_place(f, store, f->gaps++) = units < UINT32_MAX ? (uint32_t)units : UINT32_MAX;
    else if (f->overflown < UINT16_MAX)
        f->overflown++;
}

static enum flow_step listen_on(struct flow *f, struct flow_store *store,
                                const struct flow_rules *rules, const struct segment *seg,
                                int64_t t_ns)
{
    enum series_part part = series_judge(seq_of(f->irs), flow_reset_seq(f), t_ns - f->last_ns, seg);
    switch (part) {
    case SERIES_NO_PART:
        return FLOW_NOT_OURS;
    case SERIES_OTHER_ISN:
        count_u8(&f->other_isn);
        return FLOW_GOES_ON;
    case SERIES_DUPLICATE:
        count_u8(&f->duplicates);
        return FLOW_GOES_ON;
    case SERIES_AGAIN:
        add_gap(f, store, t_ns);
        return listen_until(f, store, rules);
    case SERIES_RST:
    case SERIES_RST_ACK:
    case SERIES_FIN:
        break;
    }
    return over(f, SERIES_ENDED_PEER, series_end_of(part), t_ns, FLOW_ENDS);
}

/* --- In the shape of a segment --- */

static void fill_answer(const struct flow *f, const struct endpoint *local, struct segment *seg)
{
    *seg = (struct segment){
        .src = {f->ip, f->port},
        .dst = *local,
        .ip_version = address_is_v4(&f->ip) ? 4 : 6,
        .ttl = f->ttl,
        .seq = seq_of(f->irs),
        .ack = flow_reset_seq(f),
        .flags = f->flags,
        .win = f->win,
        .opt = {.has_mss = f->has_mss,
                .has_wscale = f->has_wscale,
                .sack_permitted = f->sack_permitted,
                .has_timestamps = f->has_timestamps,
                .has_fastopen = f->has_fastopen,
                .malformed = f->malformed,
                .mss = f->mss,
                .wscale = f->wscale,
                .ts_val = f->ts_val,
                .ts_ecr = f->ts_ecr},
    };
}

/* --- What comes in --- */

/* Whoever answered first may not be who answers now. */
static void look_who_answers(struct flow *f, const struct segment *seg, int64_t t_ns)
{
    struct answerer a = {0};
    struct segment first;
    if (f->outcome != OUTCOME_OPEN)
        return;
    fill_answer(f, &(struct endpoint){.port = 0}, &first);
    answerer_begin(&a, &first, f->first_ns);
    answerer_came(&a, seg, t_ns);
    f->signs |= (uint8_t)answerer_signs(&a);
}

static enum flow_step look_at(struct flow *f, struct flow_store *store,
                              const struct flow_rules *rules, const struct segment *seg,
                              int64_t t_ns)
{
    if (seg->checksum == SEGMENT_CHECKSUM_BAD)
        return FLOW_NOT_OURS;
    switch ((enum flow_phase)f->phase) {
    case FLOW_WAITS:
        return first_answer(f, store, rules, seg, t_ns);
    case FLOW_LISTENS:
        return listen_on(f, store, rules, seg, t_ns);
    case FLOW_RESETS:
        if (seg->flags & FLAG_SYN)
            count_u8(&f->duplicates);
        return FLOW_GOES_ON;
    }
    return FLOW_NOT_OURS;
}

enum flow_step flow_received(struct flow *f, struct flow_store *store,
                             const struct flow_rules *rules, const struct segment *seg,
                             size_t octets, int64_t t_ns)
{
    if (f->segments_back < UINT16_MAX)
        f->segments_back++;
    f->octets_back += (uint32_t)octets;
    enum flow_step step = look_at(f, store, rules, seg, t_ns);
    look_who_answers(f, seg, t_ns);
    return step;
}

enum flow_step flow_unreachable(struct flow *f, const struct icmp_error *e, int64_t t_ns)
{
    if (f->phase != FLOW_WAITS || e->seq.v != f->iss)
        return FLOW_NOT_OURS;
    f->outcome = OUTCOME_UNREACHABLE;
    f->icmp.from = e->from;
    f->icmp.version = e->ip_version;
    f->icmp.type = e->type;
    f->icmp.code = e->code;
    return over(f, SERIES_ENDED_PEER, SCHEDULE_TRUNCATED, t_ns, FLOW_ENDS);
}

enum flow_step flow_due(struct flow *f, const struct flow_store *store, bool watched,
                        int64_t now_ns)
{
    if (f->phase == FLOW_LISTENS) {
        struct schedule s;
        fill_schedule(f, store, &s);
        bool quiet = series_is_over(&s, f->first_ns - f->sent_ns, now_ns);
        return over(f, quiet ? SERIES_ENDED_PATIENCE : SERIES_ENDED_LISTEN,
                    quiet ? SCHEDULE_SILENCE : SCHEDULE_TRUNCATED, now_ns, FLOW_ENDS_RESET);
    }
    bool never_left = watched && !f->left; /* the next hop was asked for, and did not answer */
    f->outcome = never_left ? OUTCOME_UNREACHABLE : OUTCOME_FILTERED;
    return over(f, SERIES_ENDED_PATIENCE, SCHEDULE_TRUNCATED, now_ns,
                never_left ? FLOW_ENDS : FLOW_ENDS_RESET);
}

enum flow_step flow_stop(struct flow *f, int64_t now_ns)
{
    if (f->phase == FLOW_RESETS)
        return FLOW_GOES_ON;
    if (f->phase == FLOW_WAITS)
        f->outcome = OUTCOME_INTERRUPTED;
    return over(f, SERIES_ENDED_USER, SCHEDULE_TRUNCATED, now_ns, FLOW_ENDS_RESET);
}

/* --- In the shape of one target's measurement --- */

struct facts flow_facts(const struct flow *f, const char *command, const struct endpoint *local)
{
    bool answered = f->outcome == OUTCOME_OPEN || f->outcome == OUTCOME_CLOSED;
    return (struct facts){
        .command = command,
        .remote = {f->ip, f->port},
        .local = *local,
        .iss = seq_of(f->iss),
        .rtt_ns = answered && !f->doubtful ? f->first_ns - f->sent_ns : 0,
        .rtt_slack_ns = f->slack_us * CLOCK_US,
        .kernel_quiet = !f->kernel_spoke,
        .rst_ttl = f->outcome == OUTCOME_CLOSED ? f->ttl : 0,
        .signs = f->signs,
    };
}

static struct icmp_error icmp_of(const struct flow *f)
{
    if (f->outcome != OUTCOME_UNREACHABLE)
        return (struct icmp_error){0};
    return (struct icmp_error){.ip_version = f->icmp.version,
                               .type = f->icmp.type,
                               .code = f->icmp.code,
                               .from = f->icmp.from};
}

void flow_as_ping(const struct flow *f, const struct endpoint *local, struct ping *p)
{
    *p = (struct ping){
        .number = f->number,
        .outcome = (enum outcome)f->outcome,
        .icmp = icmp_of(f),
        .doubtful = f->doubtful,
        .duplicates = f->duplicates,
        .sent_ns = f->sent_ns,
    };
    fill_answer(f, local, &p->answer);
}

void flow_as_series(struct flow *f, const struct flow_store *store, const struct endpoint *local,
                    struct series *s)
{
    s->outcome = (enum outcome)f->outcome;
    s->ended = (enum series_ended)f->ended;
    s->icmp = icmp_of(f);
    s->stopped_ns = f->due_ns;
    s->other_isn = f->other_isn;
    s->duplicates = f->duplicates;
    fill_answer(f, local, &s->syn_ack);
    fill_schedule(f, store, &s->schedule);
    schedule_finish(&s->schedule, (enum schedule_end)f->end, f->due_ns);
    s->late_ns = s->schedule.begun ? f->first_ns - f->sent_ns : 0;
    s->doubtful = s->schedule.begun && series_doubtful(&s->schedule, s->late_ns);
}
