/* libnet wrapped once (RFC 791, RFC 8200 and RFC 9293 3.1 for the layouts): see craft.h. */
#include "wire/craft.h"

#include <libnet.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "wire/checksum.h"

enum {
    V4_HEADER = LIBNET_IPV4_H,
    V6_HEADER = LIBNET_IPV6_H,
    TCP_HEADER = LIBNET_TCP_H,
    FLAGS_AT = 12,
    CHECKSUM_AT = 16,
    BUILD_NEW = 0, /* for libnet's ptag and checksum: make one */
};

struct craft {
    libnet_t *net;
};

struct craft *craft_new(struct fault *fault)
{
    char why[LIBNET_ERRBUF_SIZE] = "";
    struct craft *c = malloc(sizeof(*c));
    if (c == NULL) {
        (void)fault_set(fault, STATUS_NO_MEMORY, "no memory to build segments");
        return NULL;
    }
    c->net = libnet_init(LIBNET_NONE, NULL, why);
    if (c->net == NULL) {
        (void)fault_set(fault, STATUS_SYSTEM, "libnet: %s", why);
        free(c);
        return NULL;
    }
    return c;
}

void craft_free(struct craft *c)
{
    if (c == NULL)
        return;
    libnet_destroy(c->net);
    free(c);
}

static enum status check_lengths(const struct segment *want, size_t n, size_t cap,
                                 struct fault *fault)
{
    bool v4 = address_is_v4(&want->src.ip);
    if (v4 != address_is_v4(&want->dst.ip))
        return fault_set(fault, STATUS_MALFORMED, "source is %s, destination is not",
                         v4 ? "IPv4" : "IPv6");
    if (want->opt.raw_len > OPTIONS_MAX || want->opt.raw_len % 4 != 0)
        return fault_set(fault, STATUS_MALFORMED,
                         "%u octets of TCP options: at most %d and a multiple of four are possible",
                         (unsigned)want->opt.raw_len, OPTIONS_MAX);
    size_t most = cap < CRAFT_MAX ? cap : CRAFT_MAX;
    size_t ip_header = v4 ? V4_HEADER : V6_HEADER;
    size_t headers = ip_header + TCP_HEADER + want->opt.raw_len;
    if (headers > most || n > most - headers)
        return fault_set(fault, STATUS_MALFORMED,
                         "a segment with %zu octets of data and %zu of headers exceeds %zu", n,
                         headers, most);
    return STATUS_OK;
}

/* libnet wants the innermost part first: options, TCP header, IP header. */
static bool build_tcp(libnet_t *net, const struct segment *want, const void *data, size_t n)
{
    const struct options *opt = &want->opt;
    if (opt->raw_len != 0 && libnet_build_tcp_options(opt->raw, opt->raw_len, net, BUILD_NEW) < 0)
        return false;
    uint16_t len = (uint16_t)(TCP_HEADER + opt->raw_len + n);
    return libnet_build_tcp(want->src.port, want->dst.port, want->seq.v, want->ack.v,
                            (uint8_t)want->flags, want->win, BUILD_NEW, want->urg, len,
                            n != 0 ? data : NULL, (uint32_t)n, net, BUILD_NEW) >= 0;
}

static bool build_v4(libnet_t *net, const struct segment *want, size_t len)
{
    uint32_t src, dst;
    memcpy(&src, address_v4_octets(&want->src.ip), sizeof(src));
    memcpy(&dst, address_v4_octets(&want->dst.ip), sizeof(dst));
    return libnet_build_ipv4((uint16_t)len, want->tos, want->ip_id, want->df ? IP_DF : 0, want->ttl,
                             IPPROTO_TCP, BUILD_NEW, src, dst, NULL, 0, net, BUILD_NEW) >= 0;
}

static bool build_v6(libnet_t *net, const struct segment *want, size_t len)
{
    struct libnet_in6_addr src, dst;
    memcpy(&src, want->src.ip.s6_addr, sizeof(src));
    memcpy(&dst, want->dst.ip.s6_addr, sizeof(dst));
    return libnet_build_ipv6(want->tos, 0, (uint16_t)(len - V6_HEADER), IPPROTO_TCP, want->ttl, src,
                             dst, NULL, 0, net, BUILD_NEW) >= 0;
}

/* Puts in the four flag bits that libnet has no room for. */
static void patch_flags(uint8_t *tcp, uint16_t flags)
{
    uint16_t before = bytes_be16(tcp + FLAGS_AT);
    uint16_t after = (uint16_t)(before | (flags & FLAG_ALL & ~UINT8_MAX));
    bytes_put16(tcp + FLAGS_AT, after);
    bytes_put16(tcp + CHECKSUM_AT, checksum_update(bytes_be16(tcp + CHECKSUM_AT), before, after));
}

/* A checksum that nobody can take for right: not the right one, nor the pseudo-header's sum, by
 * which a capture shows a checksum left to the interface. */
static void spoil_checksum(uint8_t *tcp, const struct segment *want, size_t len)
{
    uint16_t wrong = (uint16_t)(bytes_be16(tcp + CHECKSUM_AT) + 1);
    if (wrong == checksum_tcp_pseudo(&want->src.ip, &want->dst.ip, len))
        wrong++;
    bytes_put16(tcp + CHECKSUM_AT, wrong);
}

static enum status refused(const struct craft *c, struct fault *fault)
{
    return fault_set(fault, STATUS_SYSTEM, "libnet: %s", libnet_geterror(c->net));
}

enum status craft_segment(struct craft *c, const struct segment *want, const void *data, size_t n,
                          uint8_t *out, size_t cap, size_t *len, struct fault *fault)
{
    enum status status = check_lengths(want, n, cap, fault);
    if (status != STATUS_OK)
        return status;
    bool v4 = address_is_v4(&want->src.ip);
    size_t header = v4 ? V4_HEADER : V6_HEADER;
    size_t total = header + TCP_HEADER + want->opt.raw_len + n;

    /* Starting afresh keeps options of any length simple: updating blocks in place could not. */
    libnet_clear_packet(c->net);
    uint8_t *built;
    uint32_t size;
    if (!build_tcp(c->net, want, data, n) ||
        !(v4 ? build_v4(c->net, want, total) : build_v6(c->net, want, total)) ||
        libnet_pblock_coalesce(c->net, &built, &size) < 0)
        return refused(c, fault);
    memcpy(out, built, total);
    libnet_adv_free_packet(c->net, built);

    patch_flags(out + header, want->flags);
    if (want->checksum == SEGMENT_CHECKSUM_BAD)
        spoil_checksum(out + header, want, total - header);
    *len = total;
    return STATUS_OK;
}
