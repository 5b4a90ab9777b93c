/* Targets taken apart: every way to write one, and what is said of those that are wrong. Nothing is
 * looked up but what needs no network. */
#include "unit.h"

#include <sys/socket.h>

#include "net/resolve.h"

UNIT_TEST(good_targets)
{
    static const struct {
        const char *text, *port_word, *host, *port;
    } good[] = {
        {"example.org:80", NULL, "example.org", "80"},
        {"example.org:http", NULL, "example.org", "http"},
        {"192.0.2.1:65535", NULL, "192.0.2.1", "65535"},
        {"a:1", NULL, "a", "1"},
        {"[2001:db8::1]:443", NULL, "2001:db8::1", "443"},
        {"[::]:1", NULL, "::", "1"},
        {"[fe80::1%eth0]:22", NULL, "fe80::1%eth0", "22"},
        {"example.org", "80", "example.org", "80"},
        {"::1", "80", "::1", "80"},
        {"2001:db8::1:80", "443", "2001:db8::1:80", "443"},
        {"fe80::1%3", "ssh", "fe80::1%3", "ssh"},
        {"[::1]", "80", "::1", "80"},
        {"host_with-odd.name", "x11-1", "host_with-odd.name", "x11-1"},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct resolve_target t;
        struct fault fault = {""};
        if (resolve_parse(&t, good[i].text, good[i].port_word, &fault) != STATUS_OK)
            fail_msg("%s: %s", good[i].text, fault.text);
        assert_string_equal(t.host, good[i].host);
        assert_string_equal(t.port, good[i].port);
    }
}

UNIT_TEST(bad_targets)
{
    static const struct {
        const char *text, *port_word, *line;
    } bad[] = {
        {"", NULL, "the target is empty: write HOST:PORT"},
        {"", "80", "the target is empty: write HOST:PORT"},
        {"example.org", NULL, "the port is missing in 'example.org': write HOST:PORT"},
        {"example.org:", NULL, "the port is missing in 'example.org:': write HOST:PORT"},
        {":80", NULL, "the host is missing in ':80'"},
        {":", NULL, "the host is missing in ':'"},
        {"a:0", NULL, "port 0 is not between 1 and 65535"},
        {"a:70000", NULL, "port 70000 is not between 1 and 65535"},
        {"a:99999999999999999999", NULL, "port 99999999999999999999 is not between 1 and 65535"},
        {"a", "0", "port 0 is not between 1 and 65535"},
        {"a", "", "the port is empty"},
        {"a:8 0", NULL, "'8 0' is no port"},
        {"a:/x", NULL, "'/x' is no port"},
        {"http://example.org", NULL, "'//example.org' is no port"},
        {"http://example.org:80", NULL,
         "'http://example.org:80' is neither HOST:PORT nor [IPV6]:PORT"},
        {"a:b:c", NULL, "'a:b:c' is neither HOST:PORT nor [IPV6]:PORT"},
        {"::", NULL, "the port is missing: write [::]:PORT or the port as a word of its own"},
        {"2001:db8:1:2:3:4:5:6", NULL,
         "the port is missing: write [2001:db8:1:2:3:4:5:6]:PORT or the port as a word of its own"},
        {"2001:db8::1:80", NULL, "an IPv6 address before a port needs brackets: [2001:db8::1]:80"},
        {"2001:db8::1:http", NULL,
         "an IPv6 address before a port needs brackets: [2001:db8::1]:http"},
        {"[::1:80", NULL, "'[::1:80' has no closing ']'"},
        {"[", NULL, "'[' has no closing ']'"},
        {"[", "80", "'[' has no closing ']'"},
        {"[]:80", NULL, "'' is no IPv6 address (only those go in [])"},
        {"[192.0.2.1]:80", NULL, "'192.0.2.1' is no IPv6 address (only those go in [])"},
        {"[fe80::1%]:80", NULL, "'fe80::1%' is no IPv6 address (only those go in [])"},
        {"[::1]", NULL, "the port is missing in '[::1]': write HOST:PORT"},
        {"[::1]:", NULL, "the port is missing in '[::1]:': write HOST:PORT"},
        {"[::1]80", NULL, "after ']' comes :PORT, not '80'"},
        {"[::1]]:80", NULL, "after ']' comes :PORT, not ']:80'"},
        {"example.org:80", "443", "two ports: one in 'example.org:80', and '443'"},
        {"[::1]:80", "443", "two ports: one in '[::1]:80', and '443'"},
        {"1:2:3", "80", "'1:2:3' is no IPv6 address"},
        {"exa mple", "80", "'exa mple' is no host name or address"},
        {"\033[31mred:80", NULL, "'?[31mred' is no host name or address"},
        {"a]b:80", NULL, "'a]b' is no host name or address"},
        {"user@a:80", NULL, "'user@a' is no host name or address"},
        {"a:12345678901234567890123456789012", NULL,
         "port '12345678901234567890123456789012' is too long"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct resolve_target t;
        struct fault fault = {""};
        assert_int_equal(resolve_parse(&t, bad[i].text, bad[i].port_word, &fault),
                         STATUS_MALFORMED);
        assert_string_equal(fault.text, bad[i].line);
    }
}

/* At the limits, and what is shown of a long one. */
UNIT_TEST(long_targets)
{
    struct resolve_target t;
    struct fault fault = {""};
    char text[RESOLVE_HOST_MAX + 8];
    memset(text, 'a', sizeof(text));
    memcpy(text + RESOLVE_HOST_MAX - 1, ":80", 4);
    assert_int_equal(resolve_parse(&t, text, NULL, &fault), STATUS_OK);
    assert_int_equal(strlen(t.host), RESOLVE_HOST_MAX - 1);
    memset(text, 'a', sizeof(text));
    memcpy(text + RESOLVE_HOST_MAX, ":80", 4);
    assert_int_equal(resolve_parse(&t, text, NULL, &fault), STATUS_MALFORMED);
    assert_string_equal(fault.text, "host name of 256 characters: at most 255");
    text[0] = ':';
    assert_int_equal(resolve_parse(&t, text, NULL, &fault), STATUS_MALFORMED);
    assert_non_null(strstr(fault.text, "aaa...'"));
}

static enum status look_up(const char *host, const char *port, int family, struct endpoint *out,
                           uint32_t *scope_id, struct fault *fault)
{
    struct resolve_target t;
    assert_int_equal(resolve_parse(&t, host, port, fault), STATUS_OK);
    return resolve_lookup(&t, family, false, out, scope_id, fault);
}

UNIT_TEST(literals)
{
    struct endpoint e;
    uint32_t scope = 7;
    char text[ENDPOINT_TEXT_MAX];
    struct fault fault = {""};
    assert_int_equal(look_up("192.0.2.1", "80", AF_UNSPEC, &e, &scope, &fault), STATUS_OK);
    assert_string_equal(endpoint_format(&e, text), "192.0.2.1:80");
    assert_int_equal(scope, 0);
    assert_int_equal(look_up("2001:db8::1", "65535", AF_INET6, &e, &scope, &fault), STATUS_OK);
    assert_string_equal(endpoint_format(&e, text), "[2001:db8::1]:65535");
    assert_int_equal(look_up("::ffff:192.0.2.1", "1", AF_INET, &e, &scope, &fault), STATUS_OK);
    assert_string_equal(endpoint_format(&e, text), "192.0.2.1:1");
    assert_int_equal(look_up("fe80::1%lo", "1", AF_UNSPEC, &e, &scope, &fault), STATUS_OK);
    assert_int_equal(scope, 1);
    assert_int_equal(look_up("fe80::1%12", "1", AF_UNSPEC, &e, &scope, &fault), STATUS_OK);
    assert_int_equal(scope, 12);
}

UNIT_TEST(literals_refused)
{
    struct endpoint e;
    uint32_t scope;
    struct fault fault = {""};
    assert_int_equal(look_up("192.0.2.1", "80", AF_INET6, &e, &scope, &fault), STATUS_MALFORMED);
    assert_string_equal(fault.text, "192.0.2.1 is no IPv6 address");
    assert_int_equal(look_up("::1", "80", AF_INET, &e, &scope, &fault), STATUS_MALFORMED);
    assert_string_equal(fault.text, "::1 is no IPv4 address");
    assert_int_equal(look_up("fe80::1%none9", "1", AF_UNSPEC, &e, &scope, &fault), STATUS_SYSTEM);
    assert_string_equal(fault.text, "no interface named 'none9'");
    assert_int_equal(look_up("2001:db8::1%lo", "1", AF_UNSPEC, &e, &scope, &fault),
                     STATUS_MALFORMED);
    assert_string_equal(fault.text, "%lo: only a link-local address has a scope");
    assert_int_equal(look_up("::1", "abc", AF_UNSPEC, &e, &scope, &fault), STATUS_MALFORMED);
    assert_string_equal(fault.text, "unknown port 'abc': neither a number from 1 to 65535 nor a "
                                    "TCP service name");
}
