/* The routing table read at once against the kernel's answer to each question. */
#include "namespace.h"

#include <net/if.h>

#include "net/fib.h"
#include "net/route.h"

/* v0 leads to v1, v2 to v3 (all here: only the tables matter), c0 has no carrier, d0 is down. */
static int set_up(void **state)
{
    (void)state;
    new_network();
    run("for p in v0:v1 v2:v3 c0:c1 d0:d1; do "
        "ip link add ${p%:*} type veth peer name ${p#*:} || exit; done; "
        "sysctl -qw net.ipv6.conf.v0.forwarding=1; "
        "for i in v0 v1 v2 v3 c0; do ip link set $i up || exit; done; "
        "ip addr add 10.9.0.1/24 brd + dev v0 && ip addr add 10.9.1.1/24 dev v2 && "
        "ip addr add 10.8.0.1/24 dev c0 && ip addr add 10.7.0.1/24 dev d0 && "
        "ip addr add 10.9.0.7/32 dev v2 && "
        "ip addr add 2001:db8:9::1/64 dev v0 && ip addr add 2001:db8:a::1/64 dev v2");
    run("ip route add 10.0.0.0/8 via 10.9.0.2 && ip route add 10.20.0.0/16 via 10.9.1.2 && "
        "ip route add 10.20.30.0/24 dev v0 && ip route add 10.20.30.64/26 via 10.9.1.2 && "
        "ip route add 10.20.30.77/32 dev v2 && ip route add 10.21.0.0/16 via 10.9.0.2 metric 50 && "
        "ip route add 10.21.0.0/16 via 10.9.1.2 metric 20 && "
        "ip route add 10.22.0.0/16 via inet6 2001:db8:9::2 dev v0 && "
        "ip route add unreachable 10.30.0.0/16 && ip route add 10.30.5.0/24 via 10.9.0.2 && "
        "ip route add blackhole 10.31.0.0/16 && ip route add prohibit 10.32.0.0/16 && "
        "ip route add 10.33.0.0/16 nexthop via 10.9.1.2 dev v2 weight 1 && "
        "ip route add throw 10.34.0.0/16 && ip route add default via 10.9.1.9");
    run("ip -6 route add 2001:db8::/32 via 2001:db8:9::2 && "
        "ip -6 route add 2001:db8:20::/48 via 2001:db8:a::2 && "
        "ip -6 route add 2001:db8:20:1::/64 dev v0 && "
        "ip -6 route add 2001:db8:21::/48 via 2001:db8:9::2 metric 50 && "
        "ip -6 route add 2001:db8:21::/48 via 2001:db8:a::2 metric 20 && "
        "ip -6 route add unreachable 2001:db8:30::/48 && "
        "ip -6 route add blackhole 2001:db8:31::/48 && ip -6 route add prohibit 2001:db8:32::/48");
    return 0;
}

static struct fib *read_fib(void)
{
    struct fault fault = {""};
    struct fib *f = fib_open(&fault);
    if (f == NULL)
        fail_msg("%s", fault.text);
    return f;
}

/* Both answer, and say the same. Returns whether there is a way. */
static bool same(const struct fib *f, const struct in6_addr *target)
{
    struct fault fault = {""};
    struct route r = {0};
    struct fib_way way = {0};
    char text[ADDRESS_TEXT_MAX];
    bool has = route_find(&r, target, 0, NULL, NULL, &fault) == STATUS_OK;
    if (fib_find(f, target, &way) != has)
        fail_msg("%s: %s%s", address_format(target, text), has ? "there is a way by " : "",
                 has ? r.ifname : fault.text);
    if (!has)
        return false;
    if (way.ifindex != r.ifindex || way.local != r.loopback || way.has_gateway != r.has_gateway ||
        way.on_link != (!r.loopback && !r.has_gateway) ||
        (r.has_gateway && !address_equal(&way.gateway, &r.gateway)))
        fail_msg("%s: the kernel's way is another, by %s and not by %u",
                 address_format(target, text), r.ifname, way.ifindex);
    return true;
}

UNIT_TEST(named)
{
    static const struct {
        const char *target;
        bool has;
    } rows[] = {
        {"127.0.0.1", true},
        {"127.9.9.9", true},
        {"::1", true},
        {"10.9.0.1", true},
        {"10.9.0.7", true},
        {"10.9.0.2", true},
        {"10.9.0.255", false},
        {"10.9.0.0", true},
        {"10.9.1.77", true},
        {"10.1.2.3", true},
        {"10.20.1.1", true},
        {"10.20.30.1", true},
        {"10.20.30.63", true},
        {"10.20.30.64", true},
        {"10.20.30.77", true},
        {"10.20.30.127", true},
        {"10.20.30.128", true},
        {"10.20.31.0", true},
        {"10.21.1.1", true},
        {"10.22.1.1", true},
        {"10.30.1.1", false},
        {"10.30.5.1", true},
        {"10.31.1.1", false},
        {"10.32.1.1", false},
        {"10.33.1.1", true},
        {"10.34.1.1", false},
        {"10.8.0.2", false},
        {"10.7.0.1", true},
        {"192.0.2.1", true},
        {"224.0.0.1", false},
        {"255.255.255.255", false},
        {"0.0.0.0", false},
        {"2001:db8:9::1", true},
        {"2001:db8:9::", false},
        {"2001:db8:9::2", true},
        {"2001:db8:a::2", true},
        {"2001:db8:20::1", true},
        {"2001:db8:20:1::1", true},
        {"2001:db8:20:2::1", true},
        {"2001:db8:21::1", true},
        {"2001:db8:30::1", false},
        {"2001:db8:31::1", false},
        {"2001:db8:32::1", false},
        {"2001:db8:ffff::1", true},
        {"2001:db9::1", false},
        {"ff02::1", false},
        {"::", false},
        {"fe80::1", false},
    };
    struct fib *f = read_fib();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct in6_addr ip = ip_of(rows[i].target);
        if (same(f, &ip) != rows[i].has)
            fail_msg("%s: %s", rows[i].target, rows[i].has ? "no way" : "a way");
    }
    assert_false(fib_has_rules(f));
    fib_free(f);
}

/* Around each boundary, and anywhere. */
UNIT_TEST(many)
{
    static const uint8_t octets[] = {0,  1,  2,  5,  7,  8,  9,  20,  21,
                                     30, 31, 32, 33, 63, 64, 77, 127, 255};
    struct fib *f = read_fib();
    uint64_t random = 23;
    size_t found = 0;
    for (int i = 0; i < 3000; i++) {
        struct in6_addr ip = ip_of(i % 2 != 0 ? "10.0.0.0" : "2001:db8::");
        for (size_t k = 13; k < 16; k++) {
            random = random * 6364136223846793005U + 1442695040888963407U;
            uint8_t octet = octets[(random >> 33) % sizeof(octets)];
            ip.s6_addr[i % 2 != 0 ? k : k - 9] = octet;
        }
        found += same(f, &ip);
    }
    assert_in_range(found, 1000, 2999);
    fib_free(f);
}

/* What depends on more than the destination is said. */
UNIT_TEST(rules)
{
    static const char *const commands[] = {"ip rule add from 10.9.0.1 lookup 100",
                                           "ip rule del from 10.9.0.1 lookup 100",
                                           "ip -6 rule add oif v0 lookup 100",
                                           "ip -6 rule del oif v0 lookup 100",
                                           "ip route add 10.40.0.0/16 tos 0x10 via 10.9.0.2",
                                           "ip route del 10.40.0.0/16 tos 0x10 via 10.9.0.2",
                                           "ip rule add fwmark 5 priority 32766 lookup main",
                                           "ip rule del fwmark 5 priority 32766 lookup main"};
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        run(commands[i]);
        struct fib *f = read_fib();
        if (fib_has_rules(f) != (i % 2 == 0))
            fail_msg("%s", commands[i]);
        fib_free(f);
    }
}

/* A table of thousands is read whole; it stays as it was when it was read. */
UNIT_TEST(large)
{
    run("i=0; while [ $i -lt 4000 ]; do "
        "echo route add 10.$((100 + i / 256)).$((i % 256)).0/24 via 10.9.$((i % 2)).2; "
        "i=$((i + 1)); done | ip -batch -");
    struct fib *f = read_fib();
    for (unsigned i = 0; i < 4000; i += 13) {
        struct in6_addr ip = address_from_v4(
            (const uint8_t[4]){10, (uint8_t)(100 + i / 256), (uint8_t)i, (uint8_t)(i * 7)});
        assert_true(same(f, &ip));
    }
    run("ip route flush table main proto boot via 10.9.1.2");
    struct in6_addr ip = ip_of("10.100.1.1");
    struct fib_way way;
    assert_true(fib_find(f, &ip, &way));
    assert_int_equal(way.ifindex, if_nametoindex("v2"));
    fib_free(f);
}

/* lo alone, and down. */
static void bare(void)
{
    struct fault fault = {""};
    struct fib_way way;
    struct in6_addr ip = ip_of("127.0.0.1"), other = ip_of("192.0.2.1"), six = ip_of("::1");
    CHECK(unshare(CLONE_NEWNET) == 0);
    struct fib *f = fib_open(&fault);
    CHECK(f != NULL);
    CHECK(!fib_find(f, &ip, &way) && !fib_find(f, &other, &way) && !fib_find(f, &six, &way));
    CHECK(!fib_has_rules(f));
    fib_free(f);
}

UNIT_TEST(without_routes)
{
    assert_int_equal(in_child(bare), 0);
}

UNIT_GROUP(set_up, NULL)
