/* See survey.h. What has to go out goes in this order: resets of what is half open, resets of what
 * came from nowhere, then new SYNs; all at one pace. */
#include "measure/survey/survey.h"

#include <string.h>

#include "base/clock.h"

enum {
    /* Batches between two looks at what came in. */
    BATCHES_A_TICK = 16,
    /* Targets in a row that there is nothing to send to: what comes in must not wait for many. */
    TROUBLES_A_TURN = 256
};

enum status survey_init(struct survey *s, const struct survey_config *config, int64_t now_ns,
                        struct fault *fault)
{
    memset(s, 0, sizeof(*s));
    s->config = *config;
    pace_init(&s->pace, config->rate, now_ns);
    if (!flow_store_init(&s->store, &config->key, now_ns))
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    const struct talks_config talks = {.key = config->key, .asks_hop = true};
    return config->open != NULL ? talks_init(&s->talks, &talks, fault) : STATUS_OK;
}

void survey_done(struct survey *s)
{
    for (struct talks_entry *e; (e = talks_oldest(&s->talks)) != NULL;)
        survey_whole_drop(s, e);
    talks_done(&s->talks);
    flow_store_done(&s->store);
}

static void end_wholes(struct survey *s)
{
    struct survey_end end;
    for (struct talks_entry *e; (e = survey_whole_ended(s, &end)) != NULL; s->in_flight--) {
        survey_out_tell(s, &end);
        survey_whole_drop(s, e);
    }
}

/* --- What comes in --- */

/* It belongs to no target under way: a SYN,ACK that was sent again because our reset was lost. */
static void stray(struct survey *s, const struct segment *seg)
{
    const uint16_t syn_ack = FLAG_SYN | FLAG_ACK;
    s->counts.strays++;
    if ((seg->flags & (syn_ack | FLAG_RST)) == syn_ack)
        survey_out_refuse(s, seg);
}

static void received(struct survey *s, const struct segment *seg, int64_t t_ns)
{
    size_t octets = seg->data_off + seg->len;
    s->counts.segments_back++;
    s->counts.octets_back += octets;
    if (s->config.open != NULL ? !survey_whole_received(s, seg, t_ns)
                               : !survey_flow_received(s, seg, octets, t_ns))
        stray(s, seg);
}

static void left(struct survey *s, const struct segment *seg, int64_t t_ns)
{
    struct talks_entry *e;
    if (s->config.open == NULL)
        survey_flow_left(s, seg, t_ns);
    else if ((e = talks_find(&s->talks, &seg->src, &seg->dst)) != NULL)
        talks_left(&s->talks, e, seg, t_ns);
}

static void take_icmp(struct survey *s, const uint8_t *ip, size_t n, int64_t t_ns)
{
    struct icmp_error e;
    if (icmp_decode(&e, ip, n, NULL) != STATUS_OK)
        return;
    if (s->config.open != NULL)
        talks_unreachable(&s->talks, &e, t_ns);
    else
        survey_flow_unreachable(s, &e, t_ns);
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

static bool reset_stray(struct survey *s)
{
    const struct survey_stray *stray = &s->strays[s->stray_first];
    s->stray_first = (s->stray_first + 1) % SURVEY_STRAYS;
    s->stray_count--;
    return survey_out_send_reset(s, &stray->remote, stray->local, stray->seq);
}

static void tell_trouble(struct survey *s, const struct survey_target *t, const char *trouble,
                         int64_t now_ns)
{
    const struct facts facts = {
        .command = s->config.command, .remote = t->at, .name = t->name, .kernel_quiet = true};
    const struct survey_end e = {.session = t->session,
                                 .facts = &facts,
                                 .name = t->name,
                                 .trouble = trouble,
                                 .t_ns = now_ns};
    survey_out_tell(s, &e);
}

/* NULL, or why the target is done with already. Of a handshake the SYN is not sent yet: talks_next
 * says what is. RFC 6528: ISN = M + F(4-tuple, key). */
static const char *begin(struct survey *s, const struct survey_target *t, int64_t now_ns)
{
    const struct endpoint local =
        survey_out_local(s, &t->at.ip, s->config.ports[t->number % s->config.port_count]);
    uint64_t hash = flow_store_hash(&s->store, &t->at, local.port);
    uint32_t clock = s->config.repeatable ? 0 : (uint32_t)((uint64_t)now_ns / (4 * CLOCK_US));
    uint32_t iss = (uint32_t)hash + (t->number << 16) + clock;
    const char *trouble = t->trouble;
    if (trouble == NULL)
        trouble = s->config.open != NULL ? survey_whole_begin(s, t, &local, iss, hash, now_ns)
                                         : survey_flow_begin(s, t, &local, iss, hash, now_ns);
    s->in_flight += trouble == NULL;
    s->counts.syns += trouble == NULL;
    return trouble;
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

/* False: there is no target now. */
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
        const char *trouble = begin(s, &t, now_ns);
        if (trouble == NULL)
            return true;
        tell_trouble(s, &t, trouble, now_ns);
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
    bool sent = s->resets_waiting > 0    ? survey_flow_reset(s)
                : s->stray_count > 0     ? reset_stray(s)
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
    survey_flow_turn(s, now_ns);
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
    int64_t at = flow_store_next(&s->store);
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

void survey_stop(struct survey *s, int64_t now_ns)
{
    if (s->stopping) {
        s->stray_count = 0;
        survey_flow_give_up(s);
        return;
    }
    s->stopping = true;
    survey_flow_stop(s, now_ns);
    talks_end(&s->talks, SCRIPT_STOP_INTERRUPT, now_ns);
}

bool survey_over(const struct survey *s)
{
    return (s->no_more || s->stopping) && s->in_flight == 0 && s->stray_count == 0 &&
           s->batch_count == 0;
}
