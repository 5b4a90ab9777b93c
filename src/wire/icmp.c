/* See icmp.h. Source quench is ignored as RFC 6633 asks, a redirect is no error. What the header
 * must quote is eight octets of TCP (RFC 792), just the ports and the sequence number, so no more
 * is read. */
#include "wire/icmp.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/bytes.h"
#include "wire/ip.h"

enum {
    HEADER = 8,
    QUOTED_TCP = 8
};
enum {
    V4_LEAST_MTU = 68,   /* RFC 791 */
    V4_UNTOLD_MTU = 576, /* RFC 1122 3.3.3 */
    V6_LEAST_MTU = 1280  /* RFC 8200 5 */
};

static bool is_error(uint8_t ip_version, uint8_t type)
{
    if (ip_version == 4)
        return type == ICMP_DEST_UNREACH || type == ICMP_TIME_EXCEEDED ||
               type == ICMP_PARAMETERPROB;
    return type == ICMP6_DST_UNREACH || type == ICMP6_PACKET_TOO_BIG ||
           type == ICMP6_TIME_EXCEEDED || type == ICMP6_PARAM_PROB;
}

static uint32_t mtu_of(uint8_t ip_version, const uint8_t *icmp)
{
    if (ip_version == 4) /* RFC 1191 4 */
        return icmp[0] == ICMP_DEST_UNREACH && icmp[1] == ICMP_FRAG_NEEDED ? bytes_be16(icmp + 6)
                                                                           : 0;
    return icmp[0] == ICMP6_PACKET_TOO_BIG ? bytes_be32(icmp + 4) : 0;
}

/* The quoted packet starts at `data`. Its total length is not believed: some hosts change it
 * before they quote. */
static enum status read_quote(struct icmp_error *e, const uint8_t *data, size_t n,
                              struct fault *fault)
{
    struct ip_packet q;
    enum status status = ip_parse(&q, data, n, fault);
    if (status != STATUS_OK)
        return fault_wrap(fault, status, "packet quoted in an ICMP error");
    if (q.version != e->ip_version || q.protocol != IPPROTO_TCP || q.fragment_off != 0)
        return fault_set(fault, STATUS_NOT_OURS, "an ICMP error about something else than TCP");
    if (n - q.off < QUOTED_TCP)
        return fault_set(fault, STATUS_MALFORMED, "TCP header quoted in an ICMP error cut short");
    const uint8_t *tcp = data + q.off;
    e->src = (struct endpoint){q.src, bytes_be16(tcp)};
    e->dst = (struct endpoint){q.dst, bytes_be16(tcp + 2)};
    e->seq = seq_of(bytes_be32(tcp + 4));
    return STATUS_OK;
}

enum status icmp_decode(struct icmp_error *e, const uint8_t *ip, size_t n, struct fault *fault)
{
    struct ip_packet p;
    *e = (struct icmp_error){0};
    enum status status = ip_parse(&p, ip, n, fault);
    if (status != STATUS_OK)
        return status;
    if (p.protocol != (p.version == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) || p.fragment)
        return fault_set(fault, STATUS_NOT_OURS, "no ICMP message");
    size_t captured = ip_captured(&p, n);
    if (captured < p.off || captured - p.off < HEADER)
        return fault_set(fault, STATUS_MALFORMED, "ICMP header cut short");
    const uint8_t *icmp = ip + p.off;
    if (!is_error(p.version, icmp[0]))
        return fault_set(fault, STATUS_NOT_OURS, "ICMP type %u is no error", (unsigned)icmp[0]);
    e->ip_version = p.version;
    e->type = icmp[0];
    e->code = icmp[1];
    e->from = p.src;
    e->mtu = mtu_of(p.version, icmp);
    return read_quote(e, icmp + HEADER, captured - p.off - HEADER, fault);
}

bool icmp_too_big(const struct icmp_error *e, uint32_t *mtu)
{
    *mtu = e->mtu != 0 ? e->mtu : V4_UNTOLD_MTU;
    if (e->ip_version == 4)
        return e->type == ICMP_DEST_UNREACH && e->code == ICMP_FRAG_NEEDED && *mtu >= V4_LEAST_MTU;
    return e->type == ICMP6_PACKET_TOO_BIG && *mtu >= V6_LEAST_MTU;
}

enum {
    ANY_CODE = -1
};

static const struct {
    uint8_t ip_version, type;
    int16_t code;
    const char *text;
} meanings[] = {
    /* RFC 792; from code 6 on RFC 1122 3.2.2.1, from 13 on RFC 1812 5.2.7.1 */
    {4, ICMP_DEST_UNREACH, 0, "network unreachable"},
    {4, ICMP_DEST_UNREACH, 1, "host unreachable"},
    {4, ICMP_DEST_UNREACH, 2, "protocol unreachable"},
    {4, ICMP_DEST_UNREACH, 3, "port unreachable"},
    {4, ICMP_DEST_UNREACH, 4, "fragmentation needed"},
    {4, ICMP_DEST_UNREACH, 5, "source route failed"},
    {4, ICMP_DEST_UNREACH, 6, "destination network unknown"},
    {4, ICMP_DEST_UNREACH, 7, "destination host unknown"},
    {4, ICMP_DEST_UNREACH, 8, "source host isolated"},
    {4, ICMP_DEST_UNREACH, 9, "network administratively prohibited"},
    {4, ICMP_DEST_UNREACH, 10, "host administratively prohibited"},
    {4, ICMP_DEST_UNREACH, 11, "network unreachable for this type of service"},
    {4, ICMP_DEST_UNREACH, 12, "host unreachable for this type of service"},
    {4, ICMP_DEST_UNREACH, 13, "administratively prohibited"},
    {4, ICMP_DEST_UNREACH, 14, "host precedence violation"},
    {4, ICMP_DEST_UNREACH, 15, "precedence cutoff in effect"},
    {4, ICMP_TIME_EXCEEDED, 0, "time to live exceeded"},
    {4, ICMP_TIME_EXCEEDED, 1, "fragment reassembly time exceeded"},
    {4, ICMP_PARAMETERPROB, 0, "bad header field"},
    {4, ICMP_PARAMETERPROB, 1, "required option missing"},
    {4, ICMP_PARAMETERPROB, 2, "bad header length"},
    /* RFC 4443 3 */
    {6, ICMP6_DST_UNREACH, 0, "no route to destination"},
    {6, ICMP6_DST_UNREACH, 1, "administratively prohibited"},
    {6, ICMP6_DST_UNREACH, 2, "beyond scope of source address"},
    {6, ICMP6_DST_UNREACH, 3, "address unreachable"},
    {6, ICMP6_DST_UNREACH, 4, "port unreachable"},
    {6, ICMP6_DST_UNREACH, 5, "source address failed policy"},
    {6, ICMP6_DST_UNREACH, 6, "route to destination rejects"},
    {6, ICMP6_PACKET_TOO_BIG, ANY_CODE, "packet too big"}, /* 3.2: the code says nothing */
    {6, ICMP6_TIME_EXCEEDED, 0, "hop limit exceeded"},
    {6, ICMP6_TIME_EXCEEDED, 1, "fragment reassembly time exceeded"},
    {6, ICMP6_PARAM_PROB, 0, "bad header field"},
    {6, ICMP6_PARAM_PROB, 1, "unknown next header"},
    {6, ICMP6_PARAM_PROB, 2, "unknown IPv6 option"},
};

const char *icmp_describe(uint8_t ip_version, uint8_t type, uint8_t code)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
        if (meanings[i].ip_version == ip_version && meanings[i].type == type &&
            (meanings[i].code == code || meanings[i].code == ANY_CODE))
            return meanings[i].text;
    return "ICMP error";
}

const char *icmp_say(const struct icmp_error *e, char text[ICMP_TEXT_MAX])
{
    char from[ADDRESS_TEXT_MAX];
    if (e->ip_version == 0)
        (void)snprintf(text, ICMP_TEXT_MAX, "the next hop does not answer");
    else
        (void)snprintf(text, ICMP_TEXT_MAX, "%s says: %s", address_format(&e->from, from),
                       icmp_describe(e->ip_version, e->type, e->code));
    return text;
}
