/* See self_connect.h. What leaves such a socket arrives at it at once, so A's column is its state
 * when the segment left, and B's, of the same socket, when it had arrived. */
#include "measure/self_connect.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "event/result.h"

static const char command[] = "self-connect";

static uint32_t add_event(struct self_connect *s, enum event_kind kind, uint32_t cause,
                          int64_t t_ns, struct event e)
{
    e.kind = kind;
    e.cause = cause;
    e.session = 1;
    e.t_ns = t_ns;
    return timeline_append(s->timeline, e);
}

static void note(struct self_connect *s, uint32_t cause, int64_t t_ns, const char *text)
{
    (void)add_event(s, EVENT_NOTE, cause, t_ns, (struct event){.text = text});
}

void self_connect_init(struct self_connect *s, const struct endpoint *at, struct timeline *timeline)
{
    *s = (struct self_connect){
        .timeline = timeline, .at = *at, .recorded = {STATE_SET(STATE_CLOSED)}};
    s->path[s->path_len++] = STATE_CLOSED;
}

/* The state that the one socket has reached. */
static void reach(struct self_connect *s, const char *why, const char *rfc)
{
    enum state now = s->tcb.state;
    if (now == s->path[s->path_len - 1])
        return;
    s->why = why;
    s->rfc = rfc;
    s->opened_at_once = s->opened_at_once || now == STATE_SYN_RECEIVED;
    s->closed_at_once = s->closed_at_once || now == STATE_CLOSING;
    if (s->path_len < SELF_CONNECT_PATH_MAX)
        s->path[s->path_len++] = now;
}

static void record_state(struct self_connect *s, enum end end, uint32_t event, int64_t t_ns)
{
    const state_set now = STATE_SET(s->tcb.state);
    if (now != s->recorded[end])
        (void)add_event(s, EVENT_STATE, event, t_ns,
                        (struct event){.change = {.end = end,
                                                  .from = s->recorded[end],
                                                  .to = now,
                                                  .why = s->why,
                                                  .rfc = s->rfc}});
    s->recorded[end] = now;
}

static uint32_t make_call(struct self_connect *s, enum call what, const char *text, int64_t t_ns)
{
    uint32_t id = add_event(s, EVENT_ACTION, 0, t_ns, (struct event){.text = text});
    reach(s, text, tcb_call(&s->tcb, what).rfc);
    return id;
}

/* The call behind a segment, made before it left. 0: there is none. */
static uint32_t call_behind(struct self_connect *s, const struct self_connect_doings *d,
                            const struct segment *seg)
{
    bool opens = (seg->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN;
    if (opens && s->tcb.state == STATE_CLOSED && !s->impossible) {
        tcb_init(&s->tcb, seg->seq, seg->win, seg->opt.has_timestamps, seg->opt.has_wscale,
                 seg->opt.wscale);
        s->why = "no connection yet";
        s->rfc = "RFC 9293 3.3.2";
        record_state(s, END_B, 0, d->open_ns);
        return make_call(s, CALL_CONNECT, "OPEN", d->open_ns);
    }
    if ((seg->flags & FLAG_FIN) != 0 && !s->tcb.fin_sent)
        return make_call(s, CALL_CLOSE, "CLOSE", d->close_ns);
    return 0;
}

/* What the segment was to the socket that had sent it. */
static void explain(struct self_connect *s, uint32_t event, int64_t t_ns, enum state from)
{
    if (from == STATE_SYN_SENT && s->tcb.state == STATE_SYN_RECEIVED)
        note(s, event, t_ns,
             "leaves the socket and arrives at it: a simultaneous open with itself");
    else if (from == STATE_FIN_WAIT_1 && s->tcb.state == STATE_CLOSING)
        note(s, event, t_ns, "and a simultaneous close");
    if (from == s->tcb.state || s->tcb.state != STATE_CLOSED)
        return;
    s->impossible = true;
    (void)add_event(s, EVENT_FAULT, event, t_ns,
                    (struct event){.fault = {EVENT_FAULT_CONTRADICTION,
                                             "by the RFC this segment ends the connection"}});
}

void self_connect_segment(struct self_connect *s, const struct self_connect_doings *d,
                          const struct segment *seg, int64_t t_ns)
{
    const uint16_t syn_ack = FLAG_SYN | FLAG_ACK;
    uint32_t cause = call_behind(s, d, seg);
    bool again = cause == 0 && segment_seq_len(seg) > 0 && (seg->flags & FLAG_SYN) == 0 &&
                 seq_le(segment_end(seg), s->tcb.snd_nxt);
    uint32_t event = add_event(s, EVENT_SENT, cause, t_ns,
                               (struct event){.segment = {.seg = *seg, .retransmission = again}});
    record_state(s, END_A, event, t_ns);
    tcb_left(&s->tcb, seg);
    enum state from = s->tcb.state;
    struct arrival a = tcb_arrive(&s->tcb, seg);
    reach(s, a.why, a.rfc);
    record_state(s, END_B, event, t_ns);
    explain(s, event, t_ns, from);
    s->segments++;
    s->last_ns = t_ns;
    if ((seg->flags & syn_ack) == FLAG_SYN)
        s->syn_ns = t_ns;
    else if ((seg->flags & syn_ack) == syn_ack && s->answered_ns == 0)
        s->answered_ns = t_ns;
}

void self_connect_truth(struct self_connect *s, enum state kernel)
{
    uint32_t last = s->timeline->last_id;
    bool same = kernel == s->tcb.state;
    (void)add_event(s, EVENT_TRUTH, last, s->last_ns, (struct event){.truth = {kernel, same}});
    if (same)
        return;
    char text[128];
    (void)snprintf(text, sizeof(text), "the kernel says %s, the segments led to %s",
                   state_name(kernel), state_name(s->tcb.state));
    s->truth_failed = true;
    (void)add_event(s, EVENT_FAULT, last, s->last_ns,
                    (struct event){.fault = {EVENT_FAULT_TRUTH, text}});
}

static void report_outcome(const struct self_connect *s, const struct self_connect_doings *d,
                           struct result *r)
{
    static const struct {
        const char *outcome, *meaning;
        int exit_code;
    } ends[] = {
        [SELF_CONNECT_HAPPENED] = {"open", "is connected to itself, by one socket", 0},
        [SELF_CONNECT_EXHAUSTED] = {"closed", "refused every attempt", 1},
        [SELF_CONNECT_DEADLINE] = {"closed", "refused every attempt until the deadline", 1},
        [SELF_CONNECT_INTERRUPTED] = {"error", "had refused every attempt when interrupted", 3},
    };
    char at[ENDPOINT_TEXT_MAX];
    (void)endpoint_format(&s->at, at);
    result_set_text(r, "command", command);
    result_set_text(r, "target", at);
    result_set_text(r, "local", at);
    result_set_text(r, "outcome", ends[d->end].outcome);
    result_line(r, ends[d->end].outcome, "%s %s", at, ends[d->end].meaning);
    r->exit_code = s->impossible || s->truth_failed ? 2 : ends[d->end].exit_code;
}

static void report_attempts(const struct self_connect *s, const struct self_connect_doings *d,
                            struct result *r)
{
    char elapsed[32];
    (void)clock_format(d->elapsed_ns, elapsed, sizeof(elapsed));
    result_set_integer(r, "port", s->at.port);
    result_set_integer(r, "attempts", (int64_t)d->attempts);
    result_set_integer(r, "refused", (int64_t)d->refused);
    result_set_us(r, "elapsed_us", d->elapsed_ns);
    result_line(r, "attempts",
                "%" PRIu64 " in %s, each from the port that the kernel chose; "
                "%" PRIu64 " refused by a reset",
                d->attempts, elapsed, d->refused);
}

/* When it happened, and how long the socket took to answer itself. */
static void report_moment(const struct self_connect *s, struct result *r)
{
    bool answered = s->syn_ns != 0 && s->answered_ns != 0;
    char rtt[32];
    if (s->syn_ns != 0)
        result_set_integer(r, "happened_ns", s->syn_ns);
    else
        result_set_null(r, "happened_ns");
    result_set_us(r, "rtt_us", answered ? s->answered_ns - s->syn_ns : CLOCK_NEVER);
    if (answered)
        result_line(r, "rtt", "%s from its SYN to its own SYN,ACK",
                    clock_format(s->answered_ns - s->syn_ns, rtt, sizeof(rtt)));
}

static void report_states(const struct self_connect *s, const struct self_connect_doings *d,
                          struct result *r)
{
    struct text line = {0};
    result_begin_list(r, "own_path");
    for (size_t i = 0; i < s->path_len; i++) {
        result_set_text(r, NULL, state_name(s->path[i]));
        text_printf(&line, "%s%s", i != 0 ? ", " : "", state_name(s->path[i]));
    }
    result_end_list(r);
    result_set_flag(r, "simultaneous_open", s->opened_at_once);
    result_set_flag(r, "simultaneous_close", s->closed_at_once);
    result_line(r, "states", "%s", line.data != NULL ? line.data : "");
    text_done(&line);
    if (!d->kernel_known) {
        result_set_null(r, "kernel");
        return;
    }
    result_begin(r, "kernel");
    result_set_text(r, "before", state_name(d->before));
    result_set_text(r, "connected", state_name(d->connected));
    result_set_text(r, "closed", state_name(d->closed));
    result_end(r);
    result_line(r, "kernel", "%s before, %s once connected, %s once closed", state_name(d->before),
                state_name(d->connected), state_name(d->closed));
}

int self_connect_conclude(struct self_connect *s, const struct self_connect_doings *d, int64_t t_ns)
{
    struct result r = {0};
    report_outcome(s, d, &r);
    report_attempts(s, d, &r);
    if (d->end == SELF_CONNECT_HAPPENED) {
        report_moment(s, &r);
        report_states(s, d, &r);
        result_set_integer(&r, "data_sent", (int64_t)d->said);
        result_set_integer(&r, "data_received", (int64_t)d->heard);
        result_line(&r, "data", "%zu octets written to the socket, %zu read from it", d->said,
                    d->heard);
    }
    result_set_integer(&r, "capture_dropped", (int64_t)s->capture_dropped);
    int exit_code = r.exit_code;
    (void)add_event(s, EVENT_VERDICT, 0, t_ns, (struct event){.result = &r});
    result_clear(&r);
    result_set_text(&r, "command", command);
    result_set_integer(&r, "sessions", 1);
    result_set_flag(&r, "interrupted", d->end == SELF_CONNECT_INTERRUPTED);
    result_set_integer(&r, "exit_code", exit_code);
    r.exit_code = exit_code;
    (void)timeline_append(s->timeline,
                          (struct event){.kind = EVENT_SUMMARY, .t_ns = t_ns, .result = &r});
    result_done(&r);
    return exit_code;
}

/* --- The row --- */

static const struct measure_option options[] = {
    {"attempts", 0, 1, MEASURE_NUMBER, "N", "Give up after N attempts (default 1000000)",
     "Give up after _N_ attempts (default 1000000).\n"
     "A refused attempt costs some 15 us and is only counted.",
     1, 100000000, .field = MEASURE_FIELD(struct self_connect_asked, attempts)},
    {"port", 0, 1, MEASURE_NUMBER, "PORT",
     "Connect to this port (default: one of those that the kernel likes to connect from)",
     "Connect to this port.\n"
     "The default is one that the kernel likes to connect from: its parity is that of the lower "
     "end of _/proc/sys/net/ipv4/ip_local_port_range_.\n"
     "Linux connects from the others only when those are used up, so with one of them it does not "
     "happen.",
     1, UINT16_MAX, .field = MEASURE_FIELD(struct self_connect_asked, port)},
    {"deadline", 'w', 2, MEASURE_DURATION, "TIME", "Give up after this time (default 1m)", NULL,
     .of_run = true, .field = MEASURE_FIELD(struct measure_run, deadline_ns)},
    {0},
};

static const struct measure_key keys[] = {
    {"local", "endpoint", "the same as `target`", "", NULL},
    {"outcome", "open|closed|error", "open: it happened; closed: every attempt was refused", "",
     NULL},
    {"port", "u16", NULL, "", NULL},
    {"attempts", "count", "calls of connect; the last is the one that happened", "", NULL},
    {"refused", "count", NULL, "", NULL},
    {"elapsed_us", "microseconds", "of all attempts", "", NULL},
    {"rtt_us", "microseconds?", NULL, "outcome=open", NULL},
    {"happened_ns", "t_ns?", "when its SYN left and arrived; null when the capture missed it",
     "outcome=open", NULL},
    {"own_path", "[state]+", "the states that the one socket went through", "outcome=open", NULL},
    {"simultaneous_open", "boolean", NULL, "outcome=open", NULL},
    {"simultaneous_close", "boolean", NULL, "outcome=open", NULL},
    {"kernel", "{=}?", "the socket's state by sock_diag; null when the kernel does not tell",
     "outcome=open", NULL},
    {"kernel.before", "state", NULL, "", NULL},
    {"kernel.connected", "state", NULL, "", NULL},
    {"kernel.closed", "state", NULL, "", NULL},
    {"data_sent", "count", "octets", "outcome=open", NULL},
    {"data_received", "count", "octets read from the socket that are those written to it",
     "outcome=open", NULL},
    {"capture_dropped", "count", NULL, "", NULL},
    {0},
};

static const struct measure_record records[] = {{"self_connect", NULL, keys, NULL, false}, {0}};

static const struct self_connect_asked defaults = {.attempts = 1000000};

const struct measure self_connect_measure = {
    .name = command,
    .summary = "a socket that connects to itself (in the lab)",
    .about = "A client connects to an unused port of its own address, in a loop, until the kernel "
             "gives it that very port to connect from: a simultaneous open with itself, of one "
             "socket. Only in the lab: 'tcpshake lab self-connect'.",
    .statuses = "Exit status: 0 it happened, 1 it did not, 2 usage or system error, 3 interrupted.",
    .carrier = MEASURE_SOCKET,
    .can = MEASURE_IN_LAB,
    .run = {.deadline_ns = CLOCK_MIN, .sessions = 1},
    .options = options,
    .records = records,
    .size = sizeof(struct self_connect_asked),
    .state = &defaults,
};
