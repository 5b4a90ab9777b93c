/* Words of a list of targets, taken apart. */
#include "unit.h"

#include "wire/address.h"
#include "targets/target_line.h"

UNIT_TEST(good_lines)
{
    static const struct {
        const char *line, *host;
        uint64_t count;
        uint32_t ports;
        uint16_t last_port;
    } good[] = {
        {"192.0.2.1", "192.0.2.1", 1, 0, 0},
        {"192.0.2.1:443", "192.0.2.1", 1, 1, 443},
        {"192.0.2.0/24:80,81", "192.0.2.0", 256, 2, 81},
        {"192.0.2.1-9:1-65535", "192.0.2.1", 9, 65535, 65535},
        {"  192.0.2.1 \t\r", "192.0.2.1", 1, 0, 0},
        {"192.0.2.1#a comment", "192.0.2.1", 1, 0, 0},
        {"192.0.2.1:80 # a comment", "192.0.2.1", 1, 1, 80},
        {"2001:db8::1", "2001:db8::1", 1, 0, 0},
        {"2001:db8::/120", "2001:db8::", 256, 0, 0},
        {"[2001:db8::1]", "2001:db8::1", 1, 0, 0},
        {"[2001:db8::1]:443", "2001:db8::1", 1, 1, 443},
        {"[2001:db8::/120]:443", "2001:db8::", 256, 1, 443},
        {"[2001:db8::1-ff]:443", "2001:db8::1", 255, 1, 443},
        {"2001:db8::1:443", "2001:db8::1:443", 1, 0, 0}, /* so it is written */
        {"example.org", "example.org", 0, 0, 0},
        {"example.org:22,80", "example.org", 0, 2, 80},
        {"1-800-flowers.example:80", "1-800-flowers.example", 0, 1, 80},
        {"a_b.example.", "a_b.example.", 0, 0, 0},
        {"m\303\274nchen.example", "m\303\274nchen.example", 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct target_line t;
        char text[ADDRESS_TEXT_MAX];
        size_t n = strlen(good[i].line);
        char *exact = (char *)unit_copy(good[i].line, n);
        assert_int_equal(target_line_parse(&t, exact, n, NULL), STATUS_OK);
        free(exact);
        assert_int_equal(t.kind, good[i].count != 0 ? TARGET_LINE_BLOCK : TARGET_LINE_NAME);
        if (t.kind == TARGET_LINE_BLOCK) {
            assert_string_equal(address_format(&t.block.first, text), good[i].host);
            assert_true(t.block.count == good[i].count);
        } else {
            assert_string_equal(t.name, good[i].host);
        }
        assert_int_equal(t.ports.count, good[i].ports);
        if (t.ports.count != 0)
            assert_int_equal(ports_at(&t.ports, t.ports.count - 1), good[i].last_port);
        target_line_done(&t);
    }
}

UNIT_TEST(empty_lines)
{
    static const char *const empty[] = {"", " ", "\r", "\t \r", "#", "# 192.0.2.1", "  # x"};
    for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
        struct target_line t;
        assert_int_equal(target_line_parse(&t, empty[i], strlen(empty[i]), NULL), STATUS_OK);
        assert_int_equal(t.kind, TARGET_LINE_EMPTY);
        target_line_done(&t);
    }
}

UNIT_TEST(bad_lines)
{
    static const struct {
        const char *text, *line;
    } bad[] = {
        {":80", "the host is missing in ':80'"},
        {"192.0.2.1:", "a port is missing"},
        {"192.0.2.1:http", "'http' is no port number (1 to 65535)"},
        {"192.0.2.1:0", "port 0 is not between 1 and 65535"},
        {"192.0.2.1 80", "'192.0.2.1 80': one target a line, without blanks"},
        {"192.0.2.1/24",
         "'192.0.2.1/24' has bits set after its prefix: the network is 192.0.2.0/24"},
        {"192.0.2.256", "'192.0.2.256' is no address, network (ADDRESS/LENGTH) or range "
                        "(FIRST-LAST)"},
        {"2130706433",
         "'2130706433' is no address, network (ADDRESS/LENGTH) or range (FIRST-LAST)"},
        {"a:b:c", "'a:b:c' is no address, network (ADDRESS/LENGTH) or range (FIRST-LAST)"},
        {"http://example.org/", "'//example.org/' is no port"},
        {"example.org/24", "'example.org/24' is no address, network (ADDRESS/LENGTH) or range "
                           "(FIRST-LAST)"},
        {"[2001:db8::1", "'[2001:db8::1' has no closing ']'"},
        {"[192.0.2.1]:80", "'192.0.2.1' is not IPv6 (only that goes in [])"},
        {"[]:80", "'' is not IPv6 (only that goes in [])"},
        {"[::1]80", "after ']' comes :PORTS, not '80'"},
        {"[::1]/64:80", "after ']' comes :PORTS, not '/64:80'"},
        {"[::1]:", "a port is missing"},
        {"user@example.org", "'user@example.org' is no host name or address"},
        {"exam[ple", "'exam[ple' is no host name or address"},
        {"fe80::1%eth0", "'fe80::1%eth0': a list takes no address with a scope"},
        {"a\033[1m", "'a?[1m' is no host name or address"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct target_line t;
        struct fault fault = {""};
        assert_int_equal(target_line_parse(&t, bad[i].text, strlen(bad[i].text), &fault),
                         STATUS_MALFORMED);
        assert_string_equal(fault.text, bad[i].line);
        assert_int_equal(t.kind, TARGET_LINE_EMPTY);
        target_line_done(&t);
    }
}

UNIT_TEST(long_names)
{
    struct target_line t;
    struct fault fault = {""};
    char text[4096];
    memset(text, 'a', sizeof(text));
    assert_int_equal(target_line_parse(&t, text, TARGET_LINE_NAME_MAX - 1, NULL), STATUS_OK);
    assert_int_equal(strlen(t.name), TARGET_LINE_NAME_MAX - 1);
    assert_int_equal(target_line_parse(&t, text, sizeof(text), &fault), STATUS_MALFORMED);
    assert_string_equal(fault.text, "host name of 4096 characters: at most 255");
    assert_int_equal(target_line_parse(&t, "a\0b", 3, &fault), STATUS_MALFORMED);
    assert_string_equal(fault.text, "'a?b' is no host name or address");
}
