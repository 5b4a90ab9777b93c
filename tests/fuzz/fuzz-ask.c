/* A peer and a conversation as nobody would have them, and then the question for its state: it
 * ends, it asks so often at the most, and what it names is what the peer is in. The first octet is
 * what kind of peer it is; each further one is an act, and whether the next segments are lost. */
#include "fuzz.h"

#include "../world/ask_world.h"

enum {
    ACTS_MAX = 64,
    QUESTIONS_MAX = 16
};

struct acts {
    const uint8_t *data;
    size_t n, at;
    uint8_t lost;
};

static bool loses(void *arg)
{
    struct acts *in = arg;
    bool lost = in->lost & 1;
    in->lost >>= 1;
    return lost;
}

static void sends(struct ask_world *w, enum reply reply, uint32_t len, int32_t off)
{
    struct segment seg = {0};
    tcb_fill(&w->own, reply, NULL, &seg);
    seg.len = len;
    seg.seq = seq_add(seg.seq, (uint32_t)off);
    ask_world_sends(w, seg, off == 0);
}

static void opens(struct ask_world *w)
{
    tcb_init(&w->own, seq_add(w->own.snd_nxt, 100000), ASK_WINDOW, w->profile.stamped, false, 0);
    (void)tcb_call(&w->own, CALL_CONNECT);
    sends(w, REPLY_SYN, 0, 0);
}

static void act(struct ask_world *w, uint8_t octet)
{
    static const enum call calls[] = {CALL_CLOSE, CALL_ABORT, CALL_SEND, CALL_CRASH};
    int32_t off = (int32_t)(octet >> 4) - 8;
    bool open = w->own.state == STATE_ESTABLISHED || w->own.state == STATE_CLOSE_WAIT;
    switch (octet & 15) {
    case 0:
    case 1:
        opens(w);
        break;
    case 2:
    case 3:
        ask_world_calls(w, calls[octet >> 4 & 3]);
        break;
    case 4:
        if (tcb_call(&w->own, CALL_CLOSE).reply == REPLY_FIN)
            sends(w, REPLY_FIN, 0, 0);
        break;
    case 5:
        sends(w, REPLY_RST_OWN, 0, off);
        break;
    case 6:
        ask_world_waits(w, w->now_ns + (octet >> 4) * 100 * CLOCK_MS);
        break;
    case 7:
        w->mute = !w->mute;
        break;
    case 8:
    case 9:
        sends(w, REPLY_ACK, 0, off);
        break;
    default:
        sends(w, REPLY_ACK, 5, open ? 0 : off - 9);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct acts in = {data, n, 1, 0};
    if (n == 0)
        return 0;
    const struct ask_profile profile = {.rfc793 = data[0] & 1,
                                        .ignores_rst = data[0] & 2,
                                        .resets_data = data[0] & 4,
                                        .stamped = data[0] & 8,
                                        .listens = data[0] & 16,
                                        .throttle_ns = data[0] & 32 ? 500 * CLOCK_MS : 0};
    struct ask_config config = ask_usual();
    struct ask_world w;
    size_t questions;
    config.listener = data[0] & 64;
    ask_world_init(&w, &profile);
    w.loses = loses;
    w.arg = &in;
    for (; in.at + 1 < n && in.at < 2 * ACTS_MAX; in.at += 2) {
        in.lost = data[in.at + 1];
        act(&w, data[in.at]);
    }
    const struct ask_step s = ask_world_asks(&w, &config, &questions);
    fuzz_require(s.verdict == ASK_NAMED || s.verdict == ASK_CANNOT);
    fuzz_require(questions <= QUESTIONS_MAX + 1);
    const state_set none = STATE_SET(STATE_CLOSED) | STATE_SET(STATE_LISTEN);
    bool held = state_set_has(s.set, s.state) || (STATE_SET(s.state) & none && s.set & none);
    fuzz_require(s.verdict != ASK_NAMED || held);
    fuzz_require(w.contradiction || ask_world_holds(&w, s.set));
    return 0;
}
