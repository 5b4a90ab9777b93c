/* See ip.h. */
#include "wire/ip.h"

#include <string.h>

#include "base/bytes.h"
#include "wire/address.h"

enum {
    V4_HEADER = 20,
    V6_HEADER = 40,
    V6_EXTENSION = 8,
    V6_FRAGMENT = 8,
    TCP_HEADER = 20,
    LEAST_MTU = 68
};
enum {
    V4_DF = 0x4000,
    V4_MF = 0x2000,
    V4_OFFSET = 0x1fff,
    V6_OFFSET = 0xfff8,
    V6_MF = 1
};

static enum status cut_short(struct fault *fault)
{
    return fault_set(fault, STATUS_MALFORMED, "IP header cut short");
}

static enum status parse_v4(struct ip_packet *p, const uint8_t *data, size_t n, struct fault *fault)
{
    if (n < V4_HEADER)
        return cut_short(fault);
    size_t header = 4 * (size_t)(data[0] & 0x0f);
    if (header < V4_HEADER)
        return fault_set(fault, STATUS_MALFORMED, "IPv4 header length %zu", header);
    if (header > n)
        return cut_short(fault);
    unsigned word = bytes_be16(data + 6);
    p->tos = data[1];
    p->total = bytes_be16(data + 2);
    p->id = bytes_be16(data + 4);
    p->df = (word & V4_DF) != 0;
    p->fragment_off = (uint16_t)((word & V4_OFFSET) * 8);
    p->fragment = p->fragment_off != 0 || (word & V4_MF) != 0;
    p->ttl = data[8];
    p->protocol = data[9];
    p->src = address_from_v4(data + 12);
    p->dst = address_from_v4(data + 16);
    p->off = header;
    return STATUS_OK;
}

const uint8_t ip_extensions[IP_EXTENSIONS] = {IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT,
                                              IPPROTO_DSTOPTS};

/* Steps over the extension headers of RFC 8200 4, in any order, until one that is none. */
static enum status skip_extensions(struct ip_packet *p, const uint8_t *data, size_t n,
                                   struct fault *fault)
{
    while (p->fragment_off == 0 && memchr(ip_extensions, p->protocol, IP_EXTENSIONS) != NULL) {
        bool fragment = p->protocol == IPPROTO_FRAGMENT;
        bool routing = p->protocol == IPPROTO_ROUTING;
        if (n - p->off < V6_EXTENSION)
            return cut_short(fault);
        const uint8_t *header = data + p->off;
        size_t len = V6_FRAGMENT;
        if (fragment) {
            unsigned word = bytes_be16(header + 2);
            p->fragment_off = (uint16_t)(word & V6_OFFSET);
            p->fragment = p->fragment || p->fragment_off != 0 || (word & V6_MF) != 0;
        } else {
            len = 8 * ((size_t)header[1] + 1);
            p->rerouted = p->rerouted || (routing && header[3] != 0);
        }
        if (n - p->off < len)
            return cut_short(fault);
        p->protocol = header[0];
        p->off += len;
    }
    return STATUS_OK;
}

static enum status parse_v6(struct ip_packet *p, const uint8_t *data, size_t n, struct fault *fault)
{
    if (n < V6_HEADER)
        return cut_short(fault);
    size_t payload = bytes_be16(data + 4);
    p->tos = (uint8_t)(bytes_be16(data) >> 4);
    p->total = payload != 0 ? V6_HEADER + payload : 0;
    p->df = true;
    p->protocol = data[6];
    p->ttl = data[7];
    memcpy(p->src.s6_addr, data + 8, sizeof(p->src.s6_addr));
    memcpy(p->dst.s6_addr, data + 24, sizeof(p->dst.s6_addr));
    p->off = V6_HEADER;
    return skip_extensions(p, data, n, fault);
}

enum status ip_parse(struct ip_packet *p, const uint8_t *data, size_t n, struct fault *fault)
{
    *p = (struct ip_packet){0};
    if (n == 0)
        return cut_short(fault);
    p->version = data[0] >> 4;
    if (p->version == 4)
        return parse_v4(p, data, n, fault);
    if (p->version == 6)
        return parse_v6(p, data, n, fault);
    return fault_set(fault, STATUS_NOT_OURS, "IP version %u", (unsigned)p->version);
}

size_t ip_captured(const struct ip_packet *p, size_t n)
{
    return p->total != 0 && p->total < n ? p->total : n;
}

size_t ip_on_wire(const struct ip_packet *p, size_t n)
{
    /* Linux leaves the length zero in what it hands to a tap before segmentation offload cuts it
     * up, when it is more than 16 bits hold; so does an IPv6 jumbogram (RFC 2675 3). */
    return p->total != 0 ? p->total : n;
}

uint16_t ip_mss(uint8_t version, uint32_t mtu)
{
    const uint32_t headers = (version == 4 ? V4_HEADER : V6_HEADER) + TCP_HEADER;
    const uint32_t mss = (mtu < LEAST_MTU ? LEAST_MTU : mtu) - headers;
    return (uint16_t)(mss > UINT16_MAX ? UINT16_MAX : mss);
}
