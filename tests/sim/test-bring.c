/* talk/bring: which way is chosen for which peer, whether it has led there, and each way walked
 * against the simulated host, whose state talk/ask then has to find. */
#include "../world/asker.h"
#include "../world/stage.h"

#include "figure/library.h"

static const unsigned all_caps = FIGURE_NEEDS_LISTENS | FIGURE_NEEDS_CONNECTS |
                                 FIGURE_NEEDS_CLOSES | FIGURE_NEEDS_TALKS | FIGURE_NEEDS_NOTHING;

static bool has_way(enum state s, unsigned caps, size_t nth)
{
    struct bring b;
    struct fault fault = {{0}};
    bool found = bring_choose(&b, s, caps, nth, &fault) == STATUS_OK;
    if (found)
        bring_done(&b);
    return found;
}

/* An ordinary server can be brought into these; what connects or closes on demand into all. */
UNIT_TEST(which_states_a_peer_can_be_brought_into)
{
    const state_set server = STATE_SET(STATE_LISTEN) | STATE_SET(STATE_SYN_RECEIVED) |
                             STATE_SET(STATE_ESTABLISHED) | STATE_SET(STATE_CLOSE_WAIT);
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
        assert_true(has_way(s, all_caps, 0));
        assert_int_equal(has_way(s, FIGURE_NEEDS_LISTENS, 0), state_set_has(server, s));
        assert_int_equal(has_way(s, FIGURE_NEEDS_NOTHING, 0), s == STATE_CLOSED);
    }
    assert_true(has_way(STATE_SYN_SENT, FIGURE_NEEDS_CONNECTS, 0));
    assert_false(has_way(STATE_SYN_SENT, all_caps, 1));
}

UNIT_TEST(what_takes_less_comes_first)
{
    struct bring b;
    struct fault fault = {{0}};
    assert_int_equal(bring_choose(&b, STATE_ESTABLISHED, all_caps, 0, &fault), STATUS_OK);
    assert_string_equal(b.figure.name, "ways/established");
    bring_done(&b);
    assert_int_equal(bring_choose(&b, STATE_ESTABLISHED, all_caps, 1, &fault), STATUS_OK);
    assert_string_equal(b.figure.name, "ways/established-by-connecting");
    bring_done(&b);
    assert_int_equal(bring_choose(&b, STATE_ESTABLISHED, FIGURE_NEEDS_CONNECTS, 0, &fault),
                     STATUS_OK);
    assert_string_equal(b.figure.name, "ways/established-by-connecting");
    bring_done(&b);
}

UNIT_TEST(why_there_is_no_way)
{
    struct bring b;
    struct fault fault = {{0}};
    assert_int_equal(bring_choose(&b, STATE_TIME_WAIT, FIGURE_NEEDS_LISTENS, 0, &fault),
                     STATUS_NOT_OURS);
    assert_string_equal(fault.text,
                        "no way leads this peer into TIME-WAIT: it takes a peer that closes");
    assert_int_equal(bring_choose(&b, STATE_CLOSED, FIGURE_NEEDS_LISTENS, 0, &fault),
                     STATUS_NOT_OURS);
    assert_string_equal(fault.text,
                        "no way leads this peer into CLOSED: it takes a peer that does not listen");
    assert_int_equal(bring_choose(&b, STATE_CLOSED, all_caps, 1, &fault), STATUS_NOT_OURS);
    assert_string_equal(fault.text, "no way leads this peer into CLOSED");
}

/* Each leads somewhere, and can be walked by us. */
UNIT_TEST(every_way_is_one)
{
    size_t in_library = 0, chosen = 0;
    for (size_t i = 0; figure_library_name(i) != NULL; i++)
        in_library += strncmp(figure_library_name(i), "ways/", 5) == 0;
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
        for (size_t nth = 0; has_way(s, all_caps, nth); nth++)
            chosen++;
    }
    assert_int_equal(chosen, in_library);
}

UNIT_TEST(by_the_set_or_by_the_kernel)
{
    const struct bring b = {.state = STATE_LAST_ACK};
    const enum state right = STATE_LAST_ACK, wrong = STATE_CLOSE_WAIT;
    struct peer p;
    peer_init(&p, STATE_SET(STATE_LAST_ACK));
    assert_int_equal(bring_judge(&b, &p, NULL), BRING_REACHED);
    assert_int_equal(bring_judge(&b, &p, &wrong), BRING_MISSED);
    peer_init(&p, STATE_SET(STATE_LAST_ACK) | STATE_SET(STATE_CLOSED));
    assert_int_equal(bring_judge(&b, &p, NULL), BRING_OPEN);
    assert_int_equal(bring_judge(&b, &p, &right), BRING_REACHED);
    peer_init(&p, STATE_SET(STATE_CLOSED));
    assert_int_equal(bring_judge(&b, &p, NULL), BRING_MISSED);
    assert_int_equal(bring_judge(&b, &p, &right), BRING_REACHED);
}

/* --- On the simulated wire --- */

static bool walk(struct stage *s, struct asker *k, enum state to, size_t nth)
{
    if (!asker_init(k, to, nth, NULL))
        return false;
    s->iss = BENCH_ISS;
    s->irs = BENCH_IRS;
    stage_init(s, END_A, figure_library_source(k->bring.figure.name));
    stage_man(s);
    k->peer_side = &s->application;
    s->play.heir = asker_script();
    s->play.heir_state = k;
    stage_run(s);
    return true;
}

UNIT_TEST(every_way_in_the_simulated_network)
{
    static struct stage s;
    static struct asker k;
    for (enum state to = STATE_CLOSED; to < STATE_COUNT; to++) {
        for (size_t nth = 0; walk(&s, &k, to, nth); nth++) {
            const char *name = k.bring.figure.name;
            if (!k.begun || k.by_kernel != BRING_REACHED || k.by_set == BRING_MISSED)
                fail_msg("%s does not lead into %s", name, state_name(to));
            if (k.found.verdict != ASK_NAMED || k.found.state != k.truth || k.truth != to)
                fail_msg("%s: %s is named, it is %s", name, state_name(k.found.state),
                         state_name(k.truth));
            stage_done(&s);
            asker_done(&k);
        }
    }
}

/* A peer that does not answer our SYN is not there, and a stop in the middle of the way reaches the
 * heir. */
UNIT_TEST(a_way_that_does_not_lead_there)
{
    static struct stage s;
    static struct asker k;
    for (int stops = 0; stops < 2; stops++) {
        assert_true(asker_init(&k, STATE_CLOSE_WAIT, 0, NULL));
        s.iss = BENCH_ISS;
        s.irs = BENCH_IRS;
        stage_init(&s, END_A, figure_library_source(k.bring.figure.name));
        stage_man(&s);
        s.bench.host.deaf = true;
        if (stops)
            s.bench.config.deadline_after_ns = CLOCK_S;
        k.peer_side = &s.application;
        s.play.heir = asker_script();
        s.play.heir_state = &k;
        stage_run(&s);
        assert_true(k.begun && k.over);
        assert_int_equal(k.by_kernel, BRING_MISSED);
        stage_done(&s);
        asker_done(&k);
    }
}
