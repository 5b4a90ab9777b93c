/* Layouts: RFC 791 3.1, RFC 8200 3, RFC 9293 3.1. Sums are kept in the machine's own byte order,
 * which one's complement addition allows (RFC 1071 2 B): nothing is swapped but the result of what
 * was swapped. See template.h. */
#include "wire/template.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/bytes.h"
#include "wire/checksum.h"

enum {
    V4_HEADER = 20,
    V4_ID = 4,
    V4_CHECKSUM = 10,
    V4_SOURCE = 12,
    V6_HEADER = 40,
    V6_SOURCE = 8,
};

/* From the start of the TCP header. */
enum {
    TCP_PORTS = 0,
    TCP_SEQ = 4,
    TCP_ACK = 8,
    TCP_CHECKSUM = 16,
    TCP_HEADER = 20,
};

static uint16_t fold(uint64_t sum)
{
    while (sum > UINT16_MAX)
        sum = (sum & UINT16_MAX) + (sum >> 16);
    return (uint16_t)sum;
}

static void put_checksum(uint8_t *at, uint64_t sum)
{
    uint16_t field = (uint16_t)~fold(sum);
    memcpy(at, &field, sizeof(field));
}

/* These write something and return what it adds to a sum. */
static uint64_t put32(uint8_t *at, uint32_t value)
{
    uint32_t word = htonl(value);
    memcpy(at, &word, sizeof(word));
    return word;
}

static uint64_t put16(uint8_t *at, uint16_t value)
{
    uint16_t word = htons(value);
    memcpy(at, &word, sizeof(word));
    return word;
}

static uint64_t put_octets(uint8_t *at, const uint8_t *octets, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i += sizeof(uint32_t)) {
        uint32_t word;
        memcpy(&word, octets + i, sizeof(word));
        sum += word;
    }
    memcpy(at, octets, n);
    return sum;
}

static void blank(struct template *t)
{
    uint8_t *tcp = t->octets + t->tcp_at;
    if (t->v4) {
        memset(t->octets + V4_SOURCE, 0, V4_HEADER - V4_SOURCE);
        memset(t->octets + V4_CHECKSUM, 0, 2);
    } else {
        memset(t->octets + V6_SOURCE, 0, V6_HEADER - V6_SOURCE);
    }
    memset(tcp + TCP_PORTS, 0, TCP_ACK - TCP_PORTS);
    memset(tcp + TCP_CHECKSUM, 0, 2);
    if (t->has_ack)
        memset(tcp + TCP_ACK, 0, 4);
    if (t->ts_at != 0)
        memset(t->octets + t->ts_at, 0, 4);
}

enum status template_init(struct template *t, struct craft *c, const struct segment *like,
                          struct fault *fault)
{
    size_t ts_val;
    if (like->checksum == SEGMENT_CHECKSUM_BAD)
        return fault_set(fault, STATUS_MALFORMED, "a template's checksums are right");
    *t = (struct template){.v4 = address_is_v4(&like->src.ip)};
    enum status s = craft_segment(c, like, NULL, 0, t->octets, sizeof(t->octets), &t->len, fault);
    if (s != STATUS_OK)
        return s;
    t->tcp_at = t->v4 ? V4_HEADER : V6_HEADER;
    t->has_ack = (like->flags & FLAG_ACK) != 0;
    t->own_id = t->v4 && !like->df && like->ip_id == 0;
    if (options_ts_val(&like->opt, &ts_val))
        t->ts_at = t->tcp_at + TCP_HEADER + ts_val;
    blank(t);
    size_t tcp_len = t->len - t->tcp_at;
    const struct in6_addr none = IN6ADDR_ANY_INIT;
    uint16_t pseudo = checksum_tcp_pseudo(&none, &none, tcp_len);
    t->tcp_rest = htons(checksum_sum(pseudo, t->octets + t->tcp_at, tcp_len));
    t->ip_rest = htons(checksum_sum(0, t->octets, V4_HEADER));
    return STATUS_OK;
}

/* Not 0, which would leave the choice to others, and likely another one for the next packet to the
 * same host. */
static uint16_t identification(const struct endpoint *local, const struct endpoint *remote,
                               uint32_t seq)
{
    uint32_t mix = seq ^ ((uint32_t)local->port << 16 | remote->port);
    mix = (mix ^ mix >> 16) * 0x9e3779b1U; /* 2^32 divided by the golden ratio */
    uint16_t id = (uint16_t)(mix >> 16);
    return id != 0 ? id : 1;
}

/* Returns what the addresses add to the TCP checksum's sum. */
static uint64_t write_v4(const struct template *t, uint8_t *out, const struct endpoint *local,
                         const struct endpoint *remote, uint32_t seq)
{
    uint64_t ip = t->ip_rest;
    uint64_t addresses = put_octets(out + V4_SOURCE, address_v4_octets(&local->ip), 4);
    addresses += put_octets(out + V4_SOURCE + 4, address_v4_octets(&remote->ip), 4);
    if (t->own_id)
        ip += put16(out + V4_ID, identification(local, remote, seq));
    put_checksum(out + V4_CHECKSUM, ip + addresses);
    return addresses;
}

static uint64_t write_v6(uint8_t *out, const struct endpoint *local, const struct endpoint *remote)
{
    return put_octets(out + V6_SOURCE, local->ip.s6_addr, sizeof(local->ip)) +
           put_octets(out + V6_SOURCE + sizeof(local->ip), remote->ip.s6_addr, sizeof(remote->ip));
}

size_t template_write(const struct template *t, uint8_t *out, const struct endpoint *local,
                      const struct endpoint *remote, seq_t seq, seq_t ack, uint32_t ts_val)
{
    uint8_t *tcp = out + t->tcp_at;
    memcpy(out, t->octets, t->len);
    uint64_t sum = t->tcp_rest;
    sum += t->v4 ? write_v4(t, out, local, remote, seq.v) : write_v6(out, local, remote);
    sum += put32(tcp + TCP_PORTS, (uint32_t)local->port << 16 | remote->port);
    sum += put32(tcp + TCP_SEQ, seq.v);
    if (t->has_ack)
        sum += put32(tcp + TCP_ACK, ack.v);
    if (t->ts_at != 0) {
        uint64_t word = put32(out + t->ts_at, ts_val);
        /* At an odd place its octets are the other halves of the words that are summed. */
        sum += t->ts_at % 2 == 0 ? word : word << 8;
    }
    put_checksum(tcp + TCP_CHECKSUM, sum);
    return t->len;
}
