/* The peer's set against a peer whose state is known: two TCBs exchange segments while ours are
 * delayed and lost and our window closes and opens, calls are made on both ends at random, the
 * second has more to say than leaves at once and closes behind it, and after every event the state
 * that it really has must be in the set that the first one's segments allow. */
#include "tcp.h"

#include "base/clock.h"
#include "tcp/peer.h"

enum {
    QUEUE_MAX = 16,
    HISTORY_MAX = 256,
    STEPS = 60,
};

static const state_set nobody = STATE_SET(STATE_CLOSED) | STATE_SET(STATE_LISTEN);

struct fake_end {
    struct tcb tcb;
    seq_t data_end; /* of what was sent, the FIN not counted */
    uint32_t queue; /* octets that wait to be sent */
    bool closes;    /* and its FIN behind them */
};

struct world {
    uint64_t random;
    int64_t t_ns;
    struct fake_end own, peer;
    struct peer seen;
    struct segment under_way[QUEUE_MAX];
    size_t under_way_count, under_way_most;
    unsigned loss_own, loss_peer; /* in 100 */
    bool active_peer;             /* it may open from its side too */
    bool shuts;                   /* our window closes now and then */
    uint32_t stamps;
    enum state history[HISTORY_MAX];
    size_t history_len;

    bool lazy; /* segments of ours stay under way as long as they may */

    size_t checks, held, known, contradictions, path_longest;
    state_set visited;
};

static bool chance(struct world *w, unsigned percent)
{
    return unit_random(&w->random) % 100 < percent;
}

/* Whether the connection exists at the peer, and nothing more, is told by these two. */
static bool in_set(state_set set, enum state s)
{
    return state_set_has(nobody, s) ? (set & nobody) != 0 : state_set_has(set, s);
}

static void judge(struct world *w)
{
    bool holds = in_set(w->seen.set, w->peer.tcb.state);
    w->checks++;
    w->held += holds;
    w->known += state_set_count(w->seen.set) == 1;
    w->visited |= STATE_SET(w->peer.tcb.state);
    if (w->loss_peer != 0)
        return;
    if (!holds) {
        char set[STATE_SET_TEXT_MAX];
        print_error("%s is not in %s; ours is %s\n", state_name(w->peer.tcb.state),
                    state_set_format(w->seen.set, set), state_name(w->own.tcb.state));
    }
    assert_true(holds);
}

static void check_change(struct world *w, state_set before, const struct peer_change *c)
{
    assert_int_equal(c->from, before);
    assert_int_equal(c->to, w->seen.set);
    assert_true(c->to != STATE_SET_NONE);
    assert_int_equal(c->to & ~STATE_SET_ALL, 0);
    if (c->from != c->to)
        assert_true(c->why != NULL && c->rfc != NULL);
    w->contradictions += c->contradiction;
    assert_false(c->contradiction && w->loss_peer == 0);
}

static void remember(struct world *w, enum state s)
{
    if (w->history_len != 0 && w->history[w->history_len - 1] == s)
        return;
    assert_true(w->history_len < HISTORY_MAX);
    w->history[w->history_len++] = s;
}

/* RFC 7323 3.2; each segment has a stamp of its own. */
static void stamp(struct world *w, const struct tcb *t, struct segment *seg)
{
    bool syn = (seg->flags & FLAG_SYN) != 0;
    if (!(syn ? t->offer_timestamps : t->timestamps) || seg->flags & FLAG_RST)
        return;
    seg->opt.has_timestamps = true;
    seg->opt.ts_val = ++w->stamps;
    seg->opt.ts_ecr = seg->flags & FLAG_ACK ? t->ts_recent : 0;
}

/* --- Our end --- */

static void own_sends(struct world *w, struct segment seg)
{
    stamp(w, &w->own.tcb, &seg);
    state_set before = w->seen.set;
    tcb_left(&w->own.tcb, &seg);
    struct peer_change c = peer_left(&w->seen, &seg, w->t_ns);
    check_change(w, before, &c);
    assert_int_equal(before & ~c.to, 0); /* what we send takes nothing away */
    if (!chance(w, w->loss_own) && w->under_way_count < w->under_way_most)
        w->under_way[w->under_way_count++] = seg;
    judge(w);
}

static struct segment filled(const struct tcb *t, enum reply reply, const struct segment *cause)
{
    struct segment out = {.ip_version = 4};
    tcb_fill(t, reply, cause, &out);
    return out;
}

static void own_hears(struct world *w, const struct segment *seg)
{
    state_set before = w->seen.set;
    struct arrival a = tcb_arrive(&w->own.tcb, seg);
    struct peer_change c = peer_seen(&w->seen, &w->own.tcb, seg, &a, w->t_ns);
    check_change(w, before, &c);
    judge(w);
    if (a.reply != REPLY_NOTHING)
        own_sends(w, filled(&w->own.tcb, a.reply, seg));
}

/* The oldest segment that is not acknowledged. */
static bool retransmission(const struct fake_end *e, struct segment *out)
{
    const struct tcb *t = &e->tcb;
    if (!seq_lt(t->snd_una, t->snd_nxt) || t->state == STATE_CLOSED || t->state == STATE_LISTEN)
        return false;
    if (seq_eq(t->snd_una, t->iss)) {
        *out = filled(t, t->state == STATE_SYN_SENT ? REPLY_SYN : REPLY_SYN_ACK, NULL);
        return t->state == STATE_SYN_SENT || t->state == STATE_SYN_RECEIVED;
    }
    bool data = seq_lt(t->snd_una, e->data_end);
    *out = filled(t, data ? REPLY_ACK : REPLY_FIN, NULL);
    out->seq = t->snd_una;
    out->len = data ? (uint32_t)seq_diff(e->data_end, t->snd_una) : 0;
    return true;
}

static struct segment data_of(struct fake_end *e, uint32_t len)
{
    struct segment out = filled(&e->tcb, REPLY_ACK, NULL);
    out.len = len;
    e->data_end = segment_end(&out);
    return out;
}

static bool may_send(const struct tcb *t)
{
    return t->state == STATE_ESTABLISHED || t->state == STATE_CLOSE_WAIT;
}

static void own_calls(struct world *w, enum call call)
{
    struct transition x = tcb_call(&w->own.tcb, call);
    if (x.reply == REPLY_SYN || x.reply == REPLY_FIN || x.reply == REPLY_RST_OWN)
        own_sends(w, filled(&w->own.tcb, x.reply, NULL));
}

static void own_acts(struct world *w)
{
    struct tcb *t = &w->own.tcb;
    struct segment seg;
    uint64_t dice = unit_random(&w->random) % 20;

    if (t->state == STATE_CLOSED && !w->seen.irs_known && seq_eq(t->snd_nxt, t->iss))
        own_calls(w, CALL_CONNECT);
    else if (dice < 5 && may_send(t) && !t->fin_sent)
        own_sends(w, data_of(&w->own, 1 + (uint32_t)(unit_random(&w->random) % 20)));
    else if (dice < 8 && t->state >= STATE_SYN_RECEIVED)
        own_calls(w, CALL_CLOSE);
    else if (dice < 9 && t->state >= STATE_SYN_RECEIVED)
        own_calls(w, CALL_ABORT);
    else if (dice < 16 && retransmission(&w->own, &seg))
        own_sends(w, seg);
    else if (dice < 17 && w->shuts &&
             t->state >= STATE_ESTABLISHED) { /* closes its window, or opens it */
        t->rcv_wnd = t->rcv_wnd == 0 ? UNIT_WINDOW : 0;
        own_sends(w, filled(t, REPLY_ACK, NULL));
    } else if (t->state >= STATE_ESTABLISHED) { /* a keepalive probe */
        seg = filled(t, REPLY_ACK, NULL);
        seg.seq = seq_of(seg.seq.v - 1);
        own_sends(w, seg);
    }
}

/* --- The peer --- */

static void peer_sends(struct world *w, struct segment seg)
{
    stamp(w, &w->peer.tcb, &seg);
    tcb_left(&w->peer.tcb, &seg);
    if (!chance(w, w->loss_peer))
        own_hears(w, &seg);
    judge(w);
}

/* One segment is outstanding at a time, and none of a window that is closed: not the FIN either. */
static void peer_goes_on(struct world *w)
{
    enum {
        SEGMENT = 20
    };
    struct fake_end *e = &w->peer;
    const struct tcb *t = &e->tcb;
    const state_set sends = STATE_SET(STATE_ESTABLISHED) | STATE_SET(STATE_CLOSE_WAIT) |
                            STATE_SET(STATE_FIN_WAIT_1) | STATE_SET(STATE_CLOSING) |
                            STATE_SET(STATE_LAST_ACK);
    bool idle = seq_eq(t->snd_una, t->snd_nxt) && t->snd_wnd > 0;
    if (!state_set_has(sends, t->state) || t->fin_sent || !idle)
        return;
    if (e->queue > 0) {
        uint32_t len = e->queue < SEGMENT ? e->queue : SEGMENT;
        e->queue -= len;
        peer_sends(w, data_of(e, len));
    } else if (e->closes) {
        peer_sends(w, filled(t, REPLY_FIN, NULL));
    }
}

/* A listener that has forgotten a connection begins the next with another number. */
static void peer_forgets(struct world *w)
{
    seq_t iss = seq_add(w->peer.tcb.iss, 1 + (uint32_t)(unit_random(&w->random) % 5000));
    struct tcb *t = &w->peer.tcb;
    tcb_init(t, iss, UNIT_WINDOW, t->offer_timestamps, false, 0);
    (void)tcb_call(t, CALL_LISTEN);
    w->peer.data_end = seq_add(iss, 1);
    w->peer.queue = 0;
    w->peer.closes = false;
}

static void peer_hears(struct world *w, const struct segment *seg)
{
    struct arrival a = tcb_arrive(&w->peer.tcb, seg);
    enum state s = a.from;
    for (size_t i = 0; i < a.count; i++) {
        s = tcb_transition(s, a.inputs[i])->next;
        remember(w, s);
    }
    /* What it has to say goes before an ACK alone. */
    seq_t before = w->peer.tcb.snd_nxt;
    peer_goes_on(w);
    struct segment reply = filled(&w->peer.tcb, a.reply, seg);
    if (a.reply != REPLY_NOTHING && seq_eq(before, w->peer.tcb.snd_nxt))
        peer_sends(w, reply);
    if (a.to == STATE_LISTEN && a.from == STATE_SYN_RECEIVED)
        peer_forgets(w);
    judge(w);
}

static void peer_calls(struct world *w, enum call call)
{
    struct transition x = tcb_call(&w->peer.tcb, call);
    remember(w, w->peer.tcb.state);
    if (x.reply == REPLY_SYN || x.reply == REPLY_RST_OWN)
        peer_sends(w, filled(&w->peer.tcb, x.reply, NULL));
    if (x.reply != REPLY_FIN)
        return;
    w->peer.closes = true;
    if (seq_eq(w->peer.tcb.snd_una, w->peer.tcb.iss)) /* in SYN-RECEIVED it goes at once */
        peer_sends(w, filled(&w->peer.tcb, REPLY_FIN, NULL));
    else
        peer_goes_on(w);
    judge(w);
}

static void peer_acts(struct world *w)
{
    const struct tcb *t = &w->peer.tcb;
    struct segment seg;
    uint64_t dice = unit_random(&w->random) % 20;
    const state_set aborts_loudly = STATE_SET(STATE_SYN_RECEIVED) | STATE_SET(STATE_ESTABLISHED) |
                                    STATE_SET(STATE_FIN_WAIT_1) | STATE_SET(STATE_FIN_WAIT_2) |
                                    STATE_SET(STATE_CLOSE_WAIT);

    if (dice < 4 && w->active_peer && t->state == STATE_LISTEN && w->history_len == 1 &&
        w->own.tcb.state == STATE_SYN_SENT)
        peer_calls(w, CALL_CONNECT);
    else if (dice < 6 && may_send(t)) {
        w->peer.queue += 1 + (uint32_t)(unit_random(&w->random) % 60);
        peer_goes_on(w);
    } else if (dice < 9 && t->state >= STATE_SYN_RECEIVED)
        peer_calls(w, CALL_CLOSE);
    else if (dice < 10 && state_set_has(aborts_loudly, t->state))
        peer_calls(w, CALL_ABORT);
    else if (retransmission(&w->peer, &seg))
        peer_sends(w, seg);
}

/* --- Time --- */

static void deliver_one(struct world *w)
{
    if (w->under_way_count == 0)
        return;
    struct segment seg = w->under_way[0];
    w->under_way_count--;
    memmove(w->under_way, w->under_way + 1, w->under_way_count * sizeof(seg));
    peer_hears(w, &seg);
}

/* Nothing for so long that a state may have expired in silence, and perhaps it has. */
static void silence(struct world *w)
{
    const state_set expiring = STATE_SET(STATE_SYN_RECEIVED) | STATE_SET(STATE_FIN_WAIT_1) |
                               STATE_SET(STATE_FIN_WAIT_2) | STATE_SET(STATE_CLOSING) |
                               STATE_SET(STATE_LAST_ACK) | STATE_SET(STATE_TIME_WAIT);
    while (w->under_way_count != 0)
        deliver_one(w);
    state_set before = w->seen.set;
    w->t_ns += CLOCK_S + (int64_t)(unit_random(&w->random) % CLOCK_S);
    struct peer_change c = peer_elapse(&w->seen, w->t_ns);
    check_change(w, before, &c);
    assert_int_equal(before & ~c.to, 0);
    if (state_set_has(expiring, w->peer.tcb.state) && chance(w, 50)) {
        (void)tcb_time_out(&w->peer.tcb, INPUT_USER_TIMEOUT);
        remember(w, STATE_CLOSED);
    }
    judge(w);
}

static void step(struct world *w)
{
    uint64_t dice = unit_random(&w->random) % 100;
    w->t_ns += (int64_t)(unit_random(&w->random) % (4 * CLOCK_MS));
    if (w->under_way_count == w->under_way_most || dice < (w->lazy ? 10 : 50))
        deliver_one(w);
    else if (dice < 74)
        own_acts(w);
    else if (dice < 98)
        peer_acts(w);
    else
        silence(w);
}

/* The path holds only what the peer went through, in the order in which it did. */
static void check_path(const struct world *w)
{
    size_t at = 0;
    assert_true(w->seen.path_len <= PEER_PATH_MAX);
    for (size_t i = 0; i < w->seen.path_len; i++) {
        while (at < w->history_len &&
               !in_set(STATE_SET(w->seen.path[i]) |
                           (state_set_has(nobody, w->seen.path[i]) ? nobody : STATE_SET_NONE),
                       w->history[at]))
            at++;
        assert_true(at < w->history_len);
    }
}

static void walk(struct world *w, uint64_t seed)
{
    static const uint32_t starts[] = {5000, 0xffffffff, 0xfffffffe, 0xffffffe0, 0x7ffffff0};
    w->random = seed * 2654435761u + 1;
    w->t_ns = 0;
    seq_t iss = seq_of(starts[seed % 5]), irs = seq_of(starts[seed / 5 % 5]);
    w->under_way_count = w->history_len = 0;
    bool stamped = seed % 3 != 0;
    tcb_init(&w->own.tcb, iss, UNIT_WINDOW, stamped, false, 0);
    tcb_init(&w->peer.tcb, irs, UNIT_WINDOW, stamped, false, 0);
    w->own.queue = w->peer.queue = 0;
    w->own.closes = w->peer.closes = false;
    w->own.data_end = seq_add(iss, 1);
    w->peer.data_end = seq_add(irs, 1);
    peer_init(&w->seen, nobody);
    if (seed % 16 != 0)
        (void)tcb_call(&w->peer.tcb, CALL_LISTEN);
    remember(w, w->peer.tcb.state);
    for (int i = 0; i < STEPS; i++)
        step(w);
    if (w->loss_peer == 0)
        check_path(w);
    if (w->seen.path_len > w->path_longest)
        w->path_longest = w->seen.path_len;
}

enum {
    WALKS = 20000
};

static void many_walks(struct world *w)
{
    for (uint64_t seed = 1; seed <= WALKS; seed++) {
        w->loss_own = (unsigned)(seed % 4) * 15;
        w->shuts = seed / 4 % 4 == 0;
        walk(w, seed);
    }
}

UNIT_TEST(the_truth_is_always_in_the_set)
{
    struct world w = {.under_way_most = 6};
    many_walks(&w);
    assert_int_equal(w.held, w.checks);
    /* The walks went everywhere that a peer can go that does not open from its side. */
    assert_int_equal(w.visited | STATE_SET(STATE_SYN_SENT), STATE_SET_ALL);
    assert_true(w.known > w.checks / 8); /* and the set was not merely large */
    print_message("# %zu checks, one state left in %zu, path %zu\n", w.checks, w.known,
                  w.path_longest);
    assert_true(w.path_longest >= 5);
}

UNIT_TEST(also_when_both_open)
{
    struct world w = {.under_way_most = 6, .active_peer = true};
    many_walks(&w);
    assert_int_equal(w.held, w.checks);
    assert_int_equal(w.visited, STATE_SET_ALL);
}

UNIT_TEST(also_with_many_segments_under_way)
{
    struct world w = {.under_way_most = QUEUE_MAX, .lazy = true};
    many_walks(&w);
    assert_int_equal(w.held, w.checks);
}

/* peer.h: a segment of the peer's is taken to have reached us unless a later one shows that it did
 * not. So the set may be wrong for a while, but it is never empty and seldom wrong. */
UNIT_TEST(when_the_peers_segments_are_lost_too)
{
    static const struct {
        unsigned loss;
        size_t held_percent;
    } cases[] = {{5, 97}, {15, 92}, {30, 84}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world w = {.under_way_most = 6, .loss_peer = cases[i].loss};
        many_walks(&w);
        print_message("# %u %% lost: right in %.2f %%, %zu contradictions in %zu\n", cases[i].loss,
                      100.0 * (double)w.held / (double)w.checks, w.contradictions, w.checks);
        assert_true(w.held * 100 >= w.checks * cases[i].held_percent);
    }
}

/* --- What teaches nothing --- */

struct talk {
    struct tcb own;
    struct peer peer;
    int64_t t_ns;
};

static struct peer_change ours(struct talk *k, enum reply reply, uint32_t len)
{
    struct segment seg = filled(&k->own, reply, NULL);
    seg.len = len;
    tcb_left(&k->own, &seg);
    return peer_left(&k->peer, &seg, k->t_ns);
}

static struct peer_change theirs(struct talk *k, struct segment seg)
{
    struct arrival a = tcb_arrive(&k->own, &seg);
    return peer_seen(&k->peer, &k->own, &seg, &a, k->t_ns);
}

static struct talk connected(void)
{
    struct talk k = {.t_ns = 0};
    tcb_init(&k.own, seq_of(0xfffffff0), UNIT_WINDOW, false, false, 0);
    peer_init(&k.peer, nobody);
    (void)tcb_call(&k.own, CALL_CONNECT);
    (void)ours(&k, REPLY_SYN, 0);
    (void)theirs(&k, unit_segment(seq_of(0xffffffff), k.own.snd_nxt, FLAG_SYN | FLAG_ACK, 0));
    (void)ours(&k, REPLY_ACK, 0);
    (void)ours(&k, REPLY_ACK, 5);
    (void)theirs(&k, unit_segment(k.own.rcv_nxt, k.own.snd_nxt, FLAG_ACK, 0));
    assert_int_equal(k.peer.set, STATE_SET(STATE_ESTABLISHED));
    return k;
}

static void expect_nothing_learnt(const struct talk *was, struct segment seg)
{
    struct talk k = *was;
    struct peer_change c = theirs(&k, seg);
    assert_int_equal(c.from, c.to);
    assert_false(c.contradiction);
    assert_memory_equal(&k.peer, &was->peer, sizeof(k.peer));
}

static void garbage_about(const struct talk *k)
{
    seq_t nxt = k->own.rcv_nxt, ack = k->own.snd_nxt;
    struct segment bad = unit_segment(nxt, ack, FLAG_ACK | FLAG_FIN, 0);
    bad.checksum = SEGMENT_CHECKSUM_BAD;
    expect_nothing_learnt(k, bad);
    bad.flags = FLAG_RST;
    expect_nothing_learnt(k, bad);
    const seq_t outside[] = {seq_of(nxt.v - 1), seq_add(nxt, UNIT_WINDOW + 1),
                             seq_add(nxt, 1u << 31)};
    for (size_t i = 0; i < 3; i++) {
        expect_nothing_learnt(k, unit_segment(outside[i], ack, FLAG_RST, 0));
        expect_nothing_learnt(k, unit_segment(outside[i], ack, FLAG_RST | FLAG_ACK, 0));
    }
    expect_nothing_learnt(k, unit_segment(nxt, seq_add(ack, 1), FLAG_ACK | FLAG_FIN, 0));
    expect_nothing_learnt(k, unit_segment(nxt, seq_add(ack, 1u << 30), FLAG_ACK, 9));
    expect_nothing_learnt(k, unit_segment(seq_add(nxt, 9), ack, FLAG_SYN, 0));
    expect_nothing_learnt(k, unit_segment(seq_add(nxt, 9), ack, FLAG_SYN | FLAG_ACK, 0));
    expect_nothing_learnt(k, unit_segment(nxt, ack, FLAG_FIN, 0));
    expect_nothing_learnt(k, unit_segment(nxt, ack, 0, 9));
}

UNIT_TEST(garbage_changes_nothing)
{
    struct talk k = connected();
    garbage_about(&k);
    (void)tcb_call(&k.own, CALL_CLOSE);
    (void)ours(&k, REPLY_FIN, 0);
    garbage_about(&k);
    k = connected();
    (void)tcb_call(&k.own, CALL_ABORT);
    (void)ours(&k, REPLY_RST_OWN, 0);
    garbage_about(&k);
}

/* --- A close by the book: what is known after each segment --- */

UNIT_TEST(a_close_by_the_book)
{
    static const enum state path[] = {STATE_LISTEN,     STATE_SYN_RECEIVED, STATE_ESTABLISHED,
                                      STATE_CLOSE_WAIT, STATE_LAST_ACK,     STATE_CLOSED};
    struct talk k = connected();
    (void)tcb_call(&k.own, CALL_CLOSE);
    struct peer_change c = ours(&k, REPLY_FIN, 0);
    assert_int_equal(c.to, STATE_SET(STATE_ESTABLISHED) | STATE_SET(STATE_CLOSE_WAIT));
    c = theirs(&k, unit_segment(k.own.rcv_nxt, k.own.snd_nxt, FLAG_ACK, 0));
    assert_int_equal(c.to, STATE_SET(STATE_CLOSE_WAIT));
    c = theirs(&k, unit_segment(k.own.rcv_nxt, k.own.snd_nxt, FLAG_ACK | FLAG_FIN, 0));
    assert_int_equal(c.to, STATE_SET(STATE_LAST_ACK));
    c = ours(&k, REPLY_ACK, 0);
    assert_int_equal(c.to, STATE_SET(STATE_LAST_ACK) | STATE_SET(STATE_CLOSED));
    c = theirs(&k, unit_segment(k.own.rcv_nxt, seq_of(0), FLAG_RST, 0));
    assert_int_equal(c.to, STATE_SET(STATE_CLOSED));
    assert_int_equal(k.peer.path_len, sizeof(path) / sizeof(path[0]));
    assert_memory_equal(k.peer.path, path, sizeof(path));
}

/* What was overtaken by a later segment says where the peer was, not where it is: data, a pure ACK
 * and a SYN,ACK of before come in when it has taken our FIN and closed. */
UNIT_TEST(overtaken_segments)
{
    struct talk k = connected();
    seq_t before = k.own.snd_nxt, nxt = k.own.rcv_nxt;
    (void)tcb_call(&k.own, CALL_CLOSE);
    (void)ours(&k, REPLY_FIN, 0);
    (void)theirs(&k, unit_segment(seq_add(nxt, 5), k.own.snd_nxt, FLAG_ACK | FLAG_FIN, 0));
    /* With five octets missing before its FIN it may have closed before it took ours. */
    assert_int_equal(k.peer.set, STATE_SET(STATE_LAST_ACK) | STATE_SET(STATE_CLOSING));
    expect_nothing_learnt(&k, unit_segment(nxt, before, FLAG_ACK, 5));
    expect_nothing_learnt(&k, unit_segment(nxt, before, FLAG_ACK, 0));
    expect_nothing_learnt(
        &k, unit_segment(seq_of(nxt.v - 1), seq_of(before.v - 5), FLAG_SYN | FLAG_ACK, 0));
    /* With the acknowledgement that it has given before, it is not overtaken. */
    struct peer_change c = theirs(&k, unit_segment(nxt, k.own.snd_nxt, FLAG_ACK, 5));
    assert_false(c.contradiction);
}

/* Where the peer may be if something of its own has not come in: beyond the set, and in it. */
UNIT_TEST(what_has_not_been_heard)
{
    struct talk k = connected();
    state_set unheard = peer_unheard(&k.peer);
    assert_int_equal(unheard & k.peer.set, k.peer.set);
    assert_true(state_set_has(unheard, STATE_FIN_WAIT_1) && state_set_has(unheard, STATE_CLOSED));
    assert_false(state_set_has(unheard, STATE_LISTEN) || state_set_has(unheard, STATE_LAST_ACK));
    (void)tcb_call(&k.own, CALL_CLOSE);
    (void)ours(&k, REPLY_FIN, 0);
    (void)theirs(&k, unit_segment(k.own.rcv_nxt, k.own.snd_nxt, FLAG_ACK, 0));
    assert_int_equal(k.peer.set, STATE_SET(STATE_CLOSE_WAIT));
    assert_true(state_set_has(peer_unheard(&k.peer), STATE_LAST_ACK));
    assert_false(state_set_has(peer_unheard(&k.peer), STATE_ESTABLISHED));
}

/* A peer that acknowledges our FIN as it closes itself was in CLOSE-WAIT, although no segment of
 * its own said so. */
UNIT_TEST(what_it_cannot_have_avoided)
{
    struct talk k = connected();
    (void)tcb_call(&k.own, CALL_CLOSE);
    (void)ours(&k, REPLY_FIN, 0);
    struct peer_change c =
        theirs(&k, unit_segment(k.own.rcv_nxt, k.own.snd_nxt, FLAG_ACK | FLAG_FIN, 0));
    assert_int_equal(c.to, STATE_SET(STATE_LAST_ACK));
    assert_int_equal(k.peer.path[k.peer.path_len - 2], STATE_CLOSE_WAIT);
}

UNIT_TEST(a_contradiction_is_told)
{
    struct talk k = connected();
    /* Who is past SYN-RECEIVED for certain does not answer a SYN again. */
    struct peer_change c =
        theirs(&k, unit_segment(seq_of(0xffffffff), k.own.snd_nxt, FLAG_SYN | FLAG_ACK, 0));
    assert_true(c.contradiction);
    assert_true(c.to != STATE_SET_NONE);
    assert_non_null(c.why);
}

/* No TCP at all acknowledges a FIN in a SYN,ACK: the set is as it was, not empty. */
UNIT_TEST(what_nobody_sends)
{
    struct talk k = {.t_ns = 0};
    tcb_init(&k.own, seq_of(0xfffffff0), UNIT_WINDOW, false, false, 0);
    peer_init(&k.peer, nobody);
    (void)tcb_call(&k.own, CALL_CONNECT);
    (void)ours(&k, REPLY_SYN, 0);
    (void)theirs(&k, unit_segment(seq_of(7), k.own.snd_nxt, FLAG_SYN | FLAG_ACK, 0));
    (void)tcb_call(&k.own, CALL_CLOSE);
    struct peer_change c = ours(&k, REPLY_FIN, 0);
    state_set before = c.to;
    c = theirs(&k, unit_segment(seq_of(7), k.own.snd_nxt, FLAG_SYN | FLAG_ACK, 0));
    assert_true(c.contradiction);
    assert_int_equal(c.to, before);
}

/* --- What our segments do, by their numbers --- */

#define S(name) STATE_SET(STATE_##name)

static struct peer_change odd(struct talk *k, unsigned flags, seq_t seq, seq_t ack, uint32_t len)
{
    struct segment seg = unit_segment(seq, ack, flags, len);
    return peer_left(&k->peer, &seg, k->t_ns);
}

static struct peer_change answers(struct talk *k, unsigned flags, uint32_t len)
{
    return theirs(k, unit_segment(k->own.rcv_nxt, k->own.snd_nxt, flags, len));
}

static struct talk half_open(void)
{
    struct talk k = {.t_ns = 0};
    tcb_init(&k.own, seq_of(0xfffffff0), UNIT_WINDOW, false, false, 0);
    peer_init(&k.peer, nobody);
    (void)tcb_call(&k.own, CALL_CONNECT);
    (void)ours(&k, REPLY_SYN, 0);
    (void)theirs(&k, unit_segment(seq_of(0xffffffff), k.own.snd_nxt, FLAG_SYN | FLAG_ACK, 0));
    assert_int_equal(k.peer.set, S(LISTEN) | S(SYN_RECEIVED)); /* a cookie, or an entry */
    return k;
}

/* RFC 9293 3.10.7.4 second: outside of the window it is dropped. RFC 793 took it anywhere within,
 * RFC 5961 3.2 at one number only, so within the window it may end the connection. */
UNIT_TEST(a_reset_goes_by_its_number)
{
    const struct talk was = connected();
    const seq_t nxt = was.own.snd_nxt;
    const seq_t outside[] = {seq_of(nxt.v - 2), seq_add(nxt, UNIT_WINDOW + 1), seq_of(nxt.v - 9999),
                             seq_add(nxt, 1u << 30)};
    const seq_t inside[] = {nxt, seq_add(nxt, 1), seq_add(nxt, UNIT_WINDOW - 1)};
    for (size_t i = 0; i < 4; i++) {
        struct talk k = was;
        assert_int_equal(odd(&k, FLAG_RST, outside[i], seq_of(0), 0).to, S(ESTABLISHED));
    }
    for (size_t i = 0; i < 3; i++) {
        struct talk k = was;
        assert_int_equal(odd(&k, FLAG_RST, inside[i], seq_of(0), 0).to, S(ESTABLISHED) | S(CLOSED));
    }
}

/* RFC 9293 3.10.7.4 fourth: RFC 793 reset the connection for a SYN in the window. Without an ACK
 * bit nothing else is processed (fifth). */
UNIT_TEST(other_odd_segments)
{
    const struct talk was = connected();
    const seq_t nxt = was.own.snd_nxt, ack = was.own.rcv_nxt;
    struct talk k = was;
    assert_int_equal(odd(&k, FLAG_SYN, seq_of(nxt.v - 100), seq_of(0), 0).to, S(ESTABLISHED));
    assert_true(state_set_has(odd(&k, FLAG_SYN, seq_add(nxt, 1), seq_of(0), 0).to, STATE_CLOSED));
    k = was;
    assert_int_equal(odd(&k, FLAG_FIN, nxt, seq_of(0), 3).to, S(ESTABLISHED));
    assert_int_equal(odd(&k, FLAG_FIN | FLAG_ACK, nxt, seq_add(ack, 1), 0).to, S(ESTABLISHED));
    assert_int_equal(odd(&k, FLAG_FIN | FLAG_ACK, seq_of(nxt.v - 5), ack, 0).to, S(ESTABLISHED));
    assert_int_equal(odd(&k, FLAG_FIN | FLAG_ACK, nxt, ack, 0).to, S(ESTABLISHED) | S(CLOSE_WAIT));
}

/* RFC 9293 3.10.7.4 seventh, eighth: a FIN behind a gap waits until the gap is filled. */
UNIT_TEST(a_fin_behind_a_gap)
{
    struct talk k = connected();
    const seq_t nxt = k.own.snd_nxt;
    assert_int_equal(odd(&k, FLAG_FIN | FLAG_ACK, seq_add(nxt, 4), k.own.rcv_nxt, 6).to,
                     S(ESTABLISHED));
    k.t_ns += 10 * CLOCK_S; /* it is not under way any more, but it may wait there */
    struct peer_change c = ours(&k, REPLY_ACK, 4);
    assert_int_equal(c.to, S(ESTABLISHED) | S(CLOSE_WAIT));
    struct talk lost = k;
    c = theirs(&lost, unit_segment(k.own.rcv_nxt, seq_add(nxt, 4), FLAG_ACK, 0));
    assert_int_equal(c.to, S(ESTABLISHED));
    c = theirs(&k, unit_segment(k.own.rcv_nxt, seq_add(nxt, 11), FLAG_ACK, 0));
    assert_int_equal(c.to, S(CLOSE_WAIT)); /* although our end knows nothing of that FIN */
    assert_false(c.contradiction);
}

/* The number of a FIN that was sent may be that of an octet which was sent too. */
UNIT_TEST(a_fin_or_an_octet)
{
    struct talk k = connected();
    const seq_t nxt = k.own.snd_nxt;
    (void)odd(&k, FLAG_FIN | FLAG_ACK, nxt, k.own.rcv_nxt, 0);
    (void)ours(&k, REPLY_ACK, 1);
    struct peer_change c = theirs(&k, unit_segment(k.own.rcv_nxt, k.own.snd_nxt, FLAG_ACK, 0));
    assert_int_equal(c.to, S(ESTABLISHED) | S(CLOSE_WAIT));
    /* One octet more, and it was no FIN. */
    (void)ours(&k, REPLY_ACK, 1);
    c = theirs(&k, unit_segment(k.own.rcv_nxt, k.own.snd_nxt, FLAG_ACK, 0));
    assert_int_equal(c.to, S(ESTABLISHED));
}

/* RFC 9293 3.5.2, group 2: a reset of an unacceptable ACK leaves SYN-RECEIVED as it is. */
UNIT_TEST(a_reset_that_ends_nothing)
{
    struct talk k = half_open();
    const seq_t nxt = k.own.snd_nxt, wrong = seq_add(k.own.rcv_nxt, 7);
    assert_int_equal(odd(&k, FLAG_ACK, nxt, wrong, 0).to, S(LISTEN) | S(SYN_RECEIVED));
    struct peer_change c = theirs(&k, unit_segment(wrong, seq_of(0), FLAG_RST, 0));
    assert_int_equal(c.to, S(LISTEN) | S(SYN_RECEIVED));
    c = theirs(&k, unit_segment(wrong, seq_of(0), FLAG_RST, 0)); /* a copy */
    assert_int_equal(c.to, S(LISTEN) | S(SYN_RECEIVED));
    struct talk acks = k; /* some put an ACK beside it */
    c = theirs(&acks, unit_segment(wrong, nxt, FLAG_RST | FLAG_ACK, 0));
    assert_int_equal(c.to, S(LISTEN) | S(SYN_RECEIVED));
    /* And from ESTABLISHED it cannot come: there it is answered by an ACK (group 3). */
    (void)ours(&k, REPLY_ACK, 0);
    k.t_ns += CLOCK_S;
    (void)odd(&k, FLAG_ACK, nxt, wrong, 0);
    c = theirs(&k, unit_segment(wrong, seq_of(0), FLAG_RST, 0));
    assert_int_equal(c.to & S(ESTABLISHED), 0);
    /* The reset of an acceptable one says that there is no connection. */
    k = half_open();
    (void)ours(&k, REPLY_ACK, 0);
    c = theirs(&k, unit_segment(k.own.rcv_nxt, seq_of(0), FLAG_RST, 0));
    assert_int_equal(c.to & (state_set)~nobody, 0);
    assert_true(c.to != STATE_SET_NONE);
}

/* RFC 9293 3.10.7.4 fifth wants SND.UNA < SEG.ACK, RFC 793 had SND.UNA =< SEG.ACK. */
UNIT_TEST(both_readings_of_the_ack)
{
    struct talk k = half_open();
    peer_go_by_rfc(&k.peer);
    const seq_t nxt = k.own.snd_nxt, irs = k.own.irs;
    const state_set half = S(LISTEN) | S(SYN_RECEIVED);
    assert_int_equal(odd(&k, FLAG_ACK, nxt, seq_of(irs.v - 1), 0).to, half);
    assert_int_equal(odd(&k, FLAG_ACK, nxt, seq_add(irs, 2), 0).to, half);
    assert_int_equal(odd(&k, FLAG_ACK, nxt, irs, 0).to, half | S(ESTABLISHED));
}

/* Linux takes an ACK that is a little off for its cookie: an index of the MSS stands there. */
UNIT_TEST(near_a_cookie)
{
    static const struct {
        int off;
        bool taken;
    } acks[] = {{-4, false}, {-3, true}, {-1, true}, {2, true}, {3, true}, {4, false}};
    for (size_t i = 0; i < sizeof(acks) / sizeof(acks[0]); i++) {
        struct talk k = half_open();
        const seq_t ack = seq_of(k.own.irs.v + 1 + (uint32_t)acks[i].off);
        struct peer_change c = odd(&k, FLAG_ACK, k.own.snd_nxt, ack, 0);
        assert_int_equal((c.to & S(ESTABLISHED)) != 0, acks[i].taken);
        assert_true(c.to & S(LISTEN));
    }
}

/* Another SYN that our end knows nothing of is taken, and its answer teaches (Figure 8). */
UNIT_TEST(whose_syn_was_taken)
{
    struct talk k = {.t_ns = 0};
    tcb_init(&k.own, seq_of(1000), UNIT_WINDOW, false, false, 0);
    peer_init(&k.peer, nobody);
    (void)tcb_call(&k.own, CALL_CONNECT);
    (void)odd(&k, FLAG_SYN, seq_of(90), seq_of(0), 0);
    struct peer_change c =
        theirs(&k, unit_segment(seq_of(300), seq_of(91), FLAG_SYN | FLAG_ACK, 0));
    assert_int_equal(c.to, S(LISTEN) | S(SYN_RECEIVED));
    assert_int_equal(odd(&k, FLAG_RST, seq_of(1001), seq_of(0), 0).to, S(SYN_RECEIVED) | nobody);
    k.peer.set = S(SYN_RECEIVED);
    assert_int_equal(odd(&k, FLAG_RST, seq_of(89), seq_of(0), 0).to & S(ESTABLISHED), 0);
}

/* --- What an answer shows --- */

static struct segment stamped(struct segment seg, uint32_t ts_val, uint32_t ts_ecr)
{
    seg.opt.has_timestamps = true;
    seg.opt.ts_val = ts_val;
    seg.opt.ts_ecr = ts_ecr;
    return seg;
}

static struct peer_change leaves_stamped(struct talk *k, unsigned flags, seq_t seq, uint32_t ts_val)
{
    struct segment seg = stamped(unit_segment(seq, k->own.rcv_nxt, flags, 0), ts_val, 0);
    return peer_left(&k->peer, &seg, k->t_ns);
}

static struct talk fin_wait_1(void)
{
    struct talk k = connected();
    struct segment fin = unit_segment(k.own.rcv_nxt, k.own.snd_nxt, FLAG_FIN | FLAG_ACK, 0);
    struct peer_change c = theirs(&k, stamped(fin, 100, 0));
    assert_int_equal(c.to, S(FIN_WAIT_1));
    return k;
}

/* RFC 7323 4.3: TSecr is of a segment whose ACK was processed. */
UNIT_TEST(an_echo_shows_the_ack_of_the_fin)
{
    struct talk k = fin_wait_1();
    struct peer_change c = leaves_stamped(&k, FLAG_ACK, k.own.snd_nxt, 50);
    assert_int_equal(c.to, S(FIN_WAIT_1) | S(FIN_WAIT_2));
    struct segment ack = unit_segment(k.own.rcv_nxt, k.own.snd_nxt, FLAG_ACK, 0);
    struct talk before = k;
    c = theirs(&before, stamped(ack, 101, 49));
    assert_int_equal(c.to, S(FIN_WAIT_1) | S(FIN_WAIT_2));
    c = theirs(&k, stamped(ack, 101, 50));
    assert_int_equal(c.to & (state_set) ~(S(FIN_WAIT_1) | S(FIN_WAIT_2)), 0);
    assert_true(state_set_has(c.to, STATE_FIN_WAIT_2));
    k.t_ns += CLOCK_S; /* nothing is under way any more */
    c = theirs(&k, stamped(ack, 102, 50));
    assert_true(state_set_has(c.to, STATE_FIN_WAIT_2) && !state_set_has(c.to, STATE_FIN_WAIT_1));
}

/* A stamp that a segment without that ACK bore as well shows nothing. */
UNIT_TEST(an_echo_of_two)
{
    struct talk k = fin_wait_1();
    struct segment early =
        stamped(unit_segment(k.own.snd_nxt, seq_of(k.own.rcv_nxt.v - 1), FLAG_ACK, 0), 50, 0);
    (void)peer_left(&k.peer, &early, k.t_ns);
    (void)leaves_stamped(&k, FLAG_ACK, k.own.snd_nxt, 50);
    struct segment ack = unit_segment(k.own.rcv_nxt, k.own.snd_nxt, FLAG_ACK, 0);
    struct peer_change c = theirs(&k, stamped(ack, 101, 50));
    assert_int_equal(c.to, S(FIN_WAIT_1) | S(FIN_WAIT_2));
}

/* What was overtaken on its way to us says nothing of now. */
UNIT_TEST(late_segments_teach_nothing)
{
    struct talk k = fin_wait_1();
    (void)leaves_stamped(&k, FLAG_ACK, k.own.snd_nxt, 50);
    const struct talk was = k;
    struct segment old = unit_segment(seq_of(k.own.rcv_nxt.v - 1), k.own.snd_nxt, FLAG_ACK, 1);
    expect_nothing_learnt(&was, stamped(old, 99, 0));
    struct segment early = unit_segment(k.own.rcv_nxt, seq_of(k.own.snd_nxt.v - 5), FLAG_ACK, 0);
    expect_nothing_learnt(&was, early); /* it had not yet taken our data */
    expect_nothing_learnt(
        &was, unit_segment(k.own.irs, seq_of(k.own.snd_nxt.v - 5), FLAG_SYN | FLAG_ACK, 0));
}

/* RFC 9293 3.10.7.4: an ACK with nothing new in it answers something. When that can only be the
 * reset in the window, the peer has asked back (RFC 5961 3.2), and nothing can happen any more. */
UNIT_TEST(an_answer_settles_it)
{
    struct talk k = connected();
    peer_round_trip(&k.peer, CLOCK_MS);
    peer_known_way(&k.peer, 25 * CLOCK_MS);
    (void)theirs(&k, stamped(unit_segment(k.own.rcv_nxt, k.own.snd_nxt, FLAG_ACK, 0), 100, 0));
    k.t_ns += CLOCK_S;
    struct peer_change c = odd(&k, FLAG_RST, seq_add(k.own.snd_nxt, 9), seq_of(0), 0);
    assert_int_equal(c.to, S(ESTABLISHED) | S(CLOSED));
    struct segment ack = unit_segment(k.own.rcv_nxt, k.own.snd_nxt, FLAG_ACK, 0);
    struct talk copy = k;
    c = theirs(&copy, stamped(ack, 100, 0)); /* it may be a copy of the one before */
    assert_int_equal(c.to, S(ESTABLISHED) | S(CLOSED));
    c = theirs(&k, stamped(ack, 101, 0));
    assert_int_equal(c.to, S(ESTABLISHED));
}

/* More than there is room for: what is forgotten may still do what its kind does. */
UNIT_TEST(many_segments_under_way)
{
    struct talk k = connected();
    (void)odd(&k, FLAG_RST, k.own.snd_nxt, seq_of(0), 0);
    for (uint32_t i = 0; i < 2 * PEER_SENT_MAX; i++)
        (void)odd(&k, FLAG_ACK, seq_add(k.own.snd_nxt, i), k.own.rcv_nxt, 0);
    struct peer_change c = answers(&k, FLAG_ACK, 0);
    assert_int_equal(c.to & (S(ESTABLISHED) | S(CLOSED)), S(ESTABLISHED) | S(CLOSED));
    k.t_ns += 10 * CLOCK_S;
    c = answers(&k, FLAG_ACK, 0);
    assert_int_equal(c.to, S(ESTABLISHED));
}

/* --- What the peer's application is known to do: RFC 9293 3.10 --- */

UNIT_TEST(calls_only_add_states)
{
    struct talk k = connected();
    /* 3.10.4; with data unread it is a reset, 3.6.1 SHLD-3 */
    struct peer_change c = peer_told(&k.peer, CALL_CLOSE, k.t_ns);
    assert_int_equal(c.to, S(ESTABLISHED) | S(FIN_WAIT_1) | S(CLOSED));
    c = answers(&k, FLAG_ACK, 0); /* this may have left before */
    assert_int_equal(c.to, S(ESTABLISHED) | S(FIN_WAIT_1) | S(CLOSED));
    c = answers(&k, FLAG_FIN | FLAG_ACK, 0);
    assert_int_equal(c.to, S(FIN_WAIT_1));

    k = connected();
    c = peer_told(&k.peer, CALL_ABORT, k.t_ns); /* 3.10.5 */
    assert_int_equal(c.to, S(ESTABLISHED) | S(CLOSED));
    k = connected();
    c = peer_told(&k.peer, CALL_CRASH, k.t_ns); /* 3.5.1 */
    assert_int_equal(c.to, S(ESTABLISHED) | S(CLOSED));
    k.t_ns += 10 * CLOCK_S;
    c = answers(&k, FLAG_ACK, 0); /* long after: it has not */
    assert_int_equal(c.to, S(ESTABLISHED));
    k = connected();
    c = peer_told(&k.peer, CALL_SEND, k.t_ns);
    assert_int_equal(c.to, S(ESTABLISHED));
}

UNIT_TEST(it_connects)
{
    struct talk k = {.t_ns = 0};
    tcb_init(&k.own, seq_of(1000), UNIT_WINDOW, false, false, 0);
    (void)tcb_call(&k.own, CALL_LISTEN);
    peer_init(&k.peer, nobody);
    struct peer_change c = peer_told(&k.peer, CALL_STOP_LISTENING, 0);
    c = peer_told(&k.peer, CALL_CONNECT, 0); /* 3.10.1 */
    assert_int_equal(c.to, nobody | S(SYN_SENT));
    c = theirs(&k, unit_segment(seq_of(300), seq_of(0), FLAG_SYN, 0));
    assert_int_equal(c.to, S(SYN_SENT));
    /* A call before that SYN is not this connection's, one after it is. */
    k.peer.set = nobody;
    (void)peer_told(&k.peer, CALL_CRASH, 0);
    (void)peer_told(&k.peer, CALL_CONNECT, 0);
    struct talk aborted = k;
    (void)peer_told(&aborted.peer, CALL_ABORT, 0);
    c = theirs(&k, unit_segment(seq_of(900), seq_of(0), FLAG_SYN, 0));
    assert_int_equal(c.to, S(SYN_SENT));
    c = theirs(&aborted, unit_segment(seq_of(900), seq_of(0), FLAG_SYN, 0));
    assert_int_equal(c.to, S(SYN_SENT) | S(CLOSED));
    /* A listener that is closed forgets what is half-open. */
    k = half_open();
    c = peer_told(&k.peer, CALL_STOP_LISTENING, k.t_ns);
    assert_int_equal(c.to, S(LISTEN) | S(SYN_RECEIVED) | S(CLOSED));
}

/* 3.10.4: a CLOSE before the connection is established may wait until it is. */
UNIT_TEST(a_call_that_waits)
{
    struct talk k = half_open();
    (void)peer_told(&k.peer, CALL_CLOSE, k.t_ns);
    k.t_ns += 400 * CLOCK_MS;
    (void)theirs(&k, unit_segment(k.own.irs, k.own.snd_nxt, FLAG_SYN | FLAG_ACK, 0));
    k.t_ns += 400 * CLOCK_MS;
    struct peer_change c = ours(&k, REPLY_ACK, 0);
    assert_true(state_set_has(c.to, STATE_FIN_WAIT_1) && state_set_has(c.to, STATE_ESTABLISHED));
}

/* The answer to a second SYN was lost: then what would acknowledge the first connection's is
 * unacceptable to the second, and its reset ends nothing (3.5.2, group 2). */
UNIT_TEST(a_connection_that_was_not_heard_of)
{
    struct talk k = connected();
    const seq_t ack = k.own.rcv_nxt;
    (void)peer_told(&k.peer, CALL_CRASH, k.t_ns);
    k.t_ns += CLOCK_S;
    (void)odd(&k, FLAG_SYN, seq_of(777777), seq_of(0), 0);
    assert_true(state_set_has(k.peer.set, STATE_SYN_RECEIVED));
    (void)odd(&k, FLAG_ACK, seq_of(777778), ack, 0);
    struct peer_change c = theirs(&k, unit_segment(ack, seq_of(0), FLAG_RST, 0));
    assert_true(state_set_has(c.to, STATE_SYN_RECEIVED) && state_set_has(c.to, STATE_CLOSED));
    assert_false(state_set_has(c.to, STATE_ESTABLISHED));
}

/* A number that the peer has passed without our seeing what it was may be its FIN's. */
UNIT_TEST(a_fin_that_was_lost)
{
    struct talk k = connected();
    (void)tcb_call(&k.own, CALL_CLOSE);
    (void)ours(&k, REPLY_FIN, 0);
    (void)answers(&k, FLAG_ACK, 0);
    assert_int_equal(k.peer.set, S(CLOSE_WAIT));
    (void)peer_told(&k.peer, CALL_CLOSE, k.t_ns);
    k.t_ns += 10 * CLOCK_S;
    (void)theirs(&k, unit_segment(seq_add(k.own.rcv_nxt, 1), k.own.snd_nxt, FLAG_ACK, 0));
    assert_true(state_set_has(k.peer.set, STATE_LAST_ACK));
    struct peer_change c = odd(&k, FLAG_ACK, k.own.snd_nxt, seq_add(k.own.rcv_nxt, 1), 0);
    assert_true(state_set_has(c.to, STATE_LAST_ACK) && state_set_has(c.to, STATE_CLOSED));
}

/* Our FIN acknowledges the peer's: whoever takes the one takes the other, though earlier ACKs of
 * ours may be under way yet. */
UNIT_TEST(both_fins)
{
    struct talk k = half_open();
    (void)ours(&k, REPLY_ACK, 0);
    struct peer_change c = answers(&k, FLAG_FIN | FLAG_ACK, 0);
    assert_int_equal(c.to, S(FIN_WAIT_1));
    c = ours(&k, REPLY_ACK, 0);
    assert_int_equal(c.to, S(FIN_WAIT_1) | S(FIN_WAIT_2));
    (void)tcb_call(&k.own, CALL_CLOSE);
    struct talk by_rfc = k;
    peer_go_by_rfc(&by_rfc.peer);
    c = ours(&k, REPLY_FIN, 0);
    /* With some the ACK that went before, if it comes later, ends TIME-WAIT. */
    assert_int_equal(c.to, S(FIN_WAIT_1) | S(FIN_WAIT_2) | S(TIME_WAIT) | S(CLOSED));
    c = answers(&k, FLAG_ACK, 0);
    assert_int_equal(c.to, S(TIME_WAIT) | S(CLOSED));
    c = ours(&by_rfc, REPLY_FIN, 0);
    assert_int_equal(c.to, S(FIN_WAIT_1) | S(FIN_WAIT_2) | S(TIME_WAIT));
    assert_int_equal(c.rests, PEER_RESTS_ON_RFC);
    c = answers(&by_rfc, FLAG_ACK, 0);
    assert_int_equal(c.to, S(TIME_WAIT));
}

/* RFC 7323 2.2: the window of a peer that opens is scaled as its SYN said, when its SYN,ACK is
 * never heard too. */
UNIT_TEST(a_scaled_window)
{
    struct talk k = {.t_ns = 0};
    tcb_init(&k.own, seq_of(1000), UNIT_WINDOW, false, false, 0);
    (void)tcb_call(&k.own, CALL_LISTEN);
    peer_init(&k.peer, nobody);
    struct segment syn = unit_segment(seq_of(300), seq_of(0), FLAG_SYN, 0);
    syn.opt.has_wscale = true;
    syn.opt.wscale = 10;
    (void)theirs(&k, syn);
    struct segment own = filled(&k.own, REPLY_SYN_ACK, NULL);
    own.opt.has_wscale = true;
    tcb_left(&k.own, &own);
    (void)peer_left(&k.peer, &own, k.t_ns);
    struct segment ack = unit_segment(seq_of(301), k.own.snd_nxt, FLAG_ACK, 0);
    ack.win = 64;
    assert_int_equal(theirs(&k, ack).to, S(ESTABLISHED));
    const seq_t edge = seq_add(k.own.snd_nxt, 64 << 10);
    assert_int_equal(odd(&k, FLAG_RST, seq_add(edge, 1), seq_of(0), 0).to, S(ESTABLISHED));
    assert_int_equal(odd(&k, FLAG_RST, seq_of(edge.v - 1), seq_of(0), 0).to,
                     S(ESTABLISHED) | S(CLOSED));
}

/* --- CLOSE with text unsent, RFC 9293 3.10.4 --- */

/* A segment of ours with this timestamp and window. */
static struct peer_change tells(struct talk *k, unsigned flags, uint32_t ts_val, uint16_t win)
{
    struct segment seg = stamped(unit_segment(k->own.snd_nxt, k->own.rcv_nxt, flags, 0), ts_val, 0);
    seg.win = win;
    tcb_left(&k->own, &seg);
    return peer_left(&k->peer, &seg, k->t_ns);
}

static struct peer_change bare(struct talk *k, uint32_t ts_val, uint32_t ts_ecr)
{
    const struct segment ack = unit_segment(k->own.rcv_nxt, k->own.snd_nxt, FLAG_ACK, 0);
    return theirs(k, stamped(ack, ts_val, ts_ecr));
}

static struct talk has_spoken(void)
{
    struct talk k = connected();
    const struct segment text = unit_segment(k.own.rcv_nxt, k.own.snd_nxt, FLAG_ACK, 20);
    struct peer_change c = theirs(&k, stamped(text, 100, 0));
    assert_int_equal(c.to, S(ESTABLISHED) | S(FIN_WAIT_1));
    assert_int_equal(k.peer.path[k.peer.path_len - 1], STATE_ESTABLISHED);
    return k;
}

/* Behind text more may wait, and the peer's application have closed; an echo of an acknowledgement
 * of it all, with room, from where it all ends shows that it has not. */
UNIT_TEST(text_may_wait)
{
    struct talk k = has_spoken();
    struct peer_change c = bare(&k, 101, 0); /* it need not have got an acknowledgement */
    assert_int_equal(c.to, S(ESTABLISHED) | S(FIN_WAIT_1));
    k.t_ns += 10 * CLOCK_S; /* silence shows nothing */
    c = peer_elapse(&k.peer, k.t_ns);
    assert_int_equal(c.to & (S(ESTABLISHED) | S(FIN_WAIT_1)), S(ESTABLISHED) | S(FIN_WAIT_1));
    (void)tells(&k, FLAG_ACK, 50, UNIT_WINDOW);
    struct talk more = k;
    c = bare(&k, 102, 50);
    assert_int_equal(c.to, S(ESTABLISHED));
    const struct segment text = unit_segment(k.own.rcv_nxt, k.own.snd_nxt, FLAG_ACK, 20);
    c = theirs(&more, stamped(text, 102, 50));
    assert_int_equal(c.to & S(FIN_WAIT_1), S(FIN_WAIT_1));
    c = theirs(
        &more,
        stamped(unit_segment(more.own.rcv_nxt, more.own.snd_nxt, FLAG_FIN | FLAG_ACK, 0), 103, 50));
    assert_int_equal(c.to, S(FIN_WAIT_1));
}

/* Without timestamps, what it acknowledges anew tells that it took our ACK of its text with it. */
UNIT_TEST(text_may_wait_without_timestamps)
{
    struct talk k = connected();
    (void)answers(&k, FLAG_ACK, 20);
    (void)ours(&k, REPLY_ACK, 0);
    struct peer_change c = answers(&k, FLAG_ACK, 0);
    assert_int_equal(c.to, S(ESTABLISHED) | S(FIN_WAIT_1));
    (void)ours(&k, REPLY_ACK, 1);
    c = answers(&k, FLAG_ACK, 0);
    assert_int_equal(c.to, S(ESTABLISHED));
}

/* Our FIN may find a peer that has closed, or one that closes then: CLOSING or LAST-ACK, and the
 * way there is not told. */
UNIT_TEST(text_may_wait_when_our_fin_comes)
{
    struct talk k = has_spoken();
    (void)tcb_call(&k.own, CALL_CLOSE);
    struct peer_change c = tells(&k, FLAG_FIN | FLAG_ACK, 50, UNIT_WINDOW);
    assert_int_equal(c.to,
                     S(ESTABLISHED) | S(FIN_WAIT_1) | S(CLOSE_WAIT) | S(CLOSING) | S(LAST_ACK));
    const struct segment text = unit_segment(k.own.rcv_nxt, k.own.snd_nxt, FLAG_ACK, 20);
    c = theirs(&k, stamped(text, 102, 50));
    assert_int_equal(c.to, S(CLOSE_WAIT) | S(CLOSING) | S(LAST_ACK));
    const struct segment fin = unit_segment(k.own.rcv_nxt, k.own.snd_nxt, FLAG_FIN | FLAG_ACK, 0);
    c = theirs(&k, stamped(fin, 103, 50));
    assert_int_equal(c.to, S(CLOSING) | S(LAST_ACK));
    assert_int_equal(k.peer.path[k.peer.path_len - 1], STATE_ESTABLISHED);
    (void)tells(&k, FLAG_ACK, 60, UNIT_WINDOW);
    c = theirs(&k, stamped(unit_segment(k.own.rcv_nxt, k.own.snd_nxt, FLAG_ACK, 0), 104, 60));
    assert_int_equal(c.to & (state_set)~S(CLOSED), S(TIME_WAIT));
    for (size_t i = 0; i < k.peer.path_len; i++)
        assert_true(k.peer.path[i] != STATE_CLOSE_WAIT && k.peer.path[i] != STATE_LAST_ACK);
}

/* The same with a window that has no room, though the peer has never said anything. */
UNIT_TEST(a_closed_window)
{
    struct talk k = connected();
    struct peer_change c = tells(&k, FLAG_ACK, 50, 0);
    assert_int_equal(c.to, S(ESTABLISHED) | S(FIN_WAIT_1));
    c = bare(&k, 100, 50);
    assert_int_equal(c.to, S(ESTABLISHED) | S(FIN_WAIT_1));
    k.t_ns += CLOCK_S;
    struct talk odd_one = k;
    c = tells(&k, FLAG_ACK, 1050, UNIT_WINDOW);
    assert_int_equal(c.to & (S(ESTABLISHED) | S(FIN_WAIT_1)), S(ESTABLISHED) | S(FIN_WAIT_1));
    c = bare(&k, 1100, 50); /* what opens it need not have come */
    assert_true(state_set_has(c.to, STATE_FIN_WAIT_1));
    c = bare(&k, 1101, 1050);
    assert_int_equal(c.to, S(ESTABLISHED));
    /* A window that is older than the closed one by SND.WL1 opens nothing. */
    const seq_t behind = seq_add(odd_one.own.snd_nxt, 5);
    (void)odd(&odd_one, FLAG_ACK, behind, odd_one.own.rcv_nxt, 0);
    odd_one.peer.sent.segments[odd_one.peer.sent.count - 1].win = 0;
    odd_one.peer.shut_seq = behind;
    odd_one.peer.shut_ns = odd_one.t_ns;
    odd_one.t_ns += CLOCK_S;
    (void)tells(&odd_one, FLAG_ACK, 2050, UNIT_WINDOW);
    c = bare(&odd_one, 2100, 2050);
    assert_true(state_set_has(c.to, STATE_FIN_WAIT_1));
}

/* What its SYN,ACK answers has told it of no room. */
UNIT_TEST(a_window_closed_from_the_start)
{
    struct talk k = half_open();
    struct segment ack = filled(&k.own, REPLY_ACK, NULL);
    ack.win = 0;
    struct peer_change c = peer_left(&k.peer, &ack, k.t_ns);
    assert_int_equal(c.to, S(LISTEN) | S(SYN_RECEIVED) | S(ESTABLISHED) | S(FIN_WAIT_1));
}

/* --- What is missing --- */

/* RFC 9293 Figure 13 with the peer's FIN lost, or late: its ACK of ours lies behind it. */
UNIT_TEST(an_ack_from_behind_a_fin)
{
    struct talk k = connected();
    (void)tcb_call(&k.own, CALL_CLOSE);
    (void)ours(&k, REPLY_FIN, 0);
    const seq_t nxt = k.own.rcv_nxt;
    struct peer_change c = theirs(&k, unit_segment(seq_add(nxt, 1), k.own.snd_nxt, FLAG_ACK, 0));
    assert_false(c.contradiction);
    assert_int_equal(c.to, S(CLOSE_WAIT) | S(CLOSING) | S(LAST_ACK));
    assert_true(state_set_has(peer_unheard(&k.peer), STATE_CLOSING));
    /* It comes late, with the ACK that it had. */
    struct talk late = k;
    c = theirs(&late, unit_segment(nxt, seq_of(k.own.snd_nxt.v - 1), FLAG_FIN | FLAG_ACK, 0));
    assert_int_equal(c.to, S(CLOSING) | S(LAST_ACK));
    /* It comes once more. */
    c = theirs(&k, unit_segment(nxt, k.own.snd_nxt, FLAG_FIN | FLAG_ACK, 0));
    assert_false(c.contradiction);
    assert_int_equal(c.to, S(CLOSING) | S(LAST_ACK));
    (void)ours(&k, REPLY_ACK, 0);
    c = theirs(&k, unit_segment(k.own.rcv_nxt, k.own.snd_nxt, FLAG_ACK, 0));
    assert_true(state_set_has(c.to, STATE_TIME_WAIT) && !c.contradiction);
    for (size_t i = 0; i < k.peer.path_len; i++)
        assert_true(k.peer.path[i] != STATE_CLOSE_WAIT && k.peer.path[i] != STATE_LAST_ACK);
}

/* --- What a reset proves --- */

static struct segment from_ttl(struct segment seg, uint8_t ttl)
{
    seg.ttl = ttl;
    return seg;
}

/* By the numbers of our segment another box can send it, whose TTL differs. */
UNIT_TEST(a_reset_of_another_box)
{
    struct talk k = connected();
    (void)odd(&k, FLAG_ACK, seq_of(k.own.snd_nxt.v - 1), k.own.rcv_nxt, 0);
    const struct segment rst = unit_segment(k.own.rcv_nxt, seq_of(0), FLAG_RST, 0);
    struct talk by_rfc = k, alike = k;
    struct peer_change c = theirs(&k, from_ttl(rst, 9));
    assert_int_equal(c.to, S(ESTABLISHED) | S(CLOSED));
    c = theirs(&alike, rst);
    assert_int_equal(c.to, S(CLOSED));
    peer_go_by_rfc(&by_rfc.peer);
    c = theirs(&by_rfc, from_ttl(rst, 9));
    assert_int_equal(c.to, S(CLOSED));
    assert_int_equal(c.rests, PEER_RESTS_ON_RFC);
}

/* An ACK that left before a reset comes behind it; later, either was not what it seemed. */
UNIT_TEST(an_ack_behind_a_reset)
{
    struct talk k = connected();
    const struct segment rst = unit_segment(k.own.rcv_nxt, seq_of(0), FLAG_RST, 0);
    const struct segment ack = unit_segment(k.own.rcv_nxt, k.own.snd_nxt, FLAG_ACK, 0);
    (void)odd(&k, FLAG_ACK, seq_of(k.own.snd_nxt.v - 1), k.own.rcv_nxt, 0);
    struct peer_change c = theirs(&k, rst);
    assert_int_equal(c.to, S(CLOSED));
    c = theirs(&k, ack);
    assert_false(c.contradiction);
    assert_int_equal(c.to, S(CLOSED));
    k.t_ns += CLOCK_S;
    c = theirs(&k, ack);
    assert_false(c.contradiction);
    assert_true(state_set_has(c.to, STATE_CLOSED) && state_set_has(c.to, STATE_ESTABLISHED));
    /* It echoes what left after the reset: the peer is there. */
    (void)leaves_stamped(&k, FLAG_ACK, k.own.snd_nxt, 77);
    k.t_ns += CLOCK_MS;
    (void)leaves_stamped(&k, FLAG_ACK, k.own.snd_nxt, 78);
    c = theirs(&k, stamped(ack, 100, 78));
    assert_false(c.contradiction || state_set_has(c.to, STATE_CLOSED));
}

/* A copy of the reset that an odd segment drew before the connection began. */
UNIT_TEST(a_reset_of_before)
{
    struct talk k = {.t_ns = 0};
    const seq_t wrong = seq_of(4242);
    tcb_init(&k.own, seq_of(0xfffffff0), UNIT_WINDOW, false, false, 0);
    peer_init(&k.peer, nobody);
    (void)odd(&k, FLAG_ACK, seq_of(7), wrong, 0);
    (void)theirs(&k, unit_segment(wrong, seq_of(0), FLAG_RST, 0));
    k.t_ns += CLOCK_MS;
    (void)tcb_call(&k.own, CALL_CONNECT);
    (void)ours(&k, REPLY_SYN, 0);
    (void)theirs(&k, unit_segment(seq_of(0xffffffff), k.own.snd_nxt, FLAG_SYN | FLAG_ACK, 0));
    (void)ours(&k, REPLY_ACK, 5);
    (void)answers(&k, FLAG_ACK, 0);
    assert_int_equal(k.peer.set, S(ESTABLISHED));
    struct peer_change c = theirs(&k, unit_segment(wrong, seq_of(0), FLAG_RST, 0));
    assert_true(state_set_has(c.to, STATE_ESTABLISHED));
}

/* Some answer a newer SYN in TIME-WAIT by a reset, and stay. */
UNIT_TEST(a_reset_of_a_newer_syn)
{
    struct talk k = fin_wait_1();
    k.peer.set = S(TIME_WAIT);
    struct talk by_rfc = k, old = k;
    const seq_t newer = seq_add(k.own.snd_nxt, 10000), older = seq_of(k.own.snd_nxt.v - 10000);
    peer_go_by_rfc(&by_rfc.peer);
    (void)odd(&k, FLAG_SYN, newer, seq_of(0), 0);
    struct peer_change c =
        theirs(&k, unit_segment(seq_of(0), seq_add(newer, 1), FLAG_RST | FLAG_ACK, 0));
    assert_int_equal(c.to & (S(TIME_WAIT) | S(CLOSED)), S(TIME_WAIT) | S(CLOSED));
    (void)odd(&by_rfc, FLAG_SYN, newer, seq_of(0), 0);
    c = theirs(&by_rfc, unit_segment(seq_of(0), seq_add(newer, 1), FLAG_RST | FLAG_ACK, 0));
    assert_false(state_set_has(c.to, STATE_TIME_WAIT));
    (void)odd(&old, FLAG_SYN, older, seq_of(0), 0);
    c = theirs(&old, unit_segment(seq_of(0), seq_add(older, 1), FLAG_RST | FLAG_ACK, 0));
    assert_false(state_set_has(c.to, STATE_TIME_WAIT));
}

/* --- Cookies, RFC 4987 3.6 --- */

/* A SYN,ACK once more, with no SYN that it can answer, is an entry's. */
UNIT_TEST(an_entry_or_a_cookie)
{
    struct talk k = half_open();
    const struct segment again = unit_segment(k.own.irs, k.own.snd_nxt, FLAG_SYN | FLAG_ACK, 0);
    struct peer_change c = theirs(&k, again); /* a copy, or the answer to a copy of the SYN */
    assert_int_equal(c.to, S(LISTEN) | S(SYN_RECEIVED));
    k.t_ns += CLOCK_S;
    c = theirs(&k, again);
    assert_int_equal(c.to, S(SYN_RECEIVED));
    assert_int_equal(c.rests & PEER_RESTS_ON_TIME, PEER_RESTS_ON_TIME);
    /* The ACK that completes the handshake makes a connection of either. */
    k = half_open();
    k.peer.set = S(LISTEN);
    c = ours(&k, REPLY_ACK, 0);
    assert_int_equal(c.to, S(LISTEN) | S(ESTABLISHED));
    k = half_open();
    k.peer.set = S(LISTEN);
    c = odd(&k, FLAG_ACK, seq_add(k.own.snd_nxt, 4), k.own.rcv_nxt, 0);
    assert_int_equal(c.to, S(LISTEN));
    k = half_open();
    k.peer.set = S(LISTEN);
    peer_go_by_rfc(&k.peer);
    c = odd(&k, FLAG_ACK, seq_add(k.own.snd_nxt, 1), k.own.rcv_nxt, 0);
    assert_int_equal(c.to, S(LISTEN));
}

/* Each that came may be a cookie, and is good for a while; numbers that are as far apart count. */
UNIT_TEST(old_cookies)
{
    struct talk k = half_open();
    const seq_t seq = k.own.snd_nxt, ack = seq_add(k.own.irs, 1);
    struct peer_change c = odd(&k, FLAG_ACK, seq_add(seq, 0x7fffffff), seq_add(ack, 0x7fffffff), 0);
    assert_true(c.to & S(ESTABLISHED));
    k = half_open();
    (void)odd(&k, FLAG_SYN, seq_of(77), seq_of(0), 0);
    k.t_ns += CLOCK_S;
    (void)theirs(&k, unit_segment(seq_of(9), seq_of(78), FLAG_SYN | FLAG_ACK, 0));
    c = odd(&k, FLAG_ACK, seq, ack, 0);
    assert_true(c.to & S(ESTABLISHED));
}

/* --- The two strengths --- */

UNIT_TEST(an_ack_from_outside_the_window)
{
    struct talk k = half_open(), by_rfc = k;
    const seq_t outside = seq_of(k.own.snd_nxt.v - 5000);
    struct peer_change c = odd(&k, FLAG_ACK, outside, k.own.rcv_nxt, 0);
    assert_int_equal(c.to, S(LISTEN) | S(SYN_RECEIVED) | S(ESTABLISHED));
    assert_int_equal(c.rests, 0);
    peer_go_by_rfc(&by_rfc.peer);
    c = odd(&by_rfc, FLAG_ACK, outside, k.own.rcv_nxt, 0);
    assert_int_equal(c.to, S(LISTEN) | S(SYN_RECEIVED));
    assert_int_equal(c.rests, PEER_RESTS_ON_RFC);
}

/* What left long ago is held for lost, and that is told. */
UNIT_TEST(what_rests_on_time)
{
    struct talk k = connected();
    peer_round_trip(&k.peer, CLOCK_MS);
    peer_known_way(&k.peer, 40 * CLOCK_MS);
    (void)odd(&k, FLAG_RST, seq_add(k.own.snd_nxt, 9), seq_of(0), 0);
    k.t_ns += 60 * CLOCK_MS;
    struct peer_change c = answers(&k, FLAG_ACK, 0);
    assert_int_equal(c.to, S(ESTABLISHED));
    assert_int_equal(c.rests, PEER_RESTS_ON_TIME);
    c = answers(&k, FLAG_ACK, 0);
    k.t_ns += 10 * CLOCK_S;
    c = answers(&k, FLAG_ACK, 0);
    assert_int_equal(c.rests, 0);
}
