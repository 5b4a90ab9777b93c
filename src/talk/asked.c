/* See asked.h. */
#include "talk/asked.h"

#include <stdio.h>

#include "base/clock.h"
#include "talk/journal.h"

/* What a segment or a call does to a kernel it has done by then. */
#define COMES_WITHIN (10 * CLOCK_MS)

static const char says_so[] = "its kernel says so";

/* --- What they say --- */

static void keep_failure(struct talk *x, enum status s, const struct fault *fault)
{
    if (s != STATUS_OK && x->status == STATUS_OK) {
        x->status = s;
        x->fault = *fault;
    }
}

enum status asked_state(const struct talk *x, enum end end, enum state *state, struct fault *fault)
{
    const struct upper *u = x->config.upper[end];
    return u->state(u->arg, talk_at(x, end_other(end)), state, fault);
}

static bool ask_kernel(struct talk *x, enum end end, enum state *s)
{
    struct fault fault = {0};
    enum status status = asked_state(x, end, s, &fault);
    keep_failure(x, status, &fault);
    return status == STATUS_OK;
}

void asked_look(struct talk *x)
{
    for (enum end end = END_A; end <= END_B; end++) {
        enum state now, from = x->truth[end];
        if (!ask_kernel(x, end, &now) || now == from)
            continue;
        bool late = x->now_ns - x->acted_ns > COMES_WITHIN;
        x->truth[end] = now;
        journal_state(x, late ? 0 : x->timeline->last_id, end, STATE_SET(from), STATE_SET(now),
                      says_so, NULL);
    }
}

void asked_begin(struct talk *x)
{
    enum state b = STATE_CLOSED;
    (void)ask_kernel(x, END_B, &b);
    x->truth[END_A] = STATE_CLOSED;
    x->truth[END_B] = b;
    x->acted_ns = x->now_ns;
    x->gone[END_A] = x->gone[END_B] = false;
    journal_state(x, 0, END_B, STATE_SET_NONE, STATE_SET(b), says_so, NULL);
    asked_look(x);
}

int asked_status(const struct talk *x, enum end end)
{
    const struct upper *u = x->config.upper[end];
    return u->status(u->arg);
}

/* --- What they do --- */

static void record_call(struct talk *x, enum end end, enum call call)
{
    static const char *const words[CALL_COUNT] = {
        [CALL_CONNECT] = "connects",    [CALL_LISTEN] = "listens",
        [CALL_CLOSE] = "closes",        [CALL_ABORT] = "aborts",
        [CALL_SEND] = "says something", [CALL_CRASH] = "forgets the connection",
    };
    const char who = end == END_A ? 'A' : 'B';
    char text[64];
    if (call == CALL_KILL)
        (void)snprintf(text, sizeof(text), "the process of %c is killed", who);
    else if (words[call] != NULL)
        (void)snprintf(text, sizeof(text), "%c %s", who, words[call]);
    else
        return;
    (void)journal_action(x, text);
}

void asked_prompted(struct talk *x, enum call call)
{
    struct peer_change change = peer_told(&x->infer.peer, call, x->now_ns);
    journal_peer(x, 0, &change);
}

/* What it is told an application may do at any moment now, whatever its segments show before. One
 * that connects does so from where it listened. */
static void prompt(struct talk *x, enum call call)
{
    if (call == CALL_CONNECT)
        asked_prompted(x, CALL_STOP_LISTENING);
    if (call == CALL_CONNECT || call == CALL_SEND || call == CALL_CLOSE || call == CALL_ABORT ||
        call == CALL_STOP_LISTENING || call == CALL_CRASH)
        asked_prompted(x, call);
}

static enum status act(struct talk *x, enum end end, enum call call, const void *data, size_t n,
                       struct fault *fault)
{
    const struct upper *u = x->config.upper[end];
    return u->call(u->arg, talk_at(x, end_other(end)), call, data, n, fault);
}

enum status asked_call(struct talk *x, enum end end, enum call call, const void *data, size_t n,
                       struct fault *fault)
{
    if (!talk_is_wire(x)) {
        prompt(x, call);
        return act(x, end, call, data, n, fault);
    }
    record_call(x, end, call);
    enum status s = act(x, end, call, data, n, fault);
    asked_look(x);
    return s;
}

/* --- Between two of them --- */

void asked_pass(struct talk *x, enum end to, const uint8_t *ip, size_t n)
{
    struct fault fault = {0};
    keep_failure(x, x->config.pass(x->config.arg, to, ip, n, &fault), &fault);
}

void asked_cut(struct talk *x, enum end end)
{
    struct fault ignored = {0}; /* it may have had nothing to forget */
    char text[64];
    (void)snprintf(text, sizeof(text), "the machine of %c disappears", end == END_A ? 'A' : 'B');
    x->gone[end] = true;
    (void)journal_action(x, text);
    (void)act(x, end, CALL_CRASH, NULL, 0, &ignored);
    asked_look(x);
}
