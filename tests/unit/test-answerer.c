/* Signs of who answered: each row of the table by the segments that show it, and the conversations
 * of one honest host, which show none. */
#include "unit.h"

#include <stdio.h>

#include "base/clock.h"
#include "event/result.h"
#include "talk/answerer.h"

enum {
    ISS = 0xfffffff0, /* both wrap within a conversation */
    IRS = 0xffffff80,
    TTL = 64,
    WIN = 1000,
};

struct said {
    char who; /* '>': ours leaves; '<': the peer's comes */
    uint16_t flags;
    uint32_t seq, ack; /* from ISS and IRS; of the peer's from IRS and ISS */
    uint32_t len;
    struct {
        uint8_t ttl; /* 0: TTL */
        bool no_win;
        uint16_t win;   /* 0: WIN, unless no_win */
        uint32_t ts;    /* 0: none */
        uint8_t wscale; /* 0: none */
        bool bad_checksum;
        int64_t ms; /* since the last */
    } odd;
};

static struct segment segment_of(const struct said *s)
{
    const bool ours = s->who == '>';
    return (struct segment){
        .seq = seq_of((ours ? ISS : IRS) + s->seq),
        .ack = seq_of((ours ? IRS : ISS) + s->ack),
        .flags = s->flags,
        .len = s->len,
        .ttl = s->odd.ttl != 0 ? s->odd.ttl : TTL,
        .win = s->odd.no_win     ? 0
               : s->odd.win != 0 ? s->odd.win
                                 : WIN,
        .checksum = s->odd.bad_checksum ? SEGMENT_CHECKSUM_BAD : SEGMENT_CHECKSUM_OK,
        .opt = {.has_timestamps = s->odd.ts != 0,
                .ts_val = s->odd.ts,
                .has_wscale = s->odd.wscale != 0,
                .wscale = s->odd.wscale},
    };
}

static void converse(const struct said *said, size_t n, struct result *r)
{
    struct answerer a = {0};
    int64_t now = CLOCK_S;
    for (size_t i = 0; i < n; i++) {
        const struct segment seg = segment_of(&said[i]);
        now += said[i].odd.ms * CLOCK_MS;
        if (said[i].who == '>')
            answerer_left(&a, &seg);
        else
            answerer_came(&a, &seg, now);
    }
    answerer_report(answerer_signs(&a), &a, r);
}

static void expect(const struct said *said, size_t n, const char *json, const char *text)
{
    struct result r = {0};
    converse(said, n, &r);
    assert_string_equal(r.text.data != NULL ? r.text.data : "", text);
    assert_string_equal(r.json.data != NULL ? r.json.data : "", json);
    result_done(&r);
}

#define EXPECT(json, text, ...)                                                                    \
    do {                                                                                           \
        const struct said said[] = {__VA_ARGS__};                                                  \
        expect(said, sizeof(said) / sizeof(said[0]), json, text);                                  \
    } while (0)

#define ONE(word) "\"middlebox\":[\"" word "\"]"

#define SYN                                                                                        \
    {                                                                                              \
        .who = '>', .flags = FLAG_SYN                                                              \
    }
#define SYN_ACK(...)                                                                               \
    {                                                                                              \
        .who = '<', .flags = FLAG_SYN | FLAG_ACK, .ack = 1, .odd = { __VA_ARGS__ }                 \
    }
#define ACK                                                                                        \
    {                                                                                              \
        .who = '>', .flags = FLAG_ACK, .seq = 1, .ack = 1                                          \
    }
#define DATA                                                                                       \
    {                                                                                              \
        .who = '>', .flags = FLAG_ACK, .seq = 1, .ack = 1, .len = 10                               \
    }
#define ACKED(...)                                                                                 \
    {                                                                                              \
        .who = '<', .flags = FLAG_ACK, .seq = 1, .ack = 11, .odd = { __VA_ARGS__ }                 \
    }
#define ANSWER(...)                                                                                \
    {                                                                                              \
        .who = '<', .flags = FLAG_ACK, .seq = 1, .ack = 11, .len = 300, .odd = { __VA_ARGS__ }     \
    }

UNIT_TEST(test_one_host)
{
    EXPECT("", "", SYN, SYN_ACK(.ts = 5, .wscale = 7), ACK, DATA, ACKED(.ts = 6, .ms = 1),
           ANSWER(.ts = 7));
    /* It retransmits, updates its window, probes whether we are alive, closes. */
    EXPECT("", "", SYN, SYN_ACK(.wscale = 7), SYN_ACK(.wscale = 7, .ms = 1000), ACK, DATA,
           ACKED(.ms = 1), ACKED(.win = 2000), {'<', FLAG_ACK, 0, 11, 0, {.ms = 9000}},
           {'<', FLAG_ACK, 0, 11, 0, {.ms = 9000}}, {'<', FLAG_FIN | FLAG_ACK, 1, 11, 0, {0}},
           {'<', FLAG_RST, 2, 0, 0, {0}});
    /* It answers each of two old octets, one after the other has left. */
    EXPECT("", "", SYN, SYN_ACK(0), DATA, ACKED(0), {'>', FLAG_ACK, 10, 1, 1, {0}},
           {'>', FLAG_ACK, 9, 1, 1, {0}}, ACKED(0), ACKED(0));
    /* Two connections of ours, one after the other. */
    EXPECT("", "", SYN, SYN_ACK(0), {'>', FLAG_SYN, 5000, 0, 0, {0}},
           {'<', FLAG_SYN | FLAG_ACK, 900, 5001, 0, {0}});
    /* The same SYN once more, after a reset: a new connection. */
    EXPECT("", "", SYN, SYN_ACK(0), {'>', FLAG_RST, 1, 0, 0, {0}}, SYN,
           {'<', FLAG_SYN | FLAG_ACK, 900, 1, 0, {0}});
    EXPECT("", "", SYN, SYN_ACK(0), {'<', FLAG_RST, 1, 0, 0, {0}}, SYN,
           {'<', FLAG_SYN | FLAG_ACK, 900, 1, 0, {0}});
    EXPECT("", "", SYN, SYN_ACK(0), ACK, {'<', FLAG_FIN | FLAG_ACK, 1, 1, 0, {0}}, SYN,
           {'<', FLAG_SYN | FLAG_ACK, 900, 1, 0, {0}});
    EXPECT("", "", SYN, {'<', FLAG_RST | FLAG_ACK, 0, 1, 0, {.ttl = 61}});
    EXPECT("", "", SYN, SYN_ACK(0), ACK, ANSWER(.ttl = 61, .bad_checksum = true));
}

UNIT_TEST(test_ttl)
{
    EXPECT(ONE("ttl"), "middlebox\ttwo senders, or two ways: SYN,ACK ttl 64, data ttl 63\n", SYN,
           SYN_ACK(0), DATA, ANSWER(.ttl = 63));
    EXPECT(ONE("ttl"), "middlebox\ttwo senders, or two ways: SYN,ACK ttl 64, ACK ttl 128\n", SYN,
           SYN_ACK(0), DATA, ACKED(.ttl = 128), ANSWER(.ttl = 63));
    EXPECT(ONE("ttl"), "middlebox\ttwo senders, or two ways: SYN,ACK ttl 64, again ttl 50\n", SYN,
           SYN_ACK(0), SYN_ACK(.ttl = 50));
    EXPECT(ONE("ttl"), "middlebox\ttwo senders, or two ways: SYN,ACK ttl 64, FIN ttl 63\n", SYN,
           SYN_ACK(0), ACK, {'<', FLAG_FIN | FLAG_ACK, 1, 1, 0, {.ttl = 63}});
}

UNIT_TEST(test_reset)
{
    EXPECT(
        ONE("rst-ttl"),
        "middlebox\ttwo senders, or resets have a TTL of their own: SYN,ACK ttl 64, RST ttl 255\n",
        SYN, SYN_ACK(0), DATA, {'<', FLAG_RST, 1, 0, 0, {.ttl = 255}});
}

UNIT_TEST(test_window)
{
    EXPECT(ONE("win-0"), "middlebox\tperhaps a SYN proxy: SYN,ACK win 0\n", SYN,
           SYN_ACK(.no_win = true), DATA, ACKED(0));
    EXPECT("\"middlebox\":[\"ttl\",\"win-0\"]",
           "middlebox\tSYN proxy: SYN,ACK ttl 64 win 0, data ttl 63\n", SYN,
           SYN_ACK(.no_win = true), DATA, ANSWER(.ttl = 63));
    /* A window that fills later is everybody's. */
    EXPECT("", "", SYN, SYN_ACK(0), DATA, ACKED(.no_win = true));
}

UNIT_TEST(test_options)
{
    EXPECT(ONE("wscale"),
           "middlebox\ttwo senders, or an option left out: SYN,ACK wscale 7, again wscale 2\n", SYN,
           SYN_ACK(.wscale = 7), SYN_ACK(.wscale = 2));
    EXPECT(ONE("wscale"),
           "middlebox\ttwo senders, or an option left out: SYN,ACK wscale 7, again wscale none\n",
           SYN, SYN_ACK(.wscale = 7), SYN_ACK(0));
    EXPECT(ONE("timestamps"),
           "middlebox\ttwo senders, or an option taken out: SYN,ACK ts 5, data without\n", SYN,
           SYN_ACK(.ts = 5), DATA, ANSWER(0));
    /* RFC 7323 3.2 lets a reset be without. */
    EXPECT("", "", SYN, SYN_ACK(.ts = 5), DATA, {'<', FLAG_RST, 1, 0, 0, {0}});
}

UNIT_TEST(test_clock)
{
    EXPECT(ONE("ts-clock"), "middlebox\ttwo senders: SYN,ACK ts 100000, data ts 99999\n", SYN,
           SYN_ACK(.ts = 100000), DATA, ANSWER(.ts = 99999, .ms = 100));
    EXPECT(ONE("ts-clock"), "middlebox\ttwo senders: SYN,ACK ts 100000, data ts 90000000\n", SYN,
           SYN_ACK(.ts = 100000), DATA, ANSWER(.ts = 90000000, .ms = 100));
    /* A clock of 1 us for ten seconds, one of 1 s, one that wraps. */
    EXPECT("", "", SYN, SYN_ACK(.ts = 100000), DATA, ANSWER(.ts = 10100000, .ms = 10000));
    EXPECT("", "", SYN, SYN_ACK(.ts = 100), DATA, ANSWER(.ts = 100, .ms = 900));
    EXPECT("", "", SYN, SYN_ACK(.ts = 0xffffffff), DATA, ANSWER(.ts = 9, .ms = 100));
    /* An old segment of another connection has its own. */
    EXPECT("", "", SYN, SYN_ACK(.ts = 100000), DATA,
           {'<', FLAG_ACK, 0x70000000, 11, 0, {.ts = 500}},
           {'<', FLAG_ACK, 1, 0x70000000, 0, {.ts = 500}});
}

UNIT_TEST(test_ack_twice)
{
    EXPECT(ONE("ack-twice"),
           "middlebox\ttwo senders, or a packet doubled: ACK 4294967291 came twice\n", SYN,
           SYN_ACK(0), ACK, DATA, ACKED(0), ACKED(0));
}

UNIT_TEST(test_isn)
{
    EXPECT(ONE("isn"), "middlebox\ttwo responders, or SYN cookies: ISN 4294967168, then ISN 872\n",
           SYN, SYN_ACK(0), {'<', FLAG_SYN | FLAG_ACK, 1000, 1, 0, {0}});
}

/* No row is without the segments that show it. */
UNIT_TEST(test_every_sign)
{
    const struct said said[] = {SYN,
                                SYN_ACK(.no_win = true, .ts = 5, .wscale = 7),
                                SYN_ACK(.ts = 5, .wscale = 6),
                                {'<', FLAG_SYN | FLAG_ACK, 1000, 1, 0, {.ts = 5}},
                                DATA,
                                ACKED(.ts = 5),
                                ACKED(.ts = 5),
                                ACKED(0),
                                ANSWER(.ts = 1),
                                ANSWER(.ttl = 63, .ts = 5),
                                {'<', FLAG_RST, 1, 0, 0, {.ttl = 63}}};
    struct result r = {0};
    converse(said, sizeof(said) / sizeof(said[0]), &r);
    assert_string_equal(r.json.data, "\"middlebox\":[\"ttl\",\"rst-ttl\",\"win-0\",\"wscale\","
                                     "\"timestamps\",\"ts-clock\",\"ack-twice\",\"isn\"]");
    result_done(&r);
}

/* Of a target among many the signs alone are kept. */
UNIT_TEST(test_signs_alone)
{
    struct result r = {0};
    answerer_report(1U << ANSWERER_TTL | 1U << ANSWERER_WINDOW_0, NULL, &r);
    assert_string_equal(r.text.data, "middlebox\tSYN proxy: ttl\n");
    result_done(&r);
}
