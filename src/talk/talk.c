/* See exchange.h. */
#include "talk/talk.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "tcp/classify.h"

enum {
    CHALLENGES_MAX = 10, /* RFC 5961 7 */
};
#define GRACE          (5 * CLOCK_S)
#define CHALLENGES_PER (5 * CLOCK_S)

/* --- The record --- */

static uint32_t record(struct talk *x, enum event_kind kind, uint32_t cause, struct event e)
{
    e.kind = kind;
    e.cause = cause;
    e.session = x->config.session;
    e.t_ns = x->now_ns;
    return timeline_append(x->timeline, e);
}

static void record_step(struct talk *x, uint32_t cause, enum state from, enum state to,
                        const char *why, const char *rfc)
{
    if (x->own_path_len < TALK_PATH_MAX)
        x->own_path[x->own_path_len++] = to;
    (void)record(x, EVENT_STATE, cause,
                 (struct event){.change = {END_A, STATE_SET(from), STATE_SET(to), why, rfc}});
}

/* A segment that completes the handshake and brings a FIN makes two steps at once. */
static void record_own(struct talk *x, uint32_t cause, enum state from, const char *why,
                       const char *rfc)
{
    enum state to = x->tcb.state;
    if (from == to)
        return;
    if (!state_synchronized(from) && state_set_has(state_between(from, to), STATE_ESTABLISHED)) {
        record_step(x, cause, from, STATE_ESTABLISHED, why, rfc);
        from = STATE_ESTABLISHED;
    }
    record_step(x, cause, from, to, why, rfc);
}

static void record_fault(struct talk *x, uint32_t cause, enum event_fault fault, const char *text)
{
    (void)record(x, EVENT_FAULT, cause, (struct event){.fault = {fault, text}});
}

static void record_peer(struct talk *x, uint32_t cause, const struct peer_change *c)
{
    if (c->from != c->to)
        (void)record(x, EVENT_STATE, cause,
                     (struct event){.change = {END_B, c->from, c->to, c->why, c->rfc}});
    if (c->contradiction) {
        x->contradiction = true;
        record_fault(x, cause, EVENT_FAULT_CONTRADICTION,
                     "the peer sent what none of the states it could be in allows");
    }
}

/* The event's id; 0 when there have been too many to keep. */
static uint32_t record_segment(struct talk *x, enum event_kind kind, uint32_t cause,
                               const struct segment *seg, bool again)
{
    if (x->segments_sent + x->segments_received > TALK_RECORDED_MAX) {
        x->unrecorded++;
        return 0;
    }
    return record(x, kind, cause,
                  (struct event){.segment = {.seg = *seg, .retransmission = again}});
}

void talk_note(struct talk *x, const char *fmt, ...)
{
    char text[200];
    va_list ap;
    if (x->unrecorded > 0) /* the segment it explains is not there either */
        return;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    (void)record(x, EVENT_NOTE, x->timeline->last_id, (struct event){.text = text});
}

void talk_remark(struct talk *x, const char *text)
{
    (void)record(x, EVENT_NOTE, 0, (struct event){.text = text});
}

/* --- Beginning --- */

void talk_init(struct talk *x, const struct talk_config *config, const struct script *script,
               void *state, struct timeline *timeline, int64_t now_ns)
{
    const struct syn_like *like = config->like;
    *x = (struct talk){
        .config = *config,
        .script = script,
        .state = state,
        .timeline = timeline,
        .now_ns = now_ns,
        .rto_at = CLOCK_NEVER,
        .wake_at = CLOCK_NEVER,
        .kernel_quiet = true,
    };
    x->config.timestamps = config->timestamps && syn_like_has(like, 'T');
    tcb_init(&x->tcb, config->iss, config->win, x->config.timestamps, syn_like_has(like, 'W'),
             like->wscale);
    x->own_path[x->own_path_len++] = x->tcb.state;
    rto_init(&x->rto);
    peer_init(&x->peer, STATE_SET(STATE_CLOSED) | STATE_SET(STATE_LISTEN));
    peer_known_way(&x->peer, config->way_ns);
    x->aside = (struct talk_aside){config->other_local, x->tcb, x->peer};
    x->aside.tcb.iss = x->aside.tcb.snd_una = x->aside.tcb.snd_nxt = config->other_iss;
    (void)record(x, EVENT_STATE, 0,
                 (struct event){.change = {END_B, STATE_SET_NONE, x->peer.set,
                                           "no connection yet; whether somebody listens is unknown",
                                           "RFC 9293 3.3.2"}});
    script->start(x);
}

/* --- Sent --- */

static void enqueue(struct talk *x, struct outgoing o)
{
    x->ignored += !outbox_put(&x->outbox, o);
}

bool talk_next(struct talk *x, int64_t now_ns, struct segment *seg, const uint8_t **data,
               size_t *len)
{
    x->now_ns = now_ns;
    return outbox_next(&x->outbox, &x->config, &x->tcb, now_ns, seg, data, len);
}

bool talk_is_ours(const struct talk *x, const struct segment *seg)
{
    return outbox_is_current(&x->outbox, seg);
}

/* The retransmission timer, which also serves to probe a closed window. A probe that withholds
 * sends its SYN once. */
static void arm(struct talk *x)
{
    bool outstanding = seq_lt(x->tcb.snd_una, x->tcb.snd_nxt);
    bool blocked = outbox_is_blocked(&x->outbox, &x->tcb);
    bool lives = x->tcb.state != STATE_CLOSED && x->tcb.state != STATE_TIME_WAIT;
    bool needed = (outstanding || blocked) && lives && !x->script->withholds && !x->scripted;
    x->rto_at = needed ? x->now_ns + x->rto.rto_ns : CLOCK_NEVER;
}

/* The call that a segment carries out, made at the moment it is seen leaving. */
static void call_behind(struct talk *x, uint32_t event, const struct segment *seg)
{
    enum state from = x->tcb.state;
    const struct outgoing *o = &x->outbox.current;
    enum call call = o->kind == OUTGOING_SCRIPTED ? o->script.call
                     : seg->flags & FLAG_FIN      ? CALL_CLOSE
                     : seg->flags & FLAG_SYN      ? CALL_CONNECT
                                                  : CALL_ABORT;
    struct transition step = tcb_call(&x->tcb, call);
    record_own(x, event, from, classify_call(call), step.rfc);
}

static bool carries_out_a_call(const struct talk *x, const struct segment *seg)
{
    enum outgoing_kind kind = x->outbox.current.kind;
    if (kind == OUTGOING_SCRIPTED)
        return x->outbox.current.script.call != CALL_COUNT;
    if (kind == OUTGOING_SYN || kind == OUTGOING_FIN)
        return seq_lt(x->tcb.snd_nxt, segment_end(seg));
    return kind == OUTGOING_ABORT && x->tcb.state != STATE_CLOSED;
}

/* The SYN,ACK of a simultaneous open has the SYN's number, and is none of it again. */
static bool is_sent_again(const struct talk *x, const struct segment *seg)
{
    return x->outbox.current.kind != OUTGOING_SYN_ACK && segment_seq_len(seg) > 0 &&
           !(seg->flags & FLAG_RST) && !seq_lt(x->tcb.snd_nxt, segment_end(seg));
}

/* Our end takes what it has handed out as sent: SND.NXT and the state move. */
static void commit(struct talk *x, const struct segment *seg, uint32_t event)
{
    if (x->outbox.committed)
        return;
    x->outbox.again = is_sent_again(x, seg);
    x->outbox.committed = true;
    if (carries_out_a_call(x, seg))
        call_behind(x, event, seg);
    tcb_left(&x->tcb, seg);
    if (seg->flags & FLAG_SYN)
        x->shadow = x->tcb;
}

static void note_syn(struct talk *x, const struct segment *seg)
{
    if (!(seg->flags & FLAG_SYN) || x->syn_count == TALK_SYNS_MAX)
        return;
    x->syns[x->syn_count].seq = seg->seq;
    x->syns[x->syn_count].ts_val = seg->opt.ts_val;
    x->syns[x->syn_count++].t_ns = x->now_ns;
}

static void sent(struct talk *x, const struct segment *seg, bool stamped)
{
    struct outgoing o = x->outbox.current;
    bool again = x->outbox.committed ? x->outbox.again : is_sent_again(x, seg);
    x->segments_sent++;
    uint32_t event = record_segment(x, EVENT_SENT, o.cause, seg, again);
    x->retransmitted += again;
    bool idle = x->rto_at == CLOCK_NEVER;
    commit(x, seg, event);
    struct peer_change change = peer_left(&x->peer, seg, x->now_ns);
    record_peer(x, event, &change);
    if (stamped)
        note_syn(x, seg);
    if (o.note != NULL)
        (void)record(x, EVENT_NOTE, event, (struct event){.text = o.note});
    if (!again && segment_seq_len(seg) > 0 && idle)
        x->sent_times = 1;
    if (idle || again || x->tcb.state == STATE_CLOSED)
        arm(x);
    x->outbox.waiting = false;
    if (x->script->left != NULL)
        x->script->left(x, seg);
}

void talk_left(struct talk *x, const struct segment *seg, int64_t t_ns)
{
    x->now_ns = t_ns;
    sent(x, seg, true);
}

void talk_not_seen(struct talk *x, const struct segment *seg, int64_t now_ns)
{
    x->now_ns = now_ns;
    record_fault(x, 0, EVENT_FAULT_NOT_SEEN,
                 "a segment of ours was not seen leaving; its time is not known");
    sent(x, seg, false);
}

/* --- Received --- */

static void queue_reply(struct talk *x, const struct arrival *a, const struct segment *seg,
                        uint32_t event)
{
    struct segment reply = {0};
    struct outgoing o = {.cause = event};

    switch (a->reply) {
    case REPLY_ACK:
        o.kind = OUTGOING_ACK;
        break;
    case REPLY_SYN_ACK:
        o.kind = OUTGOING_SYN_ACK;
        break;
    case REPLY_RST:
    case REPLY_RST_ACK:
        tcb_fill(&x->tcb, a->reply, seg, &reply);
        o.kind = a->reply == REPLY_RST ? OUTGOING_RST : OUTGOING_RST_ACK;
        o.seq = reply.seq;
        o.ack = reply.ack;
        break;
    case REPLY_NOTHING:
    case REPLY_SYN:
    case REPLY_RST_OWN:
    case REPLY_FIN:
    case REPLY_DATA:
    case REPLY_RETRANSMIT:
    case REPLY_QUEUED:
    case REPLY_REFUSED:
        return;
    }
    enqueue(x, o);
}

/* Whether a reply to something unacceptable may still be sent: a peer that floods us, or a loop of
 * two ends that answer each other, must not get a segment for a segment. */
static bool within_limit(struct talk *x, const struct arrival *a)
{
    bool progress = a->from != a->to || a->acked > 0 || a->text > 0;
    if (progress || a->reply == REPLY_NOTHING)
        return true;
    if (x->now_ns - x->replies_since_ns > CHALLENGES_PER) {
        x->replies_since_ns = x->now_ns;
        x->replies_count = 0;
    }
    return ++x->replies_count <= CHALLENGES_MAX;
}

/* The round trip of the SYN. If it was retransmitted, only an echoed timestamp says which one was
 * answered (RFC 7323 4.1); without it there is no measurement (Karn). Nor is there with the stamp
 * of an earlier SYN than the last: a listener keeps that of the first SYN it has got and answers
 * later ones with it too. */
static int64_t syn_round_trip(const struct talk *x, const struct segment *seg)
{
    if (x->capture_dropped > 0) /* the answer proper may be among what was lost */
        return 0;
    if (x->syn_count == 1 && x->retransmitted == 0)
        return x->now_ns - x->syns[0].t_ns;
    size_t last = x->syn_count - 1;
    bool told =
        x->syn_count > 0 && seg->opt.has_timestamps && x->syns[last].ts_val == seg->opt.ts_ecr;
    return told ? x->now_ns - x->syns[last].t_ns : 0;
}

static void measure(struct talk *x, const struct segment *seg, const struct arrival *a)
{
    bool answer =
        a->inputs[0] == INPUT_SYN_ACK || (a->inputs[0] == INPUT_RST && a->from == STATE_SYN_SENT);
    if (!answer || x->rtt_ns != 0)
        return;
    x->rtt_ns = syn_round_trip(x, seg);
    if (x->rtt_ns > 0) {
        rto_measure(&x->rto, x->rtt_ns);
        peer_round_trip(&x->peer, x->rtt_ns);
    }
}

/* How far away the peer is, also when the SYN was none of our TCB's: the first answer to one that
 * left once says it. */
static void measure_flight(struct talk *x, const struct segment *seg)
{
    size_t found = 0, at = 0;
    if ((seg->flags & (FLAG_SYN | FLAG_ACK)) != (FLAG_SYN | FLAG_ACK) ||
        (x->peer.sent.known && seq_eq(x->peer.irs, seg->seq)))
        return;
    for (size_t i = 0; i < x->syn_count; i++) {
        if (seq_eq(seq_add(x->syns[i].seq, 1), seg->ack)) {
            found++;
            at = i;
        }
    }
    if (found == 1)
        peer_round_trip(&x->peer, x->now_ns - x->syns[at].t_ns);
}

/* RFC 6298 5.2, 5.3: stopped when all is acknowledged, restarted when some is. */
static void restart_timer(struct talk *x, const struct arrival *a)
{
    if (a->acked > 0) {
        rto_restore(&x->rto);
        x->sent_times = 1;
        arm(x);
    } else if (a->from != a->to) {
        arm(x);
    } else if (outbox_is_blocked(&x->outbox, &x->tcb) && a->inputs[0] == INPUT_ACK_DUPLICATE) {
        x->sent_times = 1; /* MUST-37: who answers our probes of its window is not given up */
    }
}

/* When data completes the handshake, the ACK of the SYN rides on it. */
static bool data_carries_the_ack(const struct talk *x, const struct arrival *a)
{
    return a->inputs[0] == INPUT_SYN_ACK && x->outbox.payload_first > 0 &&
           outbox_data_is_due(&x->outbox, &x->tcb);
}

static bool may_reply(struct talk *x, const struct arrival *a)
{
    if (x->aborting && x->tcb.state != STATE_CLOSED)
        return false;
    if (!within_limit(x, a)) {
        x->ignored++;
        return false;
    }
    return !data_carries_the_ack(x, a);
}

static void deliver(struct talk *x, const struct segment *seg, uint32_t event)
{
    /* A segment of ours that is on its way knows nothing of this one: our end has sent it first. */
    if (x->outbox.waiting)
        commit(x, &x->outbox.segment, event);
    enum state from = x->tcb.state;
    struct arrival a = tcb_arrive(&x->tcb, seg);
    record_own(x, event, from, a.why, a.rfc);
    measure(x, seg, &a);
    measure_flight(x, seg);
    struct peer_change change = peer_seen(&x->peer, &x->tcb, seg, &a, x->now_ns);
    record_peer(x, event, &change);
    x->data_received += a.text;
    restart_timer(x, &a);
    if (x->finished)
        return;
    if (!x->scripted && may_reply(x, &a))
        queue_reply(x, &a, seg, event);
    x->script->received(x, seg, &a);
}

/* For a probe that withholds: the segment is judged by what our end would be, had it taken the
 * first SYN,ACK; our end itself stays where it is. */
static void judge(struct talk *x, const struct segment *seg, uint32_t event)
{
    struct arrival a = tcb_arrive(&x->shadow, seg);
    measure(x, seg, &a);
    measure_flight(x, seg);
    struct peer_change change = peer_seen(&x->peer, &x->shadow, seg, &a, x->now_ns);
    record_peer(x, event, &change);
    if (!x->finished)
        x->script->received(x, seg, &a);
}

void talk_received(struct talk *x, const struct segment *seg, int64_t t_ns)
{
    x->now_ns = t_ns;
    if (x->script->offered == NULL || x->script->offered(x, seg, t_ns))
        talk_take(x, seg, t_ns, true);
}

void talk_take(struct talk *x, const struct segment *seg, int64_t t_ns, bool reaches_us)
{
    const struct tcb *judge_by = x->script->withholds ? &x->shadow : &x->tcb;
    bool again = x->peer.irs_known && segment_seq_len(seg) > 0 && !(seg->flags & FLAG_RST) &&
                 seq_le(segment_end(seg), judge_by->rcv_nxt) && !seq_lt(seg->seq, judge_by->irs);
    x->now_ns = t_ns;
    x->segments_received++;
    uint32_t event = record_segment(x, EVENT_RECEIVED, 0, seg, again);
    if (!reaches_us)
        x->shadow = x->tcb;
    if (x->script->withholds || !reaches_us)
        judge(x, seg, event);
    else
        deliver(x, seg, event);
}

void talk_foreign(struct talk *x, const struct segment *seg, int64_t t_ns)
{
    char flags[FLAGS_TEXT_MAX], text[160];
    x->now_ns = t_ns;
    x->kernel_quiet = false;
    (void)snprintf(text, sizeof(text), "this host's kernel sent <CTL=%s> on our connection",
                   flags_format(seg->flags, flags));
    record_fault(x, 0, EVENT_FAULT_KERNEL_RST, text);
}

void talk_malformed(struct talk *x, const char *what, int64_t t_ns)
{
    x->now_ns = t_ns;
    x->ignored++;
    record_fault(x, 0, EVENT_FAULT_MALFORMED, what);
}

void talk_lost_packets(struct talk *x, uint64_t total)
{
    char text[96];
    x->capture_dropped = total;
    (void)snprintf(text, sizeof(text), "the capture has lost %" PRIu64 " packets", total);
    record_fault(x, 0, EVENT_FAULT_CAPTURE_DROPPED, text);
}

void talk_unreachable(struct talk *x, const struct icmp_error *e, int64_t t_ns)
{
    x->now_ns = t_ns;
    x->script->unreachable(x, e);
    if (x->segments_sent == 0) /* known before anything left: then nothing need leave */
        x->outbox.queued = 0;
}

/* --- A script --- */

void talk_follow_script(struct talk *x, bool on)
{
    x->scripted = on;
    x->rto_at = CLOCK_NEVER;
}

void talk_renew(struct talk *x, seq_t iss)
{
    const struct tcb *t = &x->tcb;
    enum state from = t->state;
    uint32_t rcv_wnd = x->config.win;
    tcb_init(&x->tcb, iss, rcv_wnd, x->config.timestamps, t->offer_wscale, x->config.like->wscale);
    record_own(x, x->timeline->last_id, from, "everything is forgotten", "RFC 9293 3.5.1");
}

void talk_change_port(struct talk *x)
{
    const struct talk_aside now = {x->config.local, x->tcb, x->peer};
    enum state from = x->tcb.state;
    struct peer_change change = {
        .from = x->peer.set, .why = "the connection from our other port", .rfc = "RFC 9293 3.3.1"};
    x->config.local = x->aside.local;
    x->tcb = x->aside.tcb;
    x->peer = x->aside.peer;
    x->aside = now;
    change.to = x->peer.set;
    record_own(x, x->timeline->last_id, from, change.why, change.rfc);
    record_peer(x, x->timeline->last_id, &change);
}

void talk_call(struct talk *x, enum call call)
{
    enum state from = x->tcb.state;
    struct transition step = tcb_call(&x->tcb, call);
    record_own(x, x->timeline->last_id, from, classify_call(call), step.rfc);
}

void talk_time_out(struct talk *x, enum input in)
{
    enum state from = x->tcb.state;
    struct transition step = tcb_time_out(&x->tcb, in);
    record_own(x, x->timeline->last_id, from, classify_describe(in), step.rfc);
}

void talk_elapse(struct talk *x)
{
    struct peer_change change = peer_elapse(&x->peer, x->now_ns);
    record_peer(x, x->timeline->last_id, &change);
}

void talk_peer_told(struct talk *x, enum call call)
{
    struct peer_change change = peer_told(&x->peer, call, x->now_ns);
    record_peer(x, 0, &change);
}

bool talk_emit(struct talk *x, const struct scripted *script, const char *note)
{
    const struct outgoing o = {.kind = OUTGOING_SCRIPTED, .note = note, .script = *script};
    return outbox_put(&x->outbox, o);
}

void talk_hold_back(struct talk *x, const struct scripted *script)
{
    if (script->call != CALL_COUNT)
        talk_call(x, script->call);
    tcb_left(&x->tcb, &script->seg);
}

void talk_deliver(struct talk *x, const struct segment *seg, int64_t t_ns)
{
    enum state from = x->tcb.state;
    x->now_ns = t_ns;
    struct arrival a = tcb_arrive(&x->tcb, seg);
    record_own(x, x->timeline->last_id, from, a.why, a.rfc);
    x->data_received += a.text;
}

/* --- Time --- */

int64_t talk_deadline(const struct talk *x)
{
    int64_t at = x->config.deadline_ns;
    if (x->finished)
        return CLOCK_NEVER;
    if (x->rto_at < at)
        at = x->rto_at;
    return x->wake_at < at ? x->wake_at : at;
}

static void retransmission_timeout(struct talk *x)
{
    uint32_t event = record(x, EVENT_TIMER, 0, (struct event){.text = "retransmission time-out"});
    x->rto_at = CLOCK_NEVER;
    if (x->sent_times >= x->config.tries) {
        x->script->stop(x, SCRIPT_STOP_GAVE_UP);
        return;
    }
    (void)tcb_time_out(&x->tcb, INPUT_RETRANSMISSION_TIMEOUT);
    rto_back_off(&x->rto);
    if (!state_synchronized(x->tcb.state))
        rto_syn_expired(&x->rto);
    x->sent_times++;
    enqueue(x, (struct outgoing){.kind = OUTGOING_RETRANSMIT, .cause = event});
}

void talk_tick(struct talk *x, int64_t now_ns)
{
    x->now_ns = now_ns;
    if (x->finished)
        return;
    if (now_ns >= x->config.deadline_ns) {
        /* Whatever the probe still has to do then has an end too. */
        x->config.deadline_ns = now_ns + GRACE;
        x->script->stop(x, SCRIPT_STOP_DEADLINE);
        return;
    }
    if (now_ns >= x->wake_at) {
        x->wake_at = CLOCK_NEVER;
        x->script->timer(x);
    }
    if (now_ns >= x->rto_at && !x->finished)
        retransmission_timeout(x);
}

void talk_stop(struct talk *x, enum script_stop why, int64_t now_ns)
{
    x->now_ns = now_ns;
    if (!x->finished)
        x->script->stop(x, why);
    if (x->segments_sent == 0 && !x->outbox.waiting) /* nothing is out: then nothing need leave */
        x->outbox.queued = 0;
}

bool talk_half_open(const struct talk *x)
{
    return x->outbox.waiting || state_set_has(x->peer.set, STATE_SYN_RECEIVED);
}

bool talk_done(const struct talk *x)
{
    return x->finished && x->outbox.queued == 0 && !x->outbox.waiting;
}

void talk_report(const struct talk *x, struct result *r)
{
    x->script->report(x, r);
}

/* --- For probes --- */

static uint32_t action(struct talk *x, const char *what)
{
    return record(x, EVENT_ACTION, 0, (struct event){.text = what});
}

void talk_open(struct talk *x)
{
    enqueue(x, (struct outgoing){.kind = OUTGOING_SYN, .cause = action(x, "OPEN")});
}

void talk_write(struct talk *x, const void *data, size_t n, size_t first)
{
    x->outbox.payload = data;
    x->outbox.payload_len = n;
    x->outbox.payload_first = first;
}

void talk_close(struct talk *x)
{
    if (x->outbox.close_wanted)
        return;
    x->outbox.close_wanted = true;
    x->outbox.close_cause = action(x, "CLOSE");
}

void talk_reset(struct talk *x, seq_t seq, const char *why)
{
    enqueue(x, (struct outgoing){
                   .kind = OUTGOING_RST, .seq = seq, .note = why, .cause = x->timeline->last_id});
}

void talk_abort(struct talk *x, const char *why)
{
    x->outbox.close_wanted = false;
    x->aborting = true;
    x->outbox.queued = 0;
    x->rto_at = CLOCK_NEVER;
    uint32_t cause = action(x, "ABORT");
    enqueue(x, (struct outgoing){.kind = OUTGOING_ABORT, .note = why, .cause = cause});
}

void talk_keepalive(struct talk *x, const char *why)
{
    enqueue(x, (struct outgoing){.kind = OUTGOING_KEEPALIVE, .note = why});
}

void talk_send_again(struct talk *x, const char *why)
{
    enqueue(x, (struct outgoing){.kind = OUTGOING_RETRANSMIT, .note = why});
}

void talk_acknowledge(struct talk *x, const char *why)
{
    enqueue(x, (struct outgoing){.kind = OUTGOING_ACK, .note = why, .cause = x->timeline->last_id});
}

void talk_refuse(struct talk *x, seq_t ack, const char *why)
{
    enqueue(x,
            (struct outgoing){
                .kind = OUTGOING_RST_ACK, .ack = ack, .note = why, .cause = x->timeline->last_id});
}

void talk_wake_at(struct talk *x, int64_t when_ns)
{
    x->wake_at = when_ns;
}

void talk_succeed(struct talk *x, const struct script *script, void *state)
{
    x->script = script;
    x->state = state;
    x->wake_at = CLOCK_NEVER;
    script->start(x);
}

void talk_finish(struct talk *x)
{
    x->finished = true;
    x->outbox.stopped = true;
    x->rto_at = x->wake_at = CLOCK_NEVER;
}

size_t talk_unacknowledged(const struct talk *x)
{
    return outbox_unacknowledged(&x->outbox, &x->tcb);
}
