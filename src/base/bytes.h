/* Octets in network order, read and written one at a time so that alignment never matters.
 * The caller has checked that the octets are there. */
#ifndef TCPSHAKE_BASE_BYTES_H
#define TCPSHAKE_BASE_BYTES_H

#include <stdint.h>

static inline uint16_t bytes_be16(const uint8_t *p)
{
    return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static inline uint32_t bytes_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void bytes_put16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void bytes_put32(uint8_t *p, uint32_t v)
{
    bytes_put16(p, (uint16_t)(v >> 16));
    bytes_put16(p + 2, (uint16_t)v);
}

#endif
