/* See checksum.h. */
#include "wire/checksum.h"

#include "base/bytes.h"

static uint16_t fold(uint64_t sum)
{
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

uint16_t checksum_sum(uint16_t start, const uint8_t *data, size_t n)
{
    uint64_t sum = start;
    for (; n >= 2; n -= 2, data += 2)
        sum += bytes_be16(data);
    if (n != 0)
        sum += (uint64_t)data[0] << 8;
    return fold(sum);
}

uint16_t checksum_tcp_pseudo(const struct in6_addr *src, const struct in6_addr *dst, size_t len)
{
    /* One formula for both families: the prefix of a mapped IPv4 address adds 0xffff, which is
     * zero in one's complement, and the fields are the same words in another order. */
    uint64_t sum = IPPROTO_TCP + (uint64_t)len;
    sum += checksum_sum(0, src->s6_addr, sizeof(src->s6_addr));
    sum += checksum_sum(0, dst->s6_addr, sizeof(dst->s6_addr));
    return fold(sum);
}

uint16_t checksum_update(uint16_t field, uint16_t before, uint16_t after)
{
    /* RFC 1624, equation 3: HC' = ~(~HC + ~m + m'). */
    uint64_t sum = (uint16_t)~field;
    sum += (uint16_t)~before;
    sum += after;
    return (uint16_t)~fold(sum);
}
