/* A peer that breaks the rule which a figure of the library is about gets "deviates", whether it is
 * a stranger or its kernel can be asked; and with any one segment lost it never gets "as-figured".
 * One row a fault of a peer's. */
#include "../world/stage.h"

#include "figure/library.h"

struct fault_of_peer {
    const char *name, *figure;
    /* What the peer does in place of what it should; true: that was all. */
    bool (*instead)(struct bench *b, const struct segment *seg);
    bool refuses;
    unsigned hidden; /* so many losses may make it look right */
};

/* Which segment the wire loses: 0 is none. */
static struct {
    bool ours;
    unsigned nth;
} lost;

static bool loses(bool ours, const struct segment *seg, unsigned n)
{
    (void)seg;
    return ours == lost.ours && n == lost.nth;
}

static void say(struct bench *b, const struct segment *seg, unsigned flags, seq_t seq, seq_t ack,
                int64_t after_ns)
{
    const struct segment out = {.src = seg->dst,
                                .dst = seg->src,
                                .ttl = 64,
                                .win = 65535,
                                .seq = seq,
                                .ack = flags & FLAG_ACK ? ack : seq_of(0),
                                .flags = (uint16_t)flags};
    sim_emit(b->sim, after_ns, &out, NULL, 0);
}

/* --- Faults --- */

/* RFC 9293 3.10.7.2, 3.10.7.1: such a thing is dropped. */
static bool resets_anything(struct bench *b, const struct segment *seg)
{
    if (stage_listens(b, seg))
        return true;
    if ((seg->flags & (FLAG_SYN | FLAG_ACK)) == 0)
        say(b, seg, FLAG_RST | FLAG_ACK, seq_of(0), segment_end(seg), 0);
    return (seg->flags & FLAG_SYN) == 0;
}

static bool answers_resets(struct bench *b, const struct segment *seg)
{
    if (seg->flags & FLAG_RST && seg->src.port != STAGE_OTHER_PORT)
        say(b, seg, FLAG_RST, seg->ack, seq_of(0), 0);
    return stage_listens(b, seg) || seg->flags & FLAG_RST;
}

/* 3.10.7.4: one outside of the window is dropped. */
static bool challenges_any_reset(struct bench *b, const struct segment *seg)
{
    const struct tcb *t = &b->host.tcb;
    bool outside =
        seg->flags & FLAG_RST && state_synchronized(t->state) && !seq_eq(seg->seq, t->rcv_nxt);
    if (outside)
        say(b, seg, FLAG_ACK, t->snd_nxt, t->rcv_nxt, 0);
    return stage_listens(b, seg) || outside;
}

/* 3.10.7.4: it is answered. */
static bool ignores_future_acks(struct bench *b, const struct segment *seg)
{
    const struct tcb *t = &b->host.tcb;
    return stage_listens(b, seg) ||
           (seg->flags & FLAG_ACK && state_synchronized(t->state) && seq_lt(t->snd_nxt, seg->ack));
}

/* 3.5.2 group 3: with an ACK. */
static bool resets_old_data(struct bench *b, const struct segment *seg)
{
    const struct tcb *t = &b->host.tcb;
    bool old = seg->len > 1 && state_synchronized(t->state) && !seq_eq(seg->seq, t->rcv_nxt);
    if (old)
        say(b, seg, FLAG_RST, seg->ack, seq_of(0), 0);
    return stage_listens(b, seg) || old;
}

/* 3.10.7.2: <SEQ=SEG.ACK><CTL=RST>. */
static bool resets_by_its_own_number(struct bench *b, const struct segment *seg)
{
    bool ack = (seg->flags & (FLAG_SYN | FLAG_ACK | FLAG_RST)) == FLAG_ACK;
    if (ack)
        say(b, seg, FLAG_RST, seq_add(seg->ack, 7), seq_of(0), 0);
    return stage_listens(b, seg) || ack;
}

/* 3.10.7.4: it ends the connection. */
static bool ignores_resets(struct bench *b, const struct segment *seg)
{
    return stage_listens(b, seg) || seg->flags & FLAG_RST;
}

/* 3.10.7.4: it is acknowledged. */
static bool answers_keepalives_by_reset(struct bench *b, const struct segment *seg)
{
    const struct tcb *t = &b->host.tcb;
    bool probe = seg->flags == FLAG_ACK && state_synchronized(t->state) &&
                 seq_eq(seq_add(seg->seq, 1), t->rcv_nxt) && seg->len == 0;
    if (probe)
        say(b, seg, FLAG_RST, seg->ack, seq_of(0), 0);
    return stage_listens(b, seg) || probe;
}

/* RFC 6298 2.1: not before a second has passed; 5.5: twice as long each time. */
static bool repeats(struct bench *b, const struct segment *seg, int64_t every_ns)
{
    if (seg->flags & FLAG_SYN && b->host.arrived == 1) {
        for (int64_t n = 1; n < 6; n++)
            say(b, seg, FLAG_SYN | FLAG_ACK, seq_of(b->host.iss), seq_add(seg->seq, 1),
                n * every_ns + BENCH_DELAY);
    }
    return stage_listens(b, seg);
}

static bool repeats_soon(struct bench *b, const struct segment *seg)
{
    return repeats(b, seg, CLOCK_S / 4);
}

static bool repeats_evenly(struct bench *b, const struct segment *seg)
{
    return repeats(b, seg, CLOCK_S);
}

static struct fault_of_peer faults[] = {
    {"a listener resets what has no flags", "null-to-listener", resets_anything, false, 0},
    {"a listener resets data", "data-to-listener", resets_anything, false, 0},
    {"a listener resets a FIN", "fin-to-listener", resets_anything, false, 0},
    {"a reset is answered by a reset", "reset-no-connection-rst", answers_resets, true, 0},
    {"a reset outside of the window is challenged", "rst-out-of-window", challenges_any_reset,
     false, 0},
    {"an ACK of what was not sent is ignored", "no-reset-unsent-ack", ignores_future_acks, false,
     0},
    {"old data are reset", "no-reset-out-of-window", resets_old_data, false, 0},
    {"a listener resets with a number of its own", "reset-unacceptable-ack-listen",
     resets_by_its_own_number, false, 0},
    {"a reset at RCV.NXT is ignored", "half-open-keepalive", ignores_resets, false, 0},
    {"a keepalive probe is reset", "half-open-keepalive", answers_keepalives_by_reset, false, 0},
    {"a time-out of a quarter of a second", "third-ack-lost", repeats_soon, false, 0},
    /* Of copies one second apart one may be lost in such a way that the others double. */
    {"time-outs that do not double", "late-third-ack", repeats_evenly, false, 1},
};

enum {
    FAULTS = sizeof(faults) / sizeof(faults[0]),
    LOSSES = 9
};

/* The verdict of one run. */
static void play(const struct fault_of_peer *f, bool manned, char *verdict, size_t cap)
{
    struct stage s = {.iss = BENCH_ISS, .irs = BENCH_IRS};
    stage_init(&s, END_A, figure_library_source(f->figure));
    if (manned)
        stage_man(&s);
    s.bench.host.instead = f->instead;
    s.bench.host.refuses = f->refuses;
    s.bench.host.loses = loses;
    stage_run(&s);
    (void)snprintf(verdict, cap, "%s", bench_text(&s.bench, "verdict"));
    stage_done(&s);
}

static void expect_caught(const struct fault_of_peer *f, bool manned)
{
    char verdict[16];
    unsigned right = 0, told = 0;
    lost.nth = 0;
    play(f, manned, verdict, sizeof(verdict));
    if (strcmp(verdict, "deviates") != 0)
        fail_msg("%s: %s", f->name, verdict);
    for (unsigned i = 0; i < 2 * LOSSES; i++) {
        lost.ours = i % 2 == 0;
        lost.nth = i / 2 + 1;
        play(f, manned, verdict, sizeof(verdict));
        right += strcmp(verdict, "as-figured") == 0;
        told += strcmp(verdict, "deviates") == 0;
    }
    if (right > f->hidden || told < LOSSES)
        fail_msg("%s: as figured %u times, deviates %u times of %u", f->name, right, told,
                 2 * LOSSES);
}

static void run_fault(void **state)
{
    expect_caught(*state, false);
    expect_caught(*state, true);
}

int main(void)
{
    for (size_t i = 0; i < FAULTS; i++)
        unit_add(0, run_fault, &faults[i], "%s", faults[i].name);
    return unit_run();
}
