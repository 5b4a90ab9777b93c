/* See netem_look.h. */
#include "lab/netem/netem_look.h"

#include <netinet/in.h>
#include <pcap/dlt.h>

#include "base/bytes.h"
#include "wire/frame.h"
#include "wire/ip.h"
#include "wire/segment.h"

enum {
    PORTS = 4, /* octets at the start of a segment */
    DATA_OFFSET_AT = 12
};

/* ICMPv6 messages that never leave a link: of multicast listeners (RFC 2710, RFC 3810) and of
 * neighbour discovery (RFC 4861). */
static bool is_upkeep(const struct ip_packet *p, const uint8_t *ip, size_t n)
{
    if (p->version == 4)
        return p->protocol == IPPROTO_IGMP;
    if (p->protocol != IPPROTO_ICMPV6 || p->off >= n)
        return false;
    uint8_t type = ip[p->off];
    return (type >= 130 && type <= 137) || type == 143;
}

static void look_at_segment(struct netem_look *look, const uint8_t *ip, size_t n)
{
    struct segment seg;
    if (segment_decode(&seg, ip, n, NULL) != STATUS_OK)
        return;
    look->segment = seg.checksum != SEGMENT_CHECKSUM_UNKNOWN;
    look->ip_version = seg.ip_version;
    look->flags = seg.flags;
    look->seq = seg.seq.v;
    look->ack = seg.ack.v;
    look->len = seg.len;
    look->tcp_at += seg.tcp_off;
    look->tcp_len = seg.data_off - seg.tcp_off + seg.len;
}

void netem_look(struct netem_look *look, const uint8_t *frame, size_t n)
{
    const uint8_t *ip;
    size_t ip_len;
    struct ip_packet p;
    *look = (struct netem_look){0};
    if (!frame_ip(DLT_EN10MB, frame, n, &ip, &ip_len))
        return;
    /* What claims to be IP and does not parse is a packet like another. */
    look->packet = ip_parse(&p, ip, ip_len, NULL) != STATUS_OK || !is_upkeep(&p, ip, ip_len);
    look->tcp_at = (size_t)(ip - frame);
    look_at_segment(look, ip, ip_len);
}

bool netem_look_corrupt(const struct netem_look *look, uint8_t *frame, uint64_t dice)
{
    if (!look->segment)
        return false;
    size_t at = PORTS + (size_t)(dice / 8 % (look->tcp_len - PORTS - 1));
    at += at >= DATA_OFFSET_AT;
    frame[look->tcp_at + at] ^= (uint8_t)(1U << dice % 8);
    return true;
}
