/* See stage.h. */
#include "stage.h"

struct segment stage_like(const struct stage *s)
{
    return (struct segment){.src = s->bench.locals[0], .dst = s->bench.config.base.remote};
}

void stage_says(struct stage *s, int64_t after_ns, unsigned flags, uint32_t seq, uint32_t ack,
                uint32_t len)
{
    static const uint8_t octets[1400] = {'x'};
    const struct segment seg = {.src = s->bench.config.base.remote,
                                .dst = s->bench.locals[0],
                                .ttl = 64,
                                .df = true,
                                .win = 65535,
                                .seq = seq_of(seq),
                                .ack = seq_of(ack),
                                .flags = (uint16_t)flags};
    assert_true(len <= sizeof(octets));
    sim_emit(s->bench.sim, after_ns, &seg, octets, len);
}

bool stage_listens(struct bench *b, const struct segment *seg)
{
    const struct segment answer = {
        .src = seg->dst,
        .dst = seg->src,
        .ttl = 64,
        .seq = seq_of(b->host.refuses ? 0 : b->host.iss + 77),
        .ack = seq_add(seg->seq, 1),
        .flags = (uint16_t)(b->host.refuses ? FLAG_RST | FLAG_ACK : FLAG_SYN | FLAG_ACK)};
    if (seg->src.port != STAGE_OTHER_PORT)
        return false;
    if (seg->flags & FLAG_SYN)
        sim_emit(b->sim, 0, &answer, NULL, 0);
    return true;
}

/* --- The host's application --- */

void stage_connects(struct stage *s)
{
    const struct segment like = stage_like(s);
    struct bench_host *h = &s->bench.host;
    tcb_init(&h->tcb, seq_of(h->iss), h->win, h->timestamps, false, 0);
    h->begun = true;
    assert_int_equal(tcb_call(&h->tcb, CALL_CONNECT).reply, REPLY_SYN);
    bench_host_says(&s->bench, &like, REPLY_SYN, NULL, NULL, 0);
}

static enum status stage_act(void *arg, const struct endpoint *ours, enum call what,
                             const void *data, size_t n, struct fault *fault)
{
    struct stage *s = arg;
    const struct segment like = stage_like(s);
    (void)fault;
    assert_true(endpoint_equal(ours, &s->bench.locals[0]));
    if (what == CALL_STOP_LISTENING) {
        s->bench.host.refuses = true;
        return STATUS_OK;
    }
    assert_true(s->done_count < sizeof(s->done) / sizeof(s->done[0]));
    s->done[s->done_count++] = what;
    if (what == CALL_CONNECT)
        stage_connects(s);
    else if (what == CALL_CLOSE)
        bench_host_closes(&s->bench, &like);
    else if (what == CALL_SEND)
        bench_host_says(&s->bench, &like, REPLY_ACK, NULL, data, n);
    else if (what == CALL_ABORT && tcb_call(&s->bench.host.tcb, CALL_ABORT).reply != 0)
        bench_host_says(&s->bench, &like, REPLY_RST_OWN, NULL, NULL, 0);
    return STATUS_OK;
}

static enum status stage_state(void *arg, const struct endpoint *ours, enum state *state,
                               struct fault *fault)
{
    struct stage *s = arg;
    (void)ours;
    if (s->mute)
        return fault_set(fault, STATUS_SYSTEM, "the peer's kernel does not answer");
    bench_host_begins(&s->bench.host);
    *state = s->bench.host.tcb.state;
    return STATUS_OK;
}

/* --- The run --- */

void stage_init(struct stage *s, enum end us, const char *figure)
{
    struct fault fault = {0};
    struct text source = {0};
    if (strstr(figure, "TCP Peer") == NULL)
        text_printf(&source, "    TCP Peer A%40sTCP Peer B\n", "");
    text_printf(&source, "%s", figure);
    uint32_t iss = s->iss, irs = s->irs;
    *s = (struct stage){.iss = iss, .irs = irs};
    bench_init(&s->bench, play_script(), 1);
    if (figure_parse(&s->figure, "test.fig", source.data, source.len, &fault) != STATUS_OK ||
        figure_check(&s->figure, us, &fault) != STATUS_OK)
        fail_msg("%s", fault.text);
    text_done(&source);
    s->play = (struct play){.figure = &s->figure, .us = us, .reply_wait_ns = 5 * CLOCK_S};
    s->bench.states[0] = &s->play;
    s->bench.config.base.iss = seq_of(iss);
    s->bench.config.base.timestamps = false;
    s->bench.config.base.other_local = (struct endpoint){s->bench.locals[0].ip, STAGE_OTHER_PORT};
    s->bench.config.base.other_iss = seq_of(iss + 1000000);
    s->bench.host.iss = irs;
    s->bench.host.timestamps = false;
    s->bench.host.stays = true;
    s->bench.host.instead = stage_listens;
    s->bench.config.deadline_after_ns = CLOCK_NEVER;
}

void stage_man(struct stage *s)
{
    s->application = (struct upper){.call = stage_act,
                                    .state = stage_state,
                                    .way_ns = BENCH_DELAY,
                                    .back_ns = BENCH_DELAY,
                                    .arg = s};
    s->bench.config.base.upper[END_B] = &s->application;
}

void stage_run(struct stage *s)
{
    bench_run(&s->bench, 10 * CLOCK_MIN);
}

void stage_done(struct stage *s)
{
    bench_done(&s->bench);
    play_done(&s->play);
    figure_done(&s->figure);
}
