/* See ours.h. */
#include "talk/ours.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "talk/journal.h"
#include "tcp/classify.h"
#include "wire/ip.h"

enum {
    CHALLENGES_MAX = 10, /* RFC 5961 7 */
};
#define CHALLENGES_PER (5 * CLOCK_S)

/* Where there is no room, the peer gets fewer. */
static void put(struct talk *x, struct outgoing o)
{
    (void)outbox_put(&x->ours.outbox, o);
}

/* --- The TCB --- */

static void new_tcb(struct talk *x, seq_t iss, bool wscale)
{
    const struct talk_config *c = &x->config;
    tcb_init(&x->ours.tcb, iss, c->win, c->timestamps, wscale, c->like->wscale);
}

void ours_begin(struct talk *x)
{
    struct talk_config *c = &x->config;
    c->timestamps = c->timestamps && syn_like_has(c->like, 'T');
    new_tcb(x, c->iss, syn_like_has(c->like, 'W'));
    rto_init(&x->ours.rto);
    x->ours.outbox.fits = c->fits;
    x->path[x->path_len++] = x->ours.tcb.state;
    x->other = (struct talk_other){c->other_local, x->ours.tcb, x->infer};
    x->other.tcb.iss = x->other.tcb.snd_una = x->other.tcb.snd_nxt = c->other_iss;
}

void ours_renew(struct talk *x, seq_t iss)
{
    enum state from = x->ours.tcb.state;
    new_tcb(x, iss, x->ours.tcb.offer_wscale);
    x->infer.under_way = 0;
    journal_own(x, x->timeline->last_id, from, "everything is forgotten", "RFC 9293 3.5.1");
}

static void make_call(struct talk *x, enum call call, uint32_t event)
{
    enum state from = x->ours.tcb.state;
    struct transition step = tcb_call(&x->ours.tcb, call);
    journal_own(x, event, from, classify_call(call), step.rfc);
}

void ours_call(struct talk *x, enum call call)
{
    make_call(x, call, x->timeline->last_id);
}

void ours_time_out(struct talk *x, enum input in)
{
    enum state from = x->ours.tcb.state;
    struct transition step = tcb_time_out(&x->ours.tcb, in);
    journal_own(x, x->timeline->last_id, from, classify_describe(in), step.rfc);
}

/* --- Sent --- */

/* The timer also serves to probe a closed window. */
static void arm(struct ours *o, int64_t now_ns)
{
    bool outstanding = seq_lt(o->tcb.snd_una, o->tcb.snd_nxt);
    bool blocked = outbox_is_blocked(&o->outbox, &o->tcb);
    bool lives = o->tcb.state != STATE_CLOSED && o->tcb.state != STATE_TIME_WAIT;
    bool needed = (outstanding || blocked) && lives && !o->scripted;
    o->rto_at = needed ? now_ns + o->rto.rto_ns : CLOCK_NEVER;
}

/* The call that a segment carries out, made at the moment it is seen leaving; CALL_COUNT: none. */
static enum call call_behind(const struct ours *o, const struct segment *seg)
{
    const struct outgoing *out = &o->outbox.current;
    bool anew = seq_lt(o->tcb.snd_nxt, segment_end(seg));
    if (out->kind == OUTGOING_SCRIPTED)
        return out->script.call;
    if (out->kind == OUTGOING_SYN && anew)
        return CALL_CONNECT;
    if (out->kind == OUTGOING_FIN && anew)
        return CALL_CLOSE;
    return out->kind == OUTGOING_ABORT && o->tcb.state != STATE_CLOSED ? CALL_ABORT : CALL_COUNT;
}

/* What B faces has sent a segment, by a call or not (CALL_COUNT). */
static void is_faced(struct infer *i, enum call call, const struct segment *seg)
{
    if (i->under_way == 0)
        return;
    if (call != CALL_COUNT)
        (void)tcb_call(&i->facing, call);
    tcb_left(&i->facing, seg);
}

static void commit(struct talk *x, const struct segment *seg, uint32_t event)
{
    struct ours *o = &x->ours;
    if (o->outbox.committed)
        return;
    o->outbox.committed = true;
    enum call call = call_behind(o, seg);
    if (call != CALL_COUNT)
        make_call(x, call, event);
    tcb_left(&o->tcb, seg);
    is_faced(&x->infer, call, seg);
}

void ours_commit(struct talk *x, uint32_t event)
{
    if (x->ours.outbox.waiting)
        commit(x, &x->ours.outbox.segment, event);
}

static void note_syn(struct ours *o, const struct segment *seg, int64_t t_ns)
{
    if (!(seg->flags & FLAG_SYN) || o->syn_count == OURS_SYNS_MAX)
        return;
    o->syns[o->syn_count].seq = seg->seq;
    o->syns[o->syn_count].ts_val = seg->opt.ts_val;
    o->syns[o->syn_count++].t_ns = t_ns;
}

/* What the record and the peer's set have of it. */
static void tell_leaving(struct talk *x, const struct segment *seg, bool stamped)
{
    struct ours *o = &x->ours;
    const struct outgoing *out = &o->outbox.current;
    bool again = o->outbox.again;
    uint32_t event = journal_segment(
        x, END_A, out->cause, (struct event){.segment = {.seg = *seg, .retransmission = again}});
    commit(x, seg, event);
    struct peer_change change = peer_left(&x->infer.peer, seg, x->now_ns);
    journal_peer(x, event, &change);
    if (out->note != NULL)
        (void)journal_event(x, EVENT_NOTE, event, (struct event){.text = out->note});
    if (stamped)
        note_syn(o, seg, x->now_ns);
    o->retransmitted += again;
}

void ours_left(struct talk *x, const struct segment *seg, enum ours_leaving how)
{
    struct ours *o = &x->ours;
    bool again = o->outbox.again, idle = o->rto_at == CLOCK_NEVER;
    if (how != OURS_UNSENT)
        tell_leaving(x, seg, how == OURS_STAMPED);
    else
        commit(x, seg, x->timeline->last_id);
    if (!again && segment_seq_len(seg) > 0 && idle)
        o->sent_times = 1;
    if (idle || again || o->tcb.state == STATE_CLOSED)
        arm(o, x->now_ns);
    o->outbox.waiting = false;
}

bool ours_retransmit(struct talk *x)
{
    struct ours *o = &x->ours;
    uint32_t event =
        journal_event(x, EVENT_TIMER, 0, (struct event){.text = "retransmission time-out"});
    o->rto_at = CLOCK_NEVER;
    if (o->sent_times >= x->config.tries)
        return false;
    (void)tcb_time_out(&o->tcb, INPUT_RETRANSMISSION_TIMEOUT);
    rto_back_off(&o->rto);
    if (!state_synchronized(o->tcb.state))
        rto_syn_expired(&o->rto);
    o->sent_times++;
    put(x, (struct outgoing){.kind = OUTGOING_RETRANSMIT, .cause = event});
    return true;
}

/* What a reduced window or an earlier report explains is no news; what quotes nothing outstanding
 * is none of ours (RFC 5927 7.2). */
bool ours_narrow(struct talk *x, const struct icmp_error *e)
{
    struct ours *o = &x->ours;
    const struct tcb *t = &o->tcb;
    uint32_t mtu;
    char from[ADDRESS_TEXT_MAX], text[120];
    if (!icmp_too_big(e, &mtu) || o->scripted || outbox_unacknowledged(&o->outbox, t) == 0)
        return false;
    const uint16_t fits = ip_mss(e->ip_version, mtu);
    if (!seq_within(e->seq, t->snd_una, t->snd_nxt.v - t->snd_una.v) ||
        (o->outbox.fits != 0 && fits >= o->outbox.fits))
        return true;
    o->outbox.fits = fits;
    o->narrow.mtu = mtu;
    o->narrow.from = e->from;
    o->outbox.again_only = true;
    o->sent_too_large = t->snd_nxt;
    (void)snprintf(text, sizeof(text), "MTU %" PRIu32 " beyond %s: smaller segments from here on",
                   mtu, address_format(&e->from, from));
    (void)journal_event(x, EVENT_NOTE, x->timeline->last_id, (struct event){.text = text});
    ours_send_again(x, "in smaller segments (RFC 9293 3.7.2)");
    return true;
}

static void go_on_again(struct talk *x)
{
    struct ours *o = &x->ours;
    struct outbox *b = &o->outbox;
    b->again_only = b->again_only && seq_lt(o->tcb.snd_una, o->sent_too_large);
    if (b->again_only)
        ours_send_again(x, "in smaller segments (RFC 9293 3.7.2)");
}

/* --- Arrives --- */

static void queue_reply(struct ours *o, const struct arrival *a, const struct segment *seg,
                        uint32_t event)
{
    struct segment reply = {0};
    struct outgoing out = {.cause = event};

    switch (a->reply) {
    case REPLY_ACK:
        out.kind = OUTGOING_ACK;
        break;
    case REPLY_SYN_ACK:
        out.kind = OUTGOING_SYN_ACK;
        break;
    case REPLY_RST:
    case REPLY_RST_ACK:
        tcb_fill(&o->tcb, a->reply, seg, &reply);
        out.kind = a->reply == REPLY_RST ? OUTGOING_RST : OUTGOING_RST_ACK;
        out.seq = reply.seq;
        out.ack = reply.ack;
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
    (void)outbox_put(&o->outbox, out);
}

/* Whether a reply to something unacceptable may still be sent: a peer that floods us, or a loop of
 * two ends that answer each other, must not get a segment for a segment. */
static bool within_limit(struct ours *o, const struct arrival *a, int64_t now_ns)
{
    bool progress = a->from != a->to || a->acked > 0 || a->text > 0;
    if (progress || a->reply == REPLY_NOTHING)
        return true;
    if (now_ns - o->replies_since_ns > CHALLENGES_PER) {
        o->replies_since_ns = now_ns;
        o->replies_count = 0;
    }
    return ++o->replies_count <= CHALLENGES_MAX;
}

/* When data completes the handshake, the ACK of the SYN rides on it. */
static bool data_carries_the_ack(const struct ours *o, const struct arrival *a)
{
    return a->inputs[0] == INPUT_SYN_ACK && o->outbox.payload_first > 0 &&
           outbox_data_is_due(&o->outbox, &o->tcb);
}

static bool may_reply(struct ours *o, const struct arrival *a, int64_t now_ns)
{
    if (o->scripted || o->outbox.stopped || (o->aborting && o->tcb.state != STATE_CLOSED))
        return false;
    return within_limit(o, a, now_ns) && !data_carries_the_ack(o, a);
}

/* RFC 6298 5.2, 5.3: stopped when all is acknowledged, restarted when some is. */
static void restart_timer(struct ours *o, const struct arrival *a, int64_t now_ns)
{
    if (a->acked > 0) {
        rto_restore(&o->rto);
        o->sent_times = 1;
        arm(o, now_ns);
    } else if (a->from != a->to) {
        arm(o, now_ns);
    } else if (outbox_is_blocked(&o->outbox, &o->tcb) && a->inputs[0] == INPUT_ACK_DUPLICATE) {
        o->sent_times = 1; /* MUST-37: who answers our probes of its window is not given up */
    }
}

struct arrival ours_arrival(struct talk *x, const struct segment *seg, uint32_t event)
{
    struct ours *o = &x->ours;
    struct arrival a = tcb_arrive(&o->tcb, seg);
    journal_own(x, event, a.from, a.why, a.rfc);
    o->data_received += a.text;
    restart_timer(o, &a, x->now_ns);
    if (a.acked > 0)
        go_on_again(x);
    if (state_synchronized(a.from) && a.inputs[0] == INPUT_RST && a.to == STATE_CLOSED)
        outbox_forget(&o->outbox);
    if (may_reply(o, &a, x->now_ns))
        queue_reply(o, &a, seg, event);
    return a;
}

/* --- Round trips --- */

/* If the SYN was retransmitted, only an echoed timestamp says which one was answered (RFC
 * 7323 4.1); without it there is no measurement (Karn). Nor is there with the stamp of an earlier
 * SYN than the last: a listener keeps that of the first SYN it has got and answers later ones with
 * it too. */
static int64_t syn_round_trip(const struct ours *o, const struct segment *seg, int64_t t_ns)
{
    if (o->syn_count == 1 && o->retransmitted == 0)
        return t_ns - o->syns[0].t_ns;
    size_t last = o->syn_count - 1;
    bool told =
        o->syn_count > 0 && seg->opt.has_timestamps && o->syns[last].ts_val == seg->opt.ts_ecr;
    return told ? t_ns - o->syns[last].t_ns : 0;
}

static void measure_round_trip(struct talk *x, const struct segment *seg, const struct arrival *a)
{
    struct ours *o = &x->ours;
    bool answer =
        a->inputs[0] == INPUT_SYN_ACK || (a->inputs[0] == INPUT_RST && a->from == STATE_SYN_SENT);
    if (!answer || o->rtt_ns != 0 || x->capture_dropped > 0) /* the answer proper may be lost */
        return;
    o->rtt_ns = syn_round_trip(o, seg, x->now_ns);
    if (o->rtt_ns <= 0)
        return;
    rto_measure(&o->rto, o->rtt_ns);
    peer_round_trip(&x->infer.peer, o->rtt_ns);
}

/* How far away the peer is, also when the SYN was none of our TCB's: the first answer to one that
 * left once says it. */
static void measure_flight(struct talk *x, const struct segment *seg)
{
    const struct ours *o = &x->ours;
    struct peer *p = &x->infer.peer;
    size_t found = 0, at = 0;
    if ((seg->flags & (FLAG_SYN | FLAG_ACK)) != (FLAG_SYN | FLAG_ACK) ||
        (p->sent.known && seq_eq(p->irs, seg->seq)))
        return;
    for (size_t i = 0; i < o->syn_count; i++) {
        if (seq_eq(seq_add(o->syns[i].seq, 1), seg->ack)) {
            found++;
            at = i;
        }
    }
    if (found == 1)
        peer_round_trip(p, x->now_ns - o->syns[at].t_ns);
}

void ours_measure(struct talk *x, const struct segment *seg, const struct arrival *a)
{
    measure_round_trip(x, seg, a);
    measure_flight(x, seg);
}

/* --- An end of ours acts --- */

void ours_open(struct talk *x)
{
    put(x, (struct outgoing){.kind = OUTGOING_SYN, .cause = journal_action(x, "OPEN")});
}

void ours_write(struct talk *x, const void *data, size_t n, size_t first)
{
    x->ours.outbox.payload = data;
    x->ours.outbox.payload_len = n;
    x->ours.outbox.payload_first = first;
}

void ours_close(struct talk *x)
{
    if (x->ours.outbox.close_wanted)
        return;
    x->ours.outbox.close_wanted = true;
    x->ours.outbox.close_cause = journal_action(x, "CLOSE");
}

void ours_abort(struct talk *x, const char *why)
{
    x->ours.outbox.close_wanted = false;
    x->ours.aborting = true;
    x->ours.outbox.queued = 0;
    x->ours.rto_at = CLOCK_NEVER;
    uint32_t cause = journal_action(x, "ABORT");
    put(x, (struct outgoing){.kind = OUTGOING_ABORT, .note = why, .cause = cause});
}

bool ours_half_open(const struct talk *x)
{
    return x->ours.outbox.waiting || state_set_has(x->infer.peer.set, STATE_SYN_RECEIVED);
}

void ours_reset(struct talk *x, seq_t seq, const char *why)
{
    put(x, (struct outgoing){
               .kind = OUTGOING_RST, .seq = seq, .note = why, .cause = x->timeline->last_id});
}

void ours_refuse(struct talk *x, seq_t ack, const char *why)
{
    put(x, (struct outgoing){
               .kind = OUTGOING_RST_ACK, .ack = ack, .note = why, .cause = x->timeline->last_id});
}

void ours_keepalive(struct talk *x, const char *why)
{
    put(x, (struct outgoing){.kind = OUTGOING_KEEPALIVE, .note = why});
}

void ours_send_again(struct talk *x, const char *why)
{
    put(x, (struct outgoing){.kind = OUTGOING_RETRANSMIT, .note = why});
}

void ours_acknowledge(struct talk *x, const char *why)
{
    put(x, (struct outgoing){.kind = OUTGOING_ACK, .note = why, .cause = x->timeline->last_id});
}

void ours_follow_script(struct talk *x, bool on)
{
    x->ours.scripted = on;
    x->ours.rto_at = CLOCK_NEVER;
}

void ours_hold_back(struct talk *x, const struct scripted *script)
{
    if (script->call != CALL_COUNT)
        ours_call(x, script->call);
    tcb_left(&x->ours.tcb, &script->seg);
    is_faced(&x->infer, script->call, &script->seg);
}

void ours_change_port(struct talk *x)
{
    static const char why[] = "the connection from our other port", rfc[] = "RFC 9293 3.3.1";
    const struct talk_other now = {x->config.local, x->ours.tcb, x->infer};
    const uint32_t cause = x->timeline->last_id;
    x->config.local = x->other.at;
    x->ours.tcb = x->other.tcb;
    x->infer = x->other.infer;
    x->other = now;
    journal_own(x, cause, now.tcb.state, why, rfc);
    journal_state(x, cause, END_B, now.infer.peer.set, x->infer.peer.set, why, rfc);
}

size_t ours_unacknowledged(const struct talk *x)
{
    return outbox_unacknowledged(&x->ours.outbox, &x->ours.tcb);
}

size_t ours_sent(const struct talk *x)
{
    const struct tcb *t = &x->ours.tcb;
    size_t used = t->snd_nxt.v - t->iss.v; /* the SYN first, a FIN last */
    size_t octets = used > 0 ? used - 1 : 0;
    return octets < x->ours.outbox.payload_len ? octets : x->ours.outbox.payload_len;
}
