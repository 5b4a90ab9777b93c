/* See crash.h. */
#include "measure/crash.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "event/result.h"
#include "talk/asked.h"
#include "talk/facts.h"
#include "tcp/schedule.h"

#define CONNECT_WITHIN (5 * CLOCK_S)
#define CALM           (60 * CLOCK_MS) /* longer than a delayed ACK of Linux */
#define LOOK_EVERY     (20 * CLOCK_MS)
#define RTO_LEAST      (200 * CLOCK_MS) /* Linux */
#define RTO_MOST       (120 * CLOCK_S)  /* Linux; RFC 6298 2.5 */
#define SLACK          (5 * CLOCK_S)

static const char words[] = "hello";

static struct crash *crash_of(const struct talk *p)
{
    return p->state;
}

static const struct {
    const char *name, *summary;
} ways[CRASH_WAYS] = {
    [CRASH_KILLED] = {"killed", "B's process is killed"},
    [CRASH_KILLED_UNREAD] = {"killed-unread", "B's process is killed before it has read"},
    [CRASH_GONE] = {"gone", "B's machine disappears; A waits"},
    [CRASH_GONE_TALKING] = {"gone-talking", "B's machine disappears; A has something to send"},
};

const char *crash_way_name(enum crash_way way)
{
    return ways[way].name;
}

/* --- From session to session --- */

static void try_status(struct talk *p, enum status s, const struct fault *fault)
{
    struct crash *c = crash_of(p);
    if (s != STATUS_OK && c->trouble.text[0] == '\0')
        c->trouble = *fault;
}

static void act(struct talk *p, enum end end, enum call what)
{
    struct fault fault = {0};
    bool says = what == CALL_SEND;
    try_status(p,
               talk_call(p, end, what, says ? words : NULL, says ? sizeof(words) - 1 : 0, &fault),
               &fault);
}

static int64_t doubled(int64_t rto)
{
    return 2 * rto < RTO_MOST ? 2 * rto : RTO_MOST;
}

/* The latest at which everything must be over; RFC 6298 5.5 doubles. */
static int64_t bound(const struct crash *c)
{
    int64_t keepalive = c->keepalive_time_ns + (c->keepalive_probes + 2) * c->keepalive_interval_ns;
    int64_t retransmitting = 0, rto = 2 * RTO_LEAST;
    for (unsigned i = 0; i <= c->retries + 1; i++, rto = doubled(rto))
        retransmitting += rto;
    return SLACK + (c->way == CRASH_GONE           ? keepalive
                    : c->way == CRASH_GONE_TALKING ? retransmitting
                                                   : 0);
}

static void begin(struct talk *p)
{
    struct crash *c = crash_of(p);
    while (!(c->ways & 1u << c->way))
        c->way++;
    c->phase = CRASH_CONNECT;
    c->begun_ns = p->now_ns;
    c->said_by_b = 0;
    c->alone_count = 0;
    c->gave_up_ns = 0;
    c->saw[0] = c->saw[1] = EAGAIN;
    c->lasts = STATE_CLOSED;
    c->trouble.text[0] = '\0';
    talk_remark(p, ways[c->way].summary);
    act(p, END_A, CALL_CONNECT);
    talk_wake_at(p, p->now_ns + LOOK_EVERY);
}

static void start(struct talk *p)
{
    struct crash *c = crash_of(p);
    c->way = 0;
    if (c->ways == 0)
        c->ways = (1u << CRASH_WAYS) - 1;
    begin(p);
}

/* What is left at either end is forgotten, as by a machine that comes back. */
static void forget(struct talk *p, enum end end)
{
    struct fault ignored = {0}; /* there may be nothing */
    if (p->truth[end] != STATE_CLOSED && p->truth[end] != STATE_LISTEN)
        (void)talk_call(p, end, CALL_CRASH, NULL, 0, &ignored);
}

static void finish(struct talk *p)
{
    struct crash *c = crash_of(p);
    c->saw[1] = asked_status(p, END_A);
    c->phase = CRASH_OVER;
    forget(p, END_A);
    forget(p, END_B);
    unsigned left = c->ways & ~((2u << c->way) - 1);
    if (left == 0 || c->trouble.text[0] != '\0') {
        talk_finish(p);
        return;
    }
    talk_next_session(p);
    c->way++;
    begin(p);
}

/* --- B goes --- */

static void go(struct talk *p)
{
    struct crash *c = crash_of(p);
    struct fault fault = {0};
    c->phase = CRASH_WATCH;
    c->silent_ns = c->silent_ns != 0 ? c->silent_ns : p->now_ns;
    talk_wake_at(p, p->now_ns + LOOK_EVERY);
    if (c->way == CRASH_KILLED || c->way == CRASH_KILLED_UNREAD) {
        try_status(p, talk_call(p, END_B, CALL_KILL, NULL, 0, &fault), &fault);
        return;
    }
    asked_cut(p, END_B);
    if (c->way == CRASH_GONE_TALKING)
        act(p, END_A, CALL_SEND);
}

static bool a_is_gone(const struct talk *p)
{
    return p->truth[END_A] == STATE_CLOSED;
}

/* A's end of a connection whose other process is gone: its application learns of the FIN, or of
 * nothing before it writes. */
static void watch(struct talk *p)
{
    struct crash *c = crash_of(p);
    if (a_is_gone(p)) {
        c->gave_up_ns = p->now_ns;
        finish(p);
        return;
    }
    if (c->phase == CRASH_WATCH && c->way == CRASH_KILLED && c->said_by_b & FLAG_FIN) {
        c->saw[0] = asked_status(p, END_A);
        c->phase = CRASH_AFTER;
        act(p, END_A, CALL_SEND);
    }
    if (p->now_ns - c->begun_ns > bound(c)) {
        c->lasts = p->truth[END_A];
        finish(p);
        return;
    }
    talk_wake_at(p, p->now_ns + LOOK_EVERY);
}

/* What was passed on last may not have been taken when it was: the kernels are asked again. */
static void see_connection(struct talk *p)
{
    struct crash *c = crash_of(p);
    if (p->truth[END_A] == STATE_ESTABLISHED && p->truth[END_B] == STATE_ESTABLISHED) {
        c->phase = CRASH_CALM;
        talk_wake_at(p, p->now_ns + CALM);
    } else if (p->now_ns - c->begun_ns >= CONNECT_WITHIN) {
        (void)fault_set(&c->trouble, STATUS_SYSTEM, "no connection came about");
        finish(p);
    } else {
        talk_wake_at(p, p->now_ns + LOOK_EVERY);
    }
}

static void timer(struct talk *p)
{
    struct crash *c = crash_of(p);
    if (c->phase == CRASH_CONNECT) {
        see_connection(p);
    } else if (c->phase == CRASH_CALM && c->way == CRASH_KILLED_UNREAD) {
        c->phase = CRASH_TELL;
        act(p, END_A, CALL_SEND);
        talk_wake_at(p, p->now_ns + 2 * CALM);
    } else if (c->phase == CRASH_CALM || c->phase == CRASH_TELL) {
        go(p);
    } else if (c->phase != CRASH_OVER) {
        watch(p);
    }
}

/* --- Segments --- */

static void note_alone(struct crash *c, const struct segment *seg, int64_t t_ns)
{
    if (c->alone_count == CRASH_TIMES_MAX)
        return;
    c->alone[c->alone_count].t_ns = t_ns;
    c->alone[c->alone_count++].reset = (seg->flags & FLAG_RST) != 0;
}

static void came(struct talk *p, enum end from, const struct segment *seg, int64_t t_ns)
{
    struct crash *c = crash_of(p);
    talk_seen(p, from, seg, t_ns);
    if (c->phase == CRASH_WATCH && (c->way == CRASH_GONE || c->way == CRASH_GONE_TALKING)) {
        note_alone(c, seg, t_ns);
        return;
    }
    c->silent_ns = t_ns;
    if (from == END_B && c->phase == CRASH_WATCH)
        c->said_by_b |= seg->flags;
    talk_arrives(p, end_other(from), seg, p->now_ns);
}

static void stop(struct talk *p, enum script_stop why)
{
    struct crash *c = crash_of(p);
    (void)fault_set(&c->trouble, STATUS_SYSTEM, "%s",
                    why == SCRIPT_STOP_DEADLINE ? "-w has run out" : "interrupted");
    c->phase = CRASH_OVER;
    talk_finish(p);
}

/* --- What was found --- */

/* Without the reset, which Linux sends when it gives up on keepalive. */
static size_t probes(const struct crash *c)
{
    size_t n = 0;
    while (n < c->alone_count && !c->alone[n].reset)
        n++;
    return n;
}

static int64_t gap(const struct crash *c, size_t i)
{
    return c->alone[i].t_ns - (i == 0 ? c->silent_ns : c->alone[i - 1].t_ns);
}

static bool is_about(int64_t ns, int64_t expected_ns)
{
    int64_t off = ns > expected_ns ? ns - expected_ns : expected_ns - ns;
    return off <= schedule_tolerance(expected_ns);
}

/* RFC 9293 3.8.4, as far as Linux can be told: tcp(7). */
static bool probes_as_configured(const struct crash *c)
{
    bool as = probes(c) == c->keepalive_probes;
    for (size_t i = 0; i < probes(c); i++)
        as = as && is_about(gap(c, i), i == 0 ? c->keepalive_time_ns : c->keepalive_interval_ns);
    return as;
}

/* The first is sent at once, the second may be a probe for a lost tail (RFC 8985 7) and the third
 * the first that is timed (RFC 6298 5.5): from then on each waits twice as long. */
static bool backs_off(const struct crash *c)
{
    bool as = probes(c) > 3;
    for (size_t i = 3; i < probes(c); i++)
        as = as && is_about(gap(c, i), doubled(gap(c, i - 1)));
    return as;
}

static bool as_expected(const struct crash *c)
{
    if (c->gave_up_ns == 0)
        return false;
    switch (c->way) {
    case CRASH_KILLED:
        return (c->said_by_b & FLAG_FIN) != 0 && c->saw[0] == 0;
    case CRASH_KILLED_UNREAD:
        return (c->said_by_b & FLAG_RST) != 0 && c->saw[1] == ECONNRESET;
    case CRASH_GONE:
        return probes_as_configured(c) && c->saw[1] == ETIMEDOUT;
    case CRASH_GONE_TALKING:
        return backs_off(c) && c->saw[1] == ETIMEDOUT;
    case CRASH_WAYS:
        break;
    }
    return false;
}

static const char *seen_by_application(int error)
{
    switch (error) {
    case 0:
        return "end of file";
    case EAGAIN:
        return "nothing";
    case ECONNRESET:
        return "ECONNRESET";
    case EPIPE:
        return "EPIPE";
    case ETIMEDOUT:
        return "ETIMEDOUT";
    case EHOSTUNREACH:
        return "EHOSTUNREACH";
    default:
        return "another error";
    }
}

static void report_probes(const struct crash *c, struct result *r)
{
    struct text line = {0};
    result_begin_list(r, "gaps_us");
    for (size_t i = 0; i < probes(c); i++) {
        result_set_us(r, NULL, gap(c, i));
        text_printf(&line, "%s%.3f", i > 0 ? " " : "", (double)gap(c, i) / CLOCK_S);
    }
    result_end_list(r);
    if (c->way == CRASH_GONE) {
        result_begin(r, "keepalive");
        result_set_real(r, "time_s", (double)c->keepalive_time_ns / CLOCK_S);
        result_set_real(r, "interval_s", (double)c->keepalive_interval_ns / CLOCK_S);
        result_set_integer(r, "probes", c->keepalive_probes);
        result_end(r);
        result_line(r, "probes",
                    "%s s (figured: the first after %g s, then every %g s, %u of them)",
                    line.data != NULL ? line.data : "none", (double)c->keepalive_time_ns / CLOCK_S,
                    (double)c->keepalive_interval_ns / CLOCK_S, c->keepalive_probes);
    } else {
        result_line(r, "sent", "at once and again after %s s", line.data != NULL ? line.data : "");
    }
    text_done(&line);
}

static void report_end(const struct crash *c, struct result *r)
{
    char took[32];
    int64_t after = c->gave_up_ns - c->silent_ns;
    result_set_text(r, "application", seen_by_application(c->saw[1]));
    if (c->way == CRASH_KILLED)
        result_set_text(r, "application_first", seen_by_application(c->saw[0]));
    result_set_us(r, "gave_up_after_us", c->gave_up_ns != 0 ? after : CLOCK_NEVER);
    if (c->way == CRASH_KILLED || c->way == CRASH_KILLED_UNREAD) {
        const char *said = c->said_by_b & FLAG_RST ? "RST" : c->said_by_b & FLAG_FIN ? "FIN" : NULL;
        result_set_text(r, "kernel_sent", said);
        result_line(r, "B's kernel", "sends %s", said != NULL ? said : "nothing");
    } else if (c->gave_up_ns != 0) {
        (void)clock_format(after, took, sizeof(took));
        result_line(r, "A gives up", "%s after it heard the last of B", took);
    }
    if (c->way == CRASH_KILLED)
        result_line(r, "A's process", "sees %s; when it writes, %s", seen_by_application(c->saw[0]),
                    seen_by_application(c->saw[1]));
    else
        result_line(r, "A's process", "sees %s", seen_by_application(c->saw[1]));
}

/* What was not shown to its end, or may have been missed, is held against nobody. */
static const char *verdict_of(const struct talk *p)
{
    const struct crash *c = p->state;
    if (c->trouble.text[0] != '\0')
        return "unknown";
    return as_expected(c) ? "as-figured" : p->capture_dropped > 0 ? "unknown" : "deviates";
}

static void report(const struct talk *p, struct result *r)
{
    const struct crash *c = p->state;
    const char *verdict = verdict_of(p);
    const struct facts f = facts_of(p);
    facts_ends(&f, r);
    result_set_text(r, "way", ways[c->way].name);
    result_set_text(r, "verdict", verdict);
    result_line(r, verdict, "%s", ways[c->way].summary);
    if (c->way == CRASH_GONE || c->way == CRASH_GONE_TALKING)
        report_probes(c, r);
    report_end(c, r);
    if (c->lasts != STATE_CLOSED)
        result_line(r, "A", "is still in %s", state_name(c->lasts));
    if (c->trouble.text[0] != '\0')
        result_line(r, "trouble", "%s", c->trouble.text);
    facts_capture(&f, r);
    r->exit_code = strcmp(verdict, "as-figured") == 0 ? 0
                   : strcmp(verdict, "deviates") == 0 ? 1
                                                      : 3;
}

static void progress(const struct talk *p, int64_t now_ns, char *out, size_t cap)
{
    const struct crash *c = p->state;
    char left[32];
    int64_t until = c->begun_ns + bound(c);
    (void)clock_format(until > now_ns ? until - now_ns : 0, left, sizeof(left));
    (void)snprintf(out, cap, "%s: at most %s more", ways[c->way].summary, left);
}

static const struct script script = {
    .name = "crash",
    .start = start,
    .came = came,
    .timer = timer,
    .stop = stop,
    .report = report,
    .progress = progress,
};

/* --- The row --- */

static const char *const way_words[] = {"killed", "killed-unread", "gone", "gone-talking", NULL};

static const struct measure_option options[] = {
    {"way", 0, 6, MEASURE_WORDS, "WAY",
     "How B goes away: killed, killed-unread, gone, gone-talking; may be repeated (default: all of "
     "them, one after the other)",
     "How B goes away; may be given several times, and all of them are shown one after the other "
     "if it is not given.\n"
     "*killed* kills B's process, for which its kernel closes with a FIN.\n"
     "*killed-unread* kills it before it has read what A has sent, and the kernel resets.\n"
     "With *gone* B's machine disappears while A waits: A finds out by keepalive probes.\n"
     "With *gone-talking* A has something to send, and finds out by its retransmissions.",
     .words = way_words, .field = MEASURE_FIELD(struct crash, ways)},
    {0},
};

static const struct measure_sysctl sysctls[] = {
    {"net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_keepalive_time=2",
     MEASURE_FIELD(struct crash, keepalive_time_ns), CLOCK_S},
    {"net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_intvl=1",
     MEASURE_FIELD(struct crash, keepalive_interval_ns), CLOCK_S},
    {"net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_keepalive_probes=3",
     MEASURE_FIELD(struct crash, keepalive_probes), 1},
    {"net.ipv4.tcp_retries2", "net.ipv4.tcp_retries2=3", MEASURE_FIELD(struct crash, retries), 1},
    {0},
};

#define SEEN "end of file|nothing|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|another error"

static const struct measure_key keys[] = {
    {"way", "killed|killed-unread|gone|gone-talking", "how end B went away", "", NULL},
    {"verdict", "as-figured|deviates|unknown",
     "against the RFCs and the settings in force; unknown: it could not be shown to its end, or "
     "the capture has lost packets",
     "", NULL},
    {"kernel_sent", "FIN|RST?", "by B's kernel when its process was killed", NULL, NULL},
    {"application_first", SEEN, "what A's application learnt of its connection when B was gone",
     NULL, NULL},
    {"application", SEEN, "what it learnt in the end", "", NULL},
    {"gaps_us", "[microseconds]",
     "between what A sent to nobody; the first since A last sent or heard something", NULL, NULL},
    {"keepalive", "{=}", "the settings in force", NULL, NULL},
    {"keepalive.time_s", "seconds", NULL, "", NULL},
    {"keepalive.interval_s", "seconds", NULL, "", NULL},
    {"keepalive.probes", "count", NULL, "", NULL},
    {"gave_up_after_us", "microseconds?", "since A last heard something; null: it did not", "",
     NULL},
    {"capture_dropped", "count", NULL, "", NULL},
    {"outcome", "never", NULL, NULL, NULL},
    {0},
};

static const struct measure_record records[] = {{"crash", NULL, keys, NULL, false}, {0}};

const struct measure crash_measure = {
    .name = "crash",
    .summary = "what a kernel sees when the other end goes away (in the lab)",
    .about =
        "Shows, between two kernels of the lab, what A sees when B goes away: B's process is "
        "killed, and its kernel closes for it; or B's machine disappears, and A finds out by "
        "keepalive probes, or by what it has to send. What decides when are the settings "
        "net.ipv4.tcp_keepalive_time, _intvl, _probes and tcp_retries2, which are the lab's to "
        "set.",
    .statuses = "Exit status: 0 as the RFCs and the settings have it, 1 otherwise, 2 usage or "
                "system error, 3 it could not be shown to its end.",
    .carrier = MEASURE_KERNELS,
    .can = MEASURE_IN_LAB,
    .run = {.wait_ns = CLOCK_S, .deadline_ns = 10 * CLOCK_MIN, .sessions = 1},
    .options = options,
    .records = records,
    .size = sizeof(struct crash),
    .lab_app = "hold",
    .sysctls = sysctls,
    .script = &script,
};
