/* talk/ask against peers whose state is known, of every kind and in every state, over a network
 * that loses and behind a throttle: what it names is what the peer is in, always; and where nothing
 * is lost it finds a name. */
#include "../unit/unit.h"

#include "../world/ask_world.h"
#include "base/hash.h"

enum {
    HISTORIES = 3000,
    ACTS_MAX = 14,
    LEAST_NAMED = 90,        /* percent, of random histories over a network that loses */
    LEAST_NAMED_OF_WAYS = 75 /* of ways of which the one segment that matters is lost */
};

/* --- One history after the other --- */

static void open_own(struct ask_world *w)
{
    struct segment seg = {0};
    if (tcb_call(&w->own, CALL_CONNECT).reply != REPLY_SYN)
        return;
    tcb_fill(&w->own, REPLY_SYN, NULL, &seg);
    ask_world_sends(w, seg, true);
}

static void acts(struct ask_world *w, enum reply reply, uint32_t len)
{
    struct segment seg = {0};
    tcb_fill(&w->own, reply, NULL, &seg);
    seg.len = len;
    ask_world_sends(w, seg, true);
}

static void close_own(struct ask_world *w)
{
    if (tcb_call(&w->own, CALL_CLOSE).reply == REPLY_FIN)
        acts(w, REPLY_FIN, 0);
}

static bool may_send(const struct ask_world *w)
{
    return w->own.state == STATE_ESTABLISHED || w->own.state == STATE_CLOSE_WAIT;
}

/* Forgets its connection and begins another one. */
static void begin_anew(struct ask_world *w)
{
    tcb_init(&w->own, seq_add(w->own.snd_nxt, 100000), ASK_WINDOW, w->profile.stamped, false, 0);
    open_own(w);
}

static void retransmit(struct ask_world *w)
{
    struct segment seg = {0};
    if (w->own.state == STATE_SYN_SENT)
        acts(w, REPLY_SYN, 0);
    if (!w->own.fin_sent || w->own.fin_acked)
        return;
    tcb_fill(&w->own, REPLY_FIN, NULL, &seg);
    seg.seq = seq_of(w->own.snd_nxt.v - 1);
    ask_world_sends(w, seg, true);
}

static void act(struct ask_world *w, uint32_t n)
{
    if (w->own.state == STATE_CLOSED)
        begin_anew(w);
    else if (n < 3 && may_send(w))
        acts(w, REPLY_ACK, 10);
    else if (n == 3 && may_send(w))
        close_own(w);
    else if (n == 4 && w->own.state != STATE_SYN_SENT)
        acts(w, REPLY_RST_OWN, 0);
    else if (n == 5 && w->own.state != STATE_SYN_SENT)
        acts(w, REPLY_ACK, 0);
    else if (n == 6)
        ask_world_calls(w, CALL_CLOSE);
    else if (n == 7)
        ask_world_calls(w, CALL_ABORT);
    else if (n == 8)
        ask_world_calls(w, CALL_SEND);
    else if (n == 9)
        ask_world_calls(w, CALL_CRASH);
    else if (n == 10)
        begin_anew(w);
    else if (n == 11)
        w->mute = !w->mute;
    else if (n < 14)
        retransmit(w);
    else
        ask_world_waits(w, w->now_ns + 700 * CLOCK_MS);
}

/* --- Chance --- */

struct dice {
    struct hash_key key;
    uint64_t at;
    uint32_t lost_percent;
};

static uint32_t dice_throw(struct dice *d, uint32_t sides)
{
    d->at++;
    return (uint32_t)(hash_bytes(&d->key, &d->at, sizeof(d->at)) % sides);
}

static bool loses(void *arg)
{
    struct dice *d = arg;
    return dice_throw(d, 100) < d->lost_percent;
}

static struct ask_profile any_profile(struct dice *d)
{
    const uint32_t n = dice_throw(d, 64);
    return (struct ask_profile){.rfc793 = n & 1,
                                .ignores_rst = n & 2,
                                .resets_data = n & 4,
                                .stamped = n & 8,
                                .listens = !(n & 48) ? false : true,
                                .throttle_ns = dice_throw(d, 2) ? 500 * CLOCK_MS : 0};
}

static void random_histories(bool by_rfc)
{
    size_t named = 0, wide = 0, by_state[STATE_COUNT] = {0};
    for (uint64_t i = 0; i < HISTORIES; i++) {
        struct dice d = {.key = hash_key_of_seed(i), .lost_percent = i % 3 == 0 ? 20 : 3};
        struct ask_profile profile = any_profile(&d);
        const struct ask_config config = ask_usual();
        struct ask_world w;
        size_t questions;
        profile.by_rfc = by_rfc;
        ask_world_init(&w, &profile);
        w.loses = loses;
        w.arg = &d;
        for (uint32_t left = 1 + dice_throw(&d, ACTS_MAX); left > 0; left--)
            act(&w, dice_throw(&d, 15));
        wide += state_set_only(w.peer.set) == STATE_COUNT;
        const struct ask_step s = ask_world_asks(&w, &config, &questions);
        char set[STATE_SET_TEXT_MAX];
        if (w.contradiction || s.verdict == ASK_WAIT)
            fail_msg("history %u: it contradicts itself, or does not end", (unsigned)i);
        if (s.verdict == ASK_NAMED && !ask_world_holds(&w, STATE_SET(s.state)))
            fail_msg("history %u: %s is named, and it is %s", (unsigned)i, state_name(s.state),
                     state_name(w.theirs.state));
        if (s.verdict == ASK_CANNOT && !ask_world_holds(&w, s.set))
            fail_msg("history %u: %s is not in %s", (unsigned)i, state_name(w.theirs.state),
                     state_set_format(s.set, set));
        named += s.verdict == ASK_NAMED;
        by_state[w.theirs.state]++;
    }
    print_message("# %zu of %d named, %zu of which were not known before\n", named, HISTORIES,
                  wide);
    assert_true(named * 100 >= (size_t)HISTORIES * LEAST_NAMED);
    assert_true(wide * 100 >= (size_t)HISTORIES * 10);
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
        if (s != STATE_SYN_SENT && s != STATE_CLOSING && by_state[s] < HISTORIES / 1000)
            fail_msg("the peer was in %s only %zu times", state_name(s), by_state[s]);
    }
}

UNIT_TEST(random_histories_are_named_rightly)
{
    random_histories(false);
}

UNIT_TEST(random_histories_are_named_rightly_by_the_rfcs)
{
    random_histories(true);
}

/* --- State by state --- */

/* What is lost: bit n is the n-th segment from now on, either way. */
struct losses {
    uint32_t which;
    unsigned at;
};

static bool loses_these(void *arg)
{
    struct losses *l = arg;
    return l->at < 32 && l->which >> l->at++ & 1;
}

static void connect_(struct ask_world *w)
{
    open_own(w);
    acts(w, REPLY_ACK, 10);
    w->mute = true;
}

static void to_syn_received(struct ask_world *w)
{
    w->mute = true;
    open_own(w);
    acts(w, REPLY_ACK, 0);
}

static void to_close_wait(struct ask_world *w)
{
    connect_(w);
    close_own(w);
}

static void to_last_ack(struct ask_world *w)
{
    to_close_wait(w);
    ask_world_calls(w, CALL_CLOSE);
}

static void through_last_ack(struct ask_world *w)
{
    to_last_ack(w);
    acts(w, REPLY_ACK, 0);
}

static void to_fin_wait_2(struct ask_world *w)
{
    connect_(w);
    ask_world_calls(w, CALL_CLOSE);
    acts(w, REPLY_ACK, 0);
}

static void to_time_wait(struct ask_world *w)
{
    to_fin_wait_2(w);
    close_own(w);
}

static void to_closing(struct ask_world *w)
{
    struct segment fin = {0};
    connect_(w);
    ask_world_calls(w, CALL_CLOSE);
    (void)tcb_call(&w->own, CALL_CLOSE);
    tcb_fill(&w->own, REPLY_FIN, NULL, &fin);
    fin.ack = seq_of(fin.ack.v - 1);
    ask_world_sends(w, fin, true);
}

static void through_closing(struct ask_world *w)
{
    to_closing(w);
    acts(w, REPLY_ACK, 0);
}

static void to_closed(struct ask_world *w)
{
    connect_(w);
    ask_world_calls(w, CALL_CRASH);
}

static void (*const ways[])(struct ask_world *) = {
    to_syn_received, connect_,   to_close_wait,   to_last_ack,  through_last_ack,
    to_fin_wait_2,   to_closing, through_closing, to_time_wait, to_closed,
};

enum {
    WAYS = sizeof(ways) / sizeof(ways[0]),
    KINDS = 16,
    LOSSES = 1 << 5
};

/* The way with these losses against a peer of this kind: whether it is named, and what it is. */
static bool is_named(size_t way, unsigned kind, uint32_t which, bool by_rfc, enum state *is)
{
    const struct ask_profile profile = {.rfc793 = kind & 1,
                                        .resets_data = kind & 2,
                                        .stamped = kind & 4,
                                        .listens = true,
                                        .by_rfc = by_rfc,
                                        .throttle_ns = kind & 8 ? 500 * CLOCK_MS : 0};
    const struct ask_config config = ask_usual();
    struct losses lost = {.which = which << 2}; /* the SYN and its answer arrive */
    struct ask_world w;
    size_t questions;
    ask_world_init(&w, &profile);
    w.loses = loses_these;
    w.arg = &lost;
    ways[way](&w);
    lost.which = 0;
    const struct ask_step s = ask_world_asks(&w, &config, &questions);
    assert_false(w.contradiction);
    assert_int_not_equal(s.verdict, ASK_WAIT);
    assert_true(ask_world_holds(&w, s.set));
    if (s.verdict == ASK_NAMED && !ask_world_holds(&w, STATE_SET(s.state)))
        fail_msg("way %zu, kind %u, losses %x: %s is named, it is %s", way, kind, which,
                 state_name(s.state), state_name(w.theirs.state));
    *is = w.theirs.state;
    return s.verdict == ASK_NAMED;
}

/* Each way with each set of losses among its next segments, against each kind of peer. CLOSING,
 * LAST-ACK and, without timestamps, TIME-WAIT answer all questions alike. */
static void ways_and_losses(bool by_rfc)
{
    bool met[STATE_COUNT] = {false};
    size_t named = 0;
    for (size_t i = 0; i < WAYS * KINDS * LOSSES; i++) {
        size_t way = i / LOSSES / KINDS;
        unsigned kind = (unsigned)(i / LOSSES % KINDS);
        enum state s;
        bool knows = is_named(way, kind, (uint32_t)(i % LOSSES), by_rfc, &s);
        if (!knows && i % LOSSES == 0 && ways[way] != through_closing)
            fail_msg("way %zu, kind %u: %s is not named", way, kind, state_name(s));
        named += knows;
        met[s] |= knows;
    }
    print_message("# %zu of %d named\n", named, WAYS * KINDS * LOSSES);
    assert_true(named * 100 >= (size_t)WAYS * KINDS * LOSSES * LEAST_NAMED_OF_WAYS);
    for (enum state s = STATE_SYN_RECEIVED; s < STATE_COUNT; s++) {
        /* With some an ACK from outside the window completes the handshake: each question does. */
        if (!met[s] && (by_rfc || s != STATE_SYN_RECEIVED))
            fail_msg("%s was never named", state_name(s));
    }
}

UNIT_TEST(every_way_and_loss)
{
    ways_and_losses(false);
}

UNIT_TEST(every_way_and_loss_by_the_rfcs)
{
    ways_and_losses(true);
}

/* Whether somebody listens costs a SYN, and what that opened is closed again. */
UNIT_TEST(whether_somebody_listens)
{
    for (unsigned kind = 0; kind < 4; kind++) {
        const struct ask_profile profile = {.listens = kind & 1, .stamped = kind & 2};
        struct ask_config config = ask_usual();
        struct ask_world w;
        size_t questions;
        config.listener = true;
        ask_world_init(&w, &profile);
        w.mute = true;
        const struct ask_step s = ask_world_asks(&w, &config, &questions);
        assert_int_equal(s.verdict, ASK_NAMED);
        assert_int_equal(s.state, profile.listens ? STATE_LISTEN : STATE_CLOSED);
        assert_int_equal(w.theirs.state, s.state);
        config.listener = false; /* and who does not want to know asks nothing */
        ask_world_init(&w, &profile);
        assert_int_equal(ask_world_asks(&w, &config, &questions).verdict, ASK_NAMED);
        assert_int_equal(questions, 0);
    }
}

static bool loses_all(void *arg)
{
    (void)arg;
    return true;
}

/* Silence names nothing, however long. */
UNIT_TEST(a_dead_network_names_nothing)
{
    const struct ask_profile profile = {.listens = true};
    const struct ask_config config = ask_usual();
    struct ask_world w;
    size_t questions;
    ask_world_init(&w, &profile);
    connect_(&w);
    w.loses = loses_all;
    close_own(&w);
    const struct ask_step s = ask_world_asks(&w, &config, &questions);
    assert_int_equal(s.verdict, ASK_CANNOT);
    assert_true(state_set_has(s.set, STATE_ESTABLISHED) && state_set_has(s.set, STATE_CLOSE_WAIT));
    assert_in_range(questions, config.tries, 16);
}

/* Where TIME-WAIT is possible the old SYN asks, which does not restart it; else the old octet,
 * which nobody's state or window knows of. */
UNIT_TEST(the_least_disturbing_question_comes_first)
{
    const struct ask_profile profile = {.listens = true, .stamped = true};
    const struct ask_config config = ask_usual();
    struct ask_world w;
    struct ask ask;
    ask_world_init(&w, &profile);
    to_time_wait(&w);
    assert_int_equal(w.theirs.state, STATE_TIME_WAIT);
    ask_world_waits(&w, w.now_ns + 10 * CLOCK_S);
    ask_init(&ask, &config);
    struct ask_step s = ask_next(&ask, &w.peer, &w.own, NULL, w.now_ns);
    assert_int_equal(s.verdict, ASK_SEND);
    assert_int_equal(s.question, STIMULUS_SYN_OLD);

    ask_world_init(&w, &profile);
    to_closed(&w);
    ask_init(&ask, &config);
    s = ask_next(&ask, &w.peer, &w.own, NULL, w.now_ns);
    assert_int_equal(s.verdict, ASK_SEND);
    assert_int_equal(s.question, STIMULUS_OCTET_OLD);
    assert_false(s.ours);
}

UNIT_TEST(the_kernel_has_the_last_word)
{
    const struct ask_profile profile = {.listens = true};
    const struct ask_config config = ask_usual();
    const enum state kernel = STATE_LAST_ACK;
    struct ask_world w;
    struct ask ask;
    ask_world_init(&w, &profile);
    ask_init(&ask, &config);
    const struct ask_step s = ask_next(&ask, &w.peer, &w.own, &kernel, w.now_ns);
    assert_int_equal(s.verdict, ASK_NAMED);
    assert_int_equal(s.state, STATE_LAST_ACK);
}
