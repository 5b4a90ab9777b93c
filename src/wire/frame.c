/* Link-layer headers as libpcap delivers them: see frame.h. Layouts: IEEE 802.3 and 802.1Q, and
 * the LINKTYPE descriptions of the tcpdump group for the cooked and the loopback headers. */
#include "wire/frame.h"

#include <net/ethernet.h>
#include <pcap/dlt.h>

#include "base/bytes.h"

enum {
    VLAN_TAG = 4,
    VLAN_ID = 0xfff, /* 0: a priority alone (IEEE 802.1Q 9.6) */
    LOOPBACK_HEADER = 4,
    ETHERTYPE_SERVICE_VLAN = 0x88a8
};

const struct frame_typed *frame_typed_link(int dlt)
{
    static const struct frame_typed ethernet = {12, 14}, cooked1 = {14, 16}, cooked2 = {0, 20};
    switch (dlt) {
    case DLT_EN10MB:
        return &ethernet;
    case DLT_LINUX_SLL:
        return &cooked1;
    case DLT_LINUX_SLL2:
        return &cooked2;
    default:
        return NULL;
    }
}

static bool is_raw(int dlt)
{
    return dlt == DLT_RAW || dlt == DLT_IPV4 || dlt == DLT_IPV6;
}

static bool is_loopback(int dlt)
{
    return dlt == DLT_NULL || dlt == DLT_LOOP;
}

bool frame_known_link(int dlt)
{
    return frame_typed_link(dlt) != NULL || is_raw(dlt) || is_loopback(dlt);
}

static bool skip_typed(const struct frame_typed *h, const uint8_t *frame, size_t n, size_t *header)
{
    size_t len = h->len;
    if (n < len)
        return false;
    uint16_t type = bytes_be16(frame + h->type_at);
    while (type == ETHERTYPE_VLAN || type == ETHERTYPE_SERVICE_VLAN) {
        if (n - len < VLAN_TAG || (bytes_be16(frame + len) & VLAN_ID) != 0)
            return false;
        type = bytes_be16(frame + len + 2);
        len += VLAN_TAG;
    }
    *header = len;
    return type == ETHERTYPE_IP || type == ETHERTYPE_IPV6;
}

/* The address family is written as the capturing system numbers it and, for DLT_NULL, in that
 * system's byte order. */
static bool skip_loopback(const uint8_t *frame, size_t n, size_t *header)
{
    if (n < LOOPBACK_HEADER)
        return false;
    *header = LOOPBACK_HEADER;
    uint32_t big = bytes_be32(frame);
    uint32_t family = big > 0xffff ? __builtin_bswap32(big) : big;
    switch (family) {
    case 2:  /* IPv4 everywhere */
    case 10: /* IPv6 on Linux */
    case 24: /* on NetBSD and OpenBSD */
    case 28: /* on FreeBSD */
    case 30: /* on Darwin */
        return true;
    default:
        return false;
    }
}

bool frame_ip(int dlt, const uint8_t *frame, size_t n, const uint8_t **ip, size_t *ip_len)
{
    const struct frame_typed *typed = frame_typed_link(dlt);
    size_t header = 0;
    bool carries = typed != NULL      ? skip_typed(typed, frame, n, &header)
                   : is_loopback(dlt) ? skip_loopback(frame, n, &header)
                                      : is_raw(dlt);
    if (!carries || header >= n)
        return false;
    *ip = frame + header;
    *ip_len = n - header;
    return true;
}
