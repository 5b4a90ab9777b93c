/* See truth_check.h. */
#include "lab/truth_check.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "event/result.h"
#include "talk/asked.h"

/* A segment under way between two namespaces needs microseconds; the scheduler may add to that. */
#define EXPLAINED_WITHIN (100 * CLOCK_MS)

void truth_check_init(struct truth_check *w, struct lab *lab, bool unheard)
{
    *w = (struct truth_check){.lab = lab, .unheard = unheard};
}

static enum state read_state(struct truth_check *w, const struct talk *x, bool *ok)
{
    enum state s = STATE_CLOSED;
    *ok = asked_state(x, END_B, &s, &w->fault) == STATUS_OK;
    return s;
}

/* Without a connection the kernel has a listener or nothing on the port. Which of the two says
 * nothing about this connection (peer.h). */
bool truth_check_holds(state_set set, enum state s)
{
    const state_set none = STATE_SET(STATE_CLOSED) | STATE_SET(STATE_LISTEN);
    return state_set_has(none, s) ? (set & none) != 0 : state_set_has(set, s);
}

static uint32_t append(struct talk *x, struct event e)
{
    e.session = x->config.session;
    e.t_ns = x->now_ns;
    e.cause = x->timeline->last_id;
    return timeline_append(x->timeline, e);
}

static void found_outside(struct truth_check *w, struct talk *x, enum state s)
{
    char text[160], set[STATE_SET_TEXT_MAX];
    w->outside++;
    (void)snprintf(text, sizeof(text), "the peer's kernel was in %s, which is not in %s",
                   state_name(s), state_set_format(talk_states(x, END_B), set));
    (void)append(x, (struct event){.kind = EVENT_FAULT, .fault = {EVENT_FAULT_TRUTH, text}});
}

/* What explains a state explains each reading of it. */
static void judge_pending(struct truth_check *w, struct talk *x, bool time_is_up)
{
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
        unsigned readings = w->pending[s].readings;
        if (readings == 0)
            continue;
        if (truth_check_holds(talk_states(x, END_B), s))
            w->ahead += readings;
        else if (time_is_up || x->now_ns >= w->pending[s].until_ns)
            found_outside(w, x, s);
        else
            continue;
        w->pending[s].readings = 0;
    }
}

static void keep_back(struct truth_check *w, const struct talk *x, enum state s)
{
    if (w->pending[s].readings++ == 0)
        w->pending[s].until_ns = x->now_ns + EXPLAINED_WITHIN;
}

static void begin_session(struct truth_check *w, const struct talk *x)
{
    if (w->session == x->config.session)
        return;
    w->session = x->config.session;
    w->readings = w->ahead = w->outside = 0;
    memset(w->pending, 0, sizeof(w->pending));
}

static void look(void *arg, struct talk *x)
{
    struct truth_check *w = arg;
    bool ok;

    begin_session(w, x);
    judge_pending(w, x, false);
    enum state s = read_state(w, x, &ok);
    if (!ok) {
        w->failed = true;
        return;
    }
    w->readings++;
    if (truth_check_holds(talk_states(x, END_B), s)) {
        (void)append(x, (struct event){.kind = EVENT_TRUTH, .truth = {s, true}});
    } else if (w->unheard && truth_check_holds(peer_unheard(&x->infer.peer), s)) {
        w->ahead++;
    } else {
        keep_back(w, x, s);
    }
}

static int64_t wants_until(void *arg)
{
    const struct truth_check *w = arg;
    int64_t until_ns = 0;
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
        if (w->pending[s].readings > 0 && w->pending[s].until_ns > until_ns)
            until_ns = w->pending[s].until_ns;
    }
    return until_ns;
}

static void report(void *arg, struct talk *x, struct result *r)
{
    struct truth_check *w = arg;
    judge_pending(w, x, true);
    result_begin(r, "truth");
    result_set_integer(r, "readings", w->readings);
    result_set_integer(r, "ahead", w->ahead);
    result_set_integer(r, "outside", w->outside);
    result_end(r);
    result_line(r, "truth", "asked the peer's kernel %u times: %s", w->readings,
                w->outside == 0 ? "always in our set" : "NOT always in our set");
    if (lab_keeps_no_entry(w->lab))
        result_line(r, "truth",
                    "with SYN cookies it keeps no entry: of a half-open connection it "
                    "cannot know, and says LISTEN");
    if (w->failed)
        result_line(r, "warning", "the peer's kernel could not be asked: %s", w->fault.text);
    if (w->outside > 0)
        r->exit_code = 2;
}

struct talks_observer truth_check_observer(struct truth_check *w)
{
    return (struct talks_observer){
        .look = look, .wants_until = wants_until, .report = report, .arg = w};
}
