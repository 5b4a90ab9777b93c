/* See pair.h. */
#include "talk/pair.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "event/result.h"

static uint32_t append(struct pair *p, struct event e)
{
    if (e.kind == EVENT_SENT || e.kind == EVENT_RECEIVED || e.kind == EVENT_ACTION)
        p->last_ns = p->now_ns;
    e.session = p->config.session;
    if (e.t_ns == 0)
        e.t_ns = p->now_ns;
    return timeline_append(p->timeline, e);
}

static void keep_failure(struct pair *p, enum status s, const struct fault *fault)
{
    if (s != STATUS_OK && p->status == STATUS_OK) {
        p->status = s;
        p->fault = *fault;
    }
}

/* --- What the kernels say --- */

/* What a segment or a call does to a kernel it has done by then. */
#define COMES_WITHIN (10 * CLOCK_MS)

static const char asked[] = "its kernel says so";

static void record_change(struct pair *p, enum end end, enum state to)
{
    enum state from = p->truth[end];
    bool late = p->now_ns - p->last_ns > COMES_WITHIN;
    p->truth[end] = to;
    (void)append(p, (struct event){.kind = EVENT_STATE,
                                   .cause = late ? 0 : p->timeline->last_id,
                                   .change = {end, STATE_SET(from), STATE_SET(to), asked, NULL}});
}

/* False where a kernel cannot be asked. */
static bool read_state(struct pair *p, enum end end, enum state *s)
{
    const struct upper *a = p->config.end[end];
    struct fault fault = {0};
    enum status status = a->state(a->arg, &p->config.at[end_other(end)], s, &fault);
    keep_failure(p, status, &fault);
    return status == STATUS_OK;
}

void pair_look(struct pair *p)
{
    for (enum end end = END_A; end <= END_B; end++) {
        enum state now;
        if (read_state(p, end, &now) && now != p->truth[end])
            record_change(p, end, now);
    }
}

/* --- Beginning and end --- */

static void begin_session(struct pair *p)
{
    enum state b = STATE_CLOSED;
    (void)read_state(p, END_B, &b);
    p->truth[END_A] = STATE_CLOSED;
    p->last_ns = p->now_ns;
    p->truth[END_B] = b;
    p->gone[END_A] = p->gone[END_B] = false;
    (void)append(p, (struct event){.kind = EVENT_STATE,
                                   .change = {END_B, STATE_SET_NONE, STATE_SET(b), asked, NULL}});
    pair_look(p);
}

static void report(const struct pair *p, struct result *r)
{
    char a[ENDPOINT_TEXT_MAX], b[ENDPOINT_TEXT_MAX];
    result_set(r, "command", json_string(p->script->name));
    result_set(r, "target", json_string(endpoint_format(&p->config.at[END_B], b)));
    result_set(r, "local", json_string(endpoint_format(&p->config.at[END_A], a)));
    p->script->report(p, r);
    result_set(r, "capture_dropped", json_integer((json_int_t)p->dropped));
    if (p->unrecorded > 0) {
        result_set(r, "unrecorded", json_integer(p->unrecorded));
        result_line(r, "warning", "%" PRIu32 " further segments were too many to record",
                    p->unrecorded);
    }
}

void pair_init(struct pair *p, const struct pair_config *config, const struct pair_script *script,
               void *state, struct timeline *timeline, int64_t now_ns)
{
    *p = (struct pair){
        .config = *config,
        .script = script,
        .state = state,
        .timeline = timeline,
        .now_ns = now_ns,
        .wake_at = CLOCK_NEVER,
        .truth = {STATE_CLOSED, STATE_CLOSED},
    };
    begin_session(p);
    script->start(p);
}

static void end_session(struct pair *p)
{
    struct result r;
    if (!result_init(&r))
        return;
    report(p, &r);
    if (r.exit_code > p->exit_code)
        p->exit_code = r.exit_code;
    (void)append(p, (struct event){.kind = EVENT_VERDICT, .result = &r});
    result_done(&r);
}

void pair_next_session(struct pair *p)
{
    end_session(p);
    p->config.session++;
    begin_session(p);
}

void pair_conclude(struct pair *p)
{
    end_session(p);
}

void pair_finish(struct pair *p)
{
    p->finished = true;
}

void pair_stop(struct pair *p, enum script_stop why, int64_t now_ns)
{
    if (now_ns > p->now_ns)
        p->now_ns = now_ns;
    if (!p->finished)
        p->script->stop(p, why);
}

/* --- Packets --- */

static void pass(struct pair *p, enum end to, const uint8_t *ip, size_t n)
{
    struct fault fault = {0};
    keep_failure(p, p->config.pass(p->config.arg, to, ip, n, &fault), &fault);
}

void pair_pass(struct pair *p, enum end from, const struct segment *seg)
{
    pass(p, end_other(from), seg->raw, seg->raw_len);
    pair_look(p);
}

static void record(struct pair *p, enum end from, const struct segment *seg, int64_t t_ns)
{
    if (++p->came[from] > PAIR_RECORDED_MAX) {
        p->unrecorded++;
        return;
    }
    (void)append(p, (struct event){.kind = from == END_A ? EVENT_SENT : EVENT_RECEIVED,
                                   .t_ns = t_ns,
                                   .segment = {.seg = *seg, .held = p->gone[end_other(from)]}});
}

void pair_packet(struct pair *p, enum end from, const uint8_t *ip, size_t n, int64_t t_ns)
{
    const struct endpoint *at = p->config.at;
    struct segment seg;
    struct fault ignored = {0};
    if (t_ns > p->now_ns)
        p->now_ns = t_ns;
    if (segment_decode(&seg, ip, n, &ignored) != STATUS_OK ||
        !endpoint_equal(&seg.src, &at[from]) || !endpoint_equal(&seg.dst, &at[end_other(from)])) {
        pass(p, end_other(from), ip, n);
        return;
    }
    if (p->gone[from])
        return;
    record(p, from, &seg, t_ns);
    pair_look(p);
    if (!p->finished)
        p->script->came(p, from, &seg, t_ns);
}

void pair_lost_packets(struct pair *p, uint64_t total)
{
    if (total == p->dropped)
        return;
    char text[96];
    (void)snprintf(text, sizeof(text), "the capture has lost %llu packets",
                   (unsigned long long)total);
    p->dropped = total;
    (void)append(p,
                 (struct event){.kind = EVENT_FAULT, .fault = {EVENT_FAULT_CAPTURE_DROPPED, text}});
}

/* --- Time --- */

int64_t pair_deadline(const struct pair *p)
{
    return p->wake_at < p->config.deadline_ns ? p->wake_at : p->config.deadline_ns;
}

void pair_tick(struct pair *p, int64_t now_ns)
{
    if (now_ns > p->now_ns)
        p->now_ns = now_ns;
    pair_look(p);
    if (!p->finished && p->now_ns >= p->config.deadline_ns) {
        p->script->stop(p, SCRIPT_STOP_DEADLINE);
    } else if (!p->finished && p->now_ns >= p->wake_at) {
        p->wake_at = CLOCK_NEVER;
        p->script->timer(p);
    }
}

void pair_wake_at(struct pair *p, int64_t when_ns)
{
    p->wake_at = when_ns;
}

/* --- For scripts --- */

static const char *call_name(enum call what)
{
    static const char *const names[CALL_COUNT] = {
        [CALL_CONNECT] = "connects",    [CALL_LISTEN] = "listens",
        [CALL_CLOSE] = "closes",        [CALL_ABORT] = "aborts",
        [CALL_SEND] = "says something", [CALL_CRASH] = "forgets the connection",
    };
    return names[what] != NULL ? names[what] : "acts";
}

enum status pair_act(struct pair *p, enum end end, enum call what, const void *data, size_t n,
                     struct fault *fault)
{
    const struct upper *a = p->config.end[end];
    char text[64];
    (void)snprintf(text, sizeof(text), "%c %s", end == END_A ? 'A' : 'B', call_name(what));
    (void)append(p, (struct event){.kind = EVENT_ACTION, .text = text});
    enum status s = a->act(a->arg, &p->config.at[end_other(end)], what, data, n, fault);
    pair_look(p);
    return s;
}

enum status pair_kill(struct pair *p, enum end end, struct fault *fault)
{
    const struct upper *a = p->config.end[end];
    char text[64];
    (void)snprintf(text, sizeof(text), "the process of %c is killed", end == END_A ? 'A' : 'B');
    (void)append(p, (struct event){.kind = EVENT_ACTION, .text = text});
    enum status s = a->kill(a->arg, &p->config.at[end_other(end)], fault);
    pair_look(p);
    return s;
}

void pair_cut(struct pair *p, enum end end)
{
    const struct upper *a = p->config.end[end];
    struct fault ignored = {0}; /* it may have had nothing to forget */
    char text[64];
    (void)snprintf(text, sizeof(text), "the machine of %c disappears", end == END_A ? 'A' : 'B');
    p->gone[end] = true;
    (void)append(p, (struct event){.kind = EVENT_ACTION, .text = text});
    (void)a->act(a->arg, &p->config.at[end_other(end)], CALL_CRASH, NULL, 0, &ignored);
    pair_look(p);
}

int pair_saw(const struct pair *p, enum end end)
{
    const struct upper *a = p->config.end[end];
    return a->saw(a->arg);
}

enum status pair_shut(struct pair *p, enum end end, struct fault *fault)
{
    const struct upper *a = p->config.end[end];
    enum status s = a->shut(a->arg, fault);
    pair_look(p);
    return s;
}

void pair_remark(struct pair *p, const char *text)
{
    (void)append(p, (struct event){.kind = EVENT_NOTE, .text = text});
}
