/* The tap's program for many ports passes what libpcap's own filter of the same words passes. */
#include "unit.h"

#include <pcap/dlt.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "net/port_filter.h"

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

static void text_of(const struct port_filter *f, char text[TEXT])
{
    int n = snprintf(text, TEXT, "%s(",
                     f->resets_out
                         ? "((ip and tcp[13] & 4 != 0) or (ip6[6] == 6 and ip6[53] & 4 != 0)) and "
                         : "");
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
    static const uint8_t protocols[] = {6, 6, 6, 1, 58, 17, 44};
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
        /* libpcap looks for ICMPv6 behind a fragment header as well, we do not. */
        ip[6] = protocol == 44 ? 43 : protocol;
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

UNIT_TEST(refuses)
{
    const uint16_t ports[PORT_FILTER_PORTS_MAX + 1] = {0};
    struct bpf_insn program[PORT_FILTER_MAX];
    struct port_filter f = {.ports = ports, .count = 1};
    assert_int_equal(port_filter_build(&f, DLT_IEEE802_11, program), 0);
    f.count = PORT_FILTER_PORTS_MAX + 1;
    assert_int_equal(port_filter_build(&f, DLT_EN10MB, program), 0);
}
