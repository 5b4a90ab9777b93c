/* See walk_acts.h. */
#include "walk_acts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "talk/asked.h"
#include "walk_rows.h"
#include "wire/craft.h"

/* A segment is held to be under way for half a second where the way is not known (tcp/peer.h). */
#define LATE_MOST (400 * CLOCK_MS)

static struct walk *walk_of(const struct talk *x)
{
    return x->state;
}

/* --- The peer's application --- */

static bool cued(struct talk *x, enum call cue, const char *text)
{
    struct fault fault;
    return lab_call(walk_of(x)->lab, END_B, cue, &x->config.local, text, strlen(text), &fault) ==
           STATUS_OK;
}

enum state walk_acts_truth(struct talk *x)
{
    struct walk *w = walk_of(x);
    enum state s = STATE_CLOSED;
    struct fault fault;
    if (lab_truth(w->lab, END_B, &x->config.local, &s, &fault) != STATUS_OK) {
        w->failed = true;
        (void)snprintf(w->why, sizeof(w->why), "%.199s", fault.text);
    }
    return s;
}

/* A call, in a figure's words, and what the inference is told of it where it is told. */
static const struct {
    const char *event;
    bool of_connection;
    enum call told[2]; /* CALL_COUNT: nothing more */
} calls[CALL_COUNT] = {
    [CALL_CONNECT] = {"(connect)", false, {CALL_STOP_LISTENING, CALL_CONNECT}},
    [CALL_CLOSE] = {"(Close)", true, {CALL_CLOSE, CALL_COUNT}},
    [CALL_ABORT] = {"(Abort)", true, {CALL_ABORT, CALL_COUNT}},
    [CALL_SEND] = {"(say \"hello\")", true, {CALL_SEND, CALL_COUNT}},
    [CALL_KILL] = {"(kill)", true, {CALL_CLOSE, CALL_ABORT}},
    [CALL_STOP_LISTENING] = {"# the peer stops listening",
                             false,
                             {CALL_STOP_LISTENING, CALL_COUNT}},
    [CALL_LISTEN] = {"(listen)", false, {CALL_COUNT, CALL_COUNT}},
    [CALL_ACCEPT] = {"# the peer accepts", false, {CALL_COUNT, CALL_COUNT}},
    [CALL_CRASH] = {"# the peer forgets the connection", true, {CALL_CRASH, CALL_COUNT}},
};

/* A stranger's application tells nobody, and its segments have to. What none can show at once, it
 * has to be prompted to. */
static bool is_told(const struct walk *w, enum call call)
{
    return !w->kind->unprompted || w->wired || call == CALL_CONNECT || call == CALL_CRASH;
}

/* Connections that were not accepted are reset with their listener. */
static void tell_call(struct talk *x, enum call call)
{
    if (call == CALL_STOP_LISTENING && walk_of(x)->kind->backlog != 0)
        asked_prompted(x, CALL_ABORT);
    for (size_t i = 0; i < 2 && is_told(walk_of(x), call); i++) {
        if (calls[call].told[i] != CALL_COUNT)
            asked_prompted(x, calls[call].told[i]);
    }
}

static bool writes(struct talk *x, uint32_t n)
{
    static char octets[LAB_CALL_DATA_MAX];
    struct walk *w = walk_of(x);
    struct fault fault;
    char event[64];
    if (octets[0] == '\0')
        memset(octets, 'x', sizeof(octets));
    if (lab_call(w->lab, END_B, CALL_SEND, &x->config.local, octets, n, &fault) != STATUS_OK)
        return false;
    (void)snprintf(event, sizeof(event), "# the peer writes %" PRIu32 " octets", n);
    walk_rows_event(w, false, n == strlen("hello") ? calls[CALL_SEND].event : event);
    if (is_told(w, CALL_SEND))
        asked_prompted(x, CALL_SEND);
    return true;
}

/* A connection that is still half-open at a listener has no socket, so nothing can be called on it.
 * A connect that fails has closed the listener for a moment. */
void walk_acts_peer(struct talk *x, const struct step *s)
{
    const enum call call = s->act.call;
    if (calls[call].of_connection && walk_acts_truth(x) == STATE_SYN_RECEIVED)
        return;
    if (s->act.writes > 0 && !writes(x, s->act.writes))
        return;
    if (call == CALL_SEND)
        return;
    bool done = cued(x, call, "");
    if (call == CALL_CONNECT && !done)
        asked_prompted(x, CALL_STOP_LISTENING);
    if (!done)
        return;
    walk_rows_event(walk_of(x), false, calls[call].event);
    tell_call(x, call);
}

/* --- Others on the network --- */

/* What the box says in the peer's name. A packet that was the peer's keeps its TTL. */
static bool say_for_peer(struct talk *x, enum others_act act, const struct segment *seg)
{
    struct walk *w = walk_of(x);
    uint8_t ip[2048];
    size_t n = 0;
    struct fault ignored;
    static const uint8_t zeros[1500];
    static struct craft *craft;
    if (craft == NULL)
        craft = craft_new(NULL);
    if (craft == NULL ||
        craft_segment(craft, seg, zeros, seg->len, ip, sizeof(ip), &n, &ignored) != STATUS_OK)
        return false;
    return others_do(w->others, act, ip, n);
}

/* Of this connection only what may still be under way as far as the inference knows. */
static void say_earlier(struct talk *x, const struct step *s)
{
    const struct walk *w = walk_of(x);
    size_t n = w->heard_count < WALK_STEPS_MAX ? w->heard_count : WALK_STEPS_MAX;
    if (n == 0)
        return;
    const struct walk_heard *h = &w->heard[s->random % n];
    if ((h->renewals != w->renewals || x->now_ns - h->t_ns < LATE_MOST) &&
        say_for_peer(x, OTHERS_EARLIER, &h->seg))
        walk_rows_remark(walk_of(x), "a segment of the peer's comes once more");
}

/* Who guesses hits neither our window nor, with an acknowledgement, what we have sent. Only a SYN
 * needs no guess. */
static void say_blindly(struct talk *x, const struct step *s)
{
    const struct tcb *own = &x->ours.tcb;
    const uint32_t far = 1u << 30;
    const struct segment seg = {.src = x->config.remote,
                                .dst = x->config.local,
                                .ttl = OTHERS_TTL,
                                .flags = s->flags,
                                .seq = seq_add(own->rcv_nxt, far + s->random % far),
                                .ack = seq_add(own->snd_nxt, far + s->random % far),
                                .win = 1000,
                                .len = s->len};
    if (!say_for_peer(x, OTHERS_BLIND, &seg))
        return;
    walk_of(x)->misled |= (seg.flags & (FLAG_SYN | FLAG_ACK | FLAG_RST)) == FLAG_SYN;
    walk_rows_remark(walk_of(x), "an injector guesses");
}

/* A second responder where a SYN of ours is out, else the peer's own numbers. */
static void say_knowingly(struct talk *x, const struct step *s)
{
    static const uint16_t some[] = {FLAG_RST, FLAG_RST | FLAG_ACK, FLAG_FIN | FLAG_ACK, FLAG_ACK,
                                    FLAG_PSH | FLAG_ACK};
    const struct tcb *own = &x->ours.tcb;
    const bool opens = own->state == STATE_SYN_SENT;
    const struct segment seg = {.src = x->config.remote,
                                .dst = x->config.local,
                                .ttl = OTHERS_TTL,
                                .flags = opens ? FLAG_SYN | FLAG_ACK
                                               : some[s->random % (sizeof(some) / sizeof(some[0]))],
                                .seq = opens ? seq_of(s->random) : own->rcv_nxt,
                                .ack = own->snd_nxt,
                                .win = 1000,
                                .len = s->random % 2 ? s->len : 0};
    if (own->state == STATE_CLOSED || own->state == STATE_LISTEN ||
        !say_for_peer(x, OTHERS_KNOWING, &seg))
        return;
    walk_of(x)->misled = true;
    walk_rows_remark(walk_of(x), "somebody speaks for the peer");
}

void walk_acts_others(struct talk *x, const struct step *s)
{
    static const char *const remarks[OTHERS_ACTS] = {
        [OTHERS_FILL] = "clients fill the peer's queue",
        [OTHERS_LEAVE] = "the clients leave",
        [OTHERS_SWALLOW] = "a NAT forgets, and drops what comes",
        [OTHERS_REJECT] = "a NAT forgets, and resets what comes",
        [OTHERS_PASS] = "a NAT passes everything again",
    };
    struct walk *w = walk_of(x);
    switch (s->others) {
    case OTHERS_EARLIER:
        say_earlier(x, s);
        return;
    case OTHERS_BLIND:
        say_blindly(x, s);
        return;
    case OTHERS_KNOWING:
        say_knowingly(x, s);
        return;
    case OTHERS_FILL:
    case OTHERS_LEAVE:
    case OTHERS_SWALLOW:
    case OTHERS_REJECT:
    case OTHERS_PASS:
        break;
    case OTHERS_ACTS:
        return;
    }
    if (!others_do(w->others, s->others, NULL, 0))
        return;
    w->rejected = s->others == OTHERS_REJECT;
    walk_rows_remark(w, remarks[s->others]);
}

void walk_acts_settle(struct talk *x)
{
    const struct walk *w = walk_of(x);
    (void)cued(x, CALL_ABORT, "");
    if (w->kind->others_count > 0) {
        (void)others_do(w->others, OTHERS_PASS, NULL, 0);
        (void)others_do(w->others, OTHERS_LEAVE, NULL, 0);
        (void)cued(x, CALL_STOP_LISTENING, ""); /* whoever has not been accepted is gone with it */
    }
    (void)cued(x, CALL_LISTEN, "");
}
