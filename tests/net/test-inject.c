/* Sending to many targets through one raw socket: what one target meets is not another's. */
#include "namespace.h"

#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#include "net/inject.h"
#include "wire/checksum.h"
#include "wire/craft.h"

enum {
    RAW_PROTOCOL = 255,
    PACKET_MAX = 128
};

static int set_up(void **state)
{
    (void)state;
    new_network();
    run("ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up && "
        "ip addr add 10.9.0.1/24 dev v0 && ip -6 addr add 2001:db8::1/64 dev v0 && "
        "ip route add unreachable 10.30.0.0/16 && ip route add prohibit 10.31.0.0/16 && "
        "ip -6 route add unreachable 2001:db8:30::/48 && "
        "ip -6 route add prohibit 2001:db8:31::/48");
    return 0;
}

static struct inject *open_inject(int family)
{
    struct fault fault = {""};
    struct inject *i = inject_open(family, NULL, &fault);
    if (i == NULL)
        fail_msg("%s", fault.text);
    return i;
}

static enum status send_to(struct inject *i, const char *target, struct fault *fault)
{
    uint8_t packet[PACKET_MAX];
    size_t n = 0;
    struct segment s = {.dst = {ip_of(target), 80}, .ttl = 64, .df = true, .flags = FLAG_SYN};
    bool v4 = address_is_v4(&s.dst.ip);
    s.src = (struct endpoint){ip_of(v4 ? "10.9.0.1" : "2001:db8::1"), 40000};
    struct craft *c = craft_new(NULL);
    assert_non_null(c);
    assert_int_equal(craft_segment(c, &s, NULL, 0, packet, sizeof(packet), &n, NULL), STATUS_OK);
    craft_free(c);
    return inject_send(i, packet, n, fault);
}

UNIT_TEST(no_way_to_some)
{
    static const struct {
        const char *target, *line; /* NULL: it is sent */
    } rows[] = {
        {"192.0.2.1", "cannot send: Network is unreachable"},
        {"10.9.0.2", NULL},
        {"10.30.0.1", "cannot send: No route to host"},
        {"10.31.0.1", "cannot send: Permission denied"},
        {"10.9.0.3", NULL},
        {"2001:db9::1", "cannot send: Network is unreachable"},
        {"2001:db8::2", NULL},
        {"2001:db8:30::1", "cannot send: No route to host"},
        {"2001:db8:31::1", "cannot send: Permission denied"},
        {"2001:db8::3", NULL},
    };
    struct inject *v4 = open_inject(AF_INET), *v6 = open_inject(AF_INET6);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fault fault = {""};
        struct inject *by = strchr(rows[i].target, ':') != NULL ? v6 : v4;
        enum status want = rows[i].line != NULL ? STATUS_UNREACHABLE : STATUS_OK;
        assert_int_equal(send_to(by, rows[i].target, &fault), want);
        assert_string_equal(fault.text, rows[i].line != NULL ? rows[i].line : "");
    }
    inject_close(v4);
    inject_close(v6);
}

/* "Host unreachable" about a packet of the raw sockets' own protocol, as anybody can send it. */
static void forge_error(uint8_t code)
{
    struct {
        struct icmphdr icmp;
        struct iphdr ip;
        uint8_t data[8];
    } m = {.icmp = {.type = ICMP_DEST_UNREACH, .code = code},
           .ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = RAW_PROTOCOL}};
    struct in6_addr own = ip_of("10.9.0.1"), other = ip_of("10.9.0.2");
    struct sockaddr_in to = {.sin_family = AF_INET};
    memcpy(&m.ip.saddr, address_v4_octets(&own), 4);
    memcpy(&m.ip.daddr, address_v4_octets(&other), 4);
    memcpy(&to.sin_addr, address_v4_octets(&own), 4);
    m.ip.tot_len = htons(sizeof(m.ip) + sizeof(m.data));
    m.icmp.checksum = htons((uint16_t)~checksum_sum(0, (const uint8_t *)&m, sizeof(m)));
    int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    assert_true(fd >= 0);
    assert_int_equal(sendto(fd, &m, sizeof(m), 0, (const struct sockaddr *)&to, sizeof(to)),
                     sizeof(m));
    assert_int_equal(close(fd), 0);
}

/* A socket like libnet's shows whether the error arrives: newer kernels tell raw sockets of their
 * own protocol nothing, and then there is nothing to get over. */
static int error_of(int fd)
{
    int error = 0;
    socklen_t n = sizeof(error);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n), 0);
    return error;
}

UNIT_TEST(errors_of_others)
{
    static const uint8_t codes[] = {ICMP_HOST_UNREACH, ICMP_PORT_UNREACH, ICMP_PROT_UNREACH,
                                    ICMP_NET_UNREACH};
    const int on = 1;
    unsigned arrived = 0;
    struct inject *i = open_inject(AF_INET);
    int like = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
    assert_int_equal(setsockopt(like, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), 0);
    for (size_t k = 0; k < sizeof(codes); k++) {
        struct fault fault = {""};
        forge_error(codes[k]);
        pause_ms(5);
        arrived += error_of(like) != 0;
        assert_int_equal(send_to(i, "10.9.0.3", &fault), STATUS_OK);
        assert_string_equal(fault.text, "");
        forge_error(codes[k]);
        pause_ms(5);
        arrived += error_of(like) != 0;
        assert_int_equal(send_to(i, "10.30.0.1", &fault), STATUS_UNREACHABLE);
        assert_string_equal(fault.text, "cannot send: No route to host");
    }
    assert_int_equal(close(like), 0);
    inject_close(i);
    if (arrived == 0)
        skip();
    assert_int_equal(arrived, 2 * sizeof(codes));
}

UNIT_GROUP(set_up, NULL)
