/* An address as a test writes it. */
#ifndef TCPSHAKE_TESTS_IP_H
#define TCPSHAKE_TESTS_IP_H

#include "unit/unit.h"

#include <arpa/inet.h>

#include "wire/address.h"

/* Of either family; IPv4 is mapped. */
static inline struct in6_addr ip_of(const char *text)
{
    struct in6_addr ip;
    uint8_t v4[4];
    if (inet_pton(AF_INET, text, v4) == 1)
        return address_from_v4(v4);
    assert_int_equal(inet_pton(AF_INET6, text, &ip), 1);
    return ip;
}

#endif
