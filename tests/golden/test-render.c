/* Plays fixed scripts of events into every sink and compares what comes out with the files beside
 * this one. TCPSHAKE_UPDATE_GOLDEN=1 writes them anew; look at the difference before committing it.
 * The files are found through the environment variable `srcdir`, the top of the source tree. */
#include "golden.h"

#include <jansson.h>

#include "base/clock.h"
#include "event/result.h"
#include "event/timeline.h"
#include "render/render.h"
#include "wire/craft.h"

#define SET(s)   STATE_SET(STATE_##s)
#define START_NS INT64_C(1789000000123456789)

enum {
    ISS = 1931475532u,
    IRS = 1234567890u
};

/* A script in progress: who talks to whom, and when it is. */

struct play {
    struct timeline timeline;
    struct craft *craft;
    struct endpoint a, b;
    uint8_t version;
    uint32_t session, cause; /* `cause`: the last segment, timer or action */
    int64_t now;
    bool held; /* what is sent stays in the network */
};

static struct endpoint endpoint_of(const char *ip, uint16_t port)
{
    struct endpoint e = {.port = port};
    unsigned o[4];
    if (sscanf(ip, "%u.%u.%u.%u", &o[0], &o[1], &o[2], &o[3]) == 4) {
        uint8_t octets[4] = {(uint8_t)o[0], (uint8_t)o[1], (uint8_t)o[2], (uint8_t)o[3]};
        e.ip = address_from_v4(octets);
        return e;
    }
    static const uint8_t prefix[] = {0x20, 0x01, 0x0d, 0xb8, 0x12, 0x34, 0x56, 0x78,
                                     0x9a, 0xbc, 0xde, 0xf0, 0x12, 0x34, 0x56};
    memcpy(&e.ip, prefix, sizeof(prefix));
    e.ip.s6_addr[15] = (uint8_t)ip[0];
    return e;
}

static void use_addresses(struct play *p, const char *a, const char *b, uint8_t version)
{
    p->a = endpoint_of(a, 40001);
    p->b = endpoint_of(b, 7);
    p->version = version;
}

static void begin(struct play *p, uint32_t session, int64_t at)
{
    p->session = session;
    p->now = START_NS + at;
    p->cause = 0;
}

static uint32_t tell(struct play *p, struct event e)
{
    e.session = p->session;
    e.t_ns = p->now;
    return timeline_append(&p->timeline, e);
}

/* A segment `us` after what came before it, as it crosses the wire. */
struct line {
    int64_t us;
    uint16_t flags;
    uint32_t seq, ack;
    const char *data;
    bool again; /* a retransmission */
    bool bad_checksum;
};

static void add_options(struct segment *s, bool sent)
{
    if ((s->flags & FLAG_SYN) != 0) {
        s->opt.has_mss = s->opt.has_wscale = s->opt.sack_permitted = true;
        s->opt.mss = s->ip_version == 4 ? 1460 : 1440;
        s->opt.wscale = sent ? 7 : 8;
    }
    if ((s->flags & FLAG_RST) == 0) {
        s->opt.has_timestamps = true;
        s->opt.ts_val = sent ? 1000 : 5000;
        s->opt.ts_ecr = (s->flags & FLAG_ACK) != 0 ? (sent ? 5000 : 1000) : 0;
    }
    assert_int_equal(options_build(&s->opt, "MSTNW", NULL), STATUS_OK);
}

static void cross(struct play *p, bool sent, struct line line)
{
    uint8_t octets[2048];
    size_t n;
    const char *data = line.data != NULL ? line.data : "";
    struct segment want = {.src = sent ? p->a : p->b,
                           .dst = sent ? p->b : p->a,
                           .ip_version = p->version,
                           .ttl = 64,
                           .df = true,
                           .seq = seq_of(line.seq),
                           .ack = seq_of(line.ack),
                           .flags = line.flags,
                           .win = sent ? 64240 : 65160,
                           .checksum =
                               line.bad_checksum ? SEGMENT_CHECKSUM_BAD : SEGMENT_CHECKSUM_OK};
    add_options(&want, sent);
    assert_int_equal(
        craft_segment(p->craft, &want, data, strlen(data), octets, sizeof(octets), &n, NULL),
        STATUS_OK);
    struct event e = {.kind = sent ? EVENT_SENT : EVENT_RECEIVED, .cause = sent ? p->cause : 0};
    assert_int_equal(segment_decode(&e.segment.seg, octets, n, NULL), STATUS_OK);
    e.segment.retransmission = line.again;
    e.segment.held = p->held;
    p->now += line.us * CLOCK_US;
    p->cause = tell(p, e);
    memset(octets, 0xee, sizeof(octets)); /* a sink that did not copy shows it */
}

static void sent(struct play *p, struct line line)
{
    cross(p, true, line);
}

static void received(struct play *p, struct line line)
{
    cross(p, false, line);
}

static void own(struct play *p, enum state from, enum state to, const char *why, const char *rfc)
{
    (void)tell(p, (struct event){.kind = EVENT_STATE,
                                 .cause = p->cause,
                                 .change = {.end = END_A,
                                            .from = STATE_SET(from),
                                            .to = STATE_SET(to),
                                            .why = why,
                                            .rfc = rfc}});
}

static void peer(struct play *p, state_set from, state_set to, const char *why, const char *rfc)
{
    (void)tell(p, (struct event){
                      .kind = EVENT_STATE,
                      .cause = p->cause,
                      .change = {.end = END_B, .from = from, .to = to, .why = why, .rfc = rfc}});
}

static void truth(struct play *p, enum state state, bool in_set)
{
    (void)tell(p, (struct event){.kind = EVENT_TRUTH,
                                 .cause = p->cause,
                                 .truth = {.state = state, .in_set = in_set}});
}

/* What a sink must copy is overwritten as soon as it was told. */
static uint32_t say(struct play *p, enum event_kind kind, uint32_t cause, const char *text)
{
    char *copy = strdup(text);
    assert_non_null(copy);
    uint32_t id = tell(p, (struct event){.kind = kind, .cause = cause, .text = copy});
    memset(copy, '!', strlen(copy));
    free(copy);
    return id;
}

static void note(struct play *p, const char *text)
{
    (void)say(p, EVENT_NOTE, p->cause, text);
}

static void happen(struct play *p, enum event_kind kind, int64_t us, const char *text)
{
    p->now += us * CLOCK_US;
    p->cause = say(p, kind, 0, text);
}

static void spoil(struct play *p, enum event_fault fault, uint32_t cause, const char *text)
{
    (void)tell(p, (struct event){.kind = EVENT_FAULT,
                                 .cause = cause,
                                 .fault = {.fault = fault, .text = text}});
}

static void conclude(struct play *p, enum event_kind kind, json_t *fields, const char *text)
{
    struct result r = {0};
    char *json = json_dumps(fields, JSON_COMPACT | JSON_REAL_PRECISION(15));
    assert_non_null(json);
    text_put(&r.json, json + 1, strlen(json) - 2);
    free(json);
    text_printf(&r.text, "%s", text);
    if (kind == EVENT_SUMMARY)
        p->session = 0;
    (void)tell(p, (struct event){.kind = kind, .result = &r});
    result_done(&r);
    json_decref(fields);
}

/* The scripts. */

static void open_and_shake(struct play *p)
{
    peer(p, STATE_SET_NONE, SET(CLOSED) | SET(LISTEN), "nothing is known yet", NULL);
    happen(p, EVENT_ACTION, -10, "Open");
    sent(p, (struct line){.flags = FLAG_SYN, .seq = ISS});
    own(p, STATE_CLOSED, STATE_SYN_SENT, "active OPEN", "RFC 9293 3.10.1");
    peer(p, SET(CLOSED) | SET(LISTEN), SET(CLOSED) | SET(LISTEN) | SET(SYN_RECEIVED),
         "our SYN may have arrived", "RFC 9293 3.10.7.2");
    received(p, (struct line){31, FLAG_SYN | FLAG_ACK, IRS, ISS + 1, NULL, false, false});
    peer(p, SET(CLOSED) | SET(LISTEN) | SET(SYN_RECEIVED), SET(SYN_RECEIVED),
         "it answers our SYN and has not yet got our ACK", "RFC 9293 3.10.7.2");
    own(p, STATE_SYN_SENT, STATE_ESTABLISHED, "SYN-ACK of our SYN", "RFC 9293 3.10.7.3");
    sent(p, (struct line){12, FLAG_ACK, ISS + 1, IRS + 1, NULL, false, false});
    peer(p, SET(SYN_RECEIVED), SET(SYN_RECEIVED) | SET(ESTABLISHED), "our ACK may have arrived",
         "RFC 9293 3.10.7.4");
}

static void say_hello(struct play *p)
{
    sent(p, (struct line){120, FLAG_PSH | FLAG_ACK, ISS + 1, IRS + 1, "hello\r\n", false, false});
    received(p, (struct line){44, FLAG_ACK, IRS + 1, ISS + 8, NULL, false, false});
    peer(p, SET(SYN_RECEIVED) | SET(ESTABLISHED), SET(ESTABLISHED),
         "it acknowledges data: it is past SYN-RECEIVED", "RFC 9293 3.10.7.4 seventh");
    received(p, (struct line){9, FLAG_PSH | FLAG_ACK, IRS + 1, ISS + 8, "hello\r\n", false, false});
    sent(p, (struct line){7, FLAG_ACK, ISS + 8, IRS + 8, NULL, false, false});
}

static void close_in_four(struct play *p, uint32_t seq, uint32_t ack, state_set peer_was)
{
    happen(p, EVENT_ACTION, 40, "Close");
    sent(p, (struct line){3, FLAG_FIN | FLAG_ACK, seq, ack, NULL, false, false});
    own(p, STATE_ESTABLISHED, STATE_FIN_WAIT_1, "CLOSE call", "RFC 9293 3.10.4");
    peer(p, peer_was, peer_was | SET(CLOSE_WAIT) | SET(LAST_ACK), "our FIN may have arrived",
         "RFC 9293 3.10.7.4");
    received(p, (struct line){28, FLAG_ACK, ack, seq + 1, NULL, false, false});
    own(p, STATE_FIN_WAIT_1, STATE_FIN_WAIT_2, "our FIN is acknowledged",
        "RFC 9293 3.10.7.4 fifth");
    peer(p, peer_was | SET(CLOSE_WAIT) | SET(LAST_ACK), SET(CLOSE_WAIT) | SET(LAST_ACK),
         "it acknowledges our FIN", "RFC 9293 3.10.7.4");
    received(p, (struct line){35, FLAG_FIN | FLAG_ACK, ack, seq + 1, NULL, false, false});
    own(p, STATE_FIN_WAIT_2, STATE_TIME_WAIT, "its FIN", "RFC 9293 3.10.7.4 eighth");
    peer(p, SET(CLOSE_WAIT) | SET(LAST_ACK), SET(LAST_ACK), "it closes", "RFC 9293 3.10.4");
    sent(p, (struct line){4, FLAG_ACK, seq + 1, ack + 1, NULL, false, false});
    peer(p, SET(LAST_ACK), SET(LAST_ACK) | SET(CLOSED), "our last ACK may have arrived",
         "RFC 9293 3.10.7.4 fifth");
}

static json_t *open_fields(const char *outcome)
{
    return json_pack("{s:s,s:s,s:s,s:f,s:I,s:I,s:{s:i,s:i,s:b},s:{s:s,s:i,s:s},s:[sss],s:[sss],s:b,"
                     "s:i}",
                     "command", "open", "target", "192.0.2.2:7", "outcome", outcome, "rtt_us", 31.2,
                     "iss", (json_int_t)ISS, "irs", (json_int_t)IRS, "peer_options", "mss", 1460,
                     "wscale", 8, "sack_permitted", 1, "close", "by", "us", "segments", 4, "kind",
                     "fin", "own_path", "CLOSED", "SYN-SENT", "ESTABLISHED", "peer_path",
                     "CLOSED|LISTEN", "SYN-RECEIVED", "ESTABLISHED", "kernel_quiet", 1,
                     "capture_dropped", 0);
}

static void play_handshake(struct play *p)
{
    begin(p, 1, 0);
    open_and_shake(p);
    say_hello(p);
    close_in_four(p, ISS + 8, IRS + 8, SET(ESTABLISHED));
    happen(p, EVENT_TIMER, 1000, "2 MSL");
    own(p, STATE_TIME_WAIT, STATE_CLOSED, "2 MSL have passed", "RFC 9293 3.10.8");
    conclude(p, EVENT_VERDICT, open_fields("open"),
             "outcome\topen\n"
             "RTT\t31.0 us, SYN to SYN-ACK, by kernel software stamps\n"
             "peer\tmss 1460, sackOK, ts 5000 1000, ws 8; TTL 64; window 65160\n"
             "our path\tCLOSED, SYN-SENT, ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT, CLOSED\n"
             "its path\tLISTEN, SYN-RECEIVED, ESTABLISHED, CLOSE-WAIT, LAST-ACK, CLOSED or "
             "still LAST-ACK\n"
             "close\tours first, four segments\n");
    conclude(p, EVENT_SUMMARY,
             json_pack("{s:s,s:i,s:i}", "command", "open", "sessions", 1, "open", 1), "");
}

static void play_synack(struct play *p)
{
    static const struct {
        int64_t us;
        const char *note;
    } again[] = {{1018123, "retransmission 1 of the SYN-ACK, after 1.018 s"},
                 {2047871, "retransmission 2 of the SYN-ACK, after 2.048 s"},
                 {4095990, "retransmission 3 of the SYN-ACK, after 4.096 s"}};
    use_addresses(p, "1", "2", 6);
    begin(p, 1, 0);
    peer(p, STATE_SET_NONE, SET(CLOSED) | SET(LISTEN), "nothing is known yet", NULL);
    sent(p, (struct line){.flags = FLAG_SYN, .seq = ISS});
    own(p, STATE_CLOSED, STATE_SYN_SENT, "active OPEN", "RFC 9293 3.10.1");
    received(p, (struct line){38, FLAG_SYN | FLAG_ACK, IRS, ISS + 1, NULL, false, false});
    peer(p, SET(CLOSED) | SET(LISTEN), SET(SYN_RECEIVED),
         "it answers our SYN and has not yet got our ACK", "RFC 9293 3.10.7.2");
    for (size_t i = 0; i < sizeof(again) / sizeof(again[0]); i++) {
        received(p,
                 (struct line){again[i].us, FLAG_SYN | FLAG_ACK, IRS, ISS + 1, NULL, true, false});
        note(p, again[i].note);
    }
    happen(p, EVENT_TIMER, 15000000, "listened for 15 s more, more than twice the last gap");
    peer(p, SET(SYN_RECEIVED), SET(SYN_RECEIVED) | SET(CLOSED) | SET(LISTEN),
         "it may have given up without a word", "RFC 9293 3.8.3");
    sent(p, (struct line){9, FLAG_RST, ISS + 1, 0, NULL, false, false});
    own(p, STATE_SYN_SENT, STATE_CLOSED, "ABORT call", "RFC 9293 3.10.5");
    peer(p, SET(SYN_RECEIVED) | SET(CLOSED) | SET(LISTEN),
         SET(SYN_RECEIVED) | SET(CLOSED) | SET(LISTEN), "our RST may have arrived",
         "RFC 9293 3.10.7.4");
    conclude(p, EVENT_VERDICT,
             json_pack("{s:s,s:s,s:s,s:f,s:[fff],s:i,s:s,s:f,s:s,s:{s:f,s:f,s:n,s:b},s:[{s:s,s:f}],"
                       "s:b,s:i}",
                       "command", "synack", "target", "[2001:db8:1234:5678:9abc:def0:1234:5632]:7",
                       "outcome", "open", "rtt_us", 38.0, "gaps_us", 1018123.0, 2047871.0,
                       4095990.0, "retransmissions", 3, "end", "silence", "waited_s", 22.162,
                       "ended_by", "patience", "model", "first_s", 1.024, "factor", 2.0, "cap_s",
                       "fits", 1, "nearest", "stack", "Linux 2.6.39 and later", "distance", 0.004,
                       "kernel_quiet", 1, "capture_dropped", 0),
             "outcome\topen\n"
             "SYN-ACK\t3 retransmissions, then silence for 15 s (more than twice the last gap)\n"
             "gaps\t1.018 s, 2.048 s, 4.096 s\n"
             "schedule\tfirst 1.02 s, each 2.00 times the one before\n"
             "nearest\tLinux 2.6.39 and later, distance 0.004\n");
    conclude(p, EVENT_SUMMARY,
             json_pack("{s:s,s:i,s:i}", "command", "synack", "sessions", 1, "open", 1), "");
}

static void play_refused(struct play *p)
{
    begin(p, 1, 0);
    peer(p, STATE_SET_NONE, SET(CLOSED) | SET(LISTEN), "nothing is known yet", NULL);
    sent(p, (struct line){.flags = FLAG_SYN, .seq = ISS});
    own(p, STATE_CLOSED, STATE_SYN_SENT, "active OPEN", "RFC 9293 3.10.1");
    happen(p, EVENT_TIMER, 1000300, "retransmission time-out");
    sent(p, (struct line){.us = 8, .flags = FLAG_SYN, .seq = ISS, .again = true});
    received(p, (struct line){27, FLAG_RST | FLAG_ACK, 0, ISS + 1, NULL, false, false});
    own(p, STATE_SYN_SENT, STATE_CLOSED, "connection reset", "RFC 9293 3.10.7.3");
    peer(p, SET(CLOSED) | SET(LISTEN), SET(CLOSED),
         "it resets our SYN: no connection, and nobody listens", "RFC 9293 3.10.7.1");
    conclude(p, EVENT_VERDICT, open_fields("closed"), "outcome\tclosed\nRTT\t27.0 us\n");
    conclude(p, EVENT_SUMMARY, json_pack("{s:s,s:i}", "command", "open", "sessions", 1), "");
}

static void play_sessions(struct play *p)
{
    for (uint32_t session = 1; session <= 2; session++) {
        begin(p, session, session * CLOCK_S);
        p->a.port = (uint16_t)(40000 + session);
        peer(p, STATE_SET_NONE, SET(CLOSED) | SET(LISTEN), "nothing is known yet", NULL);
        sent(p, (struct line){.flags = FLAG_SYN, .seq = ISS + session});
        own(p, STATE_CLOSED, STATE_SYN_SENT, "active OPEN", "RFC 9293 3.10.1");
        spoil(p, EVENT_FAULT_KERNEL_RST, 0,
              "our kernel answered on this connection with a reset; what the peer does from here "
              "on says nothing about it");
        received(
            p, (struct line){31, FLAG_SYN | FLAG_ACK, IRS, ISS + session + 1, NULL, false, false});
        peer(p, SET(CLOSED) | SET(LISTEN), SET(SYN_RECEIVED),
             "it answers our SYN and has not yet got our ACK", "RFC 9293 3.10.7.2");
        received(p, (struct line){200, FLAG_SYN | FLAG_ACK, IRS + 77777, ISS + session + 1, NULL,
                                  false, false});
        note(p, "another ISN: a cookie, or a second responder");
        conclude(p, EVENT_VERDICT, open_fields("open"), "outcome\topen\n");
    }
    p->session = 0;
    p->cause = 0;
    spoil(p, EVENT_FAULT_CAPTURE_DROPPED, 0, "the capture lost 3 packets");
    conclude(p, EVENT_SUMMARY, json_pack("{s:s,s:i}", "command", "open", "sessions", 2),
             "sessions\t2, both open\n\tRTT 31.0 us to 31.0 us\n");
}

static void play_truth(struct play *p)
{
    begin(p, 1, 0);
    open_and_shake(p);
    truth(p, STATE_ESTABLISHED, true);
    happen(p, EVENT_ACTION, 40, "Close");
    sent(p, (struct line){3, FLAG_FIN | FLAG_ACK, ISS + 1, IRS + 1, NULL, false, false});
    own(p, STATE_ESTABLISHED, STATE_FIN_WAIT_1, "CLOSE call", "RFC 9293 3.10.4");
    peer(p, SET(SYN_RECEIVED) | SET(ESTABLISHED),
         SET(SYN_RECEIVED) | SET(ESTABLISHED) | SET(CLOSE_WAIT) | SET(LAST_ACK),
         "our FIN may have arrived", "RFC 9293 3.10.7.4");
    truth(p, STATE_LAST_ACK, true);
    received(p, (struct line){28, FLAG_FIN | FLAG_ACK, IRS + 1, ISS + 2, NULL, false, false});
    own(p, STATE_FIN_WAIT_1, STATE_TIME_WAIT, "our FIN is acknowledged, and its FIN",
        "RFC 9293 3.10.7.4 eighth");
    peer(p, SET(SYN_RECEIVED) | SET(ESTABLISHED) | SET(CLOSE_WAIT) | SET(LAST_ACK), SET(LAST_ACK),
         "it closes", "RFC 9293 3.10.4");
    truth(p, STATE_CLOSED, false);
    spoil(p, EVENT_FAULT_TRUTH, p->cause,
          "the kernel says CLOSED, which is none of the states left");
    conclude(p, EVENT_VERDICT, open_fields("open"), "outcome\topen\n");
}

/* What is sent to a machine that is gone, and what a machine has sent that does not get through. */
static void play_held(struct play *p)
{
    static const char asked[] = "its kernel says so";
    begin(p, 1, 0);
    p->held = true;
    peer(p, STATE_SET_NONE, SET(ESTABLISHED), asked, NULL);
    own(p, STATE_CLOSED, STATE_ESTABLISHED, asked, NULL);
    happen(p, EVENT_ACTION, 10, "the machine of B disappears");
    peer(p, SET(ESTABLISHED), SET(CLOSED), asked, NULL);
    sent(p, (struct line){2000000, FLAG_ACK, ISS, IRS + 1, NULL, false, false});
    sent(p, (struct line){1000000, FLAG_ACK | FLAG_PSH, ISS + 1, IRS + 1, "hello", false, false});
    sent(p, (struct line){200000, FLAG_ACK | FLAG_PSH, ISS + 1, IRS + 1, "hello", true, false});
    received(p, (struct line){50, FLAG_FIN | FLAG_ACK, IRS + 1, ISS + 1, NULL, false, false});
    note(p, "the wire holds it");
    sent(p, (struct line){100, FLAG_RST | FLAG_ACK, ISS + 6, IRS + 1, NULL, false, false});
    own(p, STATE_ESTABLISHED, STATE_CLOSED, asked, NULL);
    conclude(p, EVENT_VERDICT,
             json_pack("{s:s,s:s,s:s,s:s,s:s,s:f,s:i}", "command", "crash", "target", "192.0.2.2:7",
                       "way", "gone", "verdict", "as-figured", "application", "ETIMEDOUT",
                       "gave_up_after_us", 3200150.0, "capture_dropped", 0),
             "as-figured\tB's machine disappears; A waits\n");
}

static void play_hostile(struct play *p)
{
    begin(p, 1, 0);
    p->b.port = 65535;
    peer(p, STATE_SET_NONE, STATE_SET_ALL, "quote \" backslash \\ tab \t", "RFC <1>; #2");
    sent(p, (struct line){.flags = FLAG_SYN | FLAG_FIN | FLAG_URG | FLAG_ECE | FLAG_CWR,
                          .seq = UINT32_MAX});
    own(p, STATE_CLOSED, STATE_SYN_SENT, "", NULL);
    note(p, "note with \"quotes\", \033[31mcolour\033[0m, a\nnew line, (parentheses), <tags>; "
            "#hash, 100 % and an octet \xff that is no UTF-8, while \xc3\xa9 is");
    note(p, "a_word_that_is_far_too_long_for_any_line_and_has_no_blank_in_it_at_all_so_that_it_must"
            "_be_cut_somewhere_in_the_middle");
    received(p, (struct line){1, 0, 5, 0, "\033]0;title\a\x9b\xe2\x80", false, true});
    peer(p, STATE_SET_ALL, STATE_SET_NONE, "none of its states sends this", "RFC 9293 3.5.2");
    spoil(p, EVENT_FAULT_CONTRADICTION, p->cause,
          "the peer did what none of its possible states allows: a segment without flags\033[2J");
    happen(p, EVENT_TIMER, 7,
           "a timer (with parentheses) whose text is far longer than what fits "
           "into one line of eighty columns");
    (void)say(p, EVENT_NOTE, 0, "a remark that nothing caused");
    spoil(p, EVENT_FAULT_MALFORMED, 0, "a segment whose data offset is beyond its end");
    p->cause = p->timeline.last_id;
    note(p, "a note about a fault");
    p->cause = 0;
    peer(p, STATE_SET_NONE, SET(CLOSED), "time has passed", "RFC 9293 3.10.8");
    conclude(p, EVENT_VERDICT,
             json_pack("{s:s,s:s,s:s,s:n,s:[s],s:[],s:b,s:i}", "command", "open", "target",
                       "evil\"\033", "outcome", "error", "rtt_us", "own_path", "CLOSED",
                       "peer_path", "kernel_quiet", 1, "capture_dropped", 0),
             "outcome\terror\na label\ttext with a tab\there and \033[31mcolour\n"
             "\ta line without label and https://example.org/a-very-long-address-that-does-not-fit-"
             "on-the-rest-of-the-line-and-must-be-cut\n"
             "no tab at all\n");
}

static void end_session(struct play *p, uint32_t session, json_t *fields)
{
    begin(p, session, session);
    conclude(p, EVENT_VERDICT, fields, "");
}

/* Targets of a survey, in the order in which they end. */
static void play_results(struct play *p)
{
    json_t *fields = json_pack(
        "{s:s,s:s,s:s,s:s,s:f,s:i,s:I,s:{s:i,s:i,s:b,s:i,s:i},s:i,s:i}", "command", "synack",
        "target", "192.0.2.1:80", "local", "192.0.2.9:40001", "outcome", "open", "rtt_us", 31.208,
        "iss", 7, "irs", (json_int_t)4294967295, "peer_options", "mss", 1460, "wscale", 0,
        "sack_permitted", 1, "ts_val", 5000, "ts_ecr", 0, "peer_ttl", 64, "peer_win", 65160);
    json_object_update_new(
        fields,
        json_pack("{s:[fff],s:i,s:s,s:s,s:n,s:f,s:f,s:{s:f,s:f,s:n,s:b},s:[{s:s,s:f,s:b,s:s},{s:s,"
                  "s:f,s:b,s:s}],s:[],s:b,s:i,s:s,s:i,s:i,s:i}",
                  "gaps_us", 1018123.5, 2016000.0, 4064000.001, "retransmissions", 3, "end",
                  "silence", "ended_by", "patience", "end_gap_us", "waited_s", 22.162, "lived_s",
                  7.098, "model", "first_s", 1.017, "factor", 1.997, "cap_s", "fits", 1, "nearest",
                  "stack", "Linux, TCP_DEFER_ACCEPT", "distance", 0.004, "fits", 0, "source",
                  "measured", "stack", "Linux 2.0", "distance", 0.5, "fits", 0, "source",
                  "published", "warnings", "kernel_quiet", 1, "capture_dropped", 0, "incomplete",
                  "no known schedule", "syns", 1, "segments_back", 4, "octets_back", 240));
    end_session(p, 3, fields);
    end_session(
        p, 1,
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:f,s:f,s:i,s:i,s:{s:i},s:i,s:i,s:b,s:i,s:i,s:i,s:i}",
                  "command", "ping", "target", "[2001:db8::1]:80", "name", "host.example", "local",
                  "[2001:db8::9]:40001", "outcome", "open", "rtt_us", 0.5, "rtt_slack_us", 0.25,
                  "iss", 1, "irs", 0, "peer_options", "mss", 1440, "peer_ttl", 255, "peer_win", 0,
                  "kernel_quiet", 1, "capture_dropped", 0, "syns", 1, "segments_back", 1,
                  "octets_back", 64));
    end_session(p, 4,
                json_pack("{s:s,s:s,s:s,s:s,s:n,s:s,s:b,s:i,s:i,s:i,s:i}", "command", "ping",
                          "target", "192.0.2.2:80", "local", "192.0.2.9:40001", "outcome",
                          "unreachable", "rtt_us", "reason",
                          "never left: the next hop does not answer", "kernel_quiet", 1,
                          "capture_dropped", 0, "syns", 3, "segments_back", 0, "octets_back", 0));
    end_session(p, 2,
                json_pack("{s:s,s:s,s:s,s:s}", "command", "synack", "target",
                          "a, \"b\"\r\n\033.example:80", "outcome", "error", "reason",
                          "\"a, b\" is no host"));
    conclude(
        p, EVENT_SUMMARY,
        json_pack("{s:s,s:i,s:{s:i,s:i,s:i,s:i,s:i},s:i,s:i,s:i,s:{s:f,s:f,s:f,s:f,s:f,s:f,s:f}"
                  ",s:b,s:i}",
                  "command", "survey", "targets", 4, "outcomes", "open", 2, "closed", 0, "filtered",
                  0, "unreachable", 1, "error", 1, "syns", 5, "segments_back", 5, "octets_back",
                  304, "rtt_us", "min", 0.5, "avg", 15.854, "max", 31.208, "mdev", 15.354, "p50",
                  0.5, "p95", 31.208, "p99", 31.208, "interrupted", 0, "exit_code", 0),
        "");
}

/* Results whose keys are not what they should be. */
static void play_misfits(struct play *p)
{
    end_session(p, 1,
                json_pack("{s:s,s:n,s:s,s:s,s:s}", "target", "x", "outcome", "gaps_us", "no list",
                          "model", "none", "nearest", "none"));
    end_session(p, 2,
                json_pack("{s:i,s:[[i],n,{}],s:[],s:[i]}", "target", 7, "gaps_us", 1,
                          "peer_options", "nearest", 3));
    end_session(p, 3, json_object());
}

/* Playing a script into a sink. */

typedef void script(struct play *p);

enum output {
    LADDER,
    BRIEF,
    NDJSON,
    PCAPNG,
    MERMAID,
    CSV
};

struct golden {
    const char *file;
    script *script;
    enum output output;
    struct style style;
};

static struct golden all[] = {
    {"handshake-40.txt", play_handshake, LADDER, {.columns = 40}},
    {"handshake-60.txt", play_handshake, LADDER, {.columns = 60}},
    {"handshake-80.txt", play_handshake, LADDER, {.columns = 80}},
    {"handshake-120.txt", play_handshake, LADDER, {.columns = 120}},
    {"handshake-verbose-80.txt", play_handshake, LADDER, {.verbose = true, .columns = 80}},
    {"handshake-verbose-120.txt", play_handshake, LADDER, {.verbose = true, .columns = 120}},
    {"handshake-colour-80.txt", play_handshake, LADDER, {.colour = true, .columns = 80}},
    {"handshake-brief-80.txt", play_handshake, BRIEF, {.columns = 80}},
    {"handshake.ndjson", play_handshake, NDJSON, {0}},
    {"handshake.mmd", play_handshake, MERMAID, {0}},
    {"handshake.pcapng", play_handshake, PCAPNG, {0}},
    {"synack-80.txt", play_synack, LADDER, {.columns = 80}},
    {"synack-120.txt", play_synack, LADDER, {.columns = 120}},
    {"synack.ndjson", play_synack, NDJSON, {0}},
    {"synack.mmd", play_synack, MERMAID, {0}},
    {"synack.pcapng", play_synack, PCAPNG, {0}},
    {"refused-80.txt", play_refused, LADDER, {.columns = 80}},
    {"refused-colour-80.txt", play_refused, LADDER, {.colour = true, .columns = 80}},
    {"refused.ndjson", play_refused, NDJSON, {0}},
    {"refused.mmd", play_refused, MERMAID, {0}},
    {"refused.pcapng", play_refused, PCAPNG, {0}},
    {"sessions-80.txt", play_sessions, LADDER, {.columns = 80}},
    {"sessions-brief-80.txt", play_sessions, BRIEF, {.columns = 80}},
    {"sessions.ndjson", play_sessions, NDJSON, {0}},
    {"sessions.mmd", play_sessions, MERMAID, {0}},
    {"sessions.pcapng", play_sessions, PCAPNG, {0}},
    {"sessions.csv", play_sessions, CSV, {0}},
    {"results.csv", play_results, CSV, {0}},
    {"results.ndjson", play_results, NDJSON, {0}},
    {"misfits.csv", play_misfits, CSV, {0}},
    {"truth-80.txt", play_truth, LADDER, {.columns = 80}},
    {"truth-120.txt", play_truth, LADDER, {.columns = 120}},
    {"truth.ndjson", play_truth, NDJSON, {0}},
    {"held-80.txt", play_held, LADDER, {.columns = 80}},
    {"held-verbose-120.txt", play_held, LADDER, {.verbose = true, .columns = 120}},
    {"held.ndjson", play_held, NDJSON, {0}},
    {"held.mmd", play_held, MERMAID, {0}},
    {"hostile-80.txt", play_hostile, LADDER, {.columns = 80}},
    {"hostile-verbose-80.txt", play_hostile, LADDER, {.verbose = true, .columns = 80}},
    {"hostile.ndjson", play_hostile, NDJSON, {0}},
    {"hostile.mmd", play_hostile, MERMAID, {0}},
    {"hostile.pcapng", play_hostile, PCAPNG, {0}},
};

static struct sink *new_sink(const struct golden *g, struct writer out)
{
    struct style brief = g->style;
    brief.brief = true;
    switch (g->output) {
    case LADDER:
        return ladder_new(out, g->style);
    case BRIEF:
        return ladder_new(out, brief);
    case NDJSON:
        return ndjson_new(out);
    case PCAPNG:
        return pcapng_new(out);
    case MERMAID:
        return mermaid_new(out);
    case CSV:
        return csv_new(out);
    }
    return NULL;
}

static enum status perform(const void *golden, struct golden_memory *m, struct fault *fault)
{
    const struct golden *g = golden;
    static const struct run_info run = {.command = "open",
                                        .target = "192.0.2.2:7",
                                        .interface = "eth0",
                                        .clock = "kernel software stamps, ns",
                                        .version = "0.1",
                                        .argv = "tcpshake open 192.0.2.2:7"};
    struct run_info mine = run;
    mine.lab_truth = g->script == play_truth;
    struct play p = {.craft = craft_new(fault)};
    assert_non_null(p.craft);
    use_addresses(&p, "192.0.2.1", "192.0.2.2", 4);
    timeline_init(&p.timeline);
    struct sink *sink = new_sink(g, (struct writer){.put = golden_put, .arg = m});
    assert_int_equal(timeline_add_sink(&p.timeline, sink, fault), STATUS_OK);
    enum status s = timeline_open(&p.timeline, &mine, fault);
    if (s == STATUS_OK)
        g->script(&p);
    enum status closed = timeline_close(&p.timeline, fault);
    craft_free(p.craft);
    return s != STATUS_OK ? s : closed;
}

static void test_golden(void **state)
{
    const struct golden *g = *state;
    golden_is(perform, g, g->file, g->output == LADDER || g->output == BRIEF ? &g->style : NULL);
}

static void test_full_disk(void **state)
{
    golden_full_disk(perform, *state, 50);
}

int main(void)
{
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        unit_add(0, test_golden, &all[i], "%s", all[i].file);
        unit_add(0, test_full_disk, &all[i], "%s with a full disk", all[i].file);
    }
    return unit_run();
}
