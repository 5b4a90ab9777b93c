/* Decoding, RFC 9293 3.1: see segment.h. Every octet read has been counted first. */
#include "wire/segment.h"

#include <inttypes.h>

#include "base/bytes.h"
#include "wire/checksum.h"
#include "wire/ip.h"

enum {
    TCP_HEADER = 20,
    CHECKSUM_AT = 16
};

static enum segment_checksum judge(const struct ip_packet *p, const uint8_t *tcp, size_t captured,
                                   size_t on_wire)
{
    if (captured < on_wire || p->rerouted)
        return SEGMENT_CHECKSUM_UNKNOWN;
    uint16_t pseudo = checksum_tcp_pseudo(&p->src, &p->dst, on_wire);
    if (checksum_sum(pseudo, tcp, on_wire) == 0xffff)
        return SEGMENT_CHECKSUM_OK;
    if (bytes_be16(tcp + CHECKSUM_AT) == pseudo)
        return SEGMENT_CHECKSUM_OFFLOADED;
    /* Without a length in the IP header the capture may have cut the segment unseen. */
    return p->total != 0 ? SEGMENT_CHECKSUM_BAD : SEGMENT_CHECKSUM_UNKNOWN;
}

static void take_ip(struct segment *s, const struct ip_packet *p)
{
    s->src.ip = p->src;
    s->dst.ip = p->dst;
    s->ip_version = p->version;
    s->ttl = p->ttl;
    s->tos = p->tos;
    s->df = p->df;
    s->ip_id = p->id;
}

static void take_tcp(struct segment *s, const uint8_t *tcp, size_t header)
{
    s->src.port = bytes_be16(tcp);
    s->dst.port = bytes_be16(tcp + 2);
    s->seq = seq_of(bytes_be32(tcp + 4));
    s->ack = seq_of(bytes_be32(tcp + 8));
    s->flags = bytes_be16(tcp + 12) & FLAG_ALL;
    s->win = bytes_be16(tcp + 14);
    s->urg = bytes_be16(tcp + 18);
    options_parse(&s->opt, tcp + TCP_HEADER, header - TCP_HEADER);
}

enum status segment_decode(struct segment *s, const uint8_t *ip, size_t n, struct fault *fault)
{
    struct ip_packet p;
    *s = (struct segment){0};
    enum status status = ip_parse(&p, ip, n, fault);
    if (status != STATUS_OK)
        return status;
    take_ip(s, &p);
    if (p.protocol != IPPROTO_TCP)
        return fault_set(fault, STATUS_NOT_OURS, "IP protocol %u", (unsigned)p.protocol);
    if (p.fragment)
        return fault_set(fault, STATUS_MALFORMED,
                         "an IP fragment came; fragments are not put together here");
    size_t captured = ip_captured(&p, n);
    size_t on_wire = ip_on_wire(&p, n);
    if (captured < p.off || captured - p.off < TCP_HEADER)
        return fault_set(fault, STATUS_MALFORMED, "TCP header cut short");
    const uint8_t *tcp = ip + p.off;
    size_t header = 4 * (size_t)(tcp[12] >> 4);
    if (header < TCP_HEADER)
        return fault_set(fault, STATUS_MALFORMED, "TCP data offset of %zu octets", header);
    if (header > captured - p.off)
        return fault_set(fault, STATUS_MALFORMED, "TCP options cut short");

    take_tcp(s, tcp, header);
    s->checksum = judge(&p, tcp, captured - p.off, on_wire - p.off);
    s->raw = ip;
    s->raw_len = captured;
    s->tcp_off = p.off;
    s->data_off = p.off + header;
    s->len = (uint32_t)(on_wire - s->data_off);
    return STATUS_OK;
}

uint32_t segment_seq_len(const struct segment *s)
{
    return s->len + ((s->flags & FLAG_SYN) != 0) + ((s->flags & FLAG_FIN) != 0);
}

seq_t segment_end(const struct segment *s)
{
    return seq_add(s->seq, segment_seq_len(s));
}

void segment_print(struct text *out, const struct segment *seg, const seq_t *seq, const seq_t *ack)
{
    char flags[FLAGS_TEXT_MAX];
    if (seq != NULL)
        text_printf(out, "<SEQ=%" PRIu32 ">", seq->v);
    if (ack != NULL && seg->flags & FLAG_ACK)
        text_printf(out, "<ACK=%" PRIu32 ">", ack->v);
    text_printf(out, "<CTL=%s>", flags_format(seg->flags, flags));
    if (seg->flags & FLAG_URG)
        text_printf(out, "<URG=%u>", (unsigned)seg->urg);
    if (seg->len != 0)
        text_printf(out, "<DATA=%" PRIu32 ">", seg->len);
    if (seg->checksum == SEGMENT_CHECKSUM_BAD)
        text_printf(out, "<BADSUM>");
}
