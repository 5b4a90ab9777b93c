/* Routes, sources and neighbours, as the kernel of a network of our own has them. */
#include "namespace.h"

#include <cap-ng.h>
#include <linux/capability.h>

#include "net/route.h"

/* v0 leads to a neighbour in another namespace, v2 has no carrier, d0 is down. */
static int peer_pipe[2];

static void be_neighbour(int ready)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    CHECK(unshare(CLONE_NEWNET) == 0);
    CHECK(write(ready, "", 1) == 1);
    (void)pause();
}

static int set_up(void **state)
{
    (void)state;
    char command[64], c;
    new_network();
    assert_int_equal(pipe(peer_pipe), 0);
    pid_t pid = fork();
    if (pid == 0) {
        be_neighbour(peer_pipe[1]);
        _exit(0);
    }
    assert_int_equal(read(peer_pipe[0], &c, 1), 1);
    run("ip link add v0 type veth peer name v1 && ip link add v2 type veth peer name v3 && "
        "ip link add d0 type veth peer name d1 && ip addr add 10.7.0.1/24 dev d0");
    run("ip link set v0 address 02:00:00:00:00:66 && ip link set v1 address 02:00:00:00:00:77");
    (void)snprintf(command, sizeof(command), "ip link set v1 netns %d", (int)pid);
    run(command);
    (void)snprintf(command, sizeof(command), "nsenter -n -t %d sh -c ", (int)pid);
    char there[256];
    (void)snprintf(there, sizeof(there),
                   "%s'sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.v1.accept_dad=0; "
                   "ip addr add 10.9.0.2/24 dev v1; ip addr add 2001:db8:9::2/64 dev v1; "
                   "ip link set v1 up'",
                   command);
    run(there);
    run("ip addr add 10.9.0.1/24 brd + dev v0 && ip addr add 10.9.0.7/24 dev v0 && "
        "sysctl -qw net.ipv6.conf.v0.accept_dad=0 net.ipv6.conf.v0.forwarding=1 && "
        "ip addr add 2001:db8:9::1/64 dev v0 && ip addr add 2001:db8:9::7/64 dev v0 "
        "preferred_lft 0 && ip link set v0 up && ip link set v2 up && "
        "ip addr add 10.8.0.1/24 dev v2");
    run("ip route add 10.20.0.0/16 via 10.9.0.2 mtu 1400 && "
        "ip route add 10.21.0.0/16 via inet6 2001:db8:9::2 dev v0 && "
        "ip -6 route add 2001:db8:20::/48 via 2001:db8:9::2 mtu 1300 && "
        "ip route add unreachable 10.30.0.0/16 && ip route add blackhole 10.31.0.0/16 && "
        "ip route add prohibit 10.32.0.0/16 && "
        "ip -6 route add unreachable 2001:db8:30::/48 && "
        "ip -6 route add blackhole 2001:db8:31::/48 && ip -6 route add prohibit 2001:db8:32::/48");
    return 0;
}

/* What route_find said, kept whole. */
struct found {
    enum status status;
    struct route route;
    struct fault fault;
};

static struct found find(const char *target, uint32_t scope_id, const char *source,
                         const char *ifname)
{
    struct found f = {.fault = {""}};
    struct in6_addr to = ip_of(target), from;
    if (source != NULL)
        from = ip_of(source);
    f.status = route_find(&f.route, &to, scope_id, source != NULL ? &from : NULL, ifname, &f.fault);
    return f;
}

static void expect(const char *target, const char *source, const char *ifname, const char *gateway,
                   uint32_t mtu)
{
    struct found f = find(target, 0, NULL, NULL);
    char text[ADDRESS_TEXT_MAX];
    if (f.status != STATUS_OK)
        fail_msg("%s: %s", target, f.fault.text);
    assert_string_equal(address_format(&f.route.source, text), source);
    assert_string_equal(f.route.ifname, ifname);
    assert_int_equal(f.route.ifindex, if_nametoindex(ifname));
    assert_int_equal(f.route.has_gateway, gateway != NULL);
    if (gateway != NULL)
        assert_string_equal(address_format(&f.route.gateway, text), gateway);
    assert_int_equal(f.route.mtu, mtu);
    assert_int_equal(f.route.loopback, strcmp(ifname, "lo") == 0);
}

UNIT_TEST(ways)
{
    expect("127.0.0.1", "127.0.0.1", "lo", NULL, 65536);
    expect("127.9.9.9", "127.0.0.1", "lo", NULL, 65536);
    expect("::1", "::1", "lo", NULL, 65536);
    expect("10.9.0.1", "10.9.0.1", "lo", NULL, 65536);
    expect("2001:db8:9::1", "2001:db8:9::1", "lo", NULL, 65536);
    expect("10.9.0.2", "10.9.0.1", "v0", NULL, 1500);
    expect("2001:db8:9::2", "2001:db8:9::1", "v0", NULL, 1500);
    expect("10.20.0.1", "10.9.0.1", "v0", "10.9.0.2", 1400);
    expect("10.21.0.1", "10.9.0.1", "v0", "2001:db8:9::2", 1500);
    expect("2001:db8:20::1", "2001:db8:9::1", "v0", "2001:db8:9::2", 1300);
}

UNIT_TEST(link_local)
{
    uint32_t v0 = if_nametoindex("v0");
    struct found f = find("fe80::2", v0, NULL, NULL);
    assert_int_equal(f.status, STATUS_OK);
    assert_string_equal(f.route.ifname, "v0");
    assert_true(IN6_IS_ADDR_LINKLOCAL(&f.route.source));
    assert_false(f.route.loopback);
    char own[ADDRESS_TEXT_MAX];
    (void)address_format(&f.route.source, own);
    f = find("fe80::2", 0, own, "v0");
    assert_int_equal(f.status, STATUS_OK);
    f = find(own, v0, NULL, NULL);
    assert_int_equal(f.status, STATUS_OK);
    assert_true(f.route.loopback);
    f = find("fe80::2", 0, NULL, NULL);
    assert_int_equal(f.status, STATUS_SYSTEM);
    assert_string_equal(f.fault.text,
                        "fe80::2 is link-local: name its interface, as in fe80::1%eth0");
    f = find("fe80::2", v0, NULL, "lo");
    assert_int_equal(f.status, STATUS_SYSTEM);
    assert_string_equal(f.fault.text, "the target's scope is not interface lo");
    f = find("fe80::2", 4999, NULL, NULL);
    assert_int_equal(f.status, STATUS_SYSTEM);
    assert_string_equal(f.fault.text, "no interface with number 4999");
}

UNIT_TEST(sources)
{
    static const struct {
        const char *target, *source;
    } own[] = {
        {"10.9.0.2", "10.9.0.7"},  {"2001:db8:9::2", "2001:db8:9::7"},
        {"127.0.0.1", "10.9.0.1"}, {"10.20.0.1", "10.9.0.7"},
        {"::1", "2001:db8:9::1"},  {"2001:db8:20::1", "2001:db8:9::7"},
    };
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        struct found f = find(own[i].target, 0, own[i].source, NULL);
        struct in6_addr source = ip_of(own[i].source);
        if (f.status != STATUS_OK)
            fail_msg("%s from %s: %s", own[i].target, own[i].source, f.fault.text);
        assert_true(address_equal(&f.route.source, &source));
    }
}

UNIT_TEST(refusals)
{
    static const struct {
        const char *target, *source, *ifname, *line;
    } bad[] = {
        {"172.16.0.1", NULL, NULL, "no route to 172.16.0.1"},
        {"2001:db8:99::1", NULL, NULL, "no route to 2001:db8:99::1"},
        {"2001:db8:99::1", NULL, "v0", "no route to 2001:db8:99::1 by v0"},
        {"10.30.0.1", NULL, NULL, "the route to 10.30.0.1 is set to unreachable"},
        {"10.31.0.1", NULL, NULL, "the route to 10.31.0.1 is a blackhole"},
        {"10.32.0.1", NULL, NULL, "the route to 10.32.0.1 is set to prohibit"},
        {"2001:db8:30::1", NULL, NULL, "the route to 2001:db8:30::1 is set to unreachable"},
        {"2001:db8:31::1", NULL, NULL, "the route to 2001:db8:31::1 is a blackhole"},
        {"2001:db8:32::1", NULL, NULL, "the route to 2001:db8:32::1 is set to prohibit"},
        {"10.9.0.255", NULL, NULL, "10.9.0.255 is a broadcast address: TCP has one peer"},
        {"2001:db8:9::", NULL, NULL, "2001:db8:9:: is an anycast address of this host"},
        {"10.9.0.2", "127.0.0.1", NULL, "no route to 10.9.0.2 from 127.0.0.1"},
        {"2001:db8:9::2", "::1", NULL, "no route to 2001:db8:9::2 from ::1"},
        {"224.0.0.1", NULL, NULL, "224.0.0.1 is a multicast address: TCP has one peer"},
        {"ff02::1", NULL, NULL, "ff02::1 is a multicast address: TCP has one peer"},
        {"0.0.0.0", NULL, NULL, "0.0.0.0 is no address to connect to"},
        {"::", NULL, NULL, ":: is no address to connect to"},
        {"10.9.0.2", NULL, "none9", "no interface named 'none9'"},
        {"10.9.0.2", NULL, "d0", "interface d0 is down: ip link set d0 up"},
        {"10.8.0.2", NULL, NULL, "interface v2 has no carrier"},
        {"10.8.0.2", NULL, "v2", "interface v2 has no carrier"},
        {"10.9.0.2", "10.9.0.3", NULL, "source 10.9.0.3 is no address of this host"},
        {"10.9.0.2", "192.0.2.77", NULL, "source 192.0.2.77 is no address of this host"},
        {"10.9.0.2", "10.9.0.255", NULL, "source 10.9.0.255 is no address of this host"},
        {"2001:db8:9::2", "2001:db8:9::3", NULL, "source 2001:db8:9::3 is no address of this host"},
        {"10.9.0.2", "::1", NULL, "source ::1 and the target differ in IP version"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct found f = find(bad[i].target, 0, bad[i].source, bad[i].ifname);
        assert_string_equal(f.fault.text, bad[i].line);
        bool no_carrier = strstr(bad[i].line, "carrier") != NULL; /* there may be one later */
        assert_int_equal(f.status, no_carrier ? STATUS_UNREACHABLE : STATUS_SYSTEM);
    }
}

static void in_bare_network(void)
{
    struct found f;
    CHECK(unshare(CLONE_NEWNET) == 0);
    f = find("127.0.0.1", 0, NULL, NULL);
    CHECK(f.status == STATUS_SYSTEM);
    CHECK(strcmp(f.fault.text, "no route to 127.0.0.1: ip link set lo up") == 0);
    f = find("::1", 0, NULL, NULL);
    CHECK(f.status == STATUS_SYSTEM);
    CHECK(strcmp(f.fault.text, "no route to ::1: ip link set lo up") == 0);
    CHECK(
        system("ip link add t0 type veth peer name t1 && ip link set t1 up && ip link set t0 up") ==
        0);
    f = find("192.0.2.1", 0, NULL, "t0");
    CHECK(f.status == STATUS_SYSTEM);
    CHECK(strcmp(f.fault.text, "interface t0 has no IPv4 address to send from") == 0);
}

UNIT_TEST(loopback_down)
{
    assert_int_equal(in_child(in_bare_network), 0);
}

/* Returns the time it took. */
static int64_t neighbour(const char *target, int64_t wait_ns, bool *resolved)
{
    struct in6_addr ip = ip_of(target);
    struct found f = find(target, 0, NULL, NULL);
    struct fault fault = {""};
    assert_int_equal(f.status, STATUS_OK);
    int64_t start = clock_ns(CLOCK_MONOTONIC);
    if (route_resolve_neighbour(&f.route, &ip, wait_ns, resolved, &fault) != STATUS_OK)
        fail_msg("%s: %s", target, fault.text);
    return clock_ns(CLOCK_MONOTONIC) - start;
}

UNIT_TEST(neighbours)
{
    static const char *const there[] = {"127.0.0.1",     "::1",       "10.9.0.2",      "10.9.0.2",
                                        "2001:db8:9::2", "10.20.0.1", "2001:db8:20::1"};
    static const char *const missing[] = {"10.9.0.99", "2001:db8:9::99", "10.9.0.99"};
    bool resolved;
    for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++) {
        (void)neighbour(there[i], 5 * CLOCK_S, &resolved);
        assert_true(resolved);
    }
    for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
        int64_t took = neighbour(missing[i], 100 * CLOCK_MS, &resolved);
        assert_false(resolved);
        assert_true(took >= 100 * CLOCK_MS);
    }
    /* The kernel's own verdict, after three requests, ends the wait before its time. */
    assert_true(neighbour("10.9.0.98", 60 * CLOCK_S, &resolved) < 30 * CLOCK_S);
    assert_false(resolved);
}

/* The addresses themselves. */
UNIT_TEST(link_addresses)
{
    static const uint8_t ours[] = {2, 0, 0, 0, 0, 0x66}, next[] = {2, 0, 0, 0, 0, 0x77};
    static const char *const hops[] = {"10.9.0.2", "2001:db8:9::2"};
    struct fault fault = {""};
    unsigned v0 = if_nametoindex("v0");
    bool found, ethernet;
    for (size_t i = 0; i < 2; i++) {
        uint8_t mac[NETLINK_MAC] = {0};
        struct in6_addr hop = ip_of(hops[i]);
        assert_int_equal(route_neighbour_mac(v0, &hop, 5 * CLOCK_S, mac, &found, &fault),
                         STATUS_OK);
        assert_true(found);
        assert_memory_equal(mac, next, sizeof(next));
    }
    uint8_t mac[NETLINK_MAC] = {1};
    struct in6_addr missing = ip_of("10.9.0.96"), other = ip_of("127.0.0.5");
    assert_int_equal(route_neighbour_mac(v0, &missing, 50 * CLOCK_MS, mac, &found, &fault),
                     STATUS_OK);
    assert_false(found);
    assert_int_equal(route_neighbour_mac(4999, &other, CLOCK_MS, mac, &found, &fault),
                     STATUS_SYSTEM);
    assert_int_equal(strncmp(fault.text, "neighbour 127.0.0.5 on ", 23), 0);
    assert_false(found);
    assert_int_equal(route_own_mac(if_nametoindex("lo"), mac, &ethernet, &fault), STATUS_OK);
    assert_false(ethernet);
    assert_int_equal(mac[0], 1);
    assert_int_equal(route_own_mac(v0, mac, &ethernet, &fault), STATUS_OK);
    assert_true(ethernet);
    assert_memory_equal(mac, ours, sizeof(ours));
    assert_int_equal(route_own_mac(4999, mac, &ethernet, &fault), STATUS_SYSTEM);
    assert_string_equal(fault.text, "interface 4999: No such device");
}

static void ask_without_privilege(void)
{
    struct in6_addr ip = ip_of("10.9.0.97");
    struct found f = find("10.9.0.97", 0, NULL, NULL);
    struct fault fault = {""};
    bool resolved = false;
    capng_clear(CAPNG_SELECT_BOTH);
    CHECK(capng_apply(CAPNG_SELECT_CAPS) == 0);
    CHECK(route_resolve_neighbour(&f.route, &ip, CLOCK_S, &resolved, &fault) == STATUS_OK);
    CHECK(resolved);
    /* It cannot be said then where it is; what is known already can be read. */
    uint8_t mac[NETLINK_MAC];
    CHECK(route_neighbour_mac(f.route.ifindex, &ip, CLOCK_S, mac, &resolved, &fault) == STATUS_OK);
    CHECK(!resolved);
    ip = ip_of("10.9.0.2");
    CHECK(route_neighbour_mac(f.route.ifindex, &ip, CLOCK_S, mac, &resolved, &fault) == STATUS_OK);
    CHECK(resolved && mac[5] == 0x77);
}

UNIT_TEST(neighbour_without_privilege)
{
    assert_int_equal(in_child(ask_without_privilege), 0);
}

UNIT_GROUP(set_up, NULL)
