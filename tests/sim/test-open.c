/* `open` from end to end on the simulated wire: the closes of RFC 9293 3.6, losses, floods,
 * silence, and every way in which a run may be ended. */

#include "../world/bench.h"

#include <stdio.h>

#define OPEN_TEST(name) BENCH_TEST(name, bench_open)

#define ACKED (FLAG_ACK)

/* --- As it should be --- */

static void expect_quiet_and_sound(const struct bench *b)
{
    assert_true(json_is_true(json_object_get(b->verdict, "kernel_quiet")));
    assert_int_equal(bench_count(b, EVENT_FAULT), 0);
}

OPEN_TEST(four_segments_close)
{
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "open", 0);
    bench_expect_close(b, "fin", "us", 4);
    bench_expect_path(b, "own_path",
                      "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT CLOSED");
    bench_expect_path(b, "peer_path", "LISTEN SYN-RECEIVED ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED");
    assert_int_equal(bench_us(b, "rtt_us"), BENCH_RTT);
    assert_int_equal(bench_number(b, "retransmitted"), 0);
    assert_int_equal(bench_number(b, "iss"), BENCH_ISS);
    assert_int_equal(bench_number(b, "irs"), BENCH_IRS);
    assert_int_equal(bench_segments(b, EVENT_SENT, FLAG_RST), 0);
    expect_quiet_and_sound(b);
}

OPEN_TEST(three_segments_close)
{
    b->host.three = true;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "open", 0);
    bench_expect_close(b, "fin", "us", 3);
    bench_expect_path(b, "peer_path", "LISTEN SYN-RECEIVED ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED");
    expect_quiet_and_sound(b);
}

OPEN_TEST(the_peer_closes_first)
{
    b->open.close = OPEN_CLOSE_WAIT;
    b->host.closes_first = true;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "open", 0);
    bench_expect_close(b, "fin", "peer", -1);
    bench_expect_path(b, "own_path", "CLOSED SYN-SENT ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED");
    assert_int_equal(b->host.tcb.state, STATE_TIME_WAIT);
    expect_quiet_and_sound(b);
}

OPEN_TEST(both_close_at_once)
{
    b->host.closes_first = true;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "open", 0);
    bench_expect_close(b, "fin", "both", -1);
    assert_int_equal(b->host.tcb.state, STATE_TIME_WAIT);
}

OPEN_TEST(reset_close)
{
    b->open.close = OPEN_CLOSE_RST;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "open", 0);
    bench_expect_close(b, "rst", "us", -1);
    const struct bench_event *rst = bench_segment(b, EVENT_SENT, FLAG_RST, 0);
    assert_int_equal(rst->seg.seq.v, BENCH_ISS + 1);
    assert_int_equal(b->host.tcb.state, STATE_CLOSED);
}

static const uint8_t words[] = "GET / HTTP/1.0\r\n\r\n";
enum {
    WORDS = sizeof(words) - 1
};

/* The reset waits for the acknowledgement of the data, and for no more than that. */
OPEN_TEST(reset_close_after_data)
{
    b->open.close = OPEN_CLOSE_RST;
    b->open.payload = words;
    b->open.payload_len = WORDS;
    bench_run(b, CLOCK_MIN);
    bench_expect_close(b, "rst", "us", -1);
    assert_int_equal(bench_segment(b, EVENT_SENT, FLAG_RST, 0)->seg.seq.v, BENCH_ISS + 1 + WORDS);
    assert_int_equal(b->host.tcb.state, STATE_CLOSED);
    assert_int_equal(b->host.heard_len, WORDS);
}

static bool answers_and_closes(struct bench *b, const struct segment *seg)
{
    if (seg->len == 0)
        return false;
    (void)tcb_arrive(&b->host.tcb, seg);
    bench_host_closes(b, seg);
    return true;
}

/* Its FIN acknowledges our data: nothing else is to be waited for. */
OPEN_TEST(reset_close_of_one_who_closes)
{
    b->open.close = OPEN_CLOSE_RST;
    b->open.payload = words;
    b->open.payload_len = WORDS;
    b->host.instead = answers_and_closes;
    bench_run(b, 5 * CLOCK_S);
    assert_non_null(bench_segment(b, EVENT_SENT, FLAG_RST, 0));
    assert_int_equal(b->host.tcb.state, STATE_CLOSED);
}

OPEN_TEST(data_on_the_third_segment)
{
    b->open.payload = words;
    b->open.payload_len = WORDS;
    b->open.payload_first = 4;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "open", 0);
    assert_int_equal(b->host.heard_len, WORDS);
    assert_memory_equal(b->host.heard, words, WORDS);
    const struct bench_event *third = bench_segment(b, EVENT_SENT, FLAG_ACK, 0);
    assert_int_equal(third->seg.len, 4);
    assert_int_equal(third->seg.seq.v, BENCH_ISS + 1);
    assert_int_equal(bench_segment(b, EVENT_SENT, FLAG_ACK, 1)->seg.len, WORDS - 4);
    assert_int_equal(bench_number(b, "data_acknowledged"), WORDS);
    expect_quiet_and_sound(b);
}

/* --- Much to say --- */

static uint8_t much[60000];

static void speak_at_length(struct bench *b)
{
    for (size_t i = 0; i < sizeof(much); i++)
        much[i] = (uint8_t)(i * 7 + i / 256);
    bench_open(b);
    b->open.payload = much;
    b->open.payload_len = sizeof(much);
}

/* No segment is larger than the peer's MSS less the options, and never is more outstanding than its
 * window takes. */
static void expect_within(const struct bench *b, uint32_t mss, uint32_t window)
{
    uint32_t una = b->config.base.iss.v, end = una;
    for (size_t i = 0; i < b->count; i++) {
        const struct bench_event *e = &b->events[i];
        if (e->kind == EVENT_RECEIVED && e->seg.flags & FLAG_ACK)
            una = e->seg.ack.v;
        if (e->kind != EVENT_SENT || e->seg.len == 0)
            continue;
        end = e->seg.seq.v + e->seg.len;
        assert_in_range(e->seg.len, 1, mss);
        assert_true(end - una <= window);
    }
}

UNIT_TEST(more_than_the_window_and_the_mss)
{
    static const struct {
        uint32_t window;
        uint16_t mss;
    } cases[] = {{65535, 1460}, {1000, 1460}, {3000, 536}, {100, 1460}, {65535, 9000}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench b;
        speak_at_length(&b);
        b.host.win = cases[i].window;
        b.host.mss = cases[i].mss;
        bench_run(&b, CLOCK_MIN);
        bench_expect(&b, "open", 0);
        assert_int_equal(b.host.heard_len, sizeof(much));
        assert_memory_equal(b.host.heard, much, sizeof(much));
        expect_within(&b, cases[i].mss - 12u, cases[i].window);
        bench_expect_close(&b, "fin", "us", 4);
        bench_done(&b);
    }
}

/* RFC 9293 3.7.1 knows no least MSS, but one of 1 would make sixty thousand segments. */
UNIT_TEST(a_silly_mss)
{
    struct bench b;
    speak_at_length(&b);
    b.open.payload_len = 5000;
    b.host.mss = 1;
    bench_run(&b, CLOCK_MIN);
    assert_int_equal(b.host.heard_len, 5000);
    assert_true(bench_count(&b, EVENT_SENT) < 200);
    bench_done(&b);
}

static bool third_of_ours_vanishes(bool ours, const struct segment *seg, unsigned n)
{
    (void)seg;
    return ours && n % 5 == 0;
}

UNIT_TEST(data_is_lost_and_sent_again)
{
    struct bench b;
    speak_at_length(&b);
    b.open.payload_len = 20000;
    b.config.base.tries = 10;
    b.host.loses = third_of_ours_vanishes;
    bench_run(&b, 2 * CLOCK_MIN);
    bench_expect(&b, "open", 0);
    assert_int_equal(b.host.heard_len, 20000);
    assert_memory_equal(b.host.heard, much, 20000);
    assert_true(bench_number(&b, "retransmitted") > 0);
    bench_done(&b);
}

/* The window is 0 until the second probe has come. */
static bool opens_late(struct bench *b, const struct segment *seg)
{
    struct tcb *t = &b->host.tcb;
    if (seg->len == 0 || t->rcv_wnd != 0)
        return false;
    if (bench_segments(b, EVENT_SENT, FLAG_ACK) >= 3)
        t->rcv_wnd = 65535;
    bench_host_says(b, seg, REPLY_ACK, NULL, NULL, 0);
    return true;
}

OPEN_TEST(a_closed_window_is_probed)
{
    b->open.payload = words;
    b->open.payload_len = WORDS;
    b->host.win = 0;
    b->host.instead = opens_late;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "open", 0);
    assert_int_equal(b->host.heard_len, WORDS);
    const struct bench_event *first = bench_segment(b, EVENT_SENT, FLAG_ACK, 1),
                             *second = bench_segment(b, EVENT_SENT, FLAG_ACK, 2);
    assert_int_equal(first->seg.len, 1);
    assert_int_equal(second->seg.len, 1);
    /* SHLD-29 and SHLD-30: first after one RTO, then further apart */
    assert_int_equal(first->t_ns, BENCH_START + BENCH_RTT + CLOCK_S);
    assert_true(second->t_ns - first->t_ns >= 2 * CLOCK_S);
}

OPEN_TEST(a_window_that_never_opens)
{
    b->open.payload = words;
    b->open.payload_len = WORDS;
    b->host.win = 0;
    bench_run(b, 2 * CLOCK_MIN);
    assert_int_equal(b->host.heard_len, 0);
    assert_true(bench_count(b, EVENT_SENT) < 30);
    assert_int_equal(b->host.tcb.state, STATE_CLOSED);
}

/* --- Loss --- */

static bool first_syn(bool ours, const struct segment *seg, unsigned n)
{
    (void)n;
    static const uint16_t syn = FLAG_SYN;
    return ours && seg->flags == syn && n == 1;
}

UNIT_TEST(the_syn_is_lost_once)
{
    for (int stamps = 0; stamps < 2; stamps++) {
        struct bench b;
        bench_open(&b);
        b.host.timestamps = stamps != 0;
        b.host.loses = first_syn;
        bench_run(&b, CLOCK_MIN);
        bench_expect(&b, "open", 0);
        assert_int_equal(bench_segments(&b, EVENT_SENT, FLAG_SYN), 2);
        assert_int_equal(bench_segment(&b, EVENT_SENT, FLAG_SYN, 1)->t_ns, BENCH_START + CLOCK_S);
        assert_true(bench_segment(&b, EVENT_SENT, FLAG_SYN, 1)->again);
        assert_int_equal(bench_number(&b, "retransmitted"), 1);
        /* Karn: only the echo says which SYN was answered */
        assert_int_equal(bench_us(&b, "rtt_us"), stamps ? BENCH_RTT : -1);
        bench_done(&b);
    }
}

static bool the_first_vanishes(struct bench *b, const struct segment *seg)
{
    (void)seg;
    return b->host.arrived == 1;
}

/* The answer to the second SYN says that it has left, before the tap shows it. */
OPEN_TEST(the_answer_to_the_second_syn_is_seen_before_it)
{
    b->tap_late_ns = BENCH_DELAY + CLOCK_MS;
    b->host.instead = the_first_vanishes;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "open", 0);
    assert_int_equal(bench_segments(b, EVENT_SENT, FLAG_SYN), 2);
    const struct bench_event *second = bench_segment(b, EVENT_SENT, FLAG_SYN, 1);
    assert_false(bench_segment(b, EVENT_SENT, FLAG_SYN, 0)->again);
    assert_true(second->again);
    assert_true(second->t_ns > bench_segment(b, EVENT_RECEIVED, FLAG_SYN | FLAG_ACK, 0)->t_ns);
    assert_int_equal(bench_number(b, "retransmitted"), 1);
    expect_quiet_and_sound(b);
}

static bool silence_of_ours(bool ours, const struct segment *seg, unsigned n)
{
    (void)seg;
    (void)n;
    return ours;
}

OPEN_TEST(silence)
{
    b->config.base.tries = 4;
    b->open.reply_wait_ns = 30 * CLOCK_S;
    b->host.loses = silence_of_ours;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "filtered", 3);
    assert_int_equal(bench_segments(b, EVENT_SENT, FLAG_SYN), 4);
    const int64_t at[] = {0, 1, 3, 7}; /* RFC 6298 5.5 */
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(bench_segment(b, EVENT_SENT, FLAG_SYN, i)->t_ns,
                         BENCH_START + at[i] * CLOCK_S);
    /* in case the SYN arrived and its answer did not */
    assert_int_equal(bench_segments(b, EVENT_SENT, FLAG_RST), 1);
    const struct bench_event *rst = bench_segment(b, EVENT_SENT, FLAG_RST, 0);
    assert_int_equal(rst->seg.seq.v, BENCH_ISS + 1);
    assert_int_equal(rst->t_ns, BENCH_START + 15 * CLOCK_S);
}

static bool fins_of_ours(bool ours, const struct segment *seg, unsigned n)
{
    (void)n;
    return ours && seg->flags & FLAG_FIN && n < 5;
}

OPEN_TEST(our_fin_is_lost)
{
    b->host.loses = fins_of_ours;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "open", 0);
    bench_expect_close(b, "fin", "us", 4);
    const unsigned fin = FLAG_FIN | FLAG_ACK;
    assert_int_equal(bench_segments(b, EVENT_SENT, fin), 3);
    int64_t t = bench_segment(b, EVENT_SENT, fin, 0)->t_ns;
    assert_int_equal(bench_segment(b, EVENT_SENT, fin, 1)->t_ns - t, CLOCK_S);
    assert_int_equal(bench_segment(b, EVENT_SENT, fin, 2)->t_ns - t, 3 * CLOCK_S);
}

static bool all_fins_of_ours(bool ours, const struct segment *seg, unsigned n)
{
    (void)n;
    return ours && seg->flags & FLAG_FIN;
}

OPEN_TEST(our_fin_never_arrives)
{
    b->host.loses = all_fins_of_ours;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "open", 0);
    assert_int_equal(bench_segments(b, EVENT_SENT, FLAG_FIN | FLAG_ACK), 3);
    assert_true(bench_segments(b, EVENT_SENT, FLAG_RST) >= 1);
}

static bool fins_of_theirs(bool ours, const struct segment *seg, unsigned n)
{
    (void)n;
    return !ours && seg->flags & FLAG_FIN;
}

/* The peer's FIN never comes: after --wait its connection is reset, and exactly. */
OPEN_TEST(the_peers_fin_is_lost)
{
    b->host.loses = fins_of_theirs;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "open", 0);
    bench_expect_close(b, "half", "us", -1);
    const struct bench_event *rst = bench_segment(b, EVENT_SENT, FLAG_RST, 0);
    assert_int_equal(rst->seg.seq.v, BENCH_ISS + 2);
    assert_int_equal(b->host.tcb.state, STATE_CLOSED);
}

static bool last_ack_of_ours(bool ours, const struct segment *seg, unsigned n)
{
    (void)seg;
    return ours && n == 4;
}

/* A second after our probe the host's timer runs out, too. */
static bool sends_its_fin_again(struct bench *b, const struct segment *seg)
{
    struct tcb *t = &b->host.tcb;
    if (t->state != STATE_LAST_ACK || !seq_lt(seg->seq, t->rcv_nxt) ||
        bench_segments(b, EVENT_RECEIVED, FLAG_FIN | FLAG_ACK) > 1)
        return false;
    struct segment fin = {.src = seg->dst, .dst = seg->src, .ttl = 64};
    tcb_fill(t, REPLY_FIN, NULL, &fin);
    fin.seq = t->snd_una;
    sim_emit(b->sim, CLOCK_S, &fin, NULL, 0);
    return false;
}

/* Our ACK of its FIN is lost: the keepalive probe finds LAST-ACK, and we wait for the FIN to come
 * again. */
OPEN_TEST(our_last_ack_is_lost)
{
    b->host.loses = last_ack_of_ours;
    b->host.timestamps = false;
    b->host.instead = sends_its_fin_again;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "open", 0);
    bench_expect_close(b, "fin", "us", 4);
    assert_int_equal(b->host.tcb.state, STATE_CLOSED);
}

/* --- No connection --- */

OPEN_TEST(a_closed_port)
{
    b->host.refuses = true;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "closed", 1);
    assert_int_equal(bench_us(b, "rtt_us"), BENCH_RTT);
    assert_int_equal(bench_count(b, EVENT_SENT), 1);
    bench_expect_path(b, "own_path", "CLOSED SYN-SENT CLOSED");
}

/* A reset that acknowledges nothing of ours is not believed. */
static bool resets_wildly(struct bench *b, const struct segment *seg)
{
    struct segment out = {.src = seg->dst, .dst = seg->src, .ttl = 64};
    if (!(seg->flags & FLAG_SYN))
        return false;
    out.flags = FLAG_RST;
    out.seq = seg->seq;
    sim_emit(b->sim, 0, &out, NULL, 0);
    out.flags = FLAG_RST | FLAG_ACK;
    out.ack = seg->seq;
    sim_emit(b->sim, 0, &out, NULL, 0);
    out.ack = seq_add(seg->seq, 2);
    sim_emit(b->sim, 0, &out, NULL, 0);
    return true;
}

OPEN_TEST(resets_that_do_not_fit)
{
    b->host.instead = resets_wildly;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "filtered", 3);
    assert_int_equal(bench_segments(b, EVENT_SENT, FLAG_SYN), 3);
}

/* Unreachable, about the segment whose first eight octets are quoted. */
static void emit_icmp(struct bench *b, const struct segment *seg, uint32_t seq, uint8_t code,
                      uint16_t mtu)
{
    uint8_t p[56] = {0x45, 0, 0, 56, 0, 0, 0, 0, 64, 1, 0, 0, 192, 0, 2, 9, 192, 0, 2, 1, 3, code};
    p[26] = (uint8_t)(mtu >> 8);
    p[27] = (uint8_t)mtu;
    uint8_t *quote = p + 28;
    static const uint8_t header[20] = {0x45, 0, 0,   60, 0, 0, 0x40, 0, 64, 6,
                                       0,    0, 192, 0,  2, 1, 192,  0, 2,  2};
    memcpy(quote, header, sizeof(header));
    const uint16_t ports[] = {seg->src.port, seg->dst.port};
    for (size_t i = 0; i < 4; i++) {
        quote[20 + i] = (uint8_t)(ports[i / 2] >> (i % 2 == 0 ? 8 : 0));
        quote[24 + i] = (uint8_t)(seq >> (24 - 8 * i));
    }
    sim_emit_raw(b->sim, 0, p, sizeof(p));
}

/* Administratively prohibited. */
static void emit_unreachable(struct bench *b, const struct segment *seg, uint32_t seq)
{
    emit_icmp(b, seg, seq, 13, 0);
}

static bool router_refuses(struct bench *b, const struct segment *seg)
{
    emit_unreachable(b, seg, seg->seq.v);
    return true;
}

static bool stranger_guesses(struct bench *b, const struct segment *seg)
{
    emit_unreachable(b, seg, seg->seq.v + 2);
    emit_unreachable(b, seg, seg->seq.v - 1);
    struct segment other = *seg;
    other.dst.port++;
    emit_unreachable(b, &other, seg->seq.v);
    return false;
}

OPEN_TEST(icmp_with_the_right_number)
{
    b->host.instead = router_refuses;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "unreachable", 3);
    assert_int_equal(bench_count(b, EVENT_SENT), 1);
    const json_t *icmp = json_object_get(b->verdict, "icmp");
    assert_int_equal(json_integer_value(json_object_get(icmp, "code")), 13);
    assert_string_equal(json_string_value(json_object_get(icmp, "from")), "192.0.2.9");
}

OPEN_TEST(icmp_with_the_wrong_number)
{
    b->host.instead = stranger_guesses;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "open", 0);
    bench_expect_close(b, "fin", "us", 4);
}

/* --- A narrow way --- */

enum {
    NARROW = 1000
};

static bool router_is_narrow(struct bench *b, const struct segment *seg)
{
    if (40 + seg->opt.raw_len + seg->len <= NARROW)
        return false;
    emit_icmp(b, seg, seg->seq.v, 4, NARROW);
    return true;
}

static bool old_router_is_narrow(struct bench *b, const struct segment *seg)
{
    if (40 + seg->opt.raw_len + seg->len <= 576)
        return false;
    emit_icmp(b, seg, seg->seq.v, 4, 0); /* RFC 792 has no room for the MTU */
    return true;
}

static bool stranger_narrows(struct bench *b, const struct segment *seg)
{
    if (seg->len > 0) {
        emit_icmp(b, seg, seg->seq.v + 1000000, 4, 300); /* quotes nothing of ours */
        emit_icmp(b, seg, seg->seq.v, 4, 20);            /* no link is so narrow */
    }
    return false;
}

/* The longest of ours, with its headers. */
static uint32_t longest_sent(const struct bench *b, size_t from)
{
    uint32_t longest = 0;
    for (size_t i = from; i < b->count; i++) {
        const struct bench_event *e = &b->events[i];
        if (e->kind == EVENT_SENT && 40 + e->seg.opt.raw_len + e->seg.len > longest)
            longest = 40 + e->seg.opt.raw_len + e->seg.len;
    }
    return longest;
}

UNIT_TEST(a_narrow_way_is_kept_to)
{
    static const struct {
        bool (*router)(struct bench *b, const struct segment *seg);
        long long mtu;
    } cases[] = {{router_is_narrow, NARROW}, {old_router_is_narrow, 576}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench b;
        speak_at_length(&b);
        b.host.instead = cases[i].router;
        bench_run(&b, CLOCK_MIN);
        bench_expect(&b, "open", 0);
        assert_int_equal(b.host.heard_len, sizeof(much));
        assert_memory_equal(b.host.heard, much, sizeof(much));
        const json_t *path = json_object_get(b.verdict, "path_mtu");
        assert_int_equal(json_integer_value(json_object_get(path, "mtu")), cases[i].mtu);
        assert_string_equal(json_string_value(json_object_get(path, "from")), "192.0.2.9");
        assert_true(longest_sent(&b, b.count / 2) <= cases[i].mtu);
        bench_expect_close(&b, "fin", "us", 4);
        bench_done(&b);
    }
}

UNIT_TEST(our_own_link_is_narrow)
{
    struct bench b;
    speak_at_length(&b);
    b.host.mss = 9000;
    b.config.base.fits = 1380;
    bench_run(&b, CLOCK_MIN);
    assert_int_equal(b.host.heard_len, sizeof(much));
    assert_int_equal(longest_sent(&b, 0), 1420);
    bench_done(&b);
}

UNIT_TEST(nobody_else_narrows_it)
{
    struct bench b;
    speak_at_length(&b);
    b.host.instead = stranger_narrows;
    bench_run(&b, CLOCK_MIN);
    bench_expect(&b, "open", 0);
    assert_int_equal(longest_sent(&b, 0), 1500);
    assert_null(json_object_get(b.verdict, "path_mtu"));
    bench_done(&b);
}

/* --- Simultaneous open --- */

static bool opens_too(struct bench *b, const struct segment *seg)
{
    struct tcb *t = &b->host.tcb;
    if (b->host.arrived == 1) { /* its SYN crosses ours */
        (void)tcb_call(t, CALL_CONNECT);
        bench_host_says(b, seg, REPLY_SYN, NULL, NULL, 0);
    }
    return false;
}

OPEN_TEST(simultaneous_open)
{
    b->host.instead = opens_too;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "open", 0);
    bench_expect_path(
        b, "own_path",
        "CLOSED SYN-SENT SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT CLOSED");
    assert_int_equal(bench_number(b, "irs"), BENCH_IRS);
    assert_int_equal(bench_number(b, "retransmitted"), 0);
    expect_quiet_and_sound(b);
}

/* As above, but what completes the handshake is a FIN. */
static bool opens_and_closes(struct bench *b, const struct segment *seg)
{
    struct tcb *t = &b->host.tcb;
    if (b->host.arrived == 1) {
        (void)tcb_call(t, CALL_CONNECT);
        bench_host_says(b, seg, REPLY_SYN, NULL, NULL, 0);
        (void)tcb_arrive(t, seg); /* its SYN,ACK is lost, and it closes at once */
        bench_host_closes(b, seg);
        return true;
    }
    return false;
}

OPEN_TEST(a_fin_completes_the_handshake)
{
    b->host.instead = opens_and_closes;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "open", 0);
    bench_expect_close(b, "fin", "peer", -1);
    assert_int_equal(bench_number(b, "irs"), BENCH_IRS);
}

/* --- Floods --- */

enum {
    FLOOD = 10000
};

static bool floods_with_answers(struct bench *b, const struct segment *seg)
{
    if (!(seg->flags & FLAG_SYN))
        return false;
    (void)tcb_arrive(&b->host.tcb, seg);
    for (int i = 0; i < FLOOD; i++)
        bench_host_says(b, seg, REPLY_SYN_ACK, seg, NULL, 0);
    return true;
}

OPEN_TEST(a_flood_of_answers)
{
    b->host.instead = floods_with_answers;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "open", 0);
    assert_true(b->run->entry->talk.segments[END_B] > FLOOD);
    assert_true(b->run->entry->talk.segments[END_A] < 40);
}

static bool storms(struct bench *b, const struct segment *seg)
{
    struct segment out = {.src = seg->dst, .dst = seg->src, .ttl = 64, .flags = FLAG_ACK};
    if (seg->flags & FLAG_SYN)
        return false;
    for (uint32_t i = 0; i < FLOOD / 5; i++) {
        out.seq = seq_add(b->host.tcb.snd_nxt, i % 3 == 0 ? 1u << 30 : 0);
        out.ack = seq_add(seg->seq, i % 3 == 1 ? 1u << 30 : i % 3 == 2 ? 3u << 30 : 0);
        sim_emit(b->sim, i * CLOCK_MS, &out, NULL, 0);
    }
    return false;
}

/* Two thousand acknowledgements a second of what is not, for each segment of ours. */
OPEN_TEST(a_storm_of_acknowledgements)
{
    b->host.instead = storms;
    bench_run(b, 2 * CLOCK_MIN);
    bench_expect(b, "open", 0);
    assert_true(b->run->entry->talk.segments[END_A] < 60);
}

/* After our reset it goes on sending, twenty segments a second, for two minutes. */
static bool will_not_stop(struct bench *b, const struct segment *seg)
{
    struct segment out = {.src = seg->dst, .dst = seg->src, .ttl = 64, .flags = FLAG_ACK};
    if (!(seg->flags & FLAG_RST) || b->host.tcb.state == STATE_CLOSED)
        return b->host.tcb.state == STATE_CLOSED;
    b->host.tcb.state = STATE_CLOSED;
    for (uint32_t i = 0; i < 2400; i++) {
        out.seq = b->host.tcb.snd_nxt;
        out.ack = seg->seq;
        sim_emit(b->sim, i * 50 * CLOCK_MS, &out, "x", 1);
    }
    return true;
}

OPEN_TEST(a_peer_that_goes_on_after_the_reset)
{
    b->open.close = OPEN_CLOSE_RST;
    b->host.instead = will_not_stop;
    bench_run(b, 15 * CLOCK_S);
    bench_expect(b, "open", 0);
    assert_true(b->run->entry->talk.segments[END_A] < 40);
}

/* --- The deadline and the user --- */

OPEN_TEST(the_deadline)
{
    b->open.close = OPEN_CLOSE_WAIT;
    b->config.deadline_after_ns = 7 * CLOCK_S;
    bench_run(b, 20 * CLOCK_S);
    bench_expect(b, "open", 0);
    const struct bench_event *rst = bench_segment(b, EVENT_SENT, FLAG_RST, 0);
    assert_int_equal(rst->t_ns, BENCH_START + 7 * CLOCK_S);
    assert_int_equal(rst->seg.seq.v, BENCH_ISS + 1);
    assert_int_equal(b->host.tcb.state, STATE_CLOSED);
}

OPEN_TEST(the_deadline_of_a_handshake)
{
    b->host.deaf = true;
    b->config.deadline_after_ns = 2 * CLOCK_S;
    bench_run(b, 20 * CLOCK_S);
    bench_expect(b, "filtered", 3);
    assert_int_equal(bench_segments(b, EVENT_SENT, FLAG_RST), 1);
}

static bool at_rest(enum state s)
{
    return s == STATE_CLOSED || s == STATE_LISTEN || s == STATE_TIME_WAIT;
}

static void interrupted_after(int64_t ns, enum open_close close, bool stays)
{
    struct bench b;
    struct fault fault;
    bench_open(&b);
    b.open.close = close;
    b.open.payload = words;
    b.open.payload_len = WORDS;
    b.host.stays = stays;
    bench_begin(&b);
    if (ns > 0) {
        /* sim_run stops between events: an instant with nothing due must be made */
        uint8_t nothing[1] = {0};
        sim_emit_raw(b.sim, ns - BENCH_DELAY, nothing, sizeof(nothing));
        bench_pass(&b, ns);
    }
    if (!talks_over(&b.run->talks)) {
        assert_int_equal(talks_stop(&b.run->talks, sim_now(b.sim), &fault), STATUS_OK);
        bench_pass(&b, 10 * CLOCK_S);
        assert_true(talks_over(&b.run->talks));
        assert_true(json_is_true(json_object_get(b.summary, "interrupted")));
    }
    bench_arrive(&b);
    assert_true(b.host.begun);
    if (!at_rest(b.host.tcb.state))
        print_error("interrupted after %d us: %s\n", (int)(ns / 1000),
                    state_name(b.host.tcb.state));
    assert_true(at_rest(b.host.tcb.state));
    bench_done(&b);
}

/* Whenever the user has had enough, the run ends soon and the peer's end is not left open. */
UNIT_TEST(an_interrupt_at_any_time)
{
    for (int64_t ns = 0; ns <= 60 * CLOCK_MS; ns += CLOCK_MS) {
        interrupted_after(ns, OPEN_CLOSE_FIN, false);
        interrupted_after(ns, OPEN_CLOSE_FIN, true);
        interrupted_after(ns, OPEN_CLOSE_RST, false);
        interrupted_after(ns, OPEN_CLOSE_WAIT, false);
    }
    interrupted_after(3 * CLOCK_S, OPEN_CLOSE_WAIT, false);
    interrupted_after(3 * CLOCK_S, OPEN_CLOSE_FIN, true);
}

static bool output_breaks(struct bench *b, const struct segment *seg)
{
    (void)seg;
    b->sink_answers = STATUS_SYSTEM;
    return false;
}

/* Nobody can write what is found: then nothing is sent, or what was opened is closed at once. */
UNIT_TEST(the_output_is_gone)
{
    struct bench b;
    bench_open(&b);
    b.sink_answers = STATUS_SYSTEM;
    bench_run(&b, 20 * CLOCK_S);
    assert_int_equal(bench_count(&b, EVENT_SENT), 0);
    bench_done(&b);

    bench_open(&b);
    b.open.close = OPEN_CLOSE_WAIT;
    b.host.instead = output_breaks;
    bench_run(&b, 20 * CLOCK_S);
    assert_true(b.host.begun && at_rest(b.host.tcb.state));
    assert_true(b.timeline.status == STATUS_SYSTEM);
    bench_done(&b);
}

/* --- What our own machine may do --- */

static bool kernel_interferes(struct bench *b, const struct segment *seg)
{
    if (!(seg->flags & FLAG_SYN))
        return false;
    struct segment rst = {.src = seg->src, .dst = seg->dst, .ttl = 64, .flags = FLAG_RST};
    rst.seq = seq_add(seg->seq, 1);
    sim_emit(b->sim, 0, &rst, NULL, 0);
    return false;
}

OPEN_TEST(a_reset_that_is_not_ours)
{
    b->host.instead = kernel_interferes;
    bench_run(b, CLOCK_MIN);
    assert_true(json_is_false(json_object_get(b->verdict, "kernel_quiet")));
    assert_true(bench_has_fault(b, EVENT_FAULT_KERNEL_RST));
    assert_int_equal(bench_number(b, "exit"), 2);
}

OPEN_TEST(the_capture_is_blind_to_us)
{
    b->tap_late_ns = CLOCK_NEVER;
    bench_run(b, CLOCK_MIN);
    assert_true(bench_has_fault(b, EVENT_FAULT_NOT_SEEN));
    assert_int_equal(bench_us(b, "rtt_us"), -1); /* without a stamp there is no time */
    assert_true(json_is_true(json_object_get(b->verdict, "kernel_quiet")));
}

static bool answers_malformed(struct bench *b, const struct segment *seg)
{
    uint8_t p[40] = {0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 2, 192, 0, 2, 1};
    p[20 + 12] = 0x30; /* a data offset of 12 octets */
    (void)seg;
    sim_emit_raw(b->sim, 0, p, sizeof(p));
    return false;
}

OPEN_TEST(what_does_not_decode)
{
    b->host.instead = answers_malformed;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "open", 0);
    assert_true(bench_has_fault(b, EVENT_FAULT_MALFORMED));
}

/* --- Where the numbers wrap --- */

UNIT_TEST(all_the_same_at_the_wrap)
{
    static const uint32_t starts[] = {0xffffffff, 0xfffffffe, 0xfffffff8, 0xffffc000, 0x7fffffff};
    for (size_t i = 0; i < 25; i++) {
        for (enum open_close close = OPEN_CLOSE_FIN; close <= OPEN_CLOSE_WAIT; close++) {
            struct bench b;
            speak_at_length(&b);
            b.open.close = close;
            b.host.closes_first = close == OPEN_CLOSE_WAIT;
            b.config.base.iss = seq_of(starts[i / 5]);
            b.host.iss = starts[i % 5];
            bench_run(&b, CLOCK_MIN);
            bench_expect(&b, "open", 0);
            bench_expect_close(&b, close == OPEN_CLOSE_RST ? "rst" : "fin",
                               close == OPEN_CLOSE_WAIT ? "peer" : "us", -1);
            if (close != OPEN_CLOSE_WAIT)
                assert_memory_equal(b.host.heard, much, sizeof(much));
            assert_true(at_rest(b.host.tcb.state));
            expect_quiet_and_sound(&b);
            bench_done(&b);
        }
    }
}

/* --- Who answers --- */

static void answer(struct bench *b, const struct segment *to, uint8_t ttl,
                   const struct segment *what)
{
    struct segment out = *what;
    out.src = to->dst;
    out.dst = to->src;
    out.ttl = ttl;
    sim_emit(b->sim, 0, &out, NULL, 0);
}

/* A SYN proxy offers no window, and the server behind it, a hop further, takes over. */
static bool by_proxy(struct bench *b, const struct segment *seg)
{
    const seq_t irs = seq_of(BENCH_IRS);
    struct segment out = {.seq = irs, .ack = segment_end(seg), .flags = FLAG_SYN | FLAG_ACK};
    if (seg->flags & FLAG_SYN) {
        answer(b, seg, 64, &out);
    } else if (seg->flags & FLAG_FIN) {
        out = (struct segment){.seq = seq_add(irs, 1),
                               .ack = segment_end(seg),
                               .flags = FLAG_FIN | FLAG_ACK,
                               .win = 1000};
        answer(b, seg, 63, &out);
    } else if (!(seg->flags & FLAG_RST) && seq_eq(seg->ack, seq_add(irs, 1))) {
        out = (struct segment){
            .seq = seq_add(irs, 1), .ack = seg->seq, .flags = FLAG_ACK, .win = 1000};
        answer(b, seg, 63, &out);
    }
    return true;
}

/* One that has no connection any more when it comes to data. */
static bool by_router(struct bench *b, const struct segment *seg)
{
    const struct segment rst = {.seq = seg->ack, .flags = FLAG_RST};
    if (seg->len == 0)
        return false;
    answer(b, seg, 63, &rst);
    return true;
}

static void expect_signs(const struct bench *b, const char *signs)
{
    char found[120] = "";
    size_t i;
    json_t *sign;
    json_array_foreach(json_object_get(b->verdict, "middlebox"), i, sign)
    {
        size_t n = strlen(found);
        (void)snprintf(found + n, sizeof(found) - n, "%s%s", i > 0 ? " " : "",
                       json_string_value(sign));
    }
    assert_string_equal(found, signs);
}

OPEN_TEST(a_syn_proxy)
{
    b->host.instead = by_proxy;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "open", 0);
    assert_int_equal(bench_number(b, "peer_ttl"), 64);
    expect_signs(b, "ttl win-0");
}

OPEN_TEST(a_router_that_resets)
{
    b->host.instead = by_router;
    b->open.payload = words;
    b->open.payload_len = WORDS;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "open", 0);
    expect_signs(b, "rst-ttl");
}

OPEN_TEST(one_host_alone)
{
    bench_run(b, CLOCK_MIN);
    expect_signs(b, "");
}
