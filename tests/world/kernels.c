/* See kernels.h. */
#include "kernels.h"

/* --- The wire --- */

static void kernels_queue(struct kernels *k, int64_t at_ns, enum end end, bool arrives,
                          const uint8_t *ip, size_t n)
{
    assert_true(k->queued < KERNELS_QUEUE_MAX && n <= KERNELS_PACKET_MAX);
    size_t i = k->queued++;
    for (; i > 0 && k->queue[i - 1].at_ns > at_ns; i--)
        k->queue[i] = k->queue[i - 1];
    k->queue[i].at_ns = at_ns;
    k->queue[i].end = end;
    k->queue[i].arrives = arrives;
    k->queue[i].n = n;
    memcpy(k->queue[i].ip, ip, n);
}

static enum status kernels_pass(void *arg, enum end to, const uint8_t *ip, size_t n,
                                struct fault *fault)
{
    struct kernels *k = arg;
    (void)fault;
    k->passed++;
    kernels_queue(k, k->now_ns + KERNELS_DELAY, to, true, ip, n);
    return STATUS_OK;
}

/* --- A kernel --- */

void kernel_emits(struct kernel *k, int64_t after_ns, const struct segment *seg, const void *data,
                  size_t n)
{
    struct kernels *on = k->of;
    struct segment out = *seg;
    struct fault fault;
    uint8_t ip[KERNELS_PACKET_MAX];
    size_t len;
    out.src = on->config.at[k->side];
    out.dst = on->config.at[end_other(k->side)];
    out.ttl = 64;
    out.df = true;
    assert_int_equal(craft_segment(on->craft, &out, data, n, ip, sizeof(ip), &len, &fault),
                     STATUS_OK);
    kernels_queue(on, on->now_ns + after_ns + KERNELS_DELAY, k->side, false, ip, len);
}

void kernel_says(struct kernel *k, unsigned flags, uint32_t seq, uint32_t ack, uint32_t len)
{
    static const uint8_t octets[64];
    const struct segment seg = {
        .flags = (uint16_t)flags, .seq = seq_of(seq), .ack = seq_of(ack), .win = 65535};
    assert_true(len <= sizeof(octets));
    kernel_emits(k, 0, &seg, octets, len);
}

static void kernel_keep(struct kernel *k, const struct segment *seg, const void *data)
{
    assert_true(k->out_count < KERNELS_OUT_MAX && seg->len <= sizeof(k->out[0].data));
    if (k->out_count == 0) {
        k->rto_at = k->of->now_ns + k->rto_ns;
        k->rto_tries = 0;
    }
    k->out[k->out_count].seg = *seg;
    if (data != NULL)
        memcpy(k->out[k->out_count].data, data, seg->len);
    k->out_count++;
}

static void kernel_replies(struct kernel *k, enum reply reply, const struct segment *cause,
                           const void *data, size_t n)
{
    struct segment out = {0};
    tcb_fill(&k->tcb, reply, cause, &out);
    kernel_emits(k, 0, &out, data, n);
    out.len = (uint32_t)n;
    bool anew = seq_lt(k->tcb.snd_nxt, segment_end(&out));
    tcb_left(&k->tcb, &out);
    if (segment_seq_len(&out) > 0 && anew && !(out.flags & FLAG_RST))
        kernel_keep(k, &out, data);
}

void kernel_begins(struct kernel *k)
{
    tcb_init(&k->tcb, seq_of(k->iss), 65535, false, false, 0);
    k->unread = 0;
    k->orphan = false;
    k->out_count = 0;
    k->keep_tries = 0;
    k->rto_at = k->keep_at = k->time_wait_at = CLOCK_NEVER;
    if (k->listens)
        (void)tcb_call(&k->tcb, CALL_LISTEN);
}

void kernel_forgets(struct kernel *k)
{
    k->exists = false;
    k->out_count = 0;
    k->rto_at = k->keep_at = k->time_wait_at = CLOCK_NEVER;
}

/* After everything that may have changed its state. */
static void kernel_settles(struct kernel *k)
{
    enum state s = k->tcb.state;
    bool was = k->exists;
    k->exists = s != STATE_CLOSED && s != STATE_LISTEN;
    if (!was && k->exists)
        k->iss += k->iss_step;
    if (!k->exists)
        kernel_forgets(k);
    else if (s == STATE_TIME_WAIT && k->time_wait_at == CLOCK_NEVER)
        k->time_wait_at = k->of->now_ns + KERNELS_TIME_WAIT;
    if (s == STATE_ESTABLISHED && k->keep_after_ns != 0)
        k->keep_at = k->of->now_ns + k->keep_after_ns;
}

static void kernel_drops_what_is_acknowledged(struct kernel *k)
{
    size_t gone = 0;
    while (gone < k->out_count && seq_le(segment_end(&k->out[gone].seg), k->tcb.snd_una))
        gone++;
    if (gone == 0)
        return;
    k->out_count -= gone;
    memmove(&k->out[0], &k->out[gone], k->out_count * sizeof(k->out[0]));
    k->rto_tries = 0;
    k->rto_at = k->out_count > 0 ? k->of->now_ns + k->rto_ns : CLOCK_NEVER;
}

static void kernel_tells(struct kernel *k, const struct segment *seg, const struct arrival *a)
{
    if (a->to == STATE_CLOSED && a->from != STATE_CLOSED && seg->flags & FLAG_RST)
        k->saw = a->from == STATE_CLOSE_WAIT ? EPIPE : ECONNRESET;
    else if (k->tcb.fin_received && k->saw == EAGAIN)
        k->saw = 0;
}

static void kernel_receives(struct kernel *k, const struct segment *seg)
{
    k->arrived++;
    k->syns += (seg->flags & FLAG_SYN) != 0;
    if (k->instead != NULL && k->instead(k, seg))
        return;
    if (!k->exists)
        kernel_begins(k);
    struct arrival a = tcb_arrive(&k->tcb, seg);
    k->unread += a.text;
    k->keep_tries = 0;
    kernel_tells(k, seg, &a);
    if (k->orphan && a.text > 0) { /* RFC 9293 3.6.1 */
        (void)tcb_call(&k->tcb, CALL_ABORT);
        kernel_replies(k, REPLY_RST_OWN, NULL, NULL, 0);
    } else if (a.reply >= REPLY_SYN && a.reply <= REPLY_FIN) {
        kernel_replies(k, a.reply, seg, NULL, 0);
    }
    kernel_drops_what_is_acknowledged(k);
    kernel_settles(k);
}

/* --- Its timers --- */

static void kernel_gives_up(struct kernel *k)
{
    k->saw = ETIMEDOUT;
    (void)tcb_time_out(&k->tcb, INPUT_USER_TIMEOUT);
    kernel_forgets(k);
}

static void kernel_sends_again(struct kernel *k)
{
    if (k->retries != 0 && k->rto_tries == k->retries) {
        kernel_gives_up(k);
        return;
    }
    kernel_emits(k, 0, &k->out[0].seg, k->out[0].data, k->out[0].seg.len);
    int64_t next = k->rto_ns << (++k->rto_tries < 24 ? k->rto_tries : 24);
    k->rto_at += next < k->rto_most_ns ? next : k->rto_most_ns;
}

/* RFC 9293 3.8.4 */
static void kernel_probes(struct kernel *k)
{
    if (k->keep_tries == k->keep_probes) {
        if (k->resets_at_last)
            kernel_replies(k, REPLY_RST_OWN, NULL, NULL, 0);
        kernel_gives_up(k);
        return;
    }
    k->keep_tries++;
    k->keep_at += k->keep_every_ns;
    kernel_says(k, FLAG_ACK, k->tcb.snd_nxt.v - 1, k->tcb.rcv_nxt.v, 0);
}

static int64_t kernel_timer(const struct kernel *k)
{
    int64_t at = k->out_count > 0 ? k->rto_at : k->keep_at;
    return at < k->time_wait_at ? at : k->time_wait_at;
}

static void kernel_wakes(struct kernel *k)
{
    if (k->time_wait_at <= k->of->now_ns) {
        (void)tcb_time_out(&k->tcb, INPUT_TIME_WAIT_TIMEOUT);
        kernel_forgets(k);
    } else if (k->out_count > 0) {
        kernel_sends_again(k);
    } else {
        kernel_probes(k);
    }
}

/* --- Its application --- */

void kernel_calls(struct kernel *k, enum call call)
{
    enum reply reply = tcb_call(&k->tcb, call).reply;
    if (reply == REPLY_SYN || reply == REPLY_FIN || reply == REPLY_RST_OWN)
        kernel_replies(k, reply, NULL, NULL, 0);
    kernel_settles(k);
}

static enum status kernel_dies(struct kernel *k, struct fault *fault)
{
    if (k->unwilling)
        return fault_set(fault, STATUS_SYSTEM, "there is no such process");
    k->orphan = true;
    if (!k->leaves_silently)
        kernel_calls(k, k->unread > 0 ? CALL_ABORT : CALL_CLOSE);
    return STATUS_OK;
}

static enum status kernel_act(void *arg, const struct endpoint *other, enum call what,
                              const void *data, size_t n, struct fault *fault)
{
    struct kernel *k = arg;
    assert_true(endpoint_equal(other, &k->of->config.at[end_other(k->side)]));
    if (what == CALL_KILL)
        return kernel_dies(k, fault);
    if (what == CALL_STOP_LISTENING) {
        k->listens = false;
        return STATUS_OK;
    }
    k->told++;
    if (k->unwilling)
        return fault_set(fault, STATUS_SYSTEM, "the application will not");
    if (what == CALL_LISTEN)
        k->listens = true;
    if (k->lame)
        return STATUS_OK;
    if (what == CALL_CONNECT) {
        bool listens = k->listens;
        k->listens = false; /* for this one */
        k->saw = EAGAIN;
        kernel_begins(k);
        k->listens = listens;
        kernel_calls(k, CALL_CONNECT);
    } else if (what == CALL_CLOSE) {
        kernel_calls(k, CALL_CLOSE);
    } else if (what == CALL_ABORT) {
        kernel_calls(k, CALL_ABORT);
    } else if (what == CALL_SEND) {
        kernel_replies(k, REPLY_ACK, NULL, data, n);
    } else if (what == CALL_CRASH) {
        kernel_forgets(k);
    }
    return STATUS_OK;
}

static enum status kernel_state(void *arg, const struct endpoint *other, enum state *state,
                                struct fault *fault)
{
    const struct kernel *k = arg;
    assert_true(endpoint_equal(other, &k->of->config.at[end_other(k->side)]));
    if (k->mute)
        return fault_set(fault, STATUS_SYSTEM, "the kernel does not answer");
    *state = k->exists ? k->tcb.state : k->listens ? STATE_LISTEN : STATE_CLOSED;
    return STATUS_OK;
}

static int kernel_saw(void *arg)
{
    return ((struct kernel *)arg)->saw;
}

/* --- The whole --- */

static void kernels_init_end(struct kernels *k, enum end side, uint32_t iss)
{
    static const uint8_t octets[ENDS][4] = {{192, 0, 2, 1}, {192, 0, 2, 2}};
    k->config.at[side] =
        (struct endpoint){address_from_v4(octets[side]), side == END_A ? 40000 : 80};
    k->end[side] = (struct kernel){.iss = iss,
                                   .iss_step = 64000,
                                   .rto_ns = CLOCK_S,
                                   .rto_most_ns = CLOCK_NEVER,
                                   .of = k,
                                   .side = side,
                                   .saw = EAGAIN,
                                   .rto_at = CLOCK_NEVER,
                                   .keep_at = CLOCK_NEVER,
                                   .time_wait_at = CLOCK_NEVER};
    k->upper[side] = (struct upper){
        .call = kernel_act, .state = kernel_state, .status = kernel_saw, .arg = &k->end[side]};
    k->config.upper[side] = &k->upper[side];
}

void kernels_init(struct kernels *k, uint32_t iss_a, uint32_t iss_b)
{
    struct fault fault;
    *k = (struct kernels){.now_ns = KERNELS_START};
    bench_record_init(&k->bench);
    k->craft = craft_new(&fault);
    assert_non_null(k->craft);
    kernels_init_end(k, END_A, iss_a);
    kernels_init_end(k, END_B, iss_b);
    k->end[END_B].listens = true;
    k->config.session = 1;
    k->config.deadline_ns = CLOCK_NEVER;
    k->config.pass = kernels_pass;
    k->config.arg = k;
}

void kernels_begin(struct kernels *k, const struct script *script, void *state)
{
    bench_record_begin(&k->bench);
    talk_init(&k->pair, &k->config, script, state, &k->bench.timeline, k->now_ns);
}

static void kernels_take_packet(struct kernels *k)
{
    struct kernels_packet next = k->queue[0];
    memmove(&k->queue[0], &k->queue[1], --k->queued * sizeof(k->queue[0]));
    if (!next.arrives) {
        talk_packet(&k->pair, next.end, next.ip, next.n, k->now_ns);
        return;
    }
    struct segment seg;
    struct fault fault;
    const struct endpoint *at = k->config.at;
    if (segment_decode(&seg, next.ip, next.n, &fault) == STATUS_OK &&
        endpoint_equal(&seg.dst, &at[next.end]) &&
        endpoint_equal(&seg.src, &at[end_other(next.end)]))
        kernel_receives(&k->end[next.end], &seg);
}

bool kernels_step(struct kernels *k, int64_t limit_ns)
{
    int64_t ours = k->pair.finished ? CLOCK_NEVER : talk_deadline(&k->pair);
    int64_t a = kernel_timer(&k->end[END_A]), b = kernel_timer(&k->end[END_B]);
    int64_t packet = k->queued > 0 ? k->queue[0].at_ns : CLOCK_NEVER;
    int64_t at = packet < a ? packet : a;
    at = at < b ? at : b;
    at = at < ours ? at : ours;
    if (at > limit_ns || at == CLOCK_NEVER)
        return false;
    k->now_ns = at > k->now_ns ? at : k->now_ns;
    if (at == packet)
        kernels_take_packet(k);
    else if (at == a || at == b)
        kernel_wakes(&k->end[at == a ? END_A : END_B]);
    else
        talk_tick(&k->pair, k->now_ns);
    return true;
}

void kernels_run(struct kernels *k, int64_t within_ns)
{
    int64_t limit = k->now_ns + within_ns;
    for (unsigned i = 0; !k->pair.finished; i++) {
        assert_true(i < KERNELS_STEPS_MAX);
        if (k->each != NULL)
            k->each(k);
        if (!k->pair.finished)
            assert_true(kernels_step(k, limit));
    }
    talk_verdict(&k->pair);
}

void kernels_arrive(struct kernels *k)
{
    int64_t limit = k->now_ns + 2 * KERNELS_DELAY;
    while (k->queued > 0 && kernels_step(k, limit))
        ;
}

void kernels_done(struct kernels *k)
{
    bench_record_done(&k->bench);
    craft_free(k->craft);
}
