/* The tap's program for many ports passes what libpcap's own filter of the same words passes. */
#include "unit.h"

#include <pcap/dlt.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "net/port_filter.h"
#include "wire/icmp.h"
#include "wire/ip.h"
#include "wire/segment.h"

enum {
    FRAMES = 20000,
    FRAME = 120,
    TEXT = 4096,
    PLAIN_LINKS = 4
};

static const int links[PLAIN_LINKS] = {DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_RAW};

struct talk {
    struct bpf_insn ours[PORT_FILTER_MAX];
    unsigned n;
    struct bpf_program theirs;
    int dlt;
    const uint16_t *ports;
    unsigned count;
};

/* Extension headers first: of a fragment header that is cut libpcap would look behind it for
 * ICMPv6. */
static void text_of(const struct port_filter *f, char text[TEXT])
{
    int n = snprintf(text, TEXT, "%s(",
                     f->resets_out
                         ? "((ip and tcp[13] & 4 != 0) or (ip6[6] == 6 and ip6[53] & 4 != 0)) and "
                         : "ip6[6] == 0 or ip6[6] == 43 or ip6[6] == 44 or ip6[6] == 60 or ");
    for (unsigned i = 0; i < f->count; i++)
        n += snprintf(text + n, TEXT - (size_t)n, "%stcp %sport %u", i != 0 ? " or " : "",
                      f->resets_out ? "src " : "", f->ports[i]);
    (void)snprintf(text + n, TEXT - (size_t)n, ")%s",
                   f->resets_out ? ""
                                 : " or icmp[0] == 3 or icmp[0] == 11 or icmp[0] == 12 or "
                                   "(icmp6 and ip6[40] < 128)");
}

static void compile(struct talk *p, const struct port_filter *f, int dlt)
{
    char text[TEXT];
    text_of(f, text);
    pcap_t *dead = pcap_open_dead(dlt, FRAME);
    assert_non_null(dead);
    if (pcap_compile(dead, &p->theirs, text, 1, PCAP_NETMASK_UNKNOWN) != 0)
        fail_msg("%s: %s", text, pcap_geterr(dead));
    pcap_close(dead);
    p->dlt = dlt;
    p->ports = f->ports;
    p->count = f->count;
    p->n = port_filter_build(f, dlt, p->ours);
    assert_in_range(p->n, 1, PORT_FILTER_MAX);
    assert_true(bpf_validate(p->ours, (int)p->n));
}

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static size_t link_header(int dlt, uint8_t *frame, unsigned type)
{
    switch (dlt) {
    case DLT_EN10MB:
        put16(frame + 12, type);
        return 14;
    case DLT_LINUX_SLL:
        put16(frame + 14, type);
        return 16;
    case DLT_LINUX_SLL2:
        put16(frame, type);
        return 20;
    default:
        return 0;
    }
}

/* Mostly packets in which little decides: versions, protocols, fragments, header lengths, ports of
 * ours on either side, flags, types; all else is noise. */
static void make_frame(const struct talk *p, uint8_t frame[FRAME], uint64_t *seed)
{
    static const uint8_t protocols[] = {6, 6, 6, 6, 6, 6, 6, 6, 1, 58, 17, 44, 0, 43, 60, 51};
    const struct hash_key key = hash_key_of_seed(*seed);
    uint64_t r[FRAME / 8];
    for (size_t i = 0; i < FRAME / 8; i++)
        r[i] = hash_bytes(&key, &i, sizeof(i));
    (*seed)++;
    memcpy(frame, r, FRAME);
    bool v4 = r[0] & 1;
    uint8_t protocol = protocols[r[0] / 2 % sizeof(protocols)];
    uint8_t *ip = frame + link_header(p->dlt, frame,
                                      r[0] % 64 == 8 ? 0x0806
                                      : v4           ? 0x0800
                                                     : 0x86dd);
    ip[0] = (uint8_t)(v4 ? 0x45 + r[1] % 3 : 0x60);
    if (v4) {
        ip[9] = protocol;
        put16(ip + 6, r[1] / 4 % 8 == 0  ? 1 + (unsigned)(r[1] % 0x1fff)
                      : (r[1] & 64) != 0 ? 0x2000
                                         : 0x4000);
    } else {
        ip[6] = protocol;
    }
    uint8_t *upper = v4 ? ip + 4 * (ip[0] & 15) : ip + 40;
    if ((r[2] & 1) != 0)
        put16(upper, p->ports[r[2] / 8 % p->count]);
    if ((r[2] & 2) != 0)
        put16(upper + 2, p->ports[r[2] / 1024 % p->count]);
    if (protocol != 6 && (r[2] & 4) != 0)
        upper[0] = (uint8_t)(r[3] % 16 + (v4 ? 0 : 120));
}

static void same(const struct port_filter *f)
{
    unsigned passed = 0, dropped = 0;
    for (size_t i = 0; i < PLAIN_LINKS; i++) {
        struct talk p;
        uint64_t seed = 1;
        compile(&p, f, links[i]);
        for (unsigned k = 0; k < FRAMES / PLAIN_LINKS; k++) {
            uint8_t frame[FRAME];
            make_frame(&p, frame, &seed);
            unsigned n = seed % 16 == 0 ? (unsigned)(seed / 16 % FRAME) : FRAME; /* cut short */
            bool theirs = bpf_filter(p.theirs.bf_insns, frame, n, n) != 0;
            bool ours = bpf_filter(p.ours, frame, n, n) != 0;
            /* Of a header cut behind the source port libpcap would still see that one. */
            if (ours != theirs && (ours || n == FRAME))
                fail_msg("link type %d, frame %u: %s", links[i], k,
                         ours ? "passes, is not to" : "does not pass, is to");
            passed += ours;
            dropped += !ours;
        }
        pcap_freecode(&p.theirs);
    }
    assert_true(passed > FRAMES / 50);
    assert_true(dropped > FRAMES / 50);
}

UNIT_TEST(as_libpcap)
{
    uint16_t ports[PORT_FILTER_PORTS_MAX];
    for (size_t i = 0; i < PORT_FILTER_PORTS_MAX; i++)
        ports[i] = (uint16_t)(32768 + i * 507);
    const unsigned counts[] = {1, 2, 16, PORT_FILTER_PORTS_MAX};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        same(&(struct port_filter){.ports = ports, .count = counts[i]});
        same(&(struct port_filter){.ports = ports, .count = counts[i], .resets_out = true});
    }
}

/* --- What the decoders take --- */

static const uint8_t here[16] = {0x20, 1, 0xd, 0xb8, 15}, there[16] = {0x20, 1, 0xd, 0xb8, 14};

enum {
    OUR_PORT = 40000,
    THEIR_PORT = 80
};

/* Puts headers of IPv6 in front, as the bits of `which` say; returns their octets. */
static size_t put_extensions(uint8_t *ip, uint8_t protocol, unsigned which)
{
    uint8_t *next = ip + 6, *at = ip + 40;
    for (size_t i = 0; i < IP_EXTENSIONS; i++) {
        if ((which & 1u << i) == 0)
            continue;
        *next = ip_extensions[i];
        memset(at, 0, 8);
        next = at;
        at += 8;
    }
    *next = protocol;
    return (size_t)(at - ip) - 40;
}

static void put_ports_and_rest(uint8_t *tcp)
{
    memset(tcp, 0, 20);
    put16(tcp, THEIR_PORT);
    put16(tcp + 2, OUR_PORT);
    tcp[12] = 5 << 4;
}

/* A packet from there to here: TCP, or an error about TCP of ours, with or without fragments and
 * extension headers. */
static size_t make_packet(uint8_t *ip, bool v4, bool error, unsigned which)
{
    const uint8_t protocol = error ? (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) : IPPROTO_TCP;
    size_t off = v4 ? 20 : 40;
    memset(ip, 0, FRAME);
    ip[0] = v4 ? 0x45 : 0x60;
    memcpy(ip + (v4 ? 12 : 8), there, v4 ? 4 : 16);
    memcpy(ip + (v4 ? 16 : 24), here, v4 ? 4 : 16);
    if (v4) {
        ip[9] = protocol;
        put16(ip + 6, (which & 1 ? 0x2000u : 0) | (which & 2 ? 3u : 0));
    } else {
        off += put_extensions(ip, protocol, which);
    }
    if (!error) {
        put_ports_and_rest(ip + off);
        return off + 20;
    }
    ip[off] = v4 ? 3 : 1;
    uint8_t *quote = ip + off + 8;
    quote[0] = v4 ? 0x45 : 0x60;
    quote[v4 ? 9 : 6] = IPPROTO_TCP;
    put_ports_and_rest(quote + (v4 ? 20 : 40));
    return off + 8 + (v4 ? 20 : 40) + 20;
}

/* Taken, or worth a word: a fragment of TCP, which has no ports, or is broken. */
static bool is_taken(const uint8_t *ip, size_t n)
{
    struct segment seg;
    struct icmp_error icmp;
    enum status s = segment_decode(&seg, ip, n, NULL);
    return s == STATUS_OK || s == STATUS_MALFORMED || icmp_decode(&icmp, ip, n, NULL) == STATUS_OK;
}

static void compile_flow(struct bpf_program *p, bool v4, int dlt)
{
    struct text text = {0};
    struct endpoint remote = {.port = THEIR_PORT}, local = {.port = OUR_PORT};
    remote.ip = v4 ? address_from_v4(there) : *(const struct in6_addr *)(const void *)there;
    local.ip = v4 ? address_from_v4(here) : *(const struct in6_addr *)(const void *)here;
    port_filter_flow(&text, &remote, &local.ip, &local, 1);
    pcap_t *dead = pcap_open_dead(dlt, FRAME);
    assert_non_null(dead);
    if (pcap_compile(dead, p, text.data, 1, PCAP_NETMASK_UNKNOWN) != 0)
        fail_msg("%s: %s", text.data, pcap_geterr(dead));
    pcap_close(dead);
    text_done(&text);
}

UNIT_TEST(what_is_decoded_passes)
{
    const uint16_t port = OUR_PORT;
    const struct port_filter many = {.ports = &port, .count = 1};
    unsigned taken = 0;
    for (size_t i = 0; i < PLAIN_LINKS; i++) {
        struct bpf_insn bulk[PORT_FILTER_MAX];
        assert_true(port_filter_build(&many, links[i], bulk) > 0);
        for (unsigned k = 0; k < 4; k++) {
            bool v4 = k & 1, error = k & 2;
            struct bpf_program flow;
            compile_flow(&flow, v4, links[i]);
            for (unsigned which = 0; which < (v4 ? 4u : 1u << IP_EXTENSIONS); which++) {
                uint8_t frame[2 * FRAME];
                size_t link = link_header(links[i], frame, v4 ? 0x0800 : 0x86dd);
                unsigned n = (unsigned)(link + make_packet(frame + link, v4, error, which));
                if (!is_taken(frame + link, n - link))
                    continue;
                taken++;
                if (bpf_filter(flow.bf_insns, frame, n, n) == 0)
                    fail_msg("link %d, IPv%d, error %d, headers %u", links[i], v4 ? 4 : 6, error,
                             which);
                /* Of IPv4 the first fragment alone has ports. */
                if (bpf_filter(bulk, frame, n, n) == 0 && !(v4 && which & 2))
                    fail_msg("bulk: link %d, IPv%d, error %d, headers %u", links[i], v4 ? 4 : 6,
                             error, which);
            }
            pcap_freecode(&flow);
        }
    }
    assert_true(taken > 4 * 16);
}

UNIT_TEST(refuses)
{
    const uint16_t ports[PORT_FILTER_PORTS_MAX + 1] = {0};
    struct bpf_insn program[PORT_FILTER_MAX];
    struct port_filter f = {.ports = ports, .count = 1};
    assert_int_equal(port_filter_build(&f, DLT_IEEE802_11, program), 0);
    f.count = PORT_FILTER_PORTS_MAX + 1;
    assert_int_equal(port_filter_build(&f, DLT_EN10MB, program), 0);
}
