/* Addresses of both families in one form, and their texts (RFC 4291, RFC 5952). */
#include "../ip.h"

static const uint8_t octets[4] = {192, 0, 2, 1};

UNIT_TEST(v4_is_mapped)
{
    struct in6_addr ip = address_from_v4(octets);
    struct in6_addr same = ip_of("::ffff:192.0.2.1");
    assert_true(address_is_v4(&ip));
    assert_true(address_equal(&ip, &same));
    assert_memory_equal(address_v4_octets(&ip), octets, 4);
}

UNIT_TEST(v6_is_not)
{
    static const char *const others[] = {
        "::", "::1", "2001:db8::1", "::192.0.2.1", "1::ffff:192.0.2.1", "::fffe:192.0.2.1"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct in6_addr ip = ip_of(others[i]);
        assert_false(address_is_v4(&ip));
    }
}

UNIT_TEST(address_texts)
{
    char text[ADDRESS_TEXT_MAX];
    struct in6_addr ip = address_from_v4(octets);
    assert_string_equal(address_format(&ip, text), "192.0.2.1");
    ip = ip_of("2001:DB8:0:0:0:0:0:1");
    assert_string_equal(address_format(&ip, text), "2001:db8::1");
    ip = ip_of("ffff:eeee:dddd:cccc:bbbb:aaaa:9999:8888");
    assert_string_equal(address_format(&ip, text), "ffff:eeee:dddd:cccc:bbbb:aaaa:9999:8888");
    ip = address_from_v4((const uint8_t[4]){255, 255, 255, 255});
    assert_string_equal(address_format(&ip, text), "255.255.255.255");
}

UNIT_TEST(endpoint_texts)
{
    char text[ENDPOINT_TEXT_MAX];
    struct endpoint e = {address_from_v4(octets), 80};
    assert_string_equal(endpoint_format(&e, text), "192.0.2.1:80");
    e = (struct endpoint){ip_of("2001:db8::1"), 0};
    assert_string_equal(endpoint_format(&e, text), "[2001:db8::1]:0");
    e = (struct endpoint){ip_of("ffff:eeee:dddd:cccc:bbbb:aaaa:9999:8888"), 65535};
    assert_string_equal(endpoint_format(&e, text),
                        "[ffff:eeee:dddd:cccc:bbbb:aaaa:9999:8888]:65535");
}

UNIT_TEST(endpoints_differ_by_either)
{
    struct endpoint a = {ip_of("::1"), 80}, same = a, port = a, ip = {ip_of("::2"), 80};
    port.port = 81;
    assert_true(endpoint_equal(&a, &same));
    assert_false(endpoint_equal(&a, &port));
    assert_false(endpoint_equal(&a, &ip));
}

UNIT_TEST(as_a_socket_takes_it)
{
    static const char *const texts[] = {"192.0.2.1", "2001:db8::1", "::", "0.0.0.0"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const struct endpoint e = {ip_of(texts[i]), 0x1234};
        bool v4 = address_is_v4(&e.ip);
        struct sockaddr_storage at;
        memset(&at, 0xff, sizeof(at));
        assert_int_equal(endpoint_to_sockaddr(&e, &at),
                         v4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
        assert_int_equal(at.ss_family, v4 ? AF_INET : AF_INET6);
        const struct endpoint back = endpoint_of_sockaddr((const struct sockaddr *)&at);
        assert_true(endpoint_equal(&back, &e));
        if (!v4)
            assert_int_equal(((const struct sockaddr_in6 *)&at)->sin6_scope_id, 0);
    }
}
