/* See survey.h. What has to go out goes in this order: resets of what is half open, resets of what
 * came from nowhere, then new SYNs; all at one pace. */
#include "measure/survey/survey.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum {
    /* Batches between two looks at what came in. */
    BATCHES_A_TICK = 16,
    /* Targets in a row that there is nothing to send to: what comes in must not wait for many. */
    TROUBLES_A_TURN = 256
};

/* A whole conversation: what the survey has to tell of it, and what its script needs. */
struct whole {
    uint32_t session, dropped, octets_back;
    unsigned segments_back;
    char *name;          /* by which it was given; NULL: none */
    max_align_t state[]; /* the script's */
};

static struct whole *whole_of(const struct talks_entry *e)
{
    return (struct whole *)((uint8_t *)e->talk.state - offsetof(struct whole, state));
}

enum status survey_init(struct survey *s, const struct survey_config *config, int64_t now_ns,
                        struct fault *fault)
{
    memset(s, 0, sizeof(*s));
    s->config = *config;
    flow_store_init(&s->store);
    flow_wheel_init(&s->wheel, &s->store, now_ns);
    pace_init(&s->pace, config->rate, now_ns);
    if (!flow_table_init(&s->table, &s->store, &config->key))
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    const struct talks_config talks = {.key = config->key, .asks_hop = true};
    return config->open != NULL ? talks_init(&s->talks, &talks, fault) : STATUS_OK;
}

static void drop_whole(struct survey *s, struct talks_entry *e)
{
    struct whole *w = whole_of(e);
    talks_drop(&s->talks, e);
    free(w->name);
    free(w);
}

void survey_done(struct survey *s)
{
    for (struct talks_entry *e; (e = talks_oldest(&s->talks)) != NULL;)
        drop_whole(s, e);
    talks_done(&s->talks);
    flow_table_done(&s->table);
    flow_store_done(&s->store);
}

static struct endpoint local_of(const struct survey *s, const struct in6_addr *peer, uint16_t port)
{
    return (struct endpoint){s->config.source[address_is_v4(peer) ? 0 : 1], port};
}

/* --- The end of a flow --- */

static void tell(struct survey *s, const struct survey_end *e)
{
    s->counts.ended++;
    if (e->trouble != NULL)
        s->counts.troubled++;
    else
        s->counts.outcomes[e->outcome]++;
    s->config.ended(s->config.arg, e);
}

static void tell_flow(struct survey *s, struct flow *f)
{
    char name[FLOW_STORE_NAME_MAX];
    const struct endpoint local = local_of(s, &f->ip, f->local);
    struct ping ping;
    struct facts findings = flow_findings(f, s->config.command, &local);
    struct survey_end e = {
        .session = f->session,
        .findings = &findings,
        .name = flow_store_name(&s->store, f, name),
        .outcome = (enum outcome)f->outcome,
        .t_ns = f->due_ns,
        .syns = 1,
        .segments_back = f->segments_back,
        .octets_back = f->octets_back,
    };
    findings.capture_dropped = (uint32_t)s->counts.dropped - f->dropped;
    findings.name = e.name;
    if (s->config.rules.listens) {
        flow_as_series(f, &s->store, &local, &s->series);
        e.series = &s->series;
    } else {
        flow_as_ping(f, &local, &ping);
        e.ping = &ping;
    }
    tell(s, &e);
}

/* It is in no list any more. */
static void end_flow(struct survey *s, uint32_t cell)
{
    tell_flow(s, flow_store_at(&s->store, cell));
    flow_table_remove(&s->table, cell);
    flow_store_drop(&s->store, cell);
    s->in_flight--;
}

static void end_wholes(struct survey *s)
{
    for (struct talks_entry *e; (e = talks_take_ended(&s->talks)) != NULL;) {
        const struct whole *w = whole_of(e);
        const struct survey_end end = {
            .session = w->session,
            .exchange = &e->talk,
            .name = w->name,
            .outcome = (enum outcome)measure_load(&s->config.probe->outcome, w->state),
            .t_ns = e->talk.now_ns,
            .syns = (unsigned)e->talk.ours.syn_count,
            .segments_back = w->segments_back,
            .octets_back = w->octets_back,
        };
        if ((uint32_t)s->counts.dropped != w->dropped)
            talk_lost_packets(&e->talk, (uint32_t)s->counts.dropped - w->dropped);
        tell(s, &end);
        drop_whole(s, e);
        s->in_flight--;
    }
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

/* The flow is not in the wheel. */
static void follow(struct survey *s, uint32_t cell, enum flow_step step)
{
    switch (step) {
    case FLOW_GOES_ON:
    case FLOW_NOT_OURS:
        flow_wheel_add(&s->wheel, cell);
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
    follow(s, cell, flow_due(f, &s->store, &s->config.rules, watched, now_ns));
}

/* --- What comes in --- */

/* <SEQ=SEG.ACK><CTL=RST>, as from a closed port (RFC 9293 3.10.7.1) and in SYN-SENT (3.10.7.3). */
static void refuse(struct survey *s, const struct segment *seg)
{
    if (seg->checksum == SEGMENT_CHECKSUM_BAD || s->stray_count == SURVEY_STRAYS)
        return;
    unsigned at = (s->stray_first + s->stray_count++) % SURVEY_STRAYS;
    s->strays[at].remote = seg->src;
    s->strays[at].local = seg->dst.port;
    s->strays[at].seq = seg->ack;
}

/* Of nobody that is being asked: a SYN,ACK that was sent again because our reset was lost. */
static void stray(struct survey *s, const struct segment *seg)
{
    const uint16_t syn_ack = FLAG_SYN | FLAG_ACK;
    s->counts.strays++;
    if ((seg->flags & (syn_ack | FLAG_RST)) == syn_ack)
        refuse(s, seg);
}

/* A SYN,ACK that answers another SYN is of an earlier connection (Figure 9). */
static void received_by_whole(struct survey *s, const struct segment *seg, int64_t t_ns)
{
    const uint16_t syn_ack = FLAG_SYN | FLAG_ACK;
    struct talks_entry *e = talks_find(&s->talks, &seg->dst, &seg->src);
    if (e == NULL ||
        ((seg->flags & syn_ack) == syn_ack && !seq_eq(seg->ack, seq_add(e->talk.config.iss, 1)))) {
        stray(s, seg);
        return;
    }
    struct whole *w = whole_of(e);
    s->counts.answered += w->segments_back == 0;
    w->segments_back++;
    w->octets_back += (uint32_t)(seg->data_off + seg->len);
    talks_received(&s->talks, e, seg, t_ns);
}

static void received(struct survey *s, const struct segment *seg, int64_t t_ns)
{
    size_t octets = seg->data_off + seg->len;
    bool acks = (seg->flags & FLAG_ACK) != 0;
    s->counts.segments_back++;
    s->counts.octets_back += octets;
    if (s->config.open != NULL) {
        received_by_whole(s, seg, t_ns);
        return;
    }
    uint32_t cell =
        flow_table_find(&s->table, &seg->src, seg->dst.port, !acks, seq_of(seg->ack.v - 1));
    if (cell == 0 && acks && (seg->flags & FLAG_SYN) == 0)
        cell = flow_table_find(&s->table, &seg->src, seg->dst.port, true, seg->ack);
    if (cell == 0) {
        stray(s, seg);
        return;
    }
    struct flow *f = flow_store_at(&s->store, cell);
    bool in_wheel = f->phase != FLOW_RESETS;
    int64_t was_due = f->due_ns;
    bool waited = f->phase == FLOW_WAITS;
    enum flow_step step = flow_received(f, &s->store, &s->config.rules, seg, octets, t_ns);
    s->counts.answered += waited && f->phase != FLOW_WAITS;
    /* The peer still holds what an earlier SYN of this four-tuple opened (Figure 9). */
    if (waited && step == FLOW_NOT_OURS && acks && (seg->flags & FLAG_RST) == 0) {
        s->counts.strays++;
        refuse(s, seg);
    }
    if (!in_wheel || (step <= FLOW_NOT_OURS && f->due_ns == was_due))
        return;
    flow_wheel_remove(&s->wheel, cell);
    follow(s, cell, step);
}

/* Our SYN, or a reset of the kernel's: ours are sent when the flow is over. */
static void left(struct survey *s, const struct segment *seg, int64_t t_ns)
{
    bool syn = (seg->flags & FLAG_SYN) != 0;
    if (s->config.open != NULL) {
        struct talks_entry *e = talks_find(&s->talks, &seg->src, &seg->dst);
        if (e != NULL)
            talks_left(&s->talks, e, seg, t_ns);
        return;
    }
    if (!syn && (seg->flags & FLAG_RST) == 0)
        return;
    uint32_t cell = flow_table_find(&s->table, &seg->dst, seg->src.port, false,
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
        flow_wheel_remove(&s->wheel, cell);
    flow_left(f, &s->config.rules, t_ns);
    if (waits)
        flow_wheel_add(&s->wheel, cell);
}

static void take_icmp(struct survey *s, const uint8_t *ip, size_t n, int64_t t_ns)
{
    struct icmp_error e;
    if (icmp_decode(&e, ip, n, NULL) != STATUS_OK)
        return;
    if (s->config.open != NULL) {
        talks_unreachable(&s->talks, &e, t_ns);
        return;
    }
    uint32_t cell = flow_table_find(&s->table, &e.dst, e.src.port, false, e.seq);
    if (cell == 0)
        return;
    struct flow *f = flow_store_at(&s->store, cell);
    if (f->phase >= FLOW_RESETS)
        return;
    flow_wheel_remove(&s->wheel, cell);
    follow(s, cell, flow_unreachable(f, &e, t_ns));
}

static bool is_ours(const struct survey *s, const struct endpoint *e)
{
    if (!address_equal(&e->ip, &s->config.source[address_is_v4(&e->ip) ? 0 : 1]))
        return false;
    for (unsigned i = 0; i < s->config.port_count; i++)
        if (s->config.ports[i] == e->port)
            return true;
    return false;
}

void survey_packet_seen(struct survey *s, const uint8_t *ip, size_t n, int64_t t_ns)
{
    struct segment seg;
    if (segment_decode(&seg, ip, n, NULL) != STATUS_OK)
        take_icmp(s, ip, n, t_ns);
    else if (is_ours(s, &seg.dst))
        received(s, &seg, t_ns);
    else if (is_ours(s, &seg.src))
        left(s, &seg, t_ns);
}

void survey_lost_packets(struct survey *s, uint64_t total, int64_t now_ns)
{
    if (total <= s->counts.dropped)
        return;
    s->counts.dropped = total;
    pace_trouble(&s->pace, now_ns);
}

void survey_unsent_packets(struct survey *s, uint64_t total, int64_t now_ns)
{
    if (total <= s->counts.unsent_dropped)
        return;
    s->counts.unsent_dropped = total;
    pace_trouble(&s->pace, now_ns);
}

/* --- What goes out --- */

static bool send_reset(struct survey *s)
{
    uint32_t cell = s->resets_first;
    struct flow *f = flow_store_at(&s->store, cell);
    const struct survey_packet p = {.local = local_of(s, &f->ip, f->local),
                                    .remote = {f->ip, f->port},
                                    .seq = flow_reset_seq(f)};
    s->resets_first = f->next;
    if (s->resets_first == 0)
        s->resets_last = 0;
    s->resets_waiting--;
    bool taken = s->config.link.send(s->config.link.arg, &p) == SURVEY_TAKEN;
    s->counts.resets += taken;
    s->counts.unsent += !taken;
    end_flow(s, cell);
    return taken;
}

static bool send_stray_reset(struct survey *s)
{
    unsigned at = s->stray_first;
    const struct survey_packet p = {.local =
                                        local_of(s, &s->strays[at].remote.ip, s->strays[at].local),
                                    .remote = s->strays[at].remote,
                                    .seq = s->strays[at].seq};
    s->stray_first = (at + 1) % SURVEY_STRAYS;
    s->stray_count--;
    bool taken = s->config.link.send(s->config.link.arg, &p) == SURVEY_TAKEN;
    s->counts.resets += taken;
    s->counts.unsent += !taken;
    return taken;
}

static uint16_t port_for(const struct survey *s, const struct survey_target *t)
{
    return s->config.ports[t->number % s->config.port_count];
}

static void tell_trouble(struct survey *s, const struct survey_target *t, const char *trouble,
                         int64_t now_ns)
{
    const struct endpoint local = {0};
    const struct facts findings = {.command = s->config.command,
                                   .remote = t->at,
                                   .local = local,
                                   .name = t->name,
                                   .kernel_quiet = true};
    const struct survey_end e = {.session = t->session,
                                 .findings = &findings,
                                 .name = t->name,
                                 .trouble = trouble,
                                 .t_ns = now_ns};
    tell(s, &e);
}

/* RFC 6528: ISN = M + F(4-tuple, key). */
static uint32_t isn_for(const struct survey *s, const struct survey_target *t, uint64_t hash,
                        int64_t now_ns)
{
    uint32_t clock = s->config.repeatable ? 0 : (uint32_t)((uint64_t)now_ns / (4 * CLOCK_US));
    return (uint32_t)hash + (t->number << 16) + clock;
}

/* A flow for the target, in the table; 0: out of memory. */
static uint32_t begin_flow(struct survey *s, const struct survey_target *t, uint64_t hash,
                           int64_t now_ns)
{
    uint32_t cell = flow_store_take(&s->store);
    if (cell == 0)
        return 0;
    struct flow *f = flow_store_at(&s->store, cell);
    f->ip = t->at.ip;
    f->port = t->at.port;
    f->local = port_for(s, t);
    f->session = t->session;
    f->number = t->number;
    f->iss = isn_for(s, t, hash, now_ns);
    f->dropped = (uint32_t)s->counts.dropped;
    f->left = !s->config.link.watched;
    flow_begin(f, &s->config.rules, now_ns);
    if ((t->name == NULL || flow_store_set_name(&s->store, f, t->name)) &&
        flow_table_add(&s->table, cell, hash))
        return cell;
    flow_store_drop(&s->store, cell);
    return 0;
}

/* What the survey tells of it. NULL: out of memory. */
static struct whole *new_whole(const struct survey *s, const struct survey_target *t)
{
    const struct measure *m = s->config.probe;
    struct whole *w = calloc(1, sizeof(*w) + m->size);
    if (w == NULL)
        return NULL;
    measure_begin(m, w->state, &(struct measure_run){.wait_ns = s->config.rules.wait_ns});
    w->session = t->session;
    w->dropped = (uint32_t)s->counts.dropped;
    w->name = t->name != NULL ? strdup(t->name) : NULL;
    if (t->name == NULL || w->name != NULL)
        return w;
    free(w);
    return NULL;
}

/* What it sends, it says itself: talks_next. */
static bool begin_whole(struct survey *s, const struct survey_target *t, int64_t now_ns)
{
    const struct endpoint local = local_of(s, &t->at.ip, port_for(s, t));
    if (talks_find(&s->talks, &local, &t->at) != NULL) {
        tell_trouble(s, t, "it stands in the list twice, and is being probed just now", now_ns);
        return false;
    }
    uint64_t hash = flow_table_hash(&s->table, &t->at.ip, t->at.port, local.port);
    struct whole *w = new_whole(s, t);
    struct talks_new made = {.config = *s->config.open,
                             .script = s->config.probe->script,
                             .state = w != NULL ? w->state : NULL,
                             .record = TALKS_NOT_RECORDED};
    struct talk_config *c = &made.config;
    c->session = t->session;
    c->local = local;
    c->remote = t->at;
    c->iss = seq_of(isn_for(s, t, hash, now_ns));
    c->ts_base = (uint32_t)(hash >> 16);
    c->mss = s->config.mss[address_is_v4(&t->at.ip) ? 0 : 1];
    c->deadline_ns = c->deadline_ns == CLOCK_NEVER ? CLOCK_NEVER : now_ns + c->deadline_ns;
    if (w == NULL || talks_begin(&s->talks, &made, now_ns) == NULL) {
        if (w != NULL)
            free(w->name);
        free(w);
        tell_trouble(s, t, "out of memory", now_ns);
        return false;
    }
    s->in_flight++;
    s->counts.syns++;
    return true;
}

/* False: the target is done with already. */
static bool send_syn(struct survey *s, const struct survey_target *t, int64_t now_ns)
{
    uint64_t hash = flow_table_hash(&s->table, &t->at.ip, t->at.port, port_for(s, t));
    uint32_t cell = begin_flow(s, t, hash, now_ns);
    if (cell == 0) {
        tell_trouble(s, t, "out of memory", now_ns);
        return false;
    }
    const struct flow *f = flow_store_at(&s->store, cell);
    const struct survey_packet p = {.syn = true,
                                    .local = local_of(s, &t->at.ip, f->local),
                                    .remote = t->at,
                                    .seq = seq_of(f->iss),
                                    .ts_val =
                                        (uint32_t)(hash >> 16) + (uint32_t)(now_ns / CLOCK_MS)};
    enum survey_sending sending = s->config.link.send(s->config.link.arg, &p);
    if (sending == SURVEY_NO_ROOM)
        pace_trouble(&s->pace, now_ns);
    if (sending != SURVEY_TAKEN) {
        tell_trouble(s, t,
                     sending == SURVEY_NO_ROOM
                         ? "the kernel has no room for it: a queue or its neighbour table is full"
                         : "no way to it by this interface: -I chooses another",
                     now_ns);
        flow_table_remove(&s->table, cell);
        flow_store_drop(&s->store, cell);
        return false;
    }
    flow_wheel_add(&s->wheel, cell);
    s->in_flight++;
    s->counts.syns++;
    s->batch[s->batch_count].cell = cell;
    s->batch[s->batch_count].iss = f->iss;
    return true;
}

/* Whether a target is to be asked for. */
static bool wants_target(const struct survey *s, int64_t now_ns)
{
    return !s->no_more && !s->stopping && now_ns >= s->supply_at;
}

static bool has_room(struct survey *s)
{
    bool room = s->in_flight < s->config.window;
    if (!room && !s->window_was_full)
        s->counts.window_full++;
    s->window_was_full = !room;
    return room;
}

/* Of a handshake the SYN is not sent yet. False: there is no target now. */
static bool begin_next(struct survey *s, int64_t now_ns)
{
    struct survey_target t;
    for (unsigned i = 0; i < TROUBLES_A_TURN && wants_target(s, now_ns) && has_room(s); i++) {
        int64_t at = CLOCK_NEVER;
        switch (s->config.supply(s->config.arg, now_ns, &t, &at)) {
        case SURVEY_NO_MORE:
            s->no_more = true;
            return false;
        case SURVEY_LATER:
            s->supply_at = at;
            return false;
        case SURVEY_NEXT:
            break;
        }
        if (t.trouble != NULL)
            tell_trouble(s, &t, t.trouble, now_ns);
        else if (s->config.open != NULL ? begin_whole(s, &t, now_ns) : send_syn(s, &t, now_ns))
            return true;
    }
    return false;
}

/* What a handshake has to send; a new one is begun when none has anything. */
static bool send_whole(struct survey *s, int64_t now_ns)
{
    struct fault ignored;
    struct talks_entry *e;
    const struct survey_link *link = &s->config.link;
    do {
        /* What has no way is not seen leaving, and the conversation makes of it what it does. */
        if (talks_next(&s->talks, now_ns, &e, &ignored) == STATUS_OK && e != NULL &&
            link->send_whole(link->arg, &e->tuple.remote.ip, e->packet, e->handed.raw_len) ==
                SURVEY_TAKEN)
            return true;
    } while (begin_next(s, now_ns));
    return false;
}

/* Hands the link one packet; false when there is nothing to send. */
static bool send_one(struct survey *s, int64_t now_ns)
{
    s->batch[s->batch_count].cell = 0;
    bool sent = s->resets_waiting > 0    ? send_reset(s)
                : s->stray_count > 0     ? send_stray_reset(s)
                : s->config.open != NULL ? send_whole(s, now_ns)
                                         : begin_next(s, now_ns);
    s->batch_count += sent;
    return sent;
}

/* Where nobody sees segments leave, the moment of each is taken from its place in the batch. */
static void stamp(struct survey *s, unsigned count, int64_t from_ns, int64_t to_ns)
{
    int64_t span = to_ns - from_ns;
    int64_t slack = span / 2 / CLOCK_US + 1;
    for (unsigned i = 0; i < count; i++) {
        if (s->batch[i].cell == 0)
            continue;
        struct flow *f = flow_store_at(&s->store, s->batch[i].cell);
        if (f->iss != s->batch[i].iss || f->left != !s->config.link.watched)
            continue;
        f->sent_ns = from_ns + span * (2 * (int64_t)i + 1) / (2 * (int64_t)count);
        f->slack_us = slack < UINT16_MAX ? (uint16_t)slack : UINT16_MAX;
    }
}

static enum status flush(struct survey *s, unsigned *count, bool *full, int64_t *now_ns,
                         struct fault *fault)
{
    int64_t from = *now_ns, to = *now_ns;
    enum status status = s->config.link.flush(s->config.link.arg, count, &from, &to, full, fault);
    if (status != STATUS_OK)
        return status;
    stamp(s, *count, from, to);
    s->batch_count -= *count;
    memmove(s->batch, s->batch + *count, s->batch_count * sizeof(s->batch[0]));
    pace_left(&s->pace, *count, to);
    s->flushed_ns = *now_ns = to;
    if (*full) {
        s->counts.full++;
        pace_trouble(&s->pace, to);
    }
    return STATUS_OK;
}

enum status survey_tick(struct survey *s, int64_t now_ns, struct fault *fault)
{
    flow_wheel_turn(&s->wheel, now_ns, due, s);
    enum status status = talks_tick(&s->talks, now_ns, fault);
    if (status != STATUS_OK)
        return status;
    for (unsigned i = 0; i < BATCHES_A_TICK; i++) {
        unsigned allowed = pace_allows(&s->pace, s->config.link.batch, now_ns);
        while (s->batch_count < allowed && send_one(s, now_ns)) {
        }
        if (allowed == 0 || s->batch_count == 0)
            break;
        unsigned count = 0;
        bool full = false;
        status = flush(s, &count, &full, &now_ns, fault);
        if (status != STATUS_OK)
            return status;
        if (full)
            break;
    }
    end_wholes(s);
    return STATUS_OK;
}

/* --- When, and until when --- */

void survey_wake(struct survey *s)
{
    s->supply_at = 0;
}

int64_t survey_next(const struct survey *s)
{
    int64_t at = flow_wheel_next(&s->wheel);
    int64_t send = CLOCK_NEVER;
    if (talks_deadline(&s->talks) < at)
        at = talks_deadline(&s->talks);
    if (s->resets_waiting > 0 || s->stray_count > 0 || s->batch_count > 0 ||
        s->talks.sending.first != NULL || s->talks.ended.first != NULL)
        send = 0;
    else if (!s->no_more && !s->stopping && s->in_flight < s->config.window)
        send = s->supply_at;
    if (send == CLOCK_NEVER)
        return at;
    int64_t paced = pace_next(&s->pace, s->config.link.batch);
    if (send < paced)
        send = paced;
    return send < at ? send : at;
}

static void stop_one(void *arg, uint32_t cell, int64_t now_ns)
{
    struct survey *s = arg;
    follow(s, cell, flow_stop(flow_store_at(&s->store, cell), now_ns));
}

void survey_stop(struct survey *s, int64_t now_ns)
{
    if (!s->stopping) {
        s->stopping = true;
        flow_wheel_empty(&s->wheel, now_ns, stop_one, s);
        talks_end(&s->talks, SCRIPT_STOP_INTERRUPT, now_ns);
        return;
    }
    s->stray_count = 0;
    while (s->resets_first != 0) {
        uint32_t cell = s->resets_first;
        s->resets_first = flow_store_at(&s->store, cell)->next;
        s->resets_waiting--;
        s->counts.unsent++;
        end_flow(s, cell);
    }
    s->resets_last = 0;
}

bool survey_over(const struct survey *s)
{
    return (s->no_more || s->stopping) && s->in_flight == 0 && s->stray_count == 0 &&
           s->batch_count == 0;
}
