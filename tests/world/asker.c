/* See asker.h. */
#include "asker.h"

static enum state asker_truth(struct talk *x)
{
    struct asker *k = x->state;
    enum state s = STATE_COUNT;
    enum status status = k->peer_side->state(k->peer_side->arg, &x->config.local, &s, &k->fault);
    if (status != STATUS_OK)
        k->status = status;
    return s;
}

static void asker_goes_on(struct talk *x)
{
    static const uint8_t octets[16] = {0};
    struct asker *k = x->state;
    if (k->over || x->ours.outbox.waiting || x->ours.outbox.queued > 0)
        return;
    talk_elapse(x);
    const struct ask_step s = ask_next(&k->ask, &x->infer.peer, &x->ours.tcb, NULL, x->now_ns);
    if (s.verdict == ASK_WAIT) {
        talk_wake_at(x, s.at_ns);
    } else if (s.verdict == ASK_SEND) {
        const struct scripted asks = {.seg = s.segment,
                                      .data = octets,
                                      .usual_win = true,
                                      .usual_ttl = true,
                                      .ours = s.ours,
                                      .call = CALL_COUNT};
        k->questions++;
        (void)talk_send(x, &asks, stimuli_at(s.question)->what);
    } else {
        k->over = true;
        k->found = s;
        k->truth = asker_truth(x);
        talk_finish(x);
    }
}

static void asker_start(struct talk *x)
{
    struct asker *k = x->state;
    bool none = k->bring.state == STATE_CLOSED || k->bring.state == STATE_LISTEN;
    struct ask_config config = ask_usual();
    const enum state truth = asker_truth(x);
    config.listener = none;
    ask_init(&k->ask, &config);
    k->begun = true;
    k->by_kernel = bring_judge(&k->bring, &x->infer.peer, &truth);
    k->by_set = bring_judge(&k->bring, &x->infer.peer, NULL);
    asker_goes_on(x);
}

static void asker_left(struct talk *x, const struct segment *seg)
{
    (void)seg;
    asker_goes_on(x);
}

static void asker_received(struct talk *x, const struct segment *seg, const struct arrival *a)
{
    (void)seg;
    (void)a;
    asker_goes_on(x);
}

static void asker_stop(struct talk *x, enum script_stop why)
{
    struct asker *k = x->state;
    (void)why;
    k->over = true;
    talk_finish(x);
}

const struct script *asker_script(void)
{
    static const struct script script = {
        .name = "asker",
        .start = asker_start,
        .left = asker_left,
        .received = asker_received,
        .timer = asker_goes_on,
        .stop = asker_stop,
    };
    return &script;
}

bool asker_init(struct asker *k, enum state state, size_t nth, const struct upper *peer_side)
{
    const unsigned all = FIGURE_NEEDS_LISTENS | FIGURE_NEEDS_CONNECTS | FIGURE_NEEDS_CLOSES |
                         FIGURE_NEEDS_TALKS | FIGURE_NEEDS_NOTHING;
    *k = (struct asker){.peer_side = peer_side, .truth = STATE_COUNT};
    if (bring_choose(&k->bring, state, all, nth, &k->fault) != STATUS_OK)
        return false;
    k->play = (struct play){.figure = &k->bring.figure,
                            .us = END_A,
                            .reply_wait_ns = 5 * CLOCK_S,
                            .heir = asker_script(),
                            .heir_state = k};
    return true;
}

void asker_done(struct asker *k)
{
    play_done(&k->play);
    bring_done(&k->bring);
}
