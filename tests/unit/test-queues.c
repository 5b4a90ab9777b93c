/* The counters out of /proc/net/netstat, whatever the kernel puts around them. */
#include "unit.h"

#include "measure/backlog/queues.h"

static struct queues parsed(const char *text)
{
    struct queues q = {0};
    size_t n = strlen(text);
    uint8_t *exact = unit_copy(text, n); /* it ends where it ends */
    queues_parse_netstat(&q, (const char *)exact, n);
    free(exact);
    return q;
}

static unsigned known(const struct queues *q)
{
    unsigned n = 0;
    for (enum queues_counter c = 0; c < QUEUES_COUNTERS; c++)
        n += q->counters[c].known;
    return n;
}

UNIT_TEST(names_and_values_are_paired)
{
    const struct queues q = parsed("TcpExt: SyncookiesSent ListenOverflows Other ListenDrops\n"
                                   "TcpExt: 7 18446744073709551615 5 9\n"
                                   "IpExt: InNoRoutes ListenDrops\n"
                                   "IpExt: 0 1\n");
    assert_int_equal(known(&q), 3);
    assert_true(q.counters[QUEUES_COOKIES_SENT].value == 7);
    assert_true(q.counters[QUEUES_LISTEN_OVERFLOWS].value == UINT64_MAX);
    assert_true(q.counters[QUEUES_LISTEN_DROPS].value == 1);
    assert_false(q.counters[QUEUES_COOKIES_RECEIVED].known);
}

UNIT_TEST(what_is_no_number_is_unknown)
{
    struct queues q = parsed("TcpExt: ListenDrops SyncookiesSent\nTcpExt: -1 \n");
    assert_int_equal(known(&q), 0);
    q = parsed("TcpExt: ListenDrops\nTcpExt: 18446744073709551616\n");
    assert_int_equal(known(&q), 0);
    q = parsed("TcpExt: ListenDrops\nTcpExt: 111111111111111111111111111111111\n");
    assert_int_equal(known(&q), 0);
}

UNIT_TEST(cut_anywhere_it_is_read_as_far_as_it_goes)
{
    static const char text[] = "TcpExt: ListenOverflows ListenDrops\nTcpExt: 12 34\n";
    for (size_t n = 0; n < sizeof(text) - 1; n++) {
        char cut[sizeof(text)];
        memcpy(cut, text, n);
        cut[n] = '\0';
        const struct queues q = parsed(cut);
        assert_true(known(&q) <= 2);
        assert_true(q.counters[QUEUES_LISTEN_OVERFLOWS].value <= 12);
        assert_true(q.counters[QUEUES_LISTEN_DROPS].value <= 34);
    }
    const struct queues whole = parsed(text);
    assert_int_equal(known(&whole), 2);
}

UNIT_TEST(lines_that_are_no_pair_end_it)
{
    const struct queues q =
        parsed("TcpExt: ListenDrops\nIpExt: 3\nTcpExt: ListenDrops\nTcpExt: 4\n");
    assert_int_equal(known(&q), 0);
}

UNIT_TEST(the_names_are_the_kernels)
{
    assert_string_equal(queues_counter_name(QUEUES_COOKIES_FAILED), "SyncookiesFailed");
    assert_string_equal(queues_setting_name(QUEUES_SOMAXCONN), "net.core.somaxconn");
}
