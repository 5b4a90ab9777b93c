/* See talk.h. */
#include "talk/talk.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "event/result.h"
#include "talk/asked.h"
#include "talk/journal.h"

#define GRACE (5 * CLOCK_S)

/* A tap of ours may show what was before now; the two of a wire may disagree. */
static void set_now(struct talk *x, int64_t t_ns)
{
    if (!talk_is_wire(x) || t_ns > x->now_ns)
        x->now_ns = t_ns;
}

/* --- What is true of an end --- */

state_set talk_states(const struct talk *x, enum end end)
{
    if (talk_is_wire(x))
        return STATE_SET(x->truth[end]);
    return end == END_A ? STATE_SET(x->ours.tcb.state) : x->infer.peer.set;
}

void talk_elapse(struct talk *x)
{
    struct peer_change change = peer_elapse(&x->infer.peer, x->now_ns);
    journal_peer(x, x->timeline->last_id, &change);
}

/* --- Beginning --- */

static void begin_as_end(struct talk *x)
{
    peer_init(&x->infer.peer, STATE_SET(STATE_CLOSED) | STATE_SET(STATE_LISTEN));
    peer_known_way(&x->infer.peer, x->config.way_ns);
    if (x->config.rfc_peer)
        peer_go_by_rfc(&x->infer.peer);
    ours_begin(x);
    journal_state(x, 0, END_B, STATE_SET_NONE, x->infer.peer.set,
                  "no connection yet; whether somebody listens is unknown", "RFC 9293 3.3.2");
}

void talk_init(struct talk *x, const struct talk_config *config, const struct script *script,
               void *state, struct timeline *timeline, int64_t now_ns)
{
    *x = (struct talk){
        .config = *config,
        .script = script,
        .state = state,
        .timeline = timeline,
        .now_ns = now_ns,
        .wake_at = CLOCK_NEVER,
        .kernel_quiet = true,
    };
    x->ours.rto_at = CLOCK_NEVER;
    if (talk_is_wire(x))
        asked_begin(x);
    else
        begin_as_end(x);
    if (script->start != NULL)
        script->start(x);
}

/* --- A segment of ours --- */

bool talk_next(struct talk *x, int64_t now_ns, struct segment *seg, const uint8_t **data,
               size_t *len)
{
    x->now_ns = now_ns;
    return outbox_next(&x->ours.outbox, &x->config, &x->ours.tcb, now_ns, seg, data, len);
}

static void sent(struct talk *x, const struct segment *seg, enum ours_leaving how)
{
    ours_left(x, seg, how);
    if (how != OURS_UNSENT)
        answerer_left(&x->infer.answerer, seg);
    if (x->script->left != NULL)
        x->script->left(x, seg);
}

void talk_not_seen(struct talk *x, const struct segment *seg, int64_t now_ns)
{
    x->now_ns = now_ns;
    journal_fault(x, 0, EVENT_FAULT_NOT_SEEN,
                  "a segment of ours was not seen leaving; its time is not known");
    sent(x, seg, OURS_UNSEEN);
}

static void fail(struct talk *x, enum event_fault fault, const char *why, int64_t now_ns)
{
    x->now_ns = now_ns;
    x->fails = true;
    (void)fault_set(&x->fault, STATUS_SYSTEM, "%s", why);
    journal_fault(x, 0, fault, why);
}

void talk_not_sent(struct talk *x, const struct segment *seg, const char *why, int64_t now_ns)
{
    fail(x, EVENT_FAULT_NOT_SENT, why, now_ns);
    sent(x, seg, OURS_UNSENT);
}

void talk_clock_set(struct talk *x, int64_t step_ns, int64_t now_ns)
{
    char text[120], by[32];
    x->now_ns = now_ns;
    (void)clock_format(step_ns < 0 ? -step_ns : step_ns, by, sizeof(by));
    (void)snprintf(text, sizeof(text),
                   "this host's clock was set %s by %s; stamps are corrected for it",
                   step_ns < 0 ? "back" : "forward", by);
    journal_fault(x, 0, EVENT_FAULT_CLOCK, text);
}

void talk_broken(struct talk *x, const char *why, int64_t now_ns)
{
    fail(x, EVENT_FAULT_BROKEN, why, now_ns);
}

static void foreign(struct talk *x, const struct segment *seg)
{
    char flags[FLAGS_TEXT_MAX], text[160];
    x->kernel_quiet = false;
    (void)snprintf(text, sizeof(text), "this host's kernel sent <CTL=%s> on our connection",
                   flags_format(seg->flags, flags));
    journal_fault(x, 0, EVENT_FAULT_KERNEL_RST, text);
}

/* --- A segment of another end: seen, arrives --- */

/* Whether all of B's segment had been seen before; `t` is the end that it faces. */
static bool saw_before(const struct infer *i, const struct tcb *t, const struct segment *seg)
{
    return i->peer.irs_known && segment_seq_len(seg) > 0 && !(seg->flags & FLAG_RST) &&
           seq_le(segment_end(seg), t->rcv_nxt) && !seq_lt(seg->seq, t->irs);
}

/* Of B's, where A is ours: into the record, and what it shows. */
static uint32_t see(struct talk *x, const struct segment *seg, struct arrival *a,
                    struct peer_change *change)
{
    struct infer *i = &x->infer;
    bool again = saw_before(i, i->under_way == 0 ? &x->ours.tcb : &i->facing, seg);
    uint32_t event = journal_segment(
        x, END_B, 0, (struct event){.segment = {.seg = *seg, .retransmission = again}});
    /* A segment of ours that is on its way knows nothing of this one: our end has sent it first. */
    ours_commit(x, event);
    answerer_came(&i->answerer, seg, x->now_ns);
    if (i->under_way == 0)
        i->facing = x->ours.tcb;
    *a = tcb_arrive(&i->facing, seg);
    ours_measure(x, seg, a);
    *change = peer_seen(&i->peer, &i->facing, seg, a, x->now_ns);
    return event;
}

static void tell(struct talk *x, const struct segment *seg, const struct arrival *a)
{
    if (!x->finished && x->script->received != NULL)
        x->script->received(x, seg, a);
}

void talk_seen(struct talk *x, enum end from, const struct segment *seg, int64_t t_ns)
{
    struct arrival a;
    struct peer_change change;
    set_now(x, t_ns);
    if (talk_is_wire(x)) {
        const bool held = x->gone[end_other(from)];
        (void)journal_segment(x, from, 0,
                              (struct event){.t_ns = t_ns, .segment = {.seg = *seg, .held = held}});
        asked_look(x);
        return;
    }
    uint32_t event = see(x, seg, &a, &change);
    x->infer.under_way++;
    journal_peer(x, event, &change);
    tell(x, seg, &a);
}

void talk_arrives(struct talk *x, enum end to, const struct segment *seg, int64_t t_ns)
{
    set_now(x, t_ns);
    if (talk_is_wire(x)) {
        asked_pass(x, to, seg->raw, seg->raw_len);
        asked_look(x);
        return;
    }
    x->infer.under_way -= x->infer.under_way > 0;
    (void)ours_arrival(x, seg, x->timeline->last_id);
}

void talk_passes(struct talk *x, enum end from, const struct segment *seg, int64_t t_ns)
{
    struct arrival a;
    struct peer_change change;
    if (talk_is_wire(x)) {
        talk_seen(x, from, seg, t_ns);
        talk_arrives(x, end_other(from), seg, t_ns);
        return;
    }
    set_now(x, t_ns);
    uint32_t event = see(x, seg, &a, &change);
    a = ours_arrival(x, seg, event);
    journal_peer(x, event, &change);
    tell(x, seg, &a);
}

void talk_left(struct talk *x, enum end from, const struct segment *seg, int64_t t_ns)
{
    set_now(x, t_ns);
    if (x->gone[from])
        return;
    if (talk_kind(x, from) != TALK_OURS) {
        if (x->script->came != NULL && !x->finished)
            x->script->came(x, from, seg, t_ns);
        else
            talk_passes(x, from, seg, t_ns);
    } else if (outbox_is_current(&x->ours.outbox, seg)) {
        x->fails = false;
        sent(x, seg, OURS_STAMPED);
    } else {
        foreign(x, seg);
    }
}

void talk_packet(struct talk *x, enum end from, const uint8_t *ip, size_t n, int64_t t_ns)
{
    const enum end to = end_other(from);
    struct segment seg;
    struct fault ignored = {0};
    if (segment_decode(&seg, ip, n, &ignored) == STATUS_OK &&
        endpoint_equal(&seg.src, talk_at(x, from)) && endpoint_equal(&seg.dst, talk_at(x, to))) {
        talk_left(x, from, &seg, t_ns);
        return;
    }
    set_now(x, t_ns);
    asked_pass(x, to, ip, n);
}

void talk_malformed(struct talk *x, const char *what, int64_t t_ns)
{
    x->now_ns = t_ns;
    journal_fault(x, 0, EVENT_FAULT_MALFORMED, what);
}

void talk_lost_packets(struct talk *x, uint64_t total)
{
    char text[96];
    if (total == x->capture_dropped)
        return;
    x->capture_dropped = total;
    (void)snprintf(text, sizeof(text), "the capture has lost %" PRIu64 " packets", total);
    journal_fault(x, 0, EVENT_FAULT_CAPTURE_DROPPED, text);
}

void talk_unreachable(struct talk *x, const struct icmp_error *e, int64_t t_ns)
{
    x->now_ns = t_ns;
    if (!ours_narrow(x, e) && x->script->unreachable != NULL)
        x->script->unreachable(x, e);
    if (x->segments[END_A] == 0) /* known before anything left: then nothing need leave */
        x->ours.outbox.queued = 0;
}

/* --- Time --- */

int64_t talk_deadline(const struct talk *x)
{
    int64_t at = x->config.deadline_ns;
    if (x->finished)
        return CLOCK_NEVER;
    if (x->ours.rto_at < at)
        at = x->ours.rto_at;
    return x->wake_at < at ? x->wake_at : at;
}

static void stop(struct talk *x, enum script_stop why)
{
    if (x->script->stop != NULL)
        x->script->stop(x, why);
    else
        talk_finish(x);
}

void talk_tick(struct talk *x, int64_t now_ns)
{
    set_now(x, now_ns);
    if (talk_is_wire(x))
        asked_look(x);
    if (x->finished)
        return;
    if (x->now_ns >= x->config.deadline_ns) {
        /* Whatever the script still has to do then has an end too. */
        x->config.deadline_ns = x->now_ns + GRACE;
        stop(x, SCRIPT_STOP_DEADLINE);
        return;
    }
    if (x->now_ns >= x->wake_at) {
        x->wake_at = CLOCK_NEVER;
        if (x->script->timer != NULL)
            x->script->timer(x);
    }
    if (x->now_ns >= x->ours.rto_at && !x->finished && !ours_retransmit(x))
        stop(x, SCRIPT_STOP_GAVE_UP);
}

void talk_wake_at(struct talk *x, int64_t when_ns)
{
    x->wake_at = when_ns;
}

void talk_stop(struct talk *x, enum script_stop why, int64_t now_ns)
{
    set_now(x, now_ns);
    if (!x->finished)
        stop(x, why);
    if (x->segments[END_A] == 0 && !x->ours.outbox.waiting) /* nothing is out: nothing need leave */
        x->ours.outbox.queued = 0;
}

void talk_succeed(struct talk *x, const struct script *script, void *state)
{
    x->script = script;
    x->state = state;
    x->wake_at = CLOCK_NEVER;
    if (script->start != NULL)
        script->start(x);
}

void talk_finish(struct talk *x)
{
    x->finished = true;
    x->ours.outbox.stopped = true;
    x->ours.rto_at = x->wake_at = CLOCK_NEVER;
}

bool talk_done(const struct talk *x)
{
    return x->finished && x->ours.outbox.queued == 0 && !x->ours.outbox.waiting;
}

/* --- What is told of it --- */

void talk_note(struct talk *x, const char *fmt, ...)
{
    char text[200];
    va_list ap;
    if (x->unrecorded > 0) /* the segment it explains is not there either */
        return;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    (void)journal_event(x, EVENT_NOTE, x->timeline->last_id, (struct event){.text = text});
}

void talk_remark(struct talk *x, const char *text)
{
    (void)journal_event(x, EVENT_NOTE, 0, (struct event){.text = text});
}

void talk_progress(const struct talk *x, int64_t now_ns, char *out, size_t cap)
{
    out[0] = '\0';
    if (x->script->progress != NULL)
        x->script->progress(x, now_ns, out, cap);
}

void talk_report(const struct talk *x, struct result *r)
{
    if (x->script->report != NULL)
        x->script->report(x, r);
}

void talk_verdict(struct talk *x)
{
    struct result r = {0};
    talk_report(x, &r);
    if (r.exit_code > x->exit_code)
        x->exit_code = r.exit_code;
    (void)journal_event(x, EVENT_VERDICT, 0, (struct event){.result = &r});
    result_done(&r);
}

void talk_next_session(struct talk *x)
{
    talk_verdict(x);
    x->config.session++;
    asked_begin(x);
}

/* --- An end acts --- */

enum status talk_call(struct talk *x, enum end end, enum call call, const void *data, size_t n,
                      struct fault *fault)
{
    const enum talk_kind kind = talk_kind(x, end);
    if (kind == TALK_ASKED)
        return asked_call(x, end, call, data, n, fault);
    if (kind == TALK_INFERRED || call >= CALLS_OF_RFC)
        return fault_set(fault, STATUS_SYSTEM, "nobody makes this end do that");
    if (call == CALL_CONNECT)
        ours_open(x);
    else if (call == CALL_SEND)
        ours_write(x, data, n, 0);
    else if (call == CALL_CLOSE)
        ours_close(x);
    else if (call == CALL_ABORT)
        ours_abort(x, NULL);
    else
        ours_call(x, call);
    return STATUS_OK;
}

bool talk_send(struct talk *x, const struct scripted *script, const char *note)
{
    const struct outgoing o = {.kind = OUTGOING_SCRIPTED, .note = note, .script = *script};
    return outbox_put(&x->ours.outbox, o);
}
