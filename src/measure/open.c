/* See open.h. The handshake is RFC 9293 3.5, the close 3.6; which segment is due is the TCB's
 * business, this file only decides when to call OPEN, SEND, CLOSE and ABORT. */
#include "measure/open.h"

#include <stdio.h>

#include "base/clock.h"
#include "event/result.h"

enum {
    CONFIRMATIONS_MAX = 3
};
/* Answers to keepalive probes are rate-limited, on Linux to one in 500 ms. */
#define CONFIRM_AGAIN_AFTER (600 * CLOCK_MS)
#define CONFIRM_LEAST       (50 * CLOCK_MS)

static struct open *state_of(const struct talk *x)
{
    return x->state;
}

static void start(struct talk *x)
{
    const struct open *o = state_of(x);
    ours_write(x, o->payload, o->payload_len, o->payload_first);
    ours_open(x);
    talk_wake_at(x, x->now_ns + o->reply_wait_ns);
}

/* --- Closing --- */

/* Our end is through. Silence would prove nothing about the peer's, so it is asked: who does not
 * know the connection any more answers with a reset (RFC 9293 3.5.2 group 1). */
static void confirm(struct talk *x)
{
    struct open *o = state_of(x);
    o->phase = OPEN_CONFIRM;
    o->confirmations++;
    o->heard_before_confirm = x->segments[END_B];
    ours_keepalive(x, "keepalive probe: does the peer still know the connection?");
}

static void abort_now(struct talk *x, const char *why)
{
    state_of(x)->phase = OPEN_CLOSING;
    state_of(x)->own_rst = true;
    talk_wake_at(x, CLOCK_NEVER);
    ours_abort(x, why);
}

static bool nothing_under_way(const struct talk *x)
{
    return x->ours.outbox.queued == 0 && !x->ours.outbox.waiting;
}

/* --close rst: once the peer has everything, so that the number is exactly what it expects. */
static void reset_when_all_is_acknowledged(struct talk *x)
{
    struct open *o = state_of(x);
    bool alive = (o->phase == OPEN_TALK || o->phase == OPEN_CLOSING) && !o->own_rst;
    if (alive && o->close == OPEN_CLOSE_RST && nothing_under_way(x) && ours_unacknowledged(x) == 0)
        abort_now(x, "reset, exactly at the peer's RCV.NXT");
}

static void count_own_close(struct open *o, const struct talk *x, const struct segment *seg)
{
    if (o->peer_rst) /* it was there before this left */
        return;
    if (seg->flags & FLAG_FIN) {
        o->close_segments += !o->own_fin;
        o->own_fin = true;
    }
    /* The first pure ACK of the peer's FIN. */
    if (o->peer_fin && !(seg->flags & (FLAG_FIN | FLAG_RST)) && o->phase == OPEN_CLOSING &&
        x->ours.tcb.fin_received && !o->peer_fin_acked) {
        o->peer_fin_acked = true;
        o->close_segments++;
    }
}

static void left(struct talk *x, const struct segment *seg)
{
    struct open *o = state_of(x);
    count_own_close(o, x, seg);
    if (o->phase == OPEN_CONFIRM) {
        int64_t wait = 4 * x->ours.rtt_ns > CONFIRM_LEAST ? 4 * x->ours.rtt_ns : CONFIRM_LEAST;
        talk_wake_at(x, x->now_ns + (wait < CLOCK_S ? wait : CLOCK_S));
        return;
    }
    reset_when_all_is_acknowledged(x);
    bool through = x->ours.tcb.state == STATE_TIME_WAIT || x->ours.tcb.state == STATE_CLOSED;
    if (o->phase == OPEN_CLOSING && through && nothing_under_way(x))
        confirm(x);
}

/* --- The peer's segments --- */

static void established(struct talk *x)
{
    struct open *o = state_of(x);
    o->outcome = OUTCOME_OPEN;
    o->phase = OPEN_TALK;
    talk_wake_at(x, CLOCK_NEVER);
    if (o->close == OPEN_CLOSE_FIN)
        ours_close(x);
}

static void in_handshake(struct talk *x, const struct segment *seg, const struct arrival *a)
{
    struct open *o = state_of(x);
    if (a->inputs[0] == INPUT_SYN_ACK || a->inputs[0] == INPUT_SYN) {
        o->syn_ack = *seg;
        o->syn_ack.raw = NULL;
        o->syn_ack.raw_len = 0;
    }
    if (state_synchronized(a->to)) {
        established(x);
    } else if (a->from == STATE_SYN_SENT && a->to == STATE_CLOSED) {
        o->outcome = OUTCOME_CLOSED;
        talk_finish(x);
    }
}

static bool has_input(const struct arrival *a, enum input in)
{
    for (size_t i = 0; i < a->count; i++) {
        if (a->inputs[i] == in)
            return true;
    }
    return false;
}

static void count_peer_close(struct open *o, const struct arrival *a)
{
    bool fin = has_input(a, INPUT_FIN);
    if (fin) {
        o->peer_fin = true;
        o->close_segments++;
        o->peer_first = a->to == STATE_CLOSE_WAIT;
        o->simultaneous = a->to == STATE_CLOSING;
    }
    if (has_input(a, INPUT_ACK_OF_FIN) && !fin)
        o->close_segments++;
}

static void in_connection(struct talk *x, const struct arrival *a)
{
    struct open *o = state_of(x);

    count_peer_close(o, a);
    if (has_input(a, INPUT_RST) && a->to == STATE_CLOSED) {
        o->peer_rst = true;
        talk_finish(x);
        return;
    }
    if (o->own_fin || o->peer_fin)
        o->phase = OPEN_CLOSING;
    if (x->ours.tcb.state == STATE_CLOSE_WAIT && o->close != OPEN_CLOSE_RST)
        ours_close(x);
    if (x->ours.tcb.state == STATE_FIN_WAIT_2 && a->from == STATE_FIN_WAIT_1)
        talk_wake_at(x, x->now_ns + o->reply_wait_ns);
    if (x->ours.tcb.state == STATE_TIME_WAIT && a->from != STATE_TIME_WAIT)
        talk_wake_at(x, CLOCK_NEVER);
    /* The peer's ACK was the last segment: it is in TIME-WAIT, or it closed simultaneously and
     * our own ACK has left already. */
    if (a->from == STATE_LAST_ACK && a->to == STATE_CLOSED)
        talk_finish(x);
    else if (a->from == STATE_CLOSING && a->to == STATE_TIME_WAIT && nothing_under_way(x))
        confirm(x);
    else
        reset_when_all_is_acknowledged(x);
}

/* A reset ends the doubt. An ACK means that the peer has not got our last segment, or is in
 * TIME-WAIT as it should be after a simultaneous close. */
static void in_confirmation(struct talk *x, const struct arrival *a)
{
    struct open *o = state_of(x);
    const state_set at_rest = STATE_SET(STATE_TIME_WAIT) | STATE_SET(STATE_CLOSED);
    bool reset = a->inputs[0] == INPUT_RST;
    bool rests = (x->infer.peer.set & ~at_rest) == 0 && a->reply == REPLY_NOTHING;
    if (reset || rests || o->confirmations == CONFIRMATIONS_MAX)
        talk_finish(x);
    else if (x->segments[END_B] == o->heard_before_confirm + 1) /* a flood puts nothing off */
        talk_wake_at(x, x->now_ns + CONFIRM_AGAIN_AFTER);
}

static void received(struct talk *x, const struct segment *seg, const struct arrival *a)
{
    switch (state_of(x)->phase) {
    case OPEN_HANDSHAKE:
        in_handshake(x, seg, a);
        if (a->to == STATE_CLOSE_WAIT) /* what completed the handshake brought a FIN */
            in_connection(x, a);
        break;
    case OPEN_TALK:
    case OPEN_CLOSING:
        in_connection(x, a);
        break;
    case OPEN_CONFIRM:
        in_confirmation(x, a);
        break;
    }
}

/* --- Time and trouble --- */

static void stop(struct talk *x, enum script_stop why)
{
    struct open *o = state_of(x);
    bool again = o->own_rst || o->phase == OPEN_CONFIRM;
    if (again) {
        talk_finish(x);
    } else if (o->phase == OPEN_HANDSHAKE) {
        o->outcome = why == SCRIPT_STOP_INTERRUPT ? OUTCOME_INTERRUPTED : facts_unanswered(x);
        /* The SYN may have arrived and its answer been lost: leave nothing half open there. */
        if (ours_half_open(x))
            ours_abort(x, "in case our SYN arrived: nothing is left half open");
        talk_finish(x);
    } else {
        static const char *const reasons[] = {
            [SCRIPT_STOP_DEADLINE] = "time is up: reset",
            [SCRIPT_STOP_INTERRUPT] = "interrupted: reset",
            [SCRIPT_STOP_GAVE_UP] = "never acknowledged, however often sent: reset",
        };
        abort_now(x, reasons[why]);
    }
}

static void timer(struct talk *x)
{
    struct open *o = state_of(x);
    if (o->phase == OPEN_HANDSHAKE) {
        stop(x, SCRIPT_STOP_DEADLINE);
        return;
    }
    if (o->phase != OPEN_CONFIRM) {
        abort_now(x, "the peer acknowledged our FIN and sent none: reset");
        return;
    }
    const state_set live = STATE_SET(STATE_LAST_ACK) | STATE_SET(STATE_ESTABLISHED);
    bool heard = x->segments[END_B] != o->heard_before_confirm;
    if (heard && (x->infer.peer.set & live) != 0 && o->confirmations < CONFIRMATIONS_MAX) {
        confirm(x);
        return;
    }
    talk_finish(x);
}

static void unreachable(struct talk *x, const struct icmp_error *e)
{
    struct open *o = state_of(x);
    if (o->phase != OPEN_HANDSHAKE) {
        talk_note(x, "ICMP: %s", icmp_describe(e->ip_version, e->type, e->code));
        return; /* RFC 9293 3.9.2.2: a soft error for a connection that exists */
    }
    o->outcome = OUTCOME_UNREACHABLE;
    o->icmp = *e;
    talk_finish(x);
}

/* --- The result --- */

static void report_data(const struct talk *x, struct result *r)
{
    size_t sent = ours_sent(x);
    size_t acknowledged = x->ours.outbox.payload_len - ours_unacknowledged(x);
    result_set_integer(r, "data_sent", (int64_t)sent);
    result_set_integer(r, "data_acknowledged", (int64_t)acknowledged);
    result_set_integer(r, "data_received", (int64_t)x->ours.data_received);
    if (x->ours.outbox.payload_len > 0 || x->ours.data_received > 0)
        result_line(r, "data", "sent %zu octets, acknowledged %zu, received %llu", sent,
                    acknowledged, (unsigned long long)x->ours.data_received);
}

static void report_close(const struct talk *x, struct result *r)
{
    const struct open *o = state_of(x);
    if (o->outcome != OUTCOME_OPEN)
        return;
    bool reset = o->own_rst || o->peer_rst;
    bool orderly = o->own_fin && o->peer_fin && !reset;
    const char *kind = reset     ? (o->own_fin || o->peer_fin ? "half" : "rst")
                       : orderly ? "fin"
                                 : "none";
    const char *by = o->simultaneous                                 ? "both"
                     : o->peer_first || (o->peer_rst && !o->own_fin) ? "peer"
                                                                     : "us";
    result_begin(r, "close");
    result_set_text(r, "by", by);
    result_set_integer(r, "segments", o->close_segments);
    result_set_text(r, "kind", kind);
    result_end(r);
    if (orderly)
        result_line(r, "close", "%u segments, %s", o->close_segments,
                    o->simultaneous ? "both at once"
                    : o->peer_first ? "the peer's FIN first"
                                    : "our FIN first");
    else if (reset)
        result_line(r, "close", "reset by %s%s", o->peer_rst ? "the peer" : "us",
                    o->own_fin && !o->peer_fin ? ", after our FIN and before any of the peer's"
                                               : "");
}

static void report(const struct talk *x, struct result *r)
{
    const struct open *o = state_of(x);
    const struct facts f = facts_of(x);
    facts_outcome(&f, o->outcome, "completed the handshake", &o->icmp, r);
    if (x->ours.retransmitted > 0)
        result_line(r, "resent", "%u of our segments %s sent again", x->ours.retransmitted,
                    x->ours.retransmitted == 1 ? "was" : "were");
    if (o->outcome == OUTCOME_OPEN) {
        facts_peer(&f, &o->syn_ack, r);
        report_data(x, r);
        facts_path_mtu(x, r);
    } else if (o->outcome == OUTCOME_CLOSED) {
        facts_reset(&f, r);
    }
    report_close(x, r);
    facts_paths(x, r);
    result_set_integer(r, "retransmitted", x->ours.retransmitted);
    facts_trust(&f, r);
}

static void progress(const struct talk *x, int64_t now_ns, char *out, size_t cap)
{
    (void)now_ns;
    (void)snprintf(out, cap, "%s, %u segments sent, %u received", state_name(x->ours.tcb.state),
                   x->segments[END_A], x->segments[END_B]);
}

static const struct script script = {
    .name = "open",
    .start = start,
    .left = left,
    .received = received,
    .timer = timer,
    .unreachable = unreachable,
    .stop = stop,
    .report = report,
    .progress = progress,
};

/* --- The row --- */

static const char *const closes[] = {"fin", "rst", "wait", NULL}; /* by enum open_close */

static const struct measure_option options[] = {
    {"data", 0, 6, MEASURE_OCTETS, "TEXT",
     "Data on the third segment of the handshake; TEXT as for --say",
     "Put _TEXT_ on the third segment of the handshake.",
     .field = MEASURE_FIELD(struct open, payload_first)},
    {"say", 0, 6, MEASURE_OCTETS, "TEXT",
     "Data after the handshake; \\r \\n \\t \\0 \\\\ \\xHH are escapes, @FILE reads a file",
     "Send _TEXT_ after the handshake.\n"
     "In both, *\\r*, *\\n*, *\\t*, *\\0*, *\\\\* and *\\x*_HH_ stand for the octet they usually "
     "do, "
     "and *@*_FILE_ stands for the contents of a file.\nAt most 64 KiB in all.",
     .field = MEASURE_FIELD(struct open, payload_len)},
    {"close", 0, 6, MEASURE_WORD, "HOW",
     "fin: our FIN first (default); rst: a reset, exactly acceptable; wait: let the peer close "
     "first",
     "*fin* (default): our FIN goes first, and the peer's is awaited.\n"
     "It has the time of *--wait* for it, then the connection is reset.\n"
     "*rst* sends a reset with exactly the number that the peer expects, once everything is "
     "acknowledged.\n*wait* lets the peer close first; *--deadline* bounds the waiting.",
     .words = closes, .field = MEASURE_FIELD(struct open, close)},
    {"tries", 0, 6, MEASURE_NUMBER, "N", "Send a segment at most N times (default 3)",
     "Send a segment at most _N_ times, 1 to 16 (default 3), before giving up.\n"
     "The time-outs are those of RFC 6298: 1 s, then twice as long each time.\n"
     "With the default, silence is called _filtered_ after 7 s.",
     1, OURS_SYNS_MAX, .of_run = true, .field = MEASURE_FIELD(struct measure_run, tries)},
    {0},
};

static const struct measure_key keys[] = {
    {"outcome", "outcome", NULL, "", NULL},
    {"rtt_us", "microseconds?", NULL, "", NULL},
    {"own_path", "[state]+", "the states that our end went through", "", NULL},
    {"peer_path", "[state_path]",
     "the states the peer was seen to pass through; the last item may be several, A|B, when they "
     "cannot be told apart",
     "", NULL},
    {"close", "{}", NULL, "outcome=open", NULL},
    {"close.by", "us|peer|both", NULL, "", NULL},
    {"close.segments", "count", NULL, "", NULL},
    {"close.kind", "fin|rst|half|none", NULL, "", NULL},
    {"data_sent", "count", "octets", NULL, NULL},
    {"data_acknowledged", "count", "octets", NULL, NULL},
    {"data_received", "count", "octets", NULL, NULL},
    {"path_mtu", "{}", "a router could not pass on our segments, which then became smaller", NULL,
     NULL},
    {"path_mtu.mtu", "count", "octets", "", NULL},
    {"path_mtu.from", "address", "the router that said so", "", NULL},
    {"retransmitted", "count", "segments that we sent again", NULL, NULL},
    {"iss", "u32", NULL, "outcome=open", NULL},
    {"irs", "u32", NULL, "outcome=open", NULL},
    {"peer_options", "options", NULL, "outcome=open", NULL},
    {"kernel_quiet", "boolean", NULL, "", NULL},
    {"capture_dropped", "count", NULL, "", NULL},
    {0},
};

static const struct measure_record records[] = {{"open", NULL, keys, NULL, false}, {0}};

const struct measure open_measure = {
    .name = "open",
    .summary = "a handshake and a close, every segment shown",
    .about = "Opens a TCP connection with crafted segments, closes it in order, and shows both "
             "ends' states, the times and the peer's options.",
    .statuses = "Exit status: 0 open, 1 closed, 2 usage or system error, 3 no answer.",
    .carrier = MEASURE_TALK,
    .can = MEASURE_MANY | MEASURE_LAB_EYES,
    .run = {.wait_ns = 8 * CLOCK_S, .deadline_ns = CLOCK_MIN, .tries = 3, .sessions = 1},
    /* A wire that loses one packet in five would have one of a hundred runs end without an answer.
     */
    .patient = {.wait_ns = 2 * CLOCK_MIN, .deadline_ns = 3 * CLOCK_MIN, .tries = 7, .sessions = 1},
    .options = options,
    .records = records,
    .size = sizeof(struct open),
    .wait = MEASURE_FIELD(struct open, reply_wait_ns),
    .octets = MEASURE_FIELD(struct open, payload),
    .outcome = MEASURE_FIELD(struct open, outcome),
    .script = &script,
};
